//! Decides what rules of nftables, and the dnsmasq that fills their sets, do to a connection.

use super::evaluate::Possible;
use super::packet::{HostAddress, Memory, Packet, Protocol};
use super::ruleset::{Chain, Item, Key, Ruleset, Selector, Verdict};
use super::{json, parse};
use crate::firewall::address_range::AddressRange;
use crate::firewall::dns::{Answer, Family};
use crate::firewall::dnsmasq::{self, FilledSet};
use crate::firewall::policy::{
    Decision, Flow, Hook, Includes, InvalidRules, Mentions, Outcome, Place, Policy, Purpose,
    RuleFile, Scope, worst,
};
use std::net::IpAddr;
use std::sync::Arc;

/// The most ranges of addresses that strangers are tried in.
const MAX_RANGES: usize = 64;

/// The priority of connection tracking in the hooks prerouting and output.
const CONNECTION_TRACKING: i32 = -200;

/// Rules, and the dnsmasq that fills their sets.
#[derive(Debug)]
pub struct Rules {
    ruleset: Ruleset,
    dnsmasq: Option<dnsmasq::Config>,
    /// Where strangers may be: an address in each public range of the rules.
    ranges: Vec<IpAddr>,
}

/// Whether a text has rules of nftables, as text or JSON.
pub fn is_rules(text: &str) -> bool {
    let is_statement = |line: &str| {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("table"), Some(_)) => line.contains('{') || words.next().is_some(),
            (Some("add" | "insert"), Some("rule" | "table" | "chain" | "set"))
            | (Some("flush"), Some("ruleset")) => true,
            _ => false,
        }
    };
    is_json(text) || text.lines().any(is_statement)
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{') && text.contains("\"nftables\"")
}

/// Reads rules, and configurations of dnsmasq, as one policy.
///
/// # Errors
/// [`InvalidRules`] for a file that nft or dnsmasq would refuse.
pub fn read(files: &[RuleFile], includes: &dyn Includes) -> Result<Rules, InvalidRules> {
    let mut ruleset = Ruleset::default();
    let mut names = Vec::new();
    for file in files {
        if is_json(&file.text) {
            json::read(&mut ruleset, &file.text, &file.name)?;
        } else if !is_rules(&file.text) && dnsmasq::is_config(&file.text) {
            names.push(file.clone());
        } else {
            let lists_all = is_listing(&file.text);
            parse::read(&mut ruleset, &file.text, &file.name, includes)?;
            ruleset.is_whole |= lists_all;
        }
    }
    let dnsmasq = if names.is_empty() { None } else { Some(dnsmasq::read(&names, includes)?) };
    ruleset.filled = dnsmasq.iter().flat_map(dnsmasq::Config::all_filled).cloned().collect();
    ruleset.check_sets()?;
    ruleset.check_hooks();
    let ranges = ruleset.public_ranges();
    Ok(Rules { ruleset, dnsmasq, ranges })
}

/// Whether a text is what `nft list ruleset` prints: tables, and nothing else beside them.
fn is_listing(text: &str) -> bool {
    let outer =
        text.lines().filter(|line| !line.starts_with(['\t', ' ', '}']) && !line.trim().is_empty());
    let mut outer = outer.filter(|line| !line.starts_with("# Warning:")).peekable();
    outer.peek().is_some() && outer.all(|line| line.starts_with("table ") && line.ends_with('{'))
}

impl Ruleset {
    /// Chains at a device see packets before all others.
    fn check_hooks(&mut self) {
        let at_device = self.chains.values().find(|chain| {
            matches!(chain.hook.as_deref(), Some("ingress" | "egress"))
                && (chain.drops || !chain.rules.is_empty())
        });
        if at_device.is_some() && self.hidden.is_none() {
            let places =
                self.chains.values().flat_map(|chain| &chain.rules).map(|rule| &rule.place);
            let file =
                places.map(|place| Arc::clone(&place.file)).next().unwrap_or_else(|| "".into());
            let why = Arc::from("chains at ingress or egress are not judged");
            self.hidden = Some((Place { file, line: 1 }, why));
        }
    }

    /// nft does not load a rule that names a set which the table does not have.
    fn check_sets(&self) -> Result<(), InvalidRules> {
        for (key, chain) in &self.chains {
            for rule in &chain.rules {
                for item in rule.conditions.iter().flat_map(|condition| &condition.items) {
                    let Item::Set(name) = item else { continue };
                    if !self.sets.contains_key(&(key.0.clone(), key.1.clone(), name.clone())) {
                        let what =
                            format!("nft does not load the file: no set '{name}' in the table");
                        return Err(InvalidRules { place: rule.place.clone(), what });
                    }
                }
            }
        }
        Ok(())
    }

