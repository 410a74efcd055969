//! A rule of a Cilium policy: to whom, and on which ports.

use super::name::{Name, name_of};
use crate::firewall::address_range::AddressRange;
use crate::firewall::document::{Node, Value};
use crate::firewall::host_set::HostSet;
use crate::firewall::policy::{Flow, InvalidRules, Match, Place};
use std::sync::Arc;

/// The most ports of one entry.
const MAX_PORTS: usize = 40;
/// Selectors of destinations that are not addresses of the Internet.
const INSIDE: [&str; 3] = ["toEndpoints", "toServices", "toNodes"];

/// An entry of `egress` or `egressDeny`.
#[derive(Debug)]
pub(super) struct Rule {
    /// `matchName`.
    pub names: HostSet,
    /// `matchPattern`.
    pub patterns: Vec<(String, Place)>,
    /// `toCIDR` and `toCIDRSet`, with the ranges that are left out.
    ranges: Vec<(AddressRange, Vec<AddressRange>, Place)>,
    /// `toEntities` with the world in it.
    world: Option<Place>,
    /// Whether there is any selector of destinations; without one, all are meant.
    has_destination: bool,
    /// `toPorts`; empty for all.
    pub ports: Vec<Ports>,
    /// Why the rule may match.
    unknown: Option<Arc<str>>,
    /// Whether the entry says nothing at all, and so selects nothing.
    is_empty: bool,
    /// Whether the cluster's own DNS servers may be among the destinations.
    inside: Inside,
    /// The namespaces that selectors of pods name; `*` for what is not judged.
    namespaces: Vec<String>,
    pub place: Place,
}

/// Which pods, services and nodes of the cluster are among the destinations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Inside {
    None,
    /// Those of the policy's own namespace.
    Own,
    /// Those of other namespaces as well.
    Anywhere,
}

/// An entry of `toPorts`.
#[derive(Debug, Default)]
pub(super) struct Ports {
    /// Ranges over TCP or any protocol; empty for all ports.
    ranges: Vec<(u16, u16)>,
    is_for_all: bool,
    /// Whether DNS over UDP is among them.
    has_dns: bool,
    /// `rules.dns`.
    pub dns: Vec<Name>,
    /// Why the entry may match.
    unknown: Option<Arc<str>>,
}

impl Ports {
    fn read(node: &Node) -> Self {
        let mut ports = Self::default();
        let mut hide = |why: &str| {
            ports.unknown.get_or_insert_with(|| why.into());
        };
        let listed = node.items_of("ports");
        let mut is_for_all = listed.is_empty();
        for port in listed {
            let protocol = port.text_of("protocol").unwrap_or("ANY");
            if !matches!(protocol, "TCP" | "ANY") {
                // DNS is looked up over UDP.
                ports.has_dns |= protocol == "UDP" && port.text_of("port") == Some("53");
                continue;
            }
            ports.has_dns |= protocol == "ANY" && port.text_of("port") == Some("53");
            match port.text_of("port").map(str::parse::<u16>) {
                Some(Ok(0)) => is_for_all = true,
                Some(Ok(first)) => {
                    let last = port.text_of("endPort").and_then(|last| last.parse().ok());
                    ports.ranges.push((first, last.unwrap_or(first)));
                }
                _ => hide("ports with names are not judged"),
            }
        }
        if node.get("serverNames").is_some() {
            hide("serverNames is not judged");
        }
        if let Some(Value::Object(rules)) = node.get("rules").map(|node| &node.value) {
            for (name, list) in rules {
                if name == "dns" {
                    ports.dns =
                        list.items().iter().filter_map(name_of).map(|(name, _)| name).collect();
                } else {
                    hide("rules for the application layer are not judged");
                }
            }
        }
        for other in ["terminatingTLS", "originatingTLS", "listener"] {
            if node.get(other).is_some() {
                hide("proxies are not judged");
            }
        }
        ports.is_for_all = is_for_all;
        ports
    }

    /// Reads `toPorts`.
    ///
    /// # Errors
    /// [`InvalidRules`] for what the API server or Cilium refuses.
    fn read_all(node: &Node, file: &Arc<str>) -> Result<Vec<Self>, InvalidRules> {
        let entries = node.items_of("toPorts");
        let mut names = node.items_of("toFQDNs").iter();
        let is_twice =
            |node: &Node| node.get("matchName").is_some() && node.get("matchPattern").is_some();
        let refused = if entries
            .iter()
            .flat_map(|entry| entry.items_of("ports"))
            .filter_map(|port| port.get("port"))
            .any(|port| {
                port.is_plain && port.text().is_some_and(|text| text.parse::<f64>().is_ok())
            }) {
            "a port must be a text in quotes"
        } else if entries.iter().any(|entry| entry.items_of("ports").len() > MAX_PORTS) {
            "an entry of toPorts holds 40 ports at most"
        } else if names.any(is_twice) {
            "an entry of toFQDNs holds matchName or matchPattern, not both"
        } else {
            return Ok(entries.iter().map(Self::read).collect());
        };
        let place = Place { file: Arc::clone(file), line: node.line };
        Err(InvalidRules { place, what: format!("the policy is refused: {refused}") })
    }

