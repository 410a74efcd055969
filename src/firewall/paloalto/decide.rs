//! Decides what the security rules of PAN-OS do to a connection: the first rule that matches, else `interzone-default`,
//! which denies (PAN-OS, "Security Policy Rules").
//!
//! App-ID, users, devices and security profiles are not judged: a rule with one of them may match. Zones make lanes.

use super::category::{Entries, Entry};
use super::config::{Config, Rule, is_set_format};
use crate::firewall::address_range::{End, SHARED};
use crate::firewall::host_set::HostSet;
use crate::firewall::lanes::{self, Lane};
use crate::firewall::name_pattern::name;
use crate::firewall::policy::{
    Decision, Flow, Match, Members, Mentions, Outcome, Place, Policy, Purpose, RuleFile, Scope,
    Step, first_match,
};
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;

/// How deep groups of objects may be nested.
const MAX_DEPTH: usize = 20;
/// A site that is nobody's registry.
const OTHER: &str = "some-unrelated-site.com";

/// Fields that narrow a rule, and are not judged.
const UNJUDGED: [(&str, &str); 8] = [
    ("application", "App-ID is not judged"),
    ("source-user", "users are not judged"),
    ("source-hip", "devices are not judged"),
    ("destination-hip", "devices are not judged"),
    ("hip-profiles", "devices are not judged"),
    ("schedule", "schedules are not judged"),
    ("target", "targets of Panorama's rules are not judged"),
    ("other", "a field of the rule is not known"),
];

/// A configuration, or a list of URLs.
#[derive(Debug)]
pub struct Rules {
    config: Config,
    members: Members,
    /// The entries of an external dynamic list, where there are no rules.
    list: Option<Entries>,
    lanes: Vec<Lane>,
    names: HostSet,
    outside: Vec<String>,
}

/// Whether a text is a configuration in `set` format.
pub fn is_config(text: &str) -> bool {
    text.lines().any(|line| {
        line.trim_start().starts_with("set ")
            && (line.contains("rulebase security rules ") || line.contains(" custom-url-category "))
    })
}

/// Reads files as one configuration; files without `set` commands as external dynamic lists of URLs.
pub fn read(files: &[RuleFile]) -> Rules {
    let config = Config::read(files);
    let has_rules = config.rules.iter().any(|rules| !rules.is_empty());
    let place = |file: &RuleFile, i: usize| Place { file: Arc::clone(&file.name), line: i + 1 };
    let list = (!has_rules).then(|| {
        let lines = files.iter().flat_map(|file| {
            let lines = file.text.lines().enumerate().filter(|_| !is_set_format(&file.text));
            lines.map(move |(i, line)| (line.to_owned(), place(file, i)))
        });
        let entries = lines
            .filter(|(text, _)| !text.trim().is_empty() && !text.trim_start().starts_with('#'))
            .filter_map(|(text, place)| Some((Entry::parse(&text)?, place)));
        config
            .categories
            .values()
            .flat_map(Entries::iter)
            .cloned()
            .chain(entries)
            .collect::<Entries>()
    });
    let mut rules = Rules {
        config,
        list,
        members: Members::default(),
        lanes: Vec::new(),
        names: HostSet::default(),
        outside: Vec::new(),
    };
    rules.lanes = rules.lanes();
    rules.mention();
    rules
}

impl Rules {
    fn all(&self) -> impl Iterator<Item = &Rule> {
        self.config.rules.iter().flatten()
    }

    /// The pairs of zones that rules name.
    fn lanes(&self) -> Vec<Lane> {
        let rules: Vec<(&[String], &[String])> = self
            .all()
            .map(|rule| {
                let zones = |field: &str| rule.fields.get(field).map_or(&[][..], Vec::as_slice);
                (zones("from"), zones("to"))
            })
            .collect();
        let mut lanes = lanes::named(&rules);
        // Rules within a zone say nothing about a registry.
        lanes.retain(|(from, to)| from.is_empty() || from != to);
        lanes
    }