    /// An address in each public range of the rules that is wider than one address.
    fn public_ranges(&self) -> Vec<IpAddr> {
        let rules = self.chains.values().flat_map(|chain| &chain.rules);
        let addresses = |selector: &Selector| matches!(selector, Selector::Address(..));
        let in_rules = rules.clone().flat_map(|rule| {
            rule.conditions
                .iter()
                .filter(|condition| addresses(&condition.selector))
                .flat_map(|condition| &condition.items)
        });
        let in_maps = rules.flat_map(|rule| match &rule.verdict {
            Some(Verdict::Map(_, entries)) => entries.iter().map(|(item, _)| item).collect(),
            _ => Vec::new(),
        });
        let sets = self.sets.values();
        let in_sets =
            sets.flat_map(|set| set.items.iter().chain(set.verdicts.iter().map(|(item, _)| item)));
        let wide = in_rules.chain(in_maps).chain(in_sets).filter_map(|item| match item {
            Item::Addresses(first, last) => {
                let range = AddressRange { first: *first, last: *last };
                range.public_address().filter(|_| first != last)
            }
            _ => None,
        });
        let mut ranges: Vec<IpAddr> = wide.collect();
        ranges.sort_unstable();
        ranges.dedup();
        ranges
    }

    fn base_chains(&self, hook: &str) -> impl Iterator<Item = (&Key, &Chain)> {
        self.chains.iter().filter(move |(_, chain)| chain.hook.as_deref() == Some(hook))
    }

    /// What the base chains of some hooks do to a packet.
    fn decide(&self, hooks: &[&str], packet: Packet<'_>, otherwise: &Outcome) -> Decision {
        let mut allowed: Option<Vec<Place>> = None;
        let mut open: Option<(Place, Arc<str>)> = None;
        for hook in hooks {
            for (key, chain) in self.base_chains(hook) {
                let family = &key.0;
                if family == "ip" && packet.version == '6'
                    || family == "ip6" && packet.version == '4'
                {
                    continue;
                }
                let is_tracked = !matches!(*hook, "prerouting" | "output")
                    || chain.priority > CONNECTION_TRACKING;
                let packet = Packet { is_tracked, ..packet };
                self.steps.set(0);
                let mut possible = self.walk(key, chain, packet, 0);
                if chain.kind == "nat" && (possible.drop.is_some() || possible.why.is_some()) {
                    let why = Arc::from("chains of type nat are not judged");
                    let place = possible.why.as_ref().map(|(place, _)| place.clone());
                    let place =
                        place.or_else(|| chain.rules.first().map(|rule| rule.place.clone()));
                    let Some(place) = place else { continue };
                    return Decision::by(Outcome::Unknown(why), &place);
                }
                if possible.through && chain.drops {
                    possible.drop.get_or_insert_default();
                }
                let may_pass = possible.accept.is_some() || possible.through && !chain.drops;
                match (possible.drop, may_pass) {
                    (Some(places), false) => return Decision { outcome: Outcome::Deny, places },
                    (Some(_), true) => {
                        open = open.or(possible.why);
                    }
                    (None, _) if possible.through => {
                        // Whether a rule accepts it, or the policy, matters only if the rest is closed.
                        if possible.accept.is_some() && *otherwise == Outcome::Deny {
                            open = open.or(possible.why);
                        }
                    }
                    (None, _) => allowed = allowed.or(possible.accept),
                }
            }
        }
        match (open, allowed) {
            (Some((place, why)), _) => Decision::by(Outcome::Unknown(why), &place),
            (None, Some(places)) => Decision { outcome: Outcome::Allow, places },
            (None, None) => Decision::by_default(otherwise.clone()),
        }
    }

    /// What happens to a connection on a way: its first packet, a reply, and what follows.
    fn decide_way(&self, way: Hook, first: Packet<'_>, otherwise: &Outcome) -> Decision {
        let (there, back): (&[&str], &[&str]) = match way {
            Hook::Output => (&["output", "postrouting"], &["prerouting", "input"]),
            Hook::Forward => (
                &["prerouting", "forward", "postrouting"],
                &["prerouting", "forward", "postrouting"],
            ),
        };
        let decision = self.decide(there, first, otherwise);
        if decision.outcome == Outcome::Deny {
            return decision;
        }
        let reply = Packet { is_reply: true, is_first: false, ..first };
        let next = Packet { is_first: false, ..first };
        for (hooks, packet) in [(back, reply), (there, next)] {
            // What does not decide about these packets does not break the connection.
            let other = self.decide(hooks, packet, &Outcome::Allow);
            if other.outcome != Outcome::Allow {
                return if other.outcome == Outcome::Deny {
                    other
                } else {
                    decision_or_unknown(decision, other)
                };
            }
        }
        decision
    }