    /// Whether the port of DNS is among these.
    pub fn is_for_dns(&self) -> bool {
        self.is_for_all || self.has_dns
    }

    /// Whether a port is among these.
    pub fn covers(&self, port: u16) -> bool {
        self.is_for_all || self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&port))
    }
}

/// The namespaces that a selector of pods names.
fn namespaces_in(node: &Node, found: &mut Vec<String>) {
    const LABEL: &str = "io.kubernetes.pod.namespace";
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| namespaces_in(item, found)),
        Value::Object(entries) => {
            // Expressions, and labels of namespaces themselves, are taken to name another one.
            if node.text_of("key").is_some_and(|key| key.contains("namespace")) {
                found.push("*".to_owned());
            }
            for (key, value) in entries {
                match value.text() {
                    Some(name) if key.ends_with(LABEL) => found.push(name.to_owned()),
                    _ if key.contains("namespace.labels") => found.push("*".to_owned()),
                    _ => namespaces_in(value, found),
                }
            }
        }
        _ => {}
    }
}

impl Rule {
    /// Reads an entry.
    ///
    /// # Errors
    /// [`InvalidRules`] for selectors that Cilium refuses together.
    pub fn read(node: &Node, file: &Arc<str>) -> Result<Self, InvalidRules> {
        let place = |line| Place { file: Arc::clone(file), line };
        let mut rule = Self {
            names: HostSet::default(),
            patterns: Vec::new(),
            ranges: Vec::new(),
            world: None,
            has_destination: false,
            ports: Ports::read_all(node, file)?,
            unknown: None,
            is_empty: false,
            inside: Inside::None,
            namespaces: Vec::new(),
            place: place(node.line),
        };
        let Value::Object(entries) = &node.value else {
            rule.is_empty = true;
            return Ok(rule);
        };
        let selectors = rule.read_destinations(entries, &place);
        rule.has_destination = selectors > 0;
        rule.is_empty |= selectors == 0 && rule.ports.is_empty();
        if rule.has_names() && selectors > 1 {
            let what = "Cilium refuses a rule with toFQDNs and another selector of destinations"
                .to_owned();
            return Err(InvalidRules { place: rule.place, what });
        }
        Ok(rule)
    }

    /// Reads the selectors of destinations, and counts them.
    fn read_destinations(
        &mut self,
        entries: &[(String, Node)],
        place: &dyn Fn(usize) -> Place,
    ) -> usize {
        let mut selectors = 0;
        for (key, value) in entries {
            match key.as_str() {
                "toPorts" => continue,
                "icmps" => self.is_empty = true,
                "authentication" => {
                    self.unknown.get_or_insert("authentication is not judged".into());
                    continue;
                }
                "toFQDNs" => self.read_names(value, place),
                "toCIDR" => {
                    for item in value.items() {
                        self.read_range(item.text(), &[], place(item.line));
                    }
                }
                "toCIDRSet" => {
                    for item in value.items() {
                        self.read_range(
                            item.text_of("cidr"),
                            item.items_of("except"),
                            place(item.line),
                        );
                    }
                }
                "toEntities" => self.read_entities(value, place),
                key if INSIDE.contains(&key) => {
                    namespaces_in(value, &mut self.namespaces);
                    let is_anywhere = key != "toEndpoints" || !self.namespaces.is_empty();
                    let inside = if is_anywhere { Inside::Anywhere } else { Inside::Own };
                    self.inside = self.inside.max(inside);
                    if value.value == Value::Null
                        || ["reserved", "cidr"]
                            .iter()
                            .any(|word| format!("{value:?}").contains(word))
                    {
                        self.unknown.get_or_insert(format!("{key} is not judged").into());
                    }
                }
                other => {
                    self.unknown.get_or_insert(format!("{other} is not judged").into());
                }
            }
            selectors += 1;
        }
        selectors
    }

    fn read_entities(&mut self, value: &Node, place: &dyn Fn(usize) -> Place) {
        for item in value.items() {
            let family = match item.text() {
                Some("world-ipv4") => Some("0.0.0.0/0"),
                Some("world-ipv6") => Some("::/0"),
                _ => None,
            };
            if family.is_some() {
                self.read_range(family, &[], place(item.line));
            } else if matches!(item.text(), Some("all" | "cluster" | "host")) {
                self.inside = Inside::Anywhere;
            }
            if matches!(item.text(), Some("world" | "all")) {
                self.world.get_or_insert(place(item.line));
            }
        }
    }

