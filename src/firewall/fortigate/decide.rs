//! Decides what the policies of FortiOS do to a connection: the first that matches, else the implicit deny (FortiOS
//! Administration Guide, "Firewall policy").
//!
//! Profiles, schedules, users and internet services are not judged: a policy with one of them may match or refuse.
//! Interfaces make lanes.

use super::addresses::{Groups, NAMED, fqdn};
use super::config::{Config, Object};
use crate::firewall::address_range::End;
use crate::firewall::host_set::HostSet;
use crate::firewall::lanes::{self, Lane};
use crate::firewall::policy::{
    Decision, Flow, InvalidRules, Match, Members, Mentions, Outcome, Place, Policy, Purpose,
    RuleFile, Scope, Step, first_match,
};
use std::net::IpAddr;
use std::sync::Arc;

/// How deep groups may be nested.
pub(super) const MAX_DEPTH: usize = 20;
/// What makes an accepted connection depend on more than its host and port.
const PROFILES: [&str; 16] = [
    "webfilter-profile",
    "application-list",
    "dnsfilter-profile",
    "profile-group",
    "ips-sensor",
    "av-profile",
    "ssl-ssh-profile",
    "videofilter-profile",
    "file-filter-profile",
    "dlp-profile",
    "dlp-sensor",
    "waf-profile",
    "voip-profile",
    "emailfilter-profile",
    "icap-profile",
    "casb-profile",
];
/// Options that do not narrow a policy, besides those that are judged.
const HARMLESS: &str = "name uuid srcintf dstintf srcaddr dstaddr srcaddr6 dstaddr6 srcaddr-negate dstaddr-negate service \
    service-negate action schedule status logtraffic logtraffic-start nat ippool poolname ippool6 poolname6 comments utm-status \
    inspection-mode fixedport global-label label tcp-mss-sender tcp-mss-receiver auto-asic-offload np-acceleration \
    traffic-shaper traffic-shaper-reverse per-ip-shaper capture-packet session-ttl profile-type profile-protocol-options \
    timeout-send-rst match-vip custom-log-fields replacemsg-override-group anti-replay tcp-session-without-syn webcache \
    delay-tcp-npu-session permit-any-host natip send-deny-packet block-notification diffserv-forward diffserv-reverse \
    diffservcode-forward diffservcode-rev passive-wan-health-measurement policy-expiry";

/// A configuration.
#[derive(Debug)]
pub struct Rules {
    pub(super) config: Config,
    pub(super) members: Members,
    pub(super) groups: Groups,
    lanes: Vec<Lane>,
    names: HostSet,
    hidden: Option<(Place, Arc<str>)>,
}

/// Reads files as one configuration.
///
/// # Errors
/// [`InvalidRules`] if it cannot be read.
pub fn read(files: &[RuleFile]) -> Result<Rules, InvalidRules> {
    let config = Config::read(files)?;
    let hidden = config.hidden.clone();
    let members = Members::default();
    let (lanes, names) = (Vec::new(), HostSet::default());
    let mut rules = Rules { config, members, groups: Groups::default(), lanes, names, hidden };
    if rules.config.domains.len() > 1
        && let Some(policy) = rules.config.table("firewall policy").first()
    {
        let why = "there are objects of several virtual domains";
        rules.hidden.get_or_insert((policy.place.clone(), why.into()));
    }
    rules.lanes = rules.lanes();
    for object in NAMED.iter().flat_map(|table| rules.config.table(table)) {
        if let Some(pattern) = fqdn(object) {
            pattern.mention(&mut rules.names, &object.place);
        }
    }
    Ok(rules)
}

impl Rules {
    fn policies(&self) -> &[Object] {
        self.config.table("firewall policy")
    }

    /// The pairs of interfaces that policies name.
    fn lanes(&self) -> Vec<Lane> {
        let ends = |policy| (Object::values(policy, "srcintf"), Object::values(policy, "dstintf"));
        lanes::named(&self.policies().iter().map(ends).collect::<Vec<_>>())
    }