    /// Why a connection is open that no chain sees: a chain that would decide about it is not called.
    fn uncalled(&self, packet: Packet<'_>) -> Option<Decision> {
        if self.chains.values().any(|chain| chain.hook.is_some()) {
            return None;
        }
        self.steps.set(0);
        let deciding = self.chains.iter().find_map(|(key, chain)| {
            let Possible { accept, drop, .. } = self.walk(key, chain, packet, 0);
            accept.or(drop)
        });
        let why = "no chain with a hook calls this one; check it together with the rules that do";
        Some(Decision { outcome: Outcome::Unknown(why.into()), places: deciding? })
    }
}

fn version_of(address: &IpAddr) -> char {
    if address.is_ipv4() { '4' } else { '6' }
}

/// The first packet of a question to a DNS server.
fn dns_query(version: char, host: HostAddress, port: u16) -> Packet<'static> {
    Packet {
        version,
        protocol: Protocol::Udp,
        port,
        host,
        client: None,
        is_reply: false,
        is_first: true,
        is_tracked: true,
        filled: None,
        is_local: false,
        memory: Memory::Uncertain,
    }
}

fn decision_or_unknown(decision: Decision, other: Decision) -> Decision {
    if matches!(decision.outcome, Outcome::Unknown(_)) { decision } else { other }
}

impl Rules {
    /// The decision for one address of the host.
    fn decide_at(
        &self,
        flow: &Flow<'_>,
        otherwise: &Outcome,
        version: char,
        host: HostAddress,
        memory: Memory,
    ) -> Decision {
        let family = if version == '4' { Family::V4 } else { Family::V6 };
        let mut filled: Option<Vec<FilledSet>> = None;
        let mut host = host;
        let mut by_name = None;
        if let Some(config) = &self.dnsmasq {
            let reply = config.reply(flow.host.as_str(), family);
            match reply.answer {
                Answer::Refused => {
                    return Decision { outcome: Outcome::Deny, places: reply.places };
                }
                Answer::Unknown(why) => {
                    return Decision { outcome: Outcome::Unknown(why), places: reply.places };
                }
                // An answer of dnsmasq's own fills no set.
                Answer::Address(address) if address.is_unspecified() || address.is_loopback() => {
                    return Decision { outcome: Outcome::Deny, places: reply.places };
                }
                Answer::Address(address) => {
                    host = HostAddress::Is(address);
                    filled = Some(Vec::new());
                }
                Answer::Undecided if !config.answers_all() => {
                    return Decision::by_default(Outcome::Deny);
                }
                Answer::Genuine | Answer::Undecided => {
                    let sets = config.sets_of(flow.host.as_str());
                    by_name = sets.map(|(_, place)| place.clone());
                    let fits = |set: &&FilledSet| set.family.is_none_or(|family| family == version);
                    let sets = sets.map(|(sets, _)| sets.iter().filter(fits).cloned().collect());
                    filled = Some(sets.unwrap_or_default());
                }
            }
        }
        let packet = Packet {
            version,
            protocol: Protocol::Tcp,
            port: flow.port,
            host,
            client: flow.source.filter(|source| source.is_ipv4() == (version == '4')),
            is_reply: false,
            is_first: true,
            is_tracked: true,
            filled: filled.as_deref(),
            is_local: false,
            memory,
        };
        let mut decision = self.decide_packet(flow, otherwise, packet);
        if let Some(place) = by_name
            && decision.outcome == Outcome::Allow
        {
            // The line that names the host says more than the rule for the set.
            decision.places.insert(0, place);
        }
        decision
    }

