//! A rule of Calico's policies for egress.

use crate::firewall::document::{self, Node};
use crate::firewall::name_pattern::NamePattern;
use crate::firewall::policy::{Place, RuleFile};
use ipnet::IpNet;
use std::sync::Arc;

/// A rule for egress.
#[derive(Debug)]
pub struct Rule {
    pub action: String,
    pub destination: Destination,
    pub ports: Ports,
    pub unknown: Option<Arc<str>>,
    /// `TCP`; `None` for all protocols.
    pub protocol: Option<String>,
    pub place: Place,
}

/// The ports that a rule is for.
#[derive(Debug, Default)]
pub struct Ports {
    /// `ports`; `None` for all.
    only: Option<Vec<(u16, u16)>>,
    /// `notPorts`.
    not: Vec<(u16, u16)>,
}

impl Ports {
    /// Whether a port is among them.
    pub fn contain(&self, port: u16) -> bool {
        let is_in = |ranges: &[(u16, u16)]| {
            ranges.iter().any(|(first, last)| (*first..=*last).contains(&port))
        };
        self.only.as_deref().is_none_or(is_in) && !is_in(&self.not)
    }
}

/// Where a rule is for.
#[derive(Debug)]
pub enum Destination {
    Everywhere,
    Domains(Vec<NamePattern>),
    Nets(Vec<IpNet>),
    /// The sets with a label.
    ///
    /// Its second value says whether only global sets are meant.
    Selector(String, bool),
}

/// A domain of a policy; `None` for a wildcard that is not the first label.
pub fn pattern(node: &Node) -> Option<NamePattern> {
    NamePattern::with_star(&node.text()?.to_ascii_lowercase())
}

impl Rule {
    /// Reads a rule.
    pub fn read(node: &Node, file: &RuleFile) -> Self {
        let place = Place { file: Arc::clone(&file.name), line: node.line };
        let mut unknown: Option<Arc<str>> = None;
        let mut hide = |why: &str| {
            unknown.get_or_insert_with(|| why.into());
        };
        let protocol = node.text_of("protocol").map(str::to_ascii_uppercase);
        for part in ["source", "http", "notProtocol", "icmp", "notICMP", "ipVersion"] {
            if node.get(part).is_some_and(|part| part.value != document::Value::Object(Vec::new()))
            {
                hide(&format!("{part} is not judged"));
            }
        }
        let (destination, ports) = destination(node, &mut hide);
        if (ports.only.is_some() || !ports.not.is_empty()) && protocol.is_none() {
            hide("Calico refuses ports without a protocol");
        }
        let action = node.text_of("action").unwrap_or_default();
        if !["Allow", "Deny", "Log", "Pass"].contains(&action) {
            hide("Calico refuses the action");
        }
        let action = action.to_owned();
        Self { action, destination, ports, unknown, protocol, place }
    }

    /// Whether it is for a protocol.
    ///
    /// # Arguments
    /// * `name` - e.g. `TCP`.
    /// * `number` - IANA's number, e.g. `6`.
    pub fn is_for(&self, name: &str, number: &str) -> bool {
        self.protocol.as_deref().is_none_or(|protocol| protocol == name || protocol == number)
    }
}

/// Where a rule is for, and the ports.
///
/// # Arguments
/// * `hide` - is told what cannot be judged.
fn destination(node: &Node, hide: &mut dyn FnMut(&str)) -> (Destination, Ports) {
    let mut destination = Destination::Everywhere;
    let mut ports = Ports::default();
    let entries = match node.get("destination").map(|node| &node.value) {
        Some(document::Value::Object(entries)) => entries.as_slice(),
        _ => &[],
    };
    // An empty list is the same as none.
    let is_empty =
        |node: &Node| matches!(&node.value, document::Value::List(items) if items.is_empty());
    let entries: Vec<&(String, Node)> =
        entries.iter().filter(|(_, value)| !is_empty(value)).collect();
    let named = |name: &str| entries.iter().any(|(key, _)| key == name);
    if ["domains", "nets", "selector"].iter().filter(|name| named(name)).count() > 1 {
        hide("several kinds of destinations in one rule are not judged");
    }
    let is_global = |node: &Node| matches!(node.text(), Some("global()"));
    if entries
        .iter()
        .any(|(key, value)| key == "namespaceSelector" && !(is_global(value) && named("selector")))
    {
        hide("namespaceSelector is judged as global() alone");
    }
    for (key, value) in &entries {
        match key.as_str() {
            "domains" => match value.items().iter().map(pattern).collect() {
                Some(patterns) => destination = Destination::Domains(patterns),
                None => hide("a domain with a wildcard inside is not judged"),
            },
            "nets" => match value.items().iter().map(|net| net.text()?.parse().ok()).collect() {
                Some(nets) => destination = Destination::Nets(nets),
                None => hide("a network cannot be read"),
            },
            "selector" => {
                let selector = value.text().unwrap_or_default().trim().to_owned();
                let is_global = named("namespaceSelector");
                destination = Destination::Selector(selector, is_global);
            }
            "namespaceSelector" => {}
            "ports" => match value.items().iter().map(port_range).collect() {
                Some(ranges) => ports.only = Some(ranges),
                None => hide("a port cannot be read"),
            },
            "notPorts" => match value.items().iter().map(port_range).collect() {
                Some(ranges) => ports.not = ranges,
                None => hide("a port cannot be read"),
            },
            other => hide(&format!("destination.{other} is not judged")),
        }
    }
    (destination, ports)
}

/// `443` or `1000:2000`.
fn port_range(node: &Node) -> Option<(u16, u16)> {
    let text = node.text()?;
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    Some((first.parse().ok()?, last.parse().ok()?))
}