    fn step(&self, policy: &Object, lane: &Lane, flow: &Flow<'_>) -> Option<Step> {
        if policy.first("status") == Some("disable") {
            return None;
        }
        let on = |option: &str, of_lane: &str| {
            let names = policy.values(option);
            names.is_empty() || names.iter().any(|name| name == "any" || name == of_lane)
        };
        let service = any_of(policy, "service", &|name| self.service_matches(name, flow.port, 0));
        let matched = Match::from_bool(on("srcintf", &lane.0) && on("dstintf", &lane.1))
            .and(self.addresses_match(policy, flow))
            .and(negated(policy, service, "service-negate"));
        let matched = narrowed(policy, matched.and(self.always()));
        let outcome = outcome(policy);
        let is_about_hosts = policy.values("dstaddr").iter().any(|name| name != "all");
        let shown = is_about_hosts || outcome == Outcome::Allow;
        let places = shown.then(|| policy.place.clone()).into_iter().collect();
        Some(Step { matched, outcome, places })
    }

    /// Whether the addresses of a policy stand for the client and the host.
    fn addresses_match(&self, policy: &Object, flow: &Flow<'_>) -> Match {
        let sources: Option<&[IpAddr]> = flow.source.as_ref().map(std::slice::from_ref);
        let source = any_of(policy, "srcaddr", &|name| match sources {
            _ if name == "all" && self.is_factory_all() => Match::Yes,
            Some(addresses) => self.address_matches(name, End { addresses, ..End::default() }, 0),
            None => Match::Maybe("the policy is for some clients; name yours with --source".into()),
        });
        let accepts = policy.first("action") == Some("accept");
        let end = End {
            addresses: flow.addresses,
            host: Some(flow.host.as_str()),
            is_stranger: flow.purpose == Purpose::Stranger,
            allows: accepts != policy.is_enabled("dstaddr-negate"),
        };
        let destination = any_of(policy, "dstaddr", &|name| self.address_matches(name, end, 0));
        let has =
            |options: [&str; 2]| options.iter().any(|option| !policy.values(option).is_empty());
        let has_v6 = has(["srcaddr6", "dstaddr6"]);
        let v4 = if has_v6 && !has(["srcaddr", "dstaddr"]) {
            Match::No
        } else {
            let source = negated(policy, source, "srcaddr-negate");
            negated(policy, destination, "dstaddr-negate").and(source)
        };
        // IPv6 is another way to the same hosts, which strangers must not have: refusing that one alone does not help.
        let is_refused = policy.first("action") != Some("accept");
        if !has_v6 || flow.purpose == Purpose::Needed || is_refused {
            return v4;
        }
        let v6 = any_of(policy, "dstaddr6", &|name| match name {
            "all" => Match::Yes,
            "none" => Match::No,
            _ => Match::Maybe("addresses of IPv6 are not judged".into()),
        });
        v4.or(v6)
    }

