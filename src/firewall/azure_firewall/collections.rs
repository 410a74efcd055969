//! What Azure Firewall does to a connection, for rules from ARM and from Terraform alike.
//!
//! The semantics are those of Microsoft Learn, "Configure Azure Firewall rules" and "Azure Firewall FAQ": network rules
//! before application rules, a parent policy's before its child's, then by the priority of the group and of the collection;
//! the first match decides, and the rest is denied.

use crate::firewall::address_range::{AddressRange, SHARED, service};
use crate::firewall::host_set::HostSet;
use crate::firewall::policy::{
    Decision, Flow, Match, Mentions, Outcome, Place, Policy, Purpose, Scope, Step, first_match,
};
use std::sync::Arc;

/// Rule collections.
#[derive(Debug, Default)]
pub struct Collections {
    pub(in crate::firewall) list: Vec<Collection>,
    /// The first thing that makes every answer unknown, and why.
    pub(in crate::firewall) hidden: Option<(Place, Arc<str>)>,
    /// A firewall of Terraform that has a policy, so that it takes no rules of its own.
    pub(in crate::firewall) with_policy: Option<Place>,
    /// How many policies a configuration of Terraform has.
    pub(in crate::firewall) policies: usize,
    /// Groups of Terraform whose policy is not made yet.
    pub(in crate::firewall) of_new_policies: Vec<Place>,
    /// Whether a policy in the files has no DNS proxy, or may have none.
    pub(in crate::firewall) lacks_dns_proxy: bool,
    /// Whether these are all rules of a firewall.
    pub(in crate::firewall) is_whole: bool,
}

/// A rule collection.
#[derive(Debug)]
pub struct Collection {
    /// Whether its rules are network rules.
    pub is_network: bool,
    /// Whether it allows or denies.
    pub allows: bool,
    /// The policy or firewall that it belongs to, if that is known.
    pub policy: Option<String>,
    /// The number of its policy's parents: theirs come first.
    pub depth: usize,
    /// The priority of its group, and its own. The smaller one comes first.
    pub priority: (u32, u32),
    /// Targets by the conditions that they share.
    pub rules: Vec<(Conditions, Targets)>,
}

/// What a connection must be for a rule to apply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// `https` and the like with their ports; for application rules.
    pub protocols: Vec<(String, u16)>,
    /// Ranges of ports over TCP; for network rules.
    pub ports: Vec<(u16, u16)>,
    /// Addresses of clients; empty for all.
    pub sources: Vec<String>,
    /// Why the rule may apply.
    pub unknown: Option<Arc<str>>,
}

/// Where connections go.
#[derive(Debug, Default)]
pub struct Targets {
    /// Hosts, and domains after `*.`.
    pub hosts: HostSet,
    /// What hosts end with: `contoso.com` for `*contoso.com`.
    pub endings: Vec<(String, Place)>,
    /// Hosts of URLs: whether one of them matches shows only after TLS inspection.
    pub urls: HostSet,
    /// Ranges of addresses.
    pub ranges: Vec<(AddressRange, Place)>,
    /// Service tags.
    pub tags: Vec<(String, Place)>,
    /// A target that may be anything, and why.
    pub unknown: Option<(Place, Arc<str>)>,
}

impl Collection {
    /// A collection without rules.
    pub fn new(is_network: bool, allows: bool, priority: (u32, u32)) -> Self {
        Self { is_network, allows, policy: None, depth: 0, priority, rules: Vec::new() }
    }

    /// The targets under conditions, which rules with the same conditions share.
    pub fn targets(&mut self, conditions: Conditions) -> &mut Targets {
        let at = self.rules.iter().position(|(other, _)| *other == conditions);
        let at = at.unwrap_or_else(|| {
            self.rules.push((conditions, Targets::default()));
            self.rules.len() - 1
        });
        &mut self.rules[at].1
    }
}

