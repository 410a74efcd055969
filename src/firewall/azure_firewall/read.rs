//! Reads rule collections: templates, what `az` and the REST API list, and classic firewalls.
//!
//! The shapes are those of the template reference (`firewallPolicies/ruleCollectionGroups`, `azureFirewalls`) and of
//! `az network firewall policy rule-collection-group list`, whose output is the same without `properties`.

use super::collections::{Collection, Collections};
use super::names;
use super::rule::{Names, add_rule, is_expression};
use crate::firewall::document::{self, Node, Value};
use crate::firewall::policy::{InvalidRules, Place, RuleFile};
use std::collections::HashMap;
use std::sync::Arc;

/// The names of ARM, which does not tell capitals from small letters: the reader makes all of them small.
const ARM: Names = Names {
    sources: "sourceaddresses",
    source_groups: "sourceipgroups",
    fqdns: &["targetfqdns"],
    urls: "targeturls",
    lists_of_microsoft: &["fqdntags", "webcategories"],
    protocols: &["protocols"],
    protocol_type: "protocoltype",
    terminates_tls: "terminatetls",
    ip_protocols: &["ipprotocols", "protocols"],
    addresses: "destinationaddresses",
    groups: "destinationipgroups",
    network_fqdns: "destinationfqdns",
    ports: "destinationports",
};

/// Properties that hold rules.
const KEYS: [&str; 3] =
    ["\"rulecollections\"", "\"applicationrulecollections\"", "\"networkrulecollections\""];