    fn read_names(&mut self, value: &Node, place: &dyn Fn(usize) -> Place) {
        for item in value.items() {
            match name_of(item) {
                Some((Name::Exact(name), line)) => self.names.insert_host(&name, &place(line)),
                Some((Name::Pattern(pattern), line)) => self.patterns.push((pattern, place(line))),
                None => {
                    self.unknown.get_or_insert("a name cannot be read".into());
                }
            }
        }
    }

    fn read_range(&mut self, text: Option<&str>, except: &[Node], place: Place) {
        match text.and_then(AddressRange::parse) {
            Some(range) => {
                let except = except.iter().filter_map(|node| AddressRange::parse(node.text()?));
                self.ranges.push((range, except.collect(), place));
            }
            None => {
                self.unknown.get_or_insert("a range of addresses is not in the file".into());
            }
        }
    }

    /// Whether the rule may be about the cluster's DNS servers.
    pub fn may_hold_dns(&self) -> bool {
        let is_for_dns = self.ports.is_empty() || self.ports.iter().any(Ports::is_for_dns);
        let is_inside = self.inside != Inside::None;
        let is_for_servers = !self.has_destination || is_inside || !self.ranges.is_empty();
        !self.is_empty && is_for_dns && is_for_servers
    }

    /// Whether the cluster's DNS servers are among the destinations of a rule that may hold them.
    ///
    /// # Arguments
    /// * `own` - the namespace of the policy, if it has one.
    pub fn has_dns_servers(&self, own: Option<&str>) -> Match {
        let own = own.filter(|name| *name != "kube-system");
        // Where clusters have their DNS servers; `*` is not judged.
        let may_be = |name: &String| ["kube-system", "openshift-dns", "*"].contains(&name.as_str());
        match self.inside {
            _ if !self.has_destination || own.is_none() => Match::Yes,
            Inside::Anywhere if self.namespaces.is_empty() || self.namespaces.iter().any(may_be) => {
                Match::Yes
            }
            Inside::Anywhere if !self.namespaces.iter().all(|name| own == Some(name)) => {
                Match::Maybe(
                    format!(
                        "whether the cluster's DNS servers are in the namespace {} is not in the files",
                        self.namespaces[0]
                    )
                    .into(),
                )
            }
            // Ranges of addresses do not stand for pods.
            Inside::None => Match::Maybe(
                "the DNS rule reaches servers outside of the cluster alone".into(),
            ),
            Inside::Own | Inside::Anywhere => Match::Maybe(
                "the DNS rule selects pods of the policy's own namespace: it must name that of the DNS servers"
                    .into(),
            ),
        }
    }

    /// Whether the rule is about names.
    pub fn has_names(&self) -> bool {
        self.names.hosts().next().is_some() || !self.patterns.is_empty()
    }

    /// Whether a connection matches, and the line that says so.
    pub fn matches(&self, flow: &Flow<'_>, allows: bool) -> (Match, Place) {
        let (destination, place) = self.matches_destination(flow, allows);
        let destination = destination.unless_unknown(self.unknown.as_ref());
        let mut ports = if self.ports.is_empty() { Match::Yes } else { Match::No };
        for entry in &self.ports {
            let covers = Match::from_bool(entry.covers(flow.port));
            ports = ports.or(covers.unless_unknown(entry.unknown.as_ref()));
        }
        (destination.and(ports), place)
    }

    fn matches_destination(&self, flow: &Flow<'_>, allows: bool) -> (Match, Place) {
        if self.is_empty {
            return (Match::No, self.place.clone());
        }
        if !self.has_destination {
            return (Match::Yes, self.place.clone());
        }
        let host = flow.host.as_str();
        if let Some(place) = self.names.find(host) {
            return (Match::Yes, place.clone());
        }
        if let Some(place) = &self.world {
            return (Match::Yes, place.clone());
        }
        let patterns = self
            .patterns
            .iter()
            .map(|(pattern, place)| (Name::Pattern(pattern.clone()).matches(host), place));
        let ranges = self.ranges.iter().map(|(range, except, place)| {
            let matched = range.matches(flow, allows);
            // Private networks that are left out do not matter to public hosts.
            let is_left_out = except.iter().any(AddressRange::may_hold_strangers);
            let is_needed = flow.purpose == crate::firewall::policy::Purpose::Needed;
            let matched = if is_left_out && is_needed && flow.addresses.is_empty() {
                matched.and(Match::Maybe("the address may be one that is left out".into()))
            } else if flow
                .addresses
                .iter()
                .any(|address| except.iter().any(|range| range.contains(*address)))
            {
                Match::No
            } else {
                matched
            };
            (matched, place)
        });
        let mut found = (Match::No, self.place.clone());
        for (matched, place) in patterns.chain(ranges) {
            if matched == Match::Yes {
                return (matched, place.clone());
            }
            if matched != Match::No && found.0 == Match::No {
                found = (matched, place.clone());
            }
        }
        match &self.unknown {
            // Whatever it is, it may be the destination.
            Some(_) if found.0 == Match::No => (Match::Yes, found.1),
            _ => found,
        }
    }
}