    fn service_matches(&self, name: &str, port: u16, depth: usize) -> Match {
        if let Some(unknown) = self.members.one_more() {
            return unknown;
        }
        if let Some(service) = self.config.object("firewall service custom", name) {
            let number = service.first("protocol-number");
            match service.first("protocol") {
                // Without a number, it is for all protocols.
                Some("IP") => {
                    return Match::from_bool(matches!(number, None | Some("0" | "6")));
                }
                Some("ICMP" | "ICMP6") => return Match::No,
                _ => {}
            }
            let other =
                service.first("protocol").is_some_and(|protocol| !protocol.starts_with("TCP"));
            let ranges = service.values("tcp-portrange");
            if other
                || !service.values("app-category").is_empty()
                || !service.values("application").is_empty()
            {
                return Match::Maybe(format!("the service '{name}' is not judged").into());
            }
            // The ports of the client stand behind a colon.
            let covers = |range: &String| {
                let (ports, client) = range.split_once(':').unwrap_or((range, ""));
                let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
                let bounds = (first.parse::<u16>(), last.parse::<u16>());
                let inside =
                    matches!(bounds, (Ok(first), Ok(last)) if (first..=last).contains(&port));
                match (inside, client) {
                    (false, _) => Match::No,
                    (true, "" | "1-65535" | "0-65535") => Match::Yes,
                    (true, _) => Match::Maybe("the client's port may be another".into()),
                }
            };
            let matched = ranges.iter().map(covers).fold(Match::No, Match::or);
            let narrowed =
                ["fqdn", "iprange"].iter().any(|option| !service.values(option).is_empty());
            return if narrowed {
                matched.and(Match::Maybe("a service for some hosts is not judged".into()))
            } else {
                matched
            };
        }
        let group = self.config.object("firewall service group", name);
        if let Some(group) = group.filter(|_| depth < MAX_DEPTH) {
            let members = group.values("member").iter();
            return members
                .map(|name| self.service_matches(name, port, depth + 1))
                .fold(Match::No, Match::or);
        }
        match name {
            "ALL" | "ALL_TCP" => Match::Yes,
            "HTTPS" => Match::from_bool(port == 443),
            "HTTP" => Match::from_bool(port == 80),
            "DNS" | "SSH" | "PING" | "ALL_ICMP" | "ALL_UDP" | "NTP" | "SMTP" | "RDP" => Match::No,
            name => Match::Maybe(format!("the service '{name}' is not in the files").into()),
        }
    }
}

impl Rules {
    /// Whether the schedule `always` is what the factory sets. Policies with others are not judged.
    fn always(&self) -> Match {
        match self.config.object("firewall schedule recurring", "always") {
            Some(object) if object.values("day").len() < 7 || object.first("start").is_some() => {
                Match::Maybe("the schedule always has been changed".into())
            }
            _ => Match::Yes,
        }
    }
}

/// Whether one of an option's names matches.
fn any_of(policy: &Object, option: &str, matches: &dyn Fn(&str) -> Match) -> Match {
    match policy.values(option) {
        [] => Match::Maybe(format!("the policy has no {option}").into()),
        names => names.iter().map(|name| matches(name)).fold(Match::No, Match::or),
    }
}

/// The opposite, if an option says so.
fn negated(policy: &Object, matched: Match, option: &str) -> Match {
    if policy.is_enabled(option) { matched.negated() } else { matched }
}

/// Whether a policy matches, in view of the options that are not judged.
fn narrowed(policy: &Object, matched: Match) -> Match {
    let internet =
        |option: &String| option.starts_with("internet-service") && policy.is_enabled(option);
    if policy.options.keys().any(internet) {
        // It stands in the place of addresses and services.
        return Match::Maybe("internet services are not judged".into());
    }
    if policy.first("schedule").is_some_and(|name| name != "always") {
        return matched.and(Match::Maybe("schedules are not judged".into()));
    }
    let is_known = |option: &str| {
        HARMLESS.split_whitespace().any(|known| known == option)
            || PROFILES.contains(&option)
            || option.starts_with("internet-service")
    };
    let other = policy.options.iter().find(|(option, values)| {
        !is_known(option) && values.first().is_some_and(|value| value != "disable")
    });
    match other {
        Some((option, _)) => {
            matched.and(Match::Maybe(format!("the option {option} is not judged").into()))
        }
        None => matched,
    }
}

/// What a policy does to what it matches.
fn outcome(policy: &Object) -> Outcome {
    let accepts = policy.first("action") == Some("accept");
    let refuses = matches!(policy.first("action"), None | Some("deny"));
    let inspects = policy.first("utm-status").is_none_or(|status| status == "enable");
    let profile = PROFILES.iter().find(|option| !policy.values(option).is_empty());
    match profile.filter(|_| accepts && inspects) {
        // It comes with every policy, and inspects certificates alone.
        Some(&"ssl-ssh-profile") if only_certificates(policy) => Outcome::Allow,
        Some(profile) => {
            let why = format!("the policy accepts it, but its {profile} is not judged");
            Outcome::Unknown(why.into())
        }
        None if accepts => Outcome::Allow,
        None if refuses => Outcome::Deny,
        None => Outcome::Unknown("the action of the policy is not judged".into()),
    }
}