    /// Why names get no addresses: dnsmasq, which runs on this machine, must reach its servers, and clients must reach it.
    fn refuses_dns(&self, flow: &Flow<'_>) -> Option<&'static str> {
        let config = self.dnsmasq.as_ref()?;
        let reply = config.reply(flow.host.as_str(), Family::V4);
        if !matches!(reply.answer, Answer::Address(_)) && !self.reaches_upstream(config, flow) {
            return Some("the rules refuse DNS to dnsmasq, which fills the sets");
        }
        let is_gateway = self.ways(flow).contains(&Hook::Forward);
        let is_refused = |version| {
            let query =
                Packet { client: flow.source, ..dns_query(version, HostAddress::Unknown, 53) };
            let decision = self.ruleset.decide(&["prerouting", "input"], query, &Outcome::Allow);
            decision.outcome == Outcome::Deny
        };
        (is_gateway && is_refused('4') && is_refused('6'))
            .then_some("the rules refuse the clients' DNS to dnsmasq, which fills the sets")
    }

    /// Whether dnsmasq may reach one of the servers that it asks for a host.
    fn reaches_upstream(&self, config: &dnsmasq::Config, flow: &Flow<'_>) -> bool {
        let (servers, others) = config.upstreams(flow.host.as_str());
        let may_pass = |packet: Packet<'_>| {
            let decision = self.ruleset.decide_way(Hook::Output, packet, &Outcome::Allow);
            decision.outcome != Outcome::Deny
        };
        let unknown = ['4', '6'].map(|version| dns_query(version, HostAddress::Unknown, 53));
        servers.iter().any(|(address, port)| {
            let query = dns_query(version_of(address), HostAddress::Is(*address), *port);
            may_pass(Packet { is_local: address.is_loopback(), ..query })
        }) || others && unknown.into_iter().any(may_pass)
    }

    /// The ways that a connection may take.
    fn ways(&self, flow: &Flow<'_>) -> Vec<Hook> {
        let has = |hook: &str| self.ruleset.base_chains(hook).next().is_some();
        match flow.hook {
            Some(hook) => vec![hook],
            None => match (has("output"), has("forward")) {
                (true, false) => vec![Hook::Output],
                (false, true) => vec![Hook::Forward],
                _ => vec![Hook::Output, Hook::Forward],
            },
        }
    }

    fn decide_packet(&self, flow: &Flow<'_>, otherwise: &Outcome, packet: Packet<'_>) -> Decision {
        if let Some(decision) = self.ruleset.uncalled(packet) {
            return decision;
        }
        let ways = self.ways(flow);
        let decisions: Vec<Decision> =
            ways.into_iter().map(|way| self.ruleset.decide_way(way, packet, otherwise)).collect();
        worst(flow.purpose, decisions).unwrap_or_else(|| Decision::by_default(otherwise.clone()))
    }
}

impl Policy for Rules {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        if let Some((place, why)) = &self.ruleset.hidden {
            return Decision::by(Outcome::Unknown(Arc::clone(why)), place);
        }
        let version = version_of;
        if flow.purpose == Purpose::Needed {
            let unsure = Memory::Uncertain;
            let known = flow.addresses.iter().find(|address| address.is_ipv4());
            let decision = match known.or_else(|| flow.addresses.first()) {
                Some(address) => self.decide_at(
                    flow,
                    otherwise,
                    version(address),
                    HostAddress::Is(*address),
                    unsure,
                ),
                None => self.decide_at(flow, otherwise, '4', HostAddress::Unknown, unsure),
            };
            if decision.outcome == Outcome::Allow
                && let Some(why) = self.refuses_dns(flow)
            {
                return Decision { outcome: Outcome::Unknown(why.into()), ..decision };
            }
            return decision;
        }
        if self.ranges.len() > MAX_RANGES {
            let why = "there are too many ranges of addresses to find out what is in them";
            return Decision::by_default(Outcome::Unknown(why.into()));
        }
        let elsewhere = ['4', '6'].map(|version| (version, HostAddress::Elsewhere));
        let in_ranges =
            self.ranges.iter().map(|address| (version(address), HostAddress::Is(*address)));
        let forgets = self.ruleset.sets.values().any(|set| set.forgets().is_some());
        let states: &[Memory] = if forgets { &[Memory::Has, Memory::Lost] } else { &[Memory::Has] };
        let decisions = elsewhere.into_iter().chain(in_ranges).flat_map(|(version, host)| {
            states.iter().map(move |memory| self.decide_at(flow, otherwise, version, host, *memory))
        });
        worst(flow.purpose, decisions).unwrap_or_else(|| Decision::by_default(otherwise.clone()))
    }

    fn mentions(&self) -> Mentions<'_> {
        self.dnsmasq.as_ref().map(Policy::mentions).unwrap_or_default()
    }

    fn scope(&self) -> Scope {
        if self.ruleset.is_whole { Scope::Whole } else { Scope::Part }
    }

    fn default_outcome(&self) -> Outcome {
        Outcome::Allow
    }

    fn filters_port_80(&self) -> bool {
        true
    }
}
