//! Decides what dnsmasq answers.
//!
//! The semantics are those of dnsmasq(8), and of dnsmasq 2.90 where the manual is silent: which of two rules of equal
//! length wins, what a star stands for, and that an address speaks for its family alone. `tests/judges/dns.py` compares
//! the decisions with those of the program.

use super::config::{Config, Target, Upstream};
use crate::firewall::dns::{self, Answer, Family, Reply};
use crate::firewall::policy::{Decision, Flow, Mentions, Outcome, Place, Policy, Scope};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

impl Config {
    /// The answer to a query of a client.
    pub fn reply(&self, host: &str, family: Family) -> Reply {
        if let Some((place, why)) = &self.hidden {
            return Reply::by(Answer::Unknown(Arc::clone(why)), place);
        }
        let records = self.records.get(host).into_iter().flatten();
        if let Some((address, place)) =
            records.into_iter().find(|(address, _)| Family::of(*address) == family)
        {
            return Reply::by(Answer::Address(*address), place);
        }
        let reply = self.rule_reply(host, family).restricted_by(self.restricted.as_ref());
        let restricted_v6 = self.restricted_v6.as_ref().filter(|_| family == Family::V6);
        reply.restricted_by(restricted_v6)
    }

    fn rule_reply(&self, host: &str, family: Family) -> Reply {
        let best = |rules: &[&(Target, Place)]| {
            rules.iter().min_by_key(|(target, _)| target.rank()).map(|rule| (*rule).clone())
        };
        if let Some((target, place)) = best(&self.rules_for(host, family)) {
            return self.reply_by(target, &place);
        }
        // The general servers have the same length as a rule for all names, and win where it has no address.
        match best(&usable(self.plain.get(""), family)) {
            Some((target @ (Target::Address(_) | Target::Null), place)) => {
                self.reply_by(target, &place)
            }
            Some((Target::Nothing, place)) if !self.has_general_upstream() => {
                Reply::by(Answer::Refused, &place)
            }
            _ => Reply::undecided(),
        }
    }

    fn reply_by(&self, target: Target, place: &Place) -> Reply {
        let answer = match target {
            Target::Address(address) => Answer::Address(address),
            Target::Null => Answer::Address(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            Target::General if !self.has_general_upstream() => Answer::Refused,
            Target::General | Target::Server(_) => Answer::Genuine,
            Target::Nothing => Answer::Refused,
        };
        Reply::by(answer, place)
    }

    /// The rules that are for a host rather than for all names: those of the longest name.
    fn rules_for(&self, host: &str, family: Family) -> Vec<&(Target, Place)> {
        for (at, _) in host.char_indices() {
            let ending = &host[at..];
            let is_name = at == 0 || host.as_bytes()[at - 1] == b'.';
            let plain = self.plain.get(ending).filter(|_| is_name);
            // A rule without a star hides one with a star of the same length, even for a family that it does not speak
            // for: then a shorter rule decides (dnsmasq 2.90).
            let rules = usable(plain.or_else(|| self.endings.get(ending)), family);
            if !rules.is_empty() {
                return rules;
            }
        }
        Vec::new()
    }

    /// The servers that dnsmasq asks for a host, and whether it also asks those of `/etc/resolv.conf`.
    pub fn upstreams(&self, host: &str) -> (Vec<Upstream>, bool) {
        let of = |rules: &[&(Target, Place)]| -> Vec<Upstream> {
            let servers = rules.iter().filter_map(|(target, _)| match target {
                Target::Server(upstream) => Some(*upstream),
                _ => None,
            });
            servers.collect()
        };
        let rules = self.rules_for(host, Family::V4);
        if !rules.is_empty() && !rules.iter().any(|(target, _)| *target == Target::General) {
            return (of(&rules), false);
        }
        let mut servers = of(&usable(self.plain.get(""), Family::V4));
        servers.extend(&self.general_servers);
        (servers, !self.no_resolv)
    }

    /// Whether names without a rule get an answer.
    pub fn answers_all(&self) -> bool {
        self.has_general_upstream()
    }

    /// Whether names without a rule are asked upstream.
    fn has_general_upstream(&self) -> bool {
        let for_all = self.plain.get("").into_iter().flatten();
        let is_server = |target: &Target| matches!(target, Target::Server(_));
        let has_server_for_all = for_all.into_iter().any(|(target, _)| is_server(target));
        !self.general_servers.is_empty() || has_server_for_all || !self.no_resolv
    }
}

/// The rules that answer queries of a family.
fn usable(rules: Option<&Vec<(Target, Place)>>, family: Family) -> Vec<&(Target, Place)> {
    rules.into_iter().flatten().filter(|(target, _)| target.speaks_for(family)).collect()
}

impl Policy for Config {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        let decision =
            dns::decide(flow, otherwise, |family| self.reply(flow.host.as_str(), family));
        let sets = self.nftset.as_ref().map(|place| {
            let why = "dnsmasq fills sets of nftables here; check the rules of nftables with it";
            (place.clone(), Arc::from(why))
        });
        match sets.as_ref().or(self.ipset.as_ref()) {
            Some((place, why)) if decision.outcome == Outcome::Allow => {
                let place = self.sets_of(flow.host.as_str()).map_or(place, |(_, place)| place);
                Decision::by(Outcome::Unknown(Arc::clone(why)), place)
            }
            _ => decision,
        }
    }

    fn mentions(&self) -> Mentions<'_> {
        // The star of `/*contoso.azurecr.io/` stands for the beginning of a label.
        let endings = self.endings.keys().filter(|ending| !ending.starts_with('.'));
        Mentions {
            hosts: vec![&self.names],
            examples: endings.cloned().collect(),
            ..Mentions::default()
        }
    }

    fn scope(&self) -> Scope {
        Scope::Whole
    }

    fn default_outcome(&self) -> Outcome {
        if self.has_general_upstream() { Outcome::Allow } else { Outcome::Deny }
    }
}