impl Targets {
    /// Adds a target FQDN.
    pub fn add_fqdn(&mut self, fqdn: &str, place: &Place) {
        let fqdn = fqdn.to_ascii_lowercase();
        match fqdn.strip_prefix('*') {
            Some("") => self.hosts.insert_below("", place),
            Some(rest) if rest.contains('*') => {
                self.hide(place, "a star in the middle is not supported");
            }
            Some(rest) => match rest.strip_prefix('.') {
                Some(domain) => self.hosts.insert_below(domain, place),
                None => self.endings.push((rest.to_owned(), place.clone())),
            },
            None if fqdn.contains('*') => {
                self.hide(place, "a star that is not on the left is not supported");
            }
            None => self.hosts.insert_host(&fqdn, place),
        }
    }

    /// Adds a name of a network rule, which may have no wildcard.
    pub fn add_name(&mut self, name: &str, place: &Place) {
        if name.contains('*') {
            self.hide(place, "names in network rules have no wildcards");
        } else {
            self.add_fqdn(name, place);
        }
    }

    /// Adds a target URL: `host/path`, where the host may begin with a star.
    pub fn add_url(&mut self, url: &str, place: &Place) {
        let url = url.to_ascii_lowercase();
        let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let host = rest.split('/').next().unwrap_or_default();
        match host.strip_prefix("*.") {
            Some(domain) if !domain.contains('*') => self.urls.insert_below(domain, place),
            None if !host.contains('*') => self.urls.insert_host(host, place),
            _ => self.hide(place, "a URL with a star may be any host"),
        }
    }

    /// Adds an address, a range, `*` or a service tag.
    pub fn add_address(&mut self, address: &str, place: &Place) {
        if address == "*" {
            self.hosts.insert_below("", place);
        } else if let Some(range) = AddressRange::parse(address) {
            self.ranges.push((range, place.clone()));
        } else {
            self.tags.push((address.to_owned(), place.clone()));
        }
    }

    /// Adds a target that may be anything.
    pub fn hide(&mut self, place: &Place, why: &str) {
        self.unknown.get_or_insert_with(|| (place.clone(), why.into()));
    }

    /// Whether a connection goes to one of the targets, and the line that says so.
    fn find(&self, flow: &Flow<'_>, allows: bool) -> (Match, Option<Place>) {
        let host = flow.host.as_str();
        let ending = || {
            self.endings.iter().find(|(ending, _)| host.ends_with(ending)).map(|(_, place)| place)
        };
        if let Some(place) = self.hosts.find(host).or_else(ending) {
            // A denial of everything says nothing about this host.
            let is_for_all = self.hosts.domain("") == Some(place);
            return (Match::Yes, (allows || !is_for_all).then(|| place.clone()));
        }
        let mut found = (Match::No, None);
        let mut add = |matched: Match, place: &Place| {
            if matched != Match::No && found.0 != Match::Yes {
                found = (matched, Some(place.clone()));
            }
        };
        if let Some(place) = self.urls.find(host) {
            add(Match::Maybe("whether a URL matches shows only with TLS inspection".into()), place);
        }
        if let Some((place, why)) = &self.unknown {
            add(Match::Maybe(Arc::clone(why)), place);
        }
        for (tag, place) in &self.tags {
            add(tag_matches(tag, flow, allows), place);
        }
        for (range, place) in &self.ranges {
            add(range.matches(flow, allows), place);
        }
        found
    }
}

/// Whether a connection goes to an address of a service tag. Tags are ranges that Microsoft publishes and changes.
fn tag_matches(tag: &str, flow: &Flow<'_>, allows: bool) -> Match {
    if flow.purpose == Purpose::Needed {
        return Match::Maybe("service tags are addresses, which names do not tell".into());
    }
    let host = flow.host.as_str();
    let service = tag.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let holds = match service.as_str() {
        "storage" => host.contains(".blob."),
        "azurecontainerregistry" => host.contains(".azurecr."),
        "azurecloud" => host.contains(".blob.") || host.contains(".azurecr."),
        "internet" => true,
        _ => false,
    };
    Match::from_bool(allows && holds)
}

