//! Decides what the policies of FortiOS do to a connection: the first that matches, else the implicit deny (FortiOS
//! Administration Guide, "Firewall policy").
//!
//! Profiles, schedules, users and internet services are not judged: a policy with one of them may match or refuse.
//! Interfaces make lanes.

use super::config::{Config, Object};
use crate::firewall::host_set::HostSet;
use crate::firewall::lanes;
use crate::firewall::name_pattern::NamePattern;
use crate::firewall::policy::{
    Decision, Flow, InvalidRules, Match, Mentions, Outcome, Place, Policy, RuleFile, Scope, Step,
    first_match,
};
use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// How deep groups may be nested.
const MAX_DEPTH: usize = 20;
/// What makes an accepted connection depend on more than its host and port.
const PROFILES: [&str; 10] = [
    "webfilter-profile",
    "application-list",
    "dnsfilter-profile",
    "profile-group",
    "ips-sensor",
    "av-profile",
    "ssl-ssh-profile",
    "videofilter-profile",
    "file-filter-profile",
    "casi-profile",
];
/// What narrows a policy in a way that is not judged.
const CONDITIONS: [&str; 9] = [
    "groups",
    "users",
    "fsso-groups",
    "internet-service",
    "internet-service-src",
    "devices",
    "ztna-status",
    "url-category",
    "srcaddr6",
];

/// A configuration.
#[derive(Debug)]
pub struct Rules {
    config: Config,
    lanes: Vec<(String, String)>,
    names: HostSet,
    hidden: Option<(Place, Arc<str>)>,
}

/// Reads files as one configuration.
///
/// # Errors
/// [`InvalidRules`] if it cannot be read.
pub fn read(files: &[RuleFile]) -> Result<Rules, InvalidRules> {
    let config = Config::read(files)?;
    let mut rules = Rules { config, lanes: Vec::new(), names: HostSet::default(), hidden: None };
    if rules.config.domains.len() > 1
        && let Some(policy) = rules.config.table("firewall policy").first()
    {
        rules.hidden =
            Some((policy.place.clone(), "there are policies of several virtual domains".into()));
    }
    rules.lanes = rules.lanes();
    let tables = ["firewall address", "firewall wildcard-fqdn custom"];
    for object in tables.iter().flat_map(|table| rules.config.table(table)) {
        if let Some(pattern) = fqdn(object) {
            pattern.mention(&mut rules.names, &object.place);
        }
    }
    Ok(rules)
}

/// The hosts that an address object stands for, if it has a name.
fn fqdn(object: &Object) -> Option<NamePattern> {
    let text = object.first("fqdn").or_else(|| object.first("wildcard-fqdn"))?;
    NamePattern::with_star(&text.to_ascii_lowercase())
}

impl Rules {
    fn policies(&self) -> &[Object] {
        self.config.table("firewall policy")
    }

