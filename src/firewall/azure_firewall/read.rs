//! Reads rule collections: templates, what `az` and the REST API list, and classic firewalls.
//!
//! The shapes are those of the template reference (`firewallPolicies/ruleCollectionGroups`, `azureFirewalls`) and of
//! `az network firewall policy rule-collection-group list`, whose output is the same without `properties`.

use super::collections::{Collection, Collections, Conditions, Targets};
use crate::firewall::document::{self, Node, Value};
use crate::firewall::policy::{InvalidRules, Place, RuleFile};
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

const ARM: Names = Names {
    sources: "sourceAddresses",
    source_groups: "sourceIpGroups",
    fqdns: &["targetFqdns"],
    urls: "targetUrls",
    lists_of_microsoft: &["fqdnTags", "webCategories"],
    protocols: &["protocols"],
    protocol_type: "protocolType",
    ip_protocols: &["ipProtocols", "protocols"],
    addresses: "destinationAddresses",
    groups: "destinationIpGroups",
    network_fqdns: "destinationFqdns",
    ports: "destinationPorts",
};

/// Whether a text is an export or a template with rules of Azure Firewall.
pub fn is_rules(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
        && ["\"ruleCollections\"", "\"applicationRuleCollections\"", "\"networkRuleCollections\""]
            .iter()
            .any(|key| text.contains(key))
}

/// Whether a text is the export of a firewall policy itself, without its rules.
pub fn is_policy(text: &str) -> bool {
    text.trim_start().starts_with('{')
        && text.contains("\"ruleCollectionGroups\"")
        && text.contains("Microsoft.Network/firewallPolicies")
}

/// Reads files as one firewall.
///
/// # Errors
/// [`InvalidRules`] if a file is no JSON.
pub fn read(files: &[RuleFile]) -> Result<Collections, InvalidRules> {
    let mut reader =
        Reader { collections: Collections::default(), has_policy: false, has_parent: false };
    for file in files {
        for document in document::read(&file.text, &file.name)? {
            reader.walk(&document, &file.name);
        }
    }
    let mut collections = reader.collections;
    // A policy that says that it has no parent, together with its groups, is all there is.
    collections.is_whole |= reader.has_policy && !reader.has_parent;
    collections.sort();
    Ok(collections)
}

struct Reader {
    collections: Collections,
    has_policy: bool,
    has_parent: bool,
}

/// A property of a resource, which `az` writes beside the name and ARM below `properties`.
fn property<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    node.get(name).or_else(|| node.at(&["properties", name]))
}

impl Reader {
    fn walk(&mut self, node: &Node, file: &Arc<str>) {
        let place = Place { file: Arc::clone(file), line: node.line };
        if let Value::List(items) = &node.value {
            for item in items {
                self.walk(item, file);
            }
            return;
        }
        if node.get("copy").is_some() || node.get("condition").is_some() {
            self.hide(&place, "a resource with copy or condition is not judged");
        }
        match node.get("resources").map(|node| &node.value) {
            Some(Value::Object(resources)) => {
                for (_, resource) in resources {
                    self.walk(resource, file);
                }
            }
            Some(Value::List(resources)) => {
                for resource in resources {
                    self.walk(resource, file);
                }
            }
            _ => {}
        }
        if let Some(list) = node.get("value") {
            for item in list.items() {
                self.walk(item, file);
            }
        }
        if let Some(template) = node.at(&["properties", "template"]) {
            self.walk(template, file);
        }
        if let Some(collections) = property(node, "ruleCollections") {
            let priority = property(node, "priority").and_then(number);
            for collection in collections.items() {
                self.collection(collection, priority, file);
            }
        } else if property(node, "ruleCollectionGroups").is_some() {
            self.has_policy = true;
            self.has_parent |= property(node, "basePolicy").is_some();
        }
        let kinds = [("networkRuleCollections", true), ("applicationRuleCollections", false)];
        for (name, is_network) in kinds {
            let Some(list) = property(node, name) else { continue };
            let policy = property(node, "firewallPolicy");
            self.collections.is_whole |= policy.is_none();
            if policy.is_some() {
                self.hide(&place, "the firewall has a policy: its rules are there");
            }
            for collection in list.items() {
                self.classic_collection(collection, is_network, file);
            }
        }
    }

    fn hide(&mut self, place: &Place, why: &str) {
        self.collections.hidden.get_or_insert_with(|| (place.clone(), why.into()));
    }

    fn collection(&mut self, node: &Node, group: Option<u32>, file: &Arc<str>) {
        let place = Place { file: Arc::clone(file), line: node.line };
        let kind = node.text_of("ruleCollectionType").unwrap_or_default();
        if kind.to_ascii_lowercase().contains("nat") {
            return;
        }
        let rules = node.items_of("rules");
        let is_network = |rule: &Node| {
            let kind = rule.text_of("ruleType").map(str::to_ascii_lowercase);
            kind.as_deref() == Some("networkrule")
        };
        // A collection of a policy may hold rules of both types.
        for network in [true, false] {
            let rules: Vec<&Node> =
                rules.iter().filter(|rule| is_network(rule) == network).collect();
            if !rules.is_empty() {
                self.add(node, &rules, network, group, &place);
            }
        }
    }

    fn classic_collection(&mut self, node: &Node, is_network: bool, file: &Arc<str>) {
        let place = Place { file: Arc::clone(file), line: node.line };
        let node = node.get("properties").unwrap_or(node);
        let rules: Vec<&Node> = node.items_of("rules").iter().collect();
        self.add(node, &rules, is_network, Some(0), &place);
    }

    fn add(
        &mut self,
        node: &Node,
        rules: &[&Node],
        is_network: bool,
        group: Option<u32>,
        place: &Place,
    ) {
        let action = node.at(&["action", "type"]).and_then(Node::text).map(str::to_ascii_lowercase);
        let (allows, priority) =
            match (action.as_deref(), group, node.get("priority").and_then(number)) {
                (Some(action @ ("allow" | "deny")), Some(group), Some(own)) => {
                    (action == "allow", (group, own))
                }
                _ => return self.hide(place, "the action or a priority is not in the file"),
            };
        let mut collection = Collection { is_network, allows, priority, rules: Vec::new() };
        for rule in rules {
            add_rule(&mut collection, rule, &ARM, &place.file);
        }
        self.collections.list.push(collection);
    }
}

fn number(node: &Node) -> Option<u32> {
    node.text()?.parse().ok()
}

/// Whether a text is an expression of a template.
fn is_expression(text: &str) -> bool {
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
    each(targets, &fqdns, Targets::add_fqdn);
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
            conditions.ports = ports.filter_map(port_range).collect();
        }
    } else {
        for node in names.protocols.iter().filter_map(|name| rule.get(name)) {
            if node.unknown().is_some() {
                hide("protocols are not in the file");
            }
            for protocol in node.items() {
                let kind = protocol.text_of(names.protocol_type).unwrap_or_default();
                let port = protocol.text_of("port").and_then(|port| port.parse().ok());
                let kind = kind.to_ascii_lowercase();
                let usual = if kind == "http" { 80 } else { 443 };
                conditions.protocols.push((kind, port.unwrap_or(usual)));
            }
        }
        if conditions.protocols.is_empty() && unknown.is_some() {
            conditions.protocols = vec![("https".to_owned(), 443), ("http".to_owned(), 80)];
        }
    }
    conditions.unknown = unknown;
    conditions
}

/// `443`, `80-90` or `*`.
fn port_range(text: &str) -> Option<(u16, u16)> {
    if text == "*" {
        return Some((0, u16::MAX));
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}