    fn mention(&mut self) {
        let categories = self.config.categories.values().flat_map(Entries::iter);
        for (entry, place) in categories.chain(self.list.iter().flat_map(Entries::iter)) {
            if let Some(host) = entry.host() {
                self.outside.push(format!("{host}.{OTHER}"));
                self.names.insert_host(&host, place);
            }
            if let Some(domain) = entry.domain() {
                self.names.insert_below(&domain, place);
            }
            self.outside.extend(entry.example(OTHER));
        }
        for (kind, value) in self.config.addresses.values() {
            if kind == "fqdn"
                && let Some(host) = name(value)
            {
                let place = self.all().next().map(|rule| rule.place.clone());
                if let Some(place) = place {
                    self.names.insert_host(&host, &place);
                }
            }
        }
    }

    fn step(&self, rule: &Rule, lane: &Lane, flow: &Flow<'_>) -> Option<Step> {
        let first = |field: &str| {
            rule.fields.get(field).and_then(|values| values.first()).map(String::as_str)
        };
        if first("disabled") == Some("yes") {
            return None;
        }
        let zone = |field: &str, of_lane: &str| match rule.fields.get(field) {
            Some(zones) => zones.iter().any(|zone| zone == "any" || zone == of_lane),
            None => true,
        };
        let source = side(rule, "source", |value| self.source_matches(value, flow));
        let end = End {
            addresses: flow.addresses,
            host: Some(flow.host.as_str()),
            is_stranger: flow.purpose == Purpose::Stranger,
            allows: (first("action") == Some("allow")) != is_negated(rule, "destination"),
        };
        let destination = side(rule, "destination", |value| self.address_matches(value, end, 0));
        let matched = Match::from_bool(zone("from", &lane.0) && zone("to", &lane.1))
            .and(destination)
            .and(any_of(rule, "category", |name| self.category_matches(name, flow)))
            .and(any_of(rule, "service", |name| self.service_matches(name, flow.port, 0)))
            .and(source);
        let matched = if first("rule-type") == Some("intrazone") {
            Match::No
        } else {
            narrowed(rule, matched)
        };
        let outcome = match first("action") {
            Some("allow") if rule.fields.contains_key("profile-setting") => Outcome::Unknown(
                "the rule allows it, but its security profiles are not judged".into(),
            ),
            Some("allow") => Outcome::Allow,
            Some("deny" | "drop" | "reset-client" | "reset-server" | "reset-both") => Outcome::Deny,
            _ => Outcome::Unknown("the rule has no action".into()),
        };
        // A rule for every host says nothing about this one.
        let is_about_hosts = ["category", "destination"].iter().any(|field| {
            rule.fields.get(*field).is_some_and(|values| values.iter().any(|value| value != "any"))
        });
        let places = if is_about_hosts || outcome == Outcome::Allow {
            vec![rule.place.clone()]
        } else {
            Vec::new()
        };
        Some(Step { matched, outcome, places })
    }

    fn source_matches(&self, value: &str, flow: &Flow<'_>) -> Match {
        let Some(source) = flow.source else {
            return Match::Maybe("the rule is for some clients; name yours with --source".into());
        };
        self.address_matches(value, End { addresses: &[source], ..End::default() }, 0)
    }

