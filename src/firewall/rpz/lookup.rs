//! Decides what response policy zones answer.
//!
//! The semantics are those of the Internet-Draft "DNS Response Policy Zones", of unbound 1.17 and of BIND 9.18. The two
//! find wildcards differently: BIND as RFC 4592 says, unbound by the owner that sorts just before the name.
//! `tests/judges/dns.py` compares the decisions with those of both.

use super::zone::{Data, Key, Zone, key, read_zone};
use crate::firewall::dns::{self, Answer, Family, Reply};
use crate::firewall::host_set::HostSet;
use crate::firewall::policy::{Decision, Flow, Mentions, Outcome, Place, Policy, RuleFile, Scope};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// Whose reading of a zone counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// unbound's.
    Unbound,
    /// BIND's.
    Bind,
    /// Both: where they differ, the answer is unknown.
    Either,
}

/// `rpz-action-override` of unbound: what a zone does whenever it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Override {
    /// It blocks.
    Block,
    /// It lets the name pass.
    Pass,
    /// Nothing: the next zone decides.
    Disabled,
    /// Something else.
    Unknown,
}

/// A zone, and what the server's configuration says about it.
#[derive(Debug)]
pub struct PolicyZone {
    /// The zone.
    pub zone: Zone,
    /// What the zone does instead of what its records say.
    pub overridden: Option<Override>,
}

/// Zones in order.
#[derive(Debug)]
pub struct Zones {
    list: Vec<PolicyZone>,
    reading: Reading,
    names: HostSet,
}

/// Reads zone files as zones in order.
pub fn read(files: &[RuleFile], reading: Reading) -> Zones {
    let zone = |file| PolicyZone { zone: read_zone(file, None), overridden: None };
    Zones::new(files.iter().map(zone).collect(), reading)
}

impl Zones {
    /// Zones in order.
    pub fn new(zones: Vec<PolicyZone>, reading: Reading) -> Self {
        let mut names = HostSet::default();
        for (key, records) in zones.iter().flat_map(|zone| &zone.zone.owners) {
            let Some((_, place)) = records.first() else { continue };
            let labels: Vec<&str> = key.iter().rev().map(|(_, label)| label.as_str()).collect();
            let name = labels.join(".");
            match name.strip_prefix('*') {
                Some(domain) => names.insert_below(domain.trim_start_matches('.'), place),
                None => names.insert_host(&name, place),
            }
        }
        Self { list: zones, reading, names }
    }

    /// The names in the zones.
    pub fn names(&self) -> &HostSet {
        &self.names
    }

    /// Hosts beside and below the names in the zones. A name takes its neighbours out of the reach of a wildcard.
    pub fn neighbours(&self) -> Vec<String> {
        let mut bases = BTreeSet::new();
        let mut names = Vec::new();
        for key in self.list.iter().flat_map(|zone| zone.zone.owners.keys()) {
            for depth in 0..key.len() {
                let base: String = key[..depth]
                    .iter()
                    .fold(String::new(), |name, (_, label)| format!(".{label}{name}"));
                let next = label_after(&key[depth].1);
                names.push(format!("{next}{base}"));
                names.extend(["aaa", "someoneelses0"].map(|label| format!("{label}.{next}{base}")));
                bases.insert(base);
            }
            let labels = key.iter().map(|(_, label)| label);
            bases.insert(labels.fold(String::new(), |name, label| format!(".{label}{name}")));
        }
        for base in bases {
            for label in ["aaa", "someoneelses0"] {
                names.push(format!("{label}{base}"));
                names.extend(
                    ["aa", "eastus2", "northeurope"].map(|next| format!("{label}.{next}{base}")),
                );
            }
        }
        names
    }

    /// The answer to a query.
    pub fn reply(&self, host: &str, family: Family) -> Reply {
        if self.reading != Reading::Either {
            return self.reply_read_as(self.reading, host, family);
        }
        let unbound = self.reply_read_as(Reading::Unbound, host, family);
        let bind = self.reply_read_as(Reading::Bind, host, family);
        if unbound.answer == bind.answer {
            return unbound;
        }
        let why = "unbound and BIND read this differently; choose --from rpz-unbound or rpz-bind";
        let places = if unbound.places.is_empty() { bind.places } else { unbound.places };
        Reply { answer: Answer::Unknown(why.into()), places }
    }