    /// The pairs of interfaces that policies name.
    fn lanes(&self) -> Vec<(String, String)> {
        let named = |option: &str| {
            let all = self.policies().iter().flat_map(|policy| policy.values(option));
            let mut all: Vec<String> = all.filter(|name| *name != "any").cloned().collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let (sources, destinations) = (named("srcintf"), named("dstintf"));
        let mut lanes = Vec::new();
        for policy in self.policies() {
            let of = |option: &str, all: &[String]| match policy.values(option) {
                values if !values.is_empty() && !values.iter().any(|name| name == "any") => {
                    values.to_vec()
                }
                _ if all.is_empty() => vec![String::new()],
                _ => all.to_vec(),
            };
            for source in of("srcintf", &sources) {
                for destination in of("dstintf", &destinations) {
                    let lane = (source.clone(), destination);
                    if !lanes.contains(&lane) {
                        lanes.push(lane);
                    }
                }
            }
        }
        lanes
    }

    fn step(&self, policy: &Object, lane: &(String, String), flow: &Flow<'_>) -> Option<Step> {
        if policy.first("status") == Some("disable") {
            return None;
        }
        let on = |option: &str, of_lane: &str| {
            let names = policy.values(option);
            names.is_empty() || names.iter().any(|name| name == "any" || name == of_lane)
        };
        let negated = |matched: Match, option: &str| {
            if policy.is_enabled(option) { matched.negated() } else { matched }
        };
        let any_of = |option: &str, matches: &dyn Fn(&str) -> Match| {
            policy.values(option).iter().map(|name| matches(name)).fold(Match::No, Match::or)
        };
        let host = Some(flow.host.as_str());
        let sources: Option<&[IpAddr]> = flow.source.as_ref().map(std::slice::from_ref);
        let source = any_of("srcaddr", &|name| match sources {
            _ if name == "all" => Match::Yes,
            Some(addresses) => self.address_matches(name, addresses, None, 0),
            None => Match::Maybe("the policy is for some clients; name yours with --source".into()),
        });
        let destination =
            any_of("dstaddr", &|name| self.address_matches(name, flow.addresses, host, 0));
        let service = any_of("service", &|name| self.service_matches(name, flow.port, 0));
        let mut matched = Match::from_bool(on("srcintf", &lane.0) && on("dstintf", &lane.1))
            .and(negated(destination, "dstaddr-negate"))
            .and(negated(service, "service-negate"))
            .and(negated(source, "srcaddr-negate"));
        if policy.is_enabled("internet-service") {
            // It stands in the place of addresses and services.
            matched = Match::Maybe("internet services are not judged".into());
        }
        let schedule = policy.first("schedule").is_some_and(|name| name != "always");
        let condition = CONDITIONS
            .iter()
            .find(|option| policy.first(option).is_some_and(|value| value != "disable"));
        if schedule || condition.is_some() {
            matched = matched.and(Match::Maybe(
                "schedules, users and services of the internet are not judged".into(),
            ));
        }
        let accepts = policy.first("action").is_some_and(|action| action != "deny");
        let inspects = policy.first("utm-status").is_none_or(|status| status == "enable");
        let profile = PROFILES.iter().find(|option| !policy.values(option).is_empty());
        let outcome = match profile.filter(|_| accepts && inspects) {
            // It comes with every policy, and inspects certificates alone.
            Some(&"ssl-ssh-profile") if only_certificates(policy) => Outcome::Allow,
            Some(profile) => Outcome::Unknown(
                format!("the policy accepts it, but its {profile} is not judged").into(),
            ),
            None if accepts => Outcome::Allow,
            None => Outcome::Deny,
        };
        let is_about_hosts = policy.values("dstaddr").iter().any(|name| name != "all");
        let shown = is_about_hosts || outcome == Outcome::Allow;
        let places = shown.then(|| policy.place.clone()).into_iter().collect();
        Some(Step { matched, outcome, places })
    }

    /// Whether an address object or a group stands for one of some addresses, or for a host.
    fn address_matches(
        &self,
        name: &str,
        addresses: &[IpAddr],
        host: Option<&str>,
        depth: usize,
    ) -> Match {
        if depth > MAX_DEPTH {
            return Match::Maybe("groups are nested too deeply".into());
        }
        if name == "all" {
            return Match::Yes;
        }
        if name == "none" {
            return Match::No;
        }
        let groups = self.config.table("firewall addrgrp");
        if let Some(group) = groups.iter().find(|group| group.name == name) {
            let any = |option: &str| {
                let members = group.values(option).iter();
                let matched =
                    members.map(|name| self.address_matches(name, addresses, host, depth + 1));
                matched.fold(Match::No, Match::or)
            };
            let excluded =
                if group.is_enabled("exclude") { any("exclude-member") } else { Match::No };
            return any("member").and(excluded.negated());
        }
        let tables = ["firewall address", "firewall wildcard-fqdn custom"];
        let mut objects = tables.iter().flat_map(|table| self.config.table(table));
        let Some(object) = objects.find(|object| object.name == name) else {
            return Match::Maybe(format!("the address '{name}' is not in the files").into());
        };
        if object.first("fqdn").or_else(|| object.first("wildcard-fqdn")).is_some() {
            return match (fqdn(object), host) {
                (Some(pattern), Some(host)) => Match::from_bool(pattern.matches(host)),
                (None, _) => Match::Maybe(format!("the name in '{name}' cannot be read").into()),
                (_, None) => Match::Maybe("the addresses of a name are not known".into()),
            };
        }
        match subnet(object) {
            Some(range) if range.prefix_len() == 0 => Match::Yes,
            Some(range) if !addresses.is_empty() => {
                Match::from_bool(addresses.iter().any(|address| range.contains(address)))
            }
            Some(_) => {
                Match::Maybe("the address of the host is not known; name it with --resolve".into())
            }
            None => Match::Maybe(format!("the address '{name}' is not judged").into()),
        }
    }

    fn service_matches(&self, name: &str, port: u16, depth: usize) -> Match {
        let custom = self.config.table("firewall service custom");
        if let Some(service) = custom.iter().find(|service| service.name == name) {
            let other = service.first("protocol").is_some_and(|protocol| protocol == "IP");
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
        let groups = self.config.table("firewall service group");
        if let Some(group) =
            groups.iter().find(|group| group.name == name).filter(|_| depth < MAX_DEPTH)
        {
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

/// Whether the only profile is one that does not decrypt.
fn only_certificates(policy: &Object) -> bool {
    let others = PROFILES.iter().filter(|option| !policy.values(option).is_empty()).count() > 1;
    let name = policy.first("ssl-ssh-profile");
    !others && matches!(name, Some("certificate-inspection" | "no-inspection"))
}

/// The network of an address object: `set subnet 10.0.0.0 255.0.0.0`, or with a prefix.
fn subnet(object: &Object) -> Option<IpNet> {
    match object.values("subnet") {
        [network] => network.parse().ok(),
        [address, mask] => {
            let (address, mask) =
                (address.parse::<Ipv4Addr>().ok()?, mask.parse::<Ipv4Addr>().ok()?);
            Ipv4Net::with_netmask(address, mask).ok().map(IpNet::V4)
        }
        // Without a subnet, an object of the type ipmask is 0.0.0.0/0.
        [] if object.first("type").is_none_or(|kind| kind == "ipmask")
            && object.values("start-ip").is_empty() =>
        {
            Some(IpNet::V4(Ipv4Net::default()))
        }
        _ => None,
    }
}

impl Policy for Rules {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        if let Some((place, why)) = &self.hidden {
            return Decision::by(Outcome::Unknown(Arc::clone(why)), place);
        }
        let on_lane = |lane| {
            let steps = self.policies().iter().filter_map(|policy| self.step(policy, lane, flow));
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
    use crate::domain::Fqdn;
    use crate::firewall::policy::Purpose;

    const ALLOW: &str = "edit 1\nset srcintf lan\nset dstintf wan\nset srcaddr all\nset dstaddr group\nset service HTTPS\n\
                         set schedule always\nset action accept\nnext\n";
    const DENY: &str = "edit 2\nset srcintf lan\nset dstintf wan\nset srcaddr all\nset dstaddr all-acr\nset service ALL\n\
                        set schedule always\nset action deny\nnext\n";

    fn outcome(text: &str, host: &str) -> Outcome {
        let rules = read(&[RuleFile { name: "f".into(), text: text.to_owned() }]).unwrap();
        let host = Fqdn::parse(host).unwrap();
        let flow = Flow {
            host: &host,
            port: 443,
            source: None,
            purpose: Purpose::Needed,
            addresses: &[],
            hook: None,
        };
        rules.decide(&flow, &Outcome::Deny).outcome
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
