//! Decides what unbound answers.
//!
//! The semantics are those of unbound.conf(5) on `local-zone`, `local-data` and `access-control`, and of unbound 1.17
//! where the manual is silent: which types ignore data, and that blocking local zones come before policy zones.
//! `tests/judges/dns.py` compares the decisions with those of the program.

use super::config::{Config, ZoneType};
use crate::firewall::dns::{self, Answer, Family, Reply};
use crate::firewall::host_set::name_and_domains;
use crate::firewall::policy::{Decision, Flow, Mentions, Outcome, Place, Policy, Scope};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

impl Config {
    fn reply(&self, host: &str, family: Family) -> Reply {
        let local = self.local_reply(host, family);
        if !matches!(local.answer, Answer::Genuine | Answer::Undecided) {
            return local;
        }
        let reply = match self.policy_zones.reply(host, family) {
            reply if reply.answer == Answer::Undecided => local,
            reply => reply,
        };
        let elsewhere = name_and_domains(host).find_map(|domain| self.elsewhere.get(domain));
        let elsewhere = elsewhere.map(|place| (place.clone(), Arc::from("another zone answers")));
        reply.restricted_by(elsewhere.as_ref()).restricted_by(self.restricted.as_ref())
    }

    fn local_reply(&self, host: &str, family: Family) -> Reply {
        let nearest =
            name_and_domains(host).find_map(|domain| Some((domain, self.zones.get(domain)?)));
        // Data outside every zone makes a transparent one.
        let (kind, zone) = match nearest {
            Some((domain, (kind, place))) => (*kind, Some((domain, place))),
            None => (ZoneType::Transparent, None),
        };
        let place = zone.map(|(_, place)| place);
        let by_zone = |answer| Reply { answer, places: place.cloned().into_iter().collect() };
        let open = if zone.is_some() { Answer::Genuine } else { Answer::Undecided };
        let null = Answer::Address(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let data = |name: &str| self.data.get(name).map(|data| local_answer(data, family));
        match kind {
            ZoneType::Unknown => {
                by_zone(Answer::Unknown("the type of the zone is not judged".into()))
            }
            ZoneType::AlwaysTransparent => by_zone(open),
            ZoneType::AlwaysClosed => by_zone(Answer::Refused),
            ZoneType::Redirect => {
                let data = zone.and_then(|(domain, _)| data(domain));
                data.unwrap_or_else(|| by_zone(Answer::Refused))
            }
            ZoneType::TypeTransparent => match data(host) {
                Some(reply) if reply.answer != Answer::Refused => reply,
                _ => by_zone(open),
            },
            ZoneType::Closed => data(host).unwrap_or_else(|| by_zone(Answer::Refused)),
            ZoneType::Null => data(host).unwrap_or_else(|| by_zone(null)),
            ZoneType::Transparent => data(host).unwrap_or_else(|| by_zone(open)),
        }
    }

    /// Whether the client may ask, and the line that says so.
    fn access(&self, source: Option<IpAddr>) -> Option<&Place> {
        let covers = |network: &ipnet::IpNet| source.is_none_or(|source| network.contains(&source));
        if source.is_none() {
            // Clients are taken to be some of those that may ask.
            let is_open = self.access.iter().any(|(_, outcome, _)| *outcome == Outcome::Allow);
            let refused = self.access.iter().find(|(network, ..)| network.prefix_len() == 0);
            return refused.filter(|_| !is_open).map(|(.., place)| place);
        }
        let covering = self.access.iter().filter(|(network, ..)| covers(network));
        let best = covering.max_by_key(|(network, ..)| network.prefix_len())?;
        // unbound itself allows 127.0.0.0/8 and ::1.
        let is_own = source.is_some_and(|source| source.is_loopback()) && best.0.prefix_len() < 8;
        (best.1 == Outcome::Deny && !is_own).then_some(&best.2)
    }

    /// Whether unbound refuses a client that no `access-control` is about.
    fn refuses_by_default(&self, source: Option<IpAddr>) -> bool {
        let Some(source) = source else { return false };
        let is_named = self.access.iter().any(|(network, ..)| network.contains(&source));
        !is_named && !source.is_loopback()
    }
}

/// The answer of a name's data: an address of the family, or none.
fn local_answer(data: &[(Option<IpAddr>, Place)], family: Family) -> Reply {
    let of_family = |address: &IpAddr| Family::of(*address) == family;
    let mut addresses: Vec<(IpAddr, &Place)> = data
        .iter()
        .filter_map(|(address, place)| Some(((*address).filter(of_family)?, place)))
        .collect();
    // The most telling address first: one that leads somewhere.
    addresses.sort_by_key(|(address, _)| address.is_unspecified());
    match (addresses.first(), data.first()) {
        (Some((address, place)), _) => Reply::by(Answer::Address(*address), place),
        (None, Some((_, place))) => Reply::by(Answer::Refused, place),
        (None, None) => Reply::undecided(),
    }
}

impl Policy for Config {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        if let Some((place, why)) = &self.hidden {
            return Decision::by(Outcome::Unknown(Arc::clone(why)), place);
        }
        if let Some(place) = self.access(flow.source) {
            return Decision::by(Outcome::Deny, place);
        }
        if self.refuses_by_default(flow.source) {
            return Decision::by_default(Outcome::Deny);
        }
        dns::decide(flow, otherwise, |family| self.reply(flow.host.as_str(), family))
    }

    fn mentions(&self) -> Mentions<'_> {
        let hosts = vec![&self.names, self.policy_zones.names()];
        let neighbours = self.policy_zones.neighbours();
        Mentions { hosts, neighbours, ..Mentions::default() }
    }

    fn scope(&self) -> Scope {
        Scope::Whole
    }

    fn default_outcome(&self) -> Outcome {
        Outcome::Allow
    }
}