/// Whether a text contains a word in small letters, whatever its own case.
fn contains_word(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether a text is an export or a template with rules of Azure Firewall.
pub fn is_rules(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[', '/'])
        && KEYS.iter().any(|key| contains_word(text, key))
}

/// Whether a text is the export of a firewall policy itself, without its rules.
pub fn is_policy(text: &str) -> bool {
    text.trim_start().starts_with('{')
        && contains_word(text, "rulecollectiongroups")
        && contains_word(text, "microsoft.network/firewallpolicies")
}

/// Reads files as one firewall.
///
/// # Errors
/// [`InvalidRules`] if a file is no JSON.
pub fn read(files: &[RuleFile]) -> Result<Collections, InvalidRules> {
    let mut reader = Reader {
        collections: Collections::default(),
        policy: None,
        parents: HashMap::new(),
        groups: HashMap::new(),
    };
    for file in files {
        for mut document in document::read(&file.text, &file.name)? {
            document.lower_keys();
            reader.walk(&document, &file.name);
        }
    }
    reader.order_policies(files);
    let mut collections = reader.collections;
    collections.judge_names_of_networks();
    collections.sort();
    Ok(collections)
}

/// The policy of a group: in its id, or before the slash of its name in a template. `Err` if the name is an expression that
/// is not read.
fn policy_of(group: &Node) -> Result<Option<String>, ()> {
    let id = group.text_of("id").map(str::to_ascii_lowercase);
    let from_id = id.as_deref().and_then(|id| id.split_once("/firewallpolicies/"));
    if let Some(policy) = from_id.and_then(|(_, rest)| rest.split('/').next()) {
        return Ok(Some(policy.to_owned()));
    }
    match group.text_of("name") {
        Some(name) if is_expression(name) => names::outer(name).map(Some).ok_or(()),
        name => Ok(name
            .and_then(|name| name.rsplit_once('/'))
            .map(|(policy, _)| policy.to_ascii_lowercase())),
    }
}

/// Whether a value holds an expression of a template where rules, actions or protocols belong.
fn has_expression(node: &Node) -> bool {
    const TARGETS: [&str; 10] = [
        "targetfqdns",
        "targeturls",
        "fqdntags",
        "webcategories",
        "destinationaddresses",
        "destinationfqdns",
        "destinationports",
        "sourceaddresses",
        "name",
        "description",
    ];
    match &node.value {
        Value::Text(text) => is_expression(text),
        Value::List(items) => items.iter().any(has_expression),
        Value::Object(entries) => entries
            .iter()
            .any(|(key, node)| !TARGETS.contains(&key.as_str()) && has_expression(node)),
        Value::Null | Value::Unknown(_) => false,
    }
}

/// Whether a value is made by a loop of a template.
fn has_copy(node: &Node) -> bool {
    match &node.value {
        Value::List(items) => items.iter().any(has_copy),
        Value::Object(entries) => entries.iter().any(|(key, node)| key == "copy" || has_copy(node)),
        _ => false,
    }
}

struct Reader {
    collections: Collections,
    /// The policy or firewall of the collections that are being read.
    policy: Option<String>,
    /// The parent of each policy whose own export is here.
    parents: HashMap<String, Option<String>>,
    /// The resource group of each policy whose id is here.
    groups: HashMap<String, String>,
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
        let templates = [node.get("template"), node.at(&["properties", "template"])];
        for template in templates.into_iter().flatten() {
            self.walk(template, file);
        }
        self.resource(node, &place);
    }

    /// Reads a resource, if it has rules.
    fn resource(&mut self, node: &Node, place: &Place) {
        let file = &place.file;
        if node.at(&["properties", "copy"]).is_some() {
            self.hide(place, "loops of the template are not judged");
        }
        if node.at(&["properties", "templatelink"]).is_some() {
            self.hide(place, "a linked template is not in the file");
        }
        let kind = node.text_of("type").unwrap_or_default().to_ascii_lowercase();
        if kind.ends_with("drafts") {
            // It does nothing until it is deployed.
            return;
        }
        if kind.ends_with("/rulegroups") {
            self.hide(place, "rule groups of old API versions are not judged");
        }
        if node.get("properties").is_some_and(|node| node.text().is_some()) {
            self.hide(place, "the properties are an expression of the template");
        }
        if let Some(collections) = property(node, "rulecollections") {
            if has_expression(collections) || has_copy(node) {
                self.hide(place, "expressions and loops of the template are not judged");
            }
            let priority = property(node, "priority").and_then(number);
            self.note_policy(node.text_of("id"), place);
            self.policy = policy_of(node).unwrap_or_else(|()| {
                self.hide(
                    place,
                    "which policy the rules belong to is an expression that is not read",
                );
                None
            });
            for collection in collections.items() {
                self.collection(collection, priority, file);
            }
        } else if property(node, "rulecollectiongroups").is_some()
            || kind.ends_with("/firewallpolicies")
        {
            let parent = property(node, "basepolicy").filter(|parent| parent.value != Value::Null);
            self.note_policy(node.text_of("id"), place);
            self.note_policy(parent.and_then(|parent| parent.text_of("id")), place);
            if node.text_of("existing") == Some("true") {
                self.hide(
                    place,
                    "the policy exists already, and the file does not say what it has",
                );
            }
            let parent = parent.map(|parent| parent.text_of("id").and_then(names::of_resource));
            let dns = property(node, "dnssettings");
            let proxy = dns.and_then(|dns| dns.text_of("enableproxy").or_else(|| dns.text()));
            self.collections.lacks_dns_proxy |= proxy != Some("true");
            match parent {
                Some(None) => self.hide(place, "the parent policy is not named"),
                parent => {
                    let own = node.text_of("name").map(names::of_policy);
                    self.parents.insert(own.unwrap_or_default(), parent.flatten());
                }
            }
        }
        self.classic(node, place);
    }

    /// Notes the resource group of a policy: names of policies are unique there, not everywhere.
    fn note_policy(&mut self, id: Option<&str>, place: &Place) {
        let id = id.map(str::to_ascii_lowercase);
        let Some((group, rest)) = id.as_deref().and_then(|id| id.split_once("/firewallpolicies/"))
        else {
            return;
        };
        let name = rest.split('/').next().unwrap_or_default().to_owned();
        if self.groups.entry(name).or_insert_with(|| group.to_owned()) != group {
            self.hide(place, "policies of several resource groups have the same name");
        }
    }

    /// Reads the collections of a classic firewall.
    fn classic(&mut self, node: &Node, place: &Place) {
        let file = &place.file;
        let kinds = [("networkrulecollections", true), ("applicationrulecollections", false)];
        for (name, is_network) in kinds {
            let Some(list) = property(node, name) else { continue };
            if has_expression(list) || has_copy(node) {
                self.hide(place, "expressions and loops of the template are not judged");
            }
            self.policy = node.text_of("name").map(str::to_ascii_lowercase);
            let policy = property(node, "firewallpolicy");
            if policy.is_some() && list.items().is_empty() {
                // Exports of firewalls with a policy have empty lists.
                continue;
            }
            self.collections.is_whole |= policy.is_none();
            if policy.is_some() {
                self.hide(place, "the firewall has a policy: its rules are there");
            }
            for collection in list.items() {
                self.classic_collection(collection, is_network, file);
            }
        }
    }

    /// Puts the policies into the order in which the firewall asks them: a parent before its child.
    fn order_policies(&mut self, files: &[RuleFile]) {
        let place = files.first().map(|file| Place { file: Arc::clone(&file.name), line: 1 });
        let Some(place) = place else { return };
        let mut policies: Vec<Option<String>> =
            self.collections.list.iter().map(|collection| collection.policy.clone()).collect();
        policies.sort_unstable();
        policies.dedup();
        // Groups without an id belong to the only policy that is here.
        if let ([None], Some(only), 1) =
            (policies.as_slice(), self.parents.keys().next(), self.parents.len())
        {
            policies = vec![Some(only.clone())];
            for collection in &mut self.collections.list {
                collection.policy = Some(only.clone());
            }
        }
        let Some(Some(leaf)) = policies.iter().find(|policy| {
            let is_parent = |parent: &Option<String>| parent.is_some() && parent == *policy;
            !self.parents.values().any(is_parent)
        }) else {
            if policies.len() > 1 {
                self.hide(&place, "the rules belong to several policies; check each by itself");
            }
            return;
        };
        // From the policy of the firewall to its parents.
        let mut chain = vec![leaf.clone()];
        while let Some(Some(parent)) = chain.last().and_then(|policy| self.parents.get(policy)) {
            if chain.contains(parent) {
                return self.hide(&place, "the policies are each other's parents");
            }
            chain.push(parent.clone());
        }
        let is_in_chain =
            |policy: &Option<String>| policy.as_ref().is_some_and(|policy| chain.contains(policy));
        if !policies.iter().all(is_in_chain) {
            return self.hide(&place, "the rules belong to several policies; check each by itself");
        }
        if self.has_child_outside(&chain) {
            let why = "which rules belong to the policy that has a parent is not known";
            return self.hide(&place, why);
        }
        let root = chain.last().and_then(|policy| self.parents.get(policy));
        let root_is_known = root.is_some();
        let missing = chain.iter().skip(1).find(|policy| {
            !policies.contains(&Some((*policy).clone())) && !self.parents.contains_key(*policy)
        });
        if let Some(missing) = missing {
            return self.hide(
                &place,
                &format!("the rules of the parent policy {missing} come first, and are not here"),
            );
        }
        for collection in &mut self.collections.list {
            let position =
                chain.iter().position(|policy| collection.policy.as_ref() == Some(policy));
            collection.depth = chain.len() - position.unwrap_or(0);
        }
        self.collections.is_whole |= root_is_known;
    }

    /// Whether a policy with a parent is in the files, and not in a chain of policies.
    fn has_child_outside(&self, chain: &[String]) -> bool {
        self.parents.iter().any(|(policy, parent)| parent.is_some() && !chain.contains(policy))
    }

    fn hide(&mut self, place: &Place, why: &str) {
        self.collections.hidden.get_or_insert_with(|| (place.clone(), why.into()));
    }

    fn collection(&mut self, node: &Node, group: Option<u32>, file: &Arc<str>) {
        let place = Place { file: Arc::clone(file), line: node.line };
        let kind = node.text_of("rulecollectiontype").unwrap_or_default();
        if kind.to_ascii_lowercase().contains("nat") {
            return;
        }
        let rules = node.items_of("rules");
        let is_network = |rule: &Node| {
            let kind = rule.text_of("ruletype").map(str::to_ascii_lowercase);
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
        let mut collection = Collection::new(is_network, allows, priority);
        collection.policy = self.policy.clone();
        for rule in rules {
            add_rule(&mut collection, rule, &ARM, &place.file);
        }
        self.collections.list.push(collection);
    }
}

fn number(node: &Node) -> Option<u32> {
    node.text()?.parse().ok()
}