/// Whether the only profile is one that does not decrypt.
fn only_certificates(policy: &Object) -> bool {
    let others = PROFILES.iter().filter(|option| !policy.values(option).is_empty()).count() > 1;
    let name = policy.first("ssl-ssh-profile");
    !others && matches!(name, Some("certificate-inspection" | "no-inspection"))
}

impl Policy for Rules {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        if let Some((place, why)) = &self.hidden {
            return Decision::by(Outcome::Unknown(Arc::clone(why)), place);
        }
        let on_lane = |lane| {
            let steps = self.policies().iter().filter_map(|policy| {
                self.members.restart();
                self.step(policy, lane, flow)
            });
            first_match(steps, otherwise)
        };
        let decisions: Vec<Decision> = self.lanes.iter().map(on_lane).collect();
        lanes::agree(&decisions, flow.purpose, "interfaces")
            .unwrap_or_else(|| Decision::by_default(otherwise.clone()))
    }

    fn mentions(&self) -> Mentions<'_> {
        Mentions { hosts: vec![&self.names], ..Mentions::default() }
    }

    fn scope(&self) -> Scope {
        Scope::Whole
    }

    fn filters_port_80(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firewall::policy::decision_for;

    const ALLOW: &str = "edit 1\nset srcintf lan\nset dstintf wan\nset srcaddr all\nset dstaddr group\nset service HTTPS\n\
                         set schedule always\nset action accept\nnext\n";
    const DENY: &str = "edit 2\nset srcintf lan\nset dstintf wan\nset srcaddr all\nset dstaddr all-acr\nset service ALL\n\
                        set schedule always\nset action deny\nnext\n";

    fn outcome(text: &str, host: &str) -> Outcome {
        let rules = read(&[RuleFile { name: "f".into(), text: text.to_owned() }]).unwrap();
        decision_for(&rules, host, &Outcome::Deny).outcome
    }

    #[test]
    fn policies_are_judged_in_order() {
        const ADDRESSES: &str = "config firewall address\nedit acr\nset type fqdn\nset fqdn contoso.azurecr.io\nnext\n\
                                 edit all-acr\nset type fqdn\nset fqdn \"*.azurecr.io\"\nnext\nend\n\
                                 config firewall addrgrp\nedit group\nset member acr\nnext\nend\n";
        let of = |policies: &[&str], host: &str| {
            outcome(&format!("{ADDRESSES}config firewall policy\n{}end\n", policies.concat()), host)
        };
        let contoso = "contoso.azurecr.io";
        assert_eq!(of(&[ALLOW, DENY], contoso), Outcome::Allow);
        assert_eq!(of(&[DENY, ALLOW], contoso), Outcome::Deny);
        assert_eq!(of(&[ALLOW], "fabrikam.azurecr.io"), Outcome::Deny);
        assert_eq!(
            of(
                &[&DENY.replace("set service ALL", "set service ALL\nset status disable"), ALLOW],
                contoso
            ),
            Outcome::Allow
        );
        assert_eq!(of(&[&ALLOW.replace("HTTPS", "HTTP")], contoso), Outcome::Deny);
        for (from, to) in [
            ("set srcaddr all", "set srcaddr clients"),
            ("set schedule always", "set schedule night"),
            (
                "set action accept",
                "set action accept\nset utm-status enable\nset webfilter-profile strict",
            ),
            ("set dstaddr group", "set dstaddr unknown"),
        ] {
            assert!(
                matches!(of(&[&ALLOW.replace(from, to)], contoso), Outcome::Unknown(_)),
                "{to}"
            );
        }
        let dmz = ALLOW.replace("lan", "dmz").replace("accept", "deny");
        assert!(matches!(of(&[ALLOW, &dmz], contoso), Outcome::Unknown(_)));
    }
}