    /// Whether an address object, a group or a literal stands for one of some addresses, or for a host.
    fn address_matches(&self, value: &str, end: End<'_>, depth: usize) -> Match {
        if depth > MAX_DEPTH {
            return Match::Maybe("groups are nested too deeply".into());
        }
        if let Some(unknown) = self.members.one_more() {
            return unknown;
        }
        if let Some(members) = self.config.address_groups.get(value) {
            let members = members.iter();
            return members
                .map(|member| self.address_matches(member, end, depth + 1))
                .fold(Match::No, Match::or);
        }
        let (kind, text) = match self.config.addresses.get(value) {
            Some((kind, text)) => (kind.as_str(), text.as_str()),
            None => ("literal", value),
        };
        if kind == "fqdn" {
            return match end.host {
                Some(host) if name(text).as_deref() == Some(host) => Match::Yes,
                Some(_) if end.may_share(|domain| text.to_ascii_lowercase().ends_with(domain)) => {
                    Match::Maybe(SHARED.into())
                }
                Some(_) => Match::No,
                None => Match::Maybe("the addresses of a name are not known".into()),
            };
        }
        let range =
            text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        match range {
            // Registries have IPv4 addresses; IPv6 is another way, which strangers must not have.
            Some(IpNet::V6(range)) if range.prefix_len() == 0 => {
                Match::from_bool(end.is_stranger && end.allows)
            }
            Some(range) if range.prefix_len() == 0 => Match::Yes,
            Some(range) => end.is_in(range.into()),
            None => Match::Maybe(format!("the address '{value}' is not judged").into()),
        }
    }

    fn category_matches(&self, name: &str, flow: &Flow<'_>) -> Match {
        let Some(entries) = self.config.categories.get(name) else {
            return Match::Maybe(
                format!("the category or list '{name}' is not in the files").into(),
            );
        };
        let entries = entries.about(flow.host.as_str()).into_iter();
        entries
            .map(|(entry, _)| entry.matches(flow.host.as_str(), flow.port))
            .fold(Match::No, Match::or)
    }

    fn service_matches(&self, name: &str, port: u16, depth: usize) -> Match {
        if let Some(unknown) = self.members.one_more() {
            return unknown;
        }
        if let Some(members) = self.config.service_groups.get(name).filter(|_| depth < MAX_DEPTH) {
            let members = members.iter();
            return members
                .map(|member| self.service_matches(member, port, depth + 1))
                .fold(Match::No, Match::or);
        }
        let ports = match (name, self.config.services.get(name)) {
            (name, Some(service)) if service.has_source => {
                return Match::Maybe(
                    format!("the service '{name}' is for some ports of clients").into(),
                );
            }
            (_, Some(service)) => match &service.ports {
                Some(ports) => ports.as_str(),
                None => return Match::No,
            },
            ("service-https", None) => "443",
            ("service-http", None) => "80,8080",
            ("application-default", None) => {
                return Match::Maybe(
                    "application-default depends on App-ID, which is not judged".into(),
                );
            }
            (name, None) => {
                return Match::Maybe(format!("the service '{name}' is not in the files").into());
            }
        };
        let covers = |range: &str| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let bounds = (first.trim().parse::<u16>(), last.trim().parse::<u16>());
            matches!(bounds, (Ok(first), Ok(last)) if (first..=last).contains(&port))
        };
        Match::from_bool(ports.split(',').any(covers))
    }
}

/// Whether one of a rule's addresses matches; the opposite, if the rule negates them.
fn side(rule: &Rule, field: &str, matches: impl Fn(&str) -> Match) -> Match {
    let found = any_of(rule, field, matches);
    if is_negated(rule, field) { found.negated() } else { found }
}

/// Whether a rule is for all addresses but those of a field.
fn is_negated(rule: &Rule, field: &str) -> bool {
    let negates = rule.fields.get(&format!("negate-{field}")).and_then(|values| values.first());
    negates.is_some_and(|value| value == "yes")
}

/// Whether a rule matches, in view of the fields that are not judged.
fn narrowed(rule: &Rule, mut matched: Match) -> Match {
    for (field, why) in UNJUDGED {
        let is_open = |values: &Vec<String>| {
            let is_default = |value: &String| value == "negate" || value == "no";
            let is_default = field == "target" && values.iter().all(is_default);
            is_default || values.iter().all(|value| value == "any")
        };
        if rule.fields.get(field).is_some_and(|values| !is_open(values)) {
            matched = matched.and(Match::Maybe(why.into()));
        }
    }
    matched
}