    fn reply_read_as(&self, reading: Reading, host: &str, family: Family) -> Reply {
        // A server may refuse to load such a zone, or to start.
        let unreadable = self.list.iter().find_map(|zone| zone.zone.unreadable.as_ref());
        if let Some((place, why)) = unreadable {
            return Reply::by(Answer::Unknown(Arc::clone(why)), place);
        }
        let name = key(host);
        let mut trigger = None;
        for PolicyZone { zone, overridden } in &self.list {
            if *overridden == Some(Override::Disabled) {
                continue;
            }
            if zone.twice.is_some() && reading == Reading::Bind {
                // BIND does not load such a zone.
                continue;
            }
            trigger = trigger.or(zone.trigger.as_ref());
            let wildcard = match reading {
                Reading::Bind => zone.wildcard_as_bind(&name),
                Reading::Unbound | Reading::Either => zone.wildcard_as_unbound(&name),
            };
            let records = zone.owners.get(&name).or_else(|| zone.owners.get(&wildcard?));
            let Some(records) = records.filter(|records| !records.is_empty()) else { continue };
            let reply = match overridden {
                None => action(records, host, family),
                Some(overridden) => {
                    let answer = match overridden {
                        Override::Block => Answer::Refused,
                        Override::Pass | Override::Disabled => Answer::Genuine,
                        Override::Unknown => {
                            Answer::Unknown("rpz-action-override is not judged".into())
                        }
                    };
                    Reply::by(answer, &records[0].1)
                }
            };
            return reply.restricted_by(trigger);
        }
        Reply::undecided().restricted_by(trigger)
    }
}

/// The label that sorts just after another one, by length and then by characters.
fn label_after(label: &str) -> String {
    match label.bytes().last() {
        Some(last @ (b'a'..=b'y' | b'0'..=b'8')) => {
            format!("{}{}", &label[..label.len() - 1], char::from(last + 1))
        }
        _ => "0".repeat(label.len() + 1),
    }
}

/// What the records of an owner do.
fn action(records: &[(Data, Place)], host: &str, family: Family) -> Reply {
    // The first record decides what kind of action it is; what does not fit is skipped. BIND loads no such zone.
    if let Some((Data::Cname(target), place)) = records.first() {
        let answer = match target.as_str() {
            "." | "*." | "rpz-drop." => Answer::Refused,
            "rpz-passthru." | "rpz-tcp-only." => Answer::Genuine,
            target if target.strip_suffix('.') == Some(host) => Answer::Genuine,
            target => {
                Answer::Unknown(format!("the answer is that of another name, {target}").into())
            }
        };
        return Reply::by(answer, place);
    }
    let addresses = records.iter().filter_map(|(data, place)| match data {
        Data::Address(address) if Family::of(*address) == family => Some((*address, place)),
        _ => None,
    });
    let mut addresses: Vec<(IpAddr, &Place)> = addresses.collect();
    // The most telling address first: one that leads somewhere.
    addresses.sort_by_key(|(address, _)| address.is_unspecified());
    match (addresses.first(), records.first()) {
        (Some((address, place)), _) => Reply::by(Answer::Address(*address), place),
        (None, Some((_, place))) => Reply::by(Answer::Refused, place),
        (None, None) => Reply::undecided(),
    }
}

impl Zone {
    /// The wildcard that BIND finds: that of the closest encloser (RFC 4592).
    fn wildcard_as_bind(&self, name: &Key) -> Option<Key> {
        let exists = |prefix: &[(usize, String)]| {
            let next = self.owners.range(prefix.to_vec()..).next();
            next.is_some_and(|(owner, _)| owner.starts_with(prefix))
        };
        let enclosing = (0..=name.len()).rev().find(|count| exists(&name[..*count]))?;
        (enclosing < name.len()).then(|| wildcard_below(&name[..enclosing]))
    }

    /// The wildcard that unbound finds: below what the name shares with the owner that sorts just before it.
    fn wildcard_as_unbound(&self, name: &Key) -> Option<Key> {
        let (owner, _) = self.owners.range(..=name.clone()).next_back()?;
        let shared = owner.iter().zip(name).take_while(|(a, b)| a == b).count();
        Some(wildcard_below(&name[..shared]))
    }
}

fn wildcard_below(labels: &[(usize, String)]) -> Key {
    let mut key = labels.to_vec();
    key.push((1, "*".to_owned()));
    key
}

impl Policy for Zones {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        dns::decide(flow, otherwise, |family| self.reply(flow.host.as_str(), family))
    }

    fn mentions(&self) -> Mentions<'_> {
        Mentions { hosts: vec![&self.names], neighbours: self.neighbours(), ..Mentions::default() }
    }

    fn scope(&self) -> Scope {
        Scope::Whole
    }

    fn default_outcome(&self) -> Outcome {
        Outcome::Allow
    }
}
