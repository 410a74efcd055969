//! Reads single rules of Azure Firewall, as ARM and as Terraform write them.

use super::collections::{Collection, Conditions, Targets};
use crate::firewall::document::{Node, Value};
use crate::firewall::policy::Place;
use std::sync::Arc;

/// The names of a rule's properties, which ARM and Terraform write differently.
#[derive(Debug)]
pub struct Names {
    /// `sourceAddresses`.
    pub sources: &'static str,
    /// `sourceIpGroups`.
    pub source_groups: &'static str,
    /// `targetFqdns`.
    pub fqdns: &'static [&'static str],
    /// `targetUrls`.
    pub urls: &'static str,
    /// `fqdnTags`, `webCategories`.
    pub lists_of_microsoft: &'static [&'static str],
    /// `protocols` of an application rule.
    pub protocols: &'static [&'static str],
    /// `protocolType` in it.
    pub protocol_type: &'static str,
    /// `terminateTLS`.
    pub terminates_tls: &'static str,
    /// `ipProtocols` of a network rule.
    pub ip_protocols: &'static [&'static str],
    /// `destinationAddresses`.
    pub addresses: &'static str,
    /// `destinationIpGroups`.
    pub groups: &'static str,
    /// `destinationFqdns`.
    pub network_fqdns: &'static str,
    /// `destinationPorts`.
    pub ports: &'static str,
}

/// Whether a text is an expression of a template.
pub(super) fn is_expression(text: &str) -> bool {
    text.starts_with('[') && !text.starts_with("[[")
}

/// Adds a rule to a collection.
pub fn add_rule(collection: &mut Collection, rule: &Node, names: &Names, file: &Arc<str>) {
    let place = |node: &Node| Place { file: Arc::clone(file), line: node.line };
    let is_network = collection.is_network;
    let conditions = conditions(rule, is_network, names);
    let targets = collection.targets(conditions);
    let (fqdns, addresses): (Vec<&str>, Vec<&str>) = if is_network {
        (vec![names.network_fqdns], vec![names.addresses])
    } else {
        (names.fqdns.to_vec(), Vec::new())
    };
    let each = |targets: &mut Targets, list: &[&str], add: fn(&mut Targets, &str, &Place)| {
        for node in list.iter().filter_map(|name| rule.get(name)) {
            if let Some(why) = node.unknown() {
                targets.hide(&place(node), why);
            }
            for item in node.items() {
                match item.text() {
                    Some(text) if is_expression(text) => {
                        targets.hide(&place(item), "an expression of the template is not judged");
                    }
                    Some(text) => add(targets, text, &place(item)),
                    None => {}
                }
            }
        }
    };
    each(targets, &fqdns, if is_network { Targets::add_name } else { Targets::add_fqdn });
    each(targets, &addresses, Targets::add_address);
    each(targets, &[names.urls], Targets::add_url);
    for name in names.lists_of_microsoft.iter().chain([&names.groups]) {
        if let Some(node) =
            rule.get(name).filter(|node| node.unknown().is_some() || !node.items().is_empty())
        {
            targets.hide(&place(node), &format!("what is in {name} is not in the file"));
        }
    }
}

fn conditions(rule: &Node, is_network: bool, names: &Names) -> Conditions {
    let mut conditions = Conditions::default();
    let mut unknown: Option<Arc<str>> = None;
    let mut hide = |why: &str| {
        unknown.get_or_insert_with(|| why.into());
    };
    if let Some(sources) = rule.get(names.sources) {
        if sources.unknown().is_some() {
            hide("the clients' addresses are not in the file");
        }
        let texts = sources.items().iter().filter_map(Node::text);
        conditions.sources = texts.map(str::to_owned).collect();
    }
    let has_groups = rule
        .get(names.source_groups)
        .is_some_and(|node| !node.items().is_empty() || node.unknown().is_some());
    if has_groups {
        hide("what is in an IP group is not in the file");
    }
    if is_network {
        read_ports(rule, names, &mut conditions, &mut hide);
    } else {
        read_protocols(rule, names, &mut conditions, &mut hide);
    }
    conditions.unknown = unknown;
    conditions
}

/// Reads what a network rule says about protocols and ports.
fn read_ports(rule: &Node, names: &Names, conditions: &mut Conditions, hide: &mut dyn FnMut(&str)) {
    let protocols = names.ip_protocols.iter().find_map(|name| rule.get(name));
    let is_tcp = |node: &Node| {
        node.text().is_some_and(|text| {
            text.eq_ignore_ascii_case("tcp") || text.eq_ignore_ascii_case("any")
        })
    };
    let ports = rule.get(names.ports);
    let is_unknown = |node: Option<&Node>| {
        node.is_some_and(|node| {
            node.unknown().is_some()
                || node.items().iter().any(|item| item.text().is_some_and(is_expression))
        })
    };
    if is_unknown(protocols) || is_unknown(ports) {
        hide("protocols or ports are not in the file");
        conditions.ports = vec![(0, u16::MAX)];
    } else if protocols.is_some_and(|node| node.items().iter().any(is_tcp)) {
        let ports = ports.map_or(&[][..], Node::items).iter().filter_map(Node::text);
        let ranges: Option<Vec<_>> = ports.map(port_range).collect();
        if ranges.is_none() {
            hide("the ports cannot be read");
        }
        conditions.ports = ranges.unwrap_or_else(|| vec![(0, u16::MAX)]);
    }
}

/// Reads what an application rule says about protocols.
fn read_protocols(
    rule: &Node,
    names: &Names,
    conditions: &mut Conditions,
    hide: &mut dyn FnMut(&str),
) {
    if rule.get(names.addresses).is_some_and(|node| !node.items().is_empty()) {
        hide("an application rule with destination addresses is not judged");
    }
    let is_off = |node: &Node| node.text().is_some_and(|text| text.eq_ignore_ascii_case("false"));
    if rule.get(names.terminates_tls).is_some_and(|node| node.value != Value::Null && !is_off(node))
    {
        hide("the rule opens TLS: clients must trust the firewall's CA");
    }
    let mut is_unknown = false;
    for node in names.protocols.iter().filter_map(|name| rule.get(name)) {
        if node.unknown().is_some() {
            is_unknown = true;
            hide("protocols are not in the file");
        }
        for protocol in node.items() {
            if protocol.unknown().is_some() {
                conditions.protocols.extend([("https".to_owned(), 443), ("http".to_owned(), 80)]);
            }
            let kind = protocol.text_of(names.protocol_type).unwrap_or_default();
            let port = protocol.text_of("port").and_then(|port| port.parse().ok());
            let kind = kind.to_ascii_lowercase();
            let usual = if kind == "http" { 80 } else { 443 };
            conditions.protocols.push((kind, port.unwrap_or(usual)));
        }
    }
    if conditions.protocols.is_empty() && is_unknown {
        conditions.protocols = vec![("https".to_owned(), 443), ("http".to_owned(), 80)];
    }
}

/// `443`, `80-90` or `*`.
fn port_range(text: &str) -> Option<(u16, u16)> {
    if text == "*" {
        return Some((0, u16::MAX));
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}