/// Whether one of a field's values matches; without the field, every one does.
fn any_of(rule: &Rule, field: &str, matches: impl Fn(&str) -> Match) -> Match {
    let Some(values) = rule.fields.get(field) else { return Match::Yes };
    values
        .iter()
        .map(|value| if value == "any" { Match::Yes } else { matches(value) })
        .fold(Match::No, Match::or)
}

impl Policy for Rules {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        if let Some((place, why)) = &self.config.unknown {
            return Decision::by(Outcome::Unknown(Arc::clone(why)), place);
        }
        if let Some(list) = &self.list {
            let entries = list.about(flow.host.as_str()).into_iter();
            let steps = entries.map(|(entry, place)| Step {
                matched: entry.matches(flow.host.as_str(), flow.port),
                outcome: Outcome::Allow,
                places: vec![place.clone()],
            });
            return first_match(steps, otherwise);
        }
        let decisions: Vec<Decision> = self
            .lanes
            .iter()
            .map(|lane| {
                let steps = self.all().filter_map(|rule| {
                    self.members.restart();
                    self.step(rule, lane, flow)
                });
                first_match(steps, otherwise)
            })
            .collect();
        lanes::agree(&decisions, flow.purpose, "zones")
            .unwrap_or_else(|| Decision::by_default(otherwise.clone()))
    }

    fn mentions(&self) -> Mentions<'_> {
        Mentions { hosts: vec![&self.names], outside: self.outside.clone(), ..Mentions::default() }
    }

    fn scope(&self) -> Scope {
        if self.list.is_some() { Scope::Part } else { Scope::Whole }
    }

    fn filters_port_80(&self) -> bool {
        self.list.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firewall::policy::decision_for;

    fn decide(text: &str, host: &str) -> Outcome {
        let rules = read(&[RuleFile { name: "f".into(), text: text.to_owned() }]);
        decision_for(&rules, host, &Outcome::Deny).outcome
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        const CATEGORY: &str =
            "set profiles custom-url-category acr list [ contoso.azurecr.io/ ]\n";
        const ALLOW: &str = "set rulebase security rules acr from trust to untrust source any destination any \
                             application any service service-https category acr action allow\n";
        const DENY: &str = "set rulebase security rules no from any to any source any destination any application any \
                            service any action deny\n";
        let of =
            |rules: &[&str]| decide(&format!("{CATEGORY}{}", rules.concat()), "contoso.azurecr.io");
        assert_eq!(of(&[ALLOW, DENY]), Outcome::Allow);
        assert_eq!(of(&[DENY, ALLOW]), Outcome::Deny);
        assert_eq!(
            of(&[&DENY.replace(" action deny", " disabled yes action deny"), ALLOW]),
            Outcome::Allow
        );
        assert_eq!(of(&[&ALLOW.replace("service-https", "service-http")]), Outcome::Deny);
        for (from, to) in [
            ("application any", "application ssl"),
            ("source any", "source 10.0.0.0/8"),
            ("category acr", "category edl"),
            ("action allow", "profile-setting group strict action allow"),
        ] {
            assert!(matches!(of(&[&ALLOW.replace(from, to), DENY]), Outcome::Unknown(_)), "{to}");
        }
        // Clients may be in another zone, where nothing is allowed.
        let other = "set rulebase security rules dmz from dmz to untrust source any destination any application any \
                     service any action deny\n";
        assert!(matches!(of(&[ALLOW, other]), Outcome::Unknown(_)));
    }

    #[test]
    fn an_address_object_with_a_name_stands_for_the_host() {
        let text = "set address reg fqdn contoso.azurecr.io\nset rulebase security rules r from any to any source any \
                    destination reg application any service any action allow\n";
        assert_eq!(decide(text, "contoso.azurecr.io"), Outcome::Allow);
        assert_eq!(decide(text, "fabrikam.azurecr.io"), Outcome::Deny);
    }
}