impl Conditions {
    fn holds(&self, flow: &Flow<'_>, is_network: bool) -> Match {
        let fits = if is_network {
            self.ports.iter().any(|(first, last)| (*first..=*last).contains(&flow.port))
        } else {
            let wanted = if flow.port == 80 { "http" } else { "https" };
            self.protocols.iter().any(|(name, port)| name == wanted && *port == flow.port)
        };
        let matched = Match::from_bool(fits).and(self.has_source(flow));
        matched.unless_unknown(self.unknown.as_ref())
    }

    fn has_source(&self, flow: &Flow<'_>) -> Match {
        let one = |text: &String| match (AddressRange::parse(text), flow.source) {
            _ if text == "*" => Match::Yes,
            (Some(range), _) if range.is_everything() => Match::Yes,
            (Some(range), Some(source)) => Match::from_bool(range.contains(source)),
            (Some(_), None) => Match::Maybe("name the client's address with --source".into()),
            (None, _) => Match::Maybe("service tags of clients are not judged".into()),
        };
        if self.sources.is_empty() {
            return Match::Yes;
        }
        self.sources.iter().map(one).fold(Match::No, Match::or)
    }
}

impl Collections {
    /// Network rules need the DNS proxy for names (Microsoft Learn, "Use FQDN filtering in network rules").
    pub fn judge_names_of_networks(&mut self) {
        let lacks = self.lacks_dns_proxy;
        for collection in self.list.iter_mut().filter(|collection| lacks && collection.is_network) {
            for (conditions, targets) in &mut collection.rules {
                let is_name = |(domain, _): (&str, &Place)| !domain.is_empty();
                if targets.hosts.hosts().next().is_some() || targets.hosts.domains().any(is_name) {
                    let why = "names in network rules need the DNS proxy, which the policy does not enable for certain";
                    conditions.unknown.get_or_insert(why.into());
                }
            }
        }
    }

    /// Puts the collections into the order in which the firewall asks them.
    pub fn sort(&mut self) {
        self.list.sort_by_key(|collection| {
            (!collection.is_network, collection.depth, collection.priority)
        });
    }
}

impl Policy for Collections {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        if let Some((place, why)) = &self.hidden {
            return Decision::by(Outcome::Unknown(Arc::clone(why)), place);
        }
        let steps = self.list.iter().flat_map(|collection| {
            let outcome = if collection.allows { Outcome::Allow } else { Outcome::Deny };
            collection.rules.iter().filter_map(move |(conditions, targets)| {
                let holds = conditions.holds(flow, collection.is_network);
                if holds == Match::No {
                    return None;
                }
                let (mut found, place) = targets.find(flow, collection.allows);
                // Network rules resolve names, and compare addresses.
                let is_by_address = collection.is_network && !collection.allows;
                if found == Match::No
                    && is_by_address
                    && flow.purpose == Purpose::Needed
                    && targets.hosts.has_any_below(service(flow.host.as_str()))
                {
                    found = Match::Maybe(SHARED.into());
                }
                let places = place.into_iter().collect();
                Some(Step { matched: holds.and(found), outcome: outcome.clone(), places })
            })
        });
        first_match(steps, otherwise)
    }

    fn mentions(&self) -> Mentions<'_> {
        let targets = || {
            self.list
                .iter()
                .flat_map(|collection| collection.rules.iter().map(|(_, targets)| targets))
        };
        let endings =
            targets().flat_map(|targets| targets.endings.iter().map(|(ending, _)| ending.clone()));
        Mentions {
            hosts: targets().flat_map(|targets| [&targets.hosts, &targets.urls]).collect(),
            examples: endings.collect(),
            ..Mentions::default()
        }
    }

    fn scope(&self) -> Scope {
        if self.is_whole { Scope::Whole } else { Scope::Part }
    }

    fn filters_port_80(&self) -> bool {
        true
    }
}
