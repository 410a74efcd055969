//! Reads the firewall rules of Terraform: HCL, and what `terraform show -json` prints of a plan or a state.
//!
//! The attributes are those of the azurerm provider's documentation; the JSON is described in Terraform's "JSON Output
//! Format". In a plan, what is known only after it is applied is absent from `planned_values` and marked in `after_unknown`.

use super::hcl;
use crate::firewall::azure_firewall::{Collection, Collections, Names, add_rule};
use crate::firewall::document::{self, Node, Value};
use crate::firewall::policy::{InvalidRules, Place, RuleFile};
use std::sync::Arc;

const AZURERM: Names = Names {
    sources: "source_addresses",
    source_groups: "source_ip_groups",
    fqdns: &["destination_fqdns", "target_fqdns"],
    urls: "destination_urls",
    lists_of_microsoft: &["destination_fqdn_tags", "fqdn_tags", "web_categories"],
    protocols: &["protocols", "protocol"],
    protocol_type: "type",
    terminates_tls: "terminate_tls",
    ip_protocols: &["protocols"],
    addresses: "destination_addresses",
    groups: "destination_ip_groups",
    network_fqdns: "destination_fqdns",
    ports: "destination_ports",
};

/// A group of collections of a firewall policy.
const GROUP: &str = "azurerm_firewall_policy_rule_collection_group";
/// A firewall policy, which may have a parent.
const POLICY: &str = "azurerm_firewall_policy";
/// Collections of a classic firewall, and whether they hold network rules.
const CLASSIC: [(&str, bool); 2] = [
    ("azurerm_firewall_network_rule_collection", true),
    ("azurerm_firewall_application_rule_collection", false),
];

/// Whether a text has firewall rules of Terraform.
pub fn is_rules(text: &str) -> bool {
    let is_json = text.trim_start().starts_with('{')
        && text.contains("\"terraform_version\"")
        && (text.contains("\"planned_values\"") || text.contains("\"values\""));
    let is_block = |line: &str| {
        let mut words = line.split_whitespace();
        let is_kind = matches!(
            words.next(),
            Some(
                "resource"
                    | "variable"
                    | "output"
                    | "provider"
                    | "module"
                    | "locals"
                    | "terraform"
                    | "data"
            )
        );
        is_kind && line.ends_with('{') && !line.contains(':')
    };
    is_json || text.lines().map(str::trim_end).any(is_block)
}

/// Reads files as one firewall.
///
/// # Errors
/// [`InvalidRules`] if a file is neither HCL nor JSON.
pub fn read(files: &[RuleFile]) -> Result<Collections, InvalidRules> {
    let mut collections = Collections::default();
    for file in files {
        let name = file.name.rsplit(['/', '\\']).next().unwrap_or_default();
        if ["override.tf", "override.tf.json"].iter().any(|end| {
            name.strip_suffix(end).is_some_and(|start| start.is_empty() || start.ends_with('_'))
        }) {
            let place = Place { file: Arc::clone(&file.name), line: 1 };
            let why = "the file overrides what other files say; use terraform show -json";
            collections.hidden.get_or_insert((place, why.into()));
        }
        if file.text.trim_start().starts_with('{') {
            for document in document::read(&file.text, &file.name)? {
                read_json(&mut collections, &document, &file.name);
            }
        } else {
            for (kind, resource) in hcl::resources(&file.text, &file.name)? {
                add_resource(&mut collections, &kind, &resource, &file.name);
            }
        }
    }
    if collections.list.is_empty()
        && collections.policies == 0
        && let Some(file) = files.first()
    {
        let place = Place { file: Arc::clone(&file.name), line: 1 };
        let why = "there are no rules of Azure Firewall in the files";
        collections.hidden.get_or_insert((place, why.into()));
    }
    // Groups of a policy have priorities from 100 on.
    let is_classic = |collection: &Collection| collection.priority.0 == 0;
    if let Some(place) =
        collections.with_policy.clone().filter(|_| collections.list.iter().any(is_classic))
    {
        let why = "the firewall has a policy, and takes no collections of its own";
        collections.hidden.get_or_insert((place, why.into()));
    }
    // The ids of new policies are not in a plan: only one policy leaves no doubt.
    if let [_, second, ..] = collections.of_new_policies.as_slice()
        && collections.policies != 1
    {
        let why = "which policy the rules belong to is known only after the plan is applied";
        collections.hidden.get_or_insert((second.clone(), why.into()));
    }
    let mut policies = collections.list.iter().map(|collection| &collection.policy);
    let first = policies.next();
    if policies.any(|policy| Some(policy) != first)
        && let Some(file) = files.first()
    {
        let place = Place { file: Arc::clone(&file.name), line: 1 };
        let why = "the rules belong to several policies; check each by itself";
        collections.hidden.get_or_insert((place, why.into()));
    }
    collections.judge_names_of_networks();
    collections.sort();
    Ok(collections)
}

fn read_json(collections: &mut Collections, document: &Node, file: &Arc<str>) {
    let module = document.at(&["planned_values", "root_module"]);
    let Some(module) = module.or_else(|| document.at(&["values", "root_module"])) else {
        let place = Place { file: Arc::clone(file), line: document.line };
        collections.hidden.get_or_insert((place, "there are no values in the document".into()));
        return;
    };
    if document.text_of("errored") == Some("true") {
        let place = Place { file: Arc::clone(file), line: document.line };
        collections.hidden.get_or_insert((place, "the plan ended with an error".into()));
    }
    read_module(collections, module, document.items_of("resource_changes"), file);
}

fn read_module(collections: &mut Collections, module: &Node, changes: &[Node], file: &Arc<str>) {
    for resource in module.items_of("resources") {
        if resource.text_of("mode") == Some("data") {
            continue;
        }
        let (Some(kind), Some(values)) = (resource.text_of("type"), resource.get("values")) else {
            continue;
        };
        let address = resource.text_of("address");
        let change = changes.iter().find(|change| change.text_of("address") == address);
        let mut values = values.clone();
        if let Some(unknown) = change.and_then(|change| change.at(&["change", "after_unknown"])) {
            mark_unknown(&mut values, unknown);
        }
        add_resource(collections, kind, &values, file);
    }
    for child in module.items_of("child_modules") {
        read_module(collections, child, changes, file);
    }
}

/// Marks the values that are known only after the plan is applied.
fn mark_unknown(node: &mut Node, unknown: &Node) {
    match (&mut node.value, &unknown.value) {
        (Value::Object(entries), Value::Object(marks)) => {
            for (key, mark) in marks {
                match entries.iter_mut().find(|(name, _)| name == key) {
                    Some((_, node)) if mark.text() != Some("true") => mark_unknown(node, mark),
                    _ if mark.text() == Some("true") => {
                        let value =
                            Value::Unknown("it is known only after the plan is applied".into());
                        entries
                            .push((key.clone(), Node { line: node.line, is_plain: false, value }));
                    }
                    _ => {}
                }
            }
        }
        (Value::List(items), Value::List(marks)) => {
            for (i, mark) in marks.iter().enumerate() {
                match items.get_mut(i) {
                    Some(item) if mark.text() != Some("true") => mark_unknown(item, mark),
                    Some(item) => {
                        let why = "it is known only after the plan is applied";
                        item.value = Value::Unknown(why.into());
                    }
                    None => {
                        let why = "it is known only after the plan is applied";
                        let value = Value::Unknown(why.into());
                        items.push(Node { line: unknown.line, is_plain: false, value });
                    }
                }
            }
        }
        _ => {}
    }
}

fn add_resource(collections: &mut Collections, kind: &str, resource: &Node, file: &Arc<str>) {
    let place = Place { file: Arc::clone(file), line: resource.line };
    let repeats = ["count", "for_each"].iter().any(|name| resource.get(name).is_some());
    // The policy, or the classic firewall, that the rules belong to.
    let policy = ["firewall_policy_id", "azure_firewall_name"]
        .iter()
        .find_map(|name| resource.text_of(name));
    let is_new = resource.get("firewall_policy_id").is_some_and(|id| id.unknown().is_some());
    if is_new && (kind == GROUP) {
        collections.of_new_policies.push(place.clone());
    }
    let policy = policy.map(str::to_owned);
    if kind == POLICY {
        read_policy(collections, resource, &place);
    }
    let has_policy = resource
        .get("firewall_policy_id")
        .is_some_and(|id| id.value != Value::Null && id.text() != Some(""));
    if kind == "azurerm_firewall" && has_policy {
        collections.with_policy.get_or_insert_with(|| place.clone());
    }
    if kind == hcl::MODULE {
        let why = "a module that gets a firewall may add rules to it; use terraform show -json";
        collections.hidden.get_or_insert((place.clone(), why.into()));
    }
    if let Some(why) = may_hold_rules(kind, resource) {
        collections.hidden.get_or_insert((place.clone(), why.into()));
    }
    if kind == GROUP {
        let group = resource.text_of("priority").and_then(|priority| priority.parse().ok());
        for (name, is_network) in
            [("network_rule_collection", true), ("application_rule_collection", false)]
        {
            let Some(list) = resource.get(name) else { continue };
            if let Value::Unknown(why) = &list.value {
                collections.hidden.get_or_insert((place.clone(), Arc::clone(why)));
            }
            for collection in list.items() {
                add_collection(collections, collection, is_network, group, policy.clone(), file);
            }
        }
    } else if let Some((_, is_network)) = CLASSIC.iter().find(|(name, _)| *name == kind) {
        add_collection(collections, resource, *is_network, Some(0), policy, file);
    } else {
        return;
    }
    if repeats {
        let why = "a resource with count or for_each is not judged; use terraform show -json";
        collections.hidden.get_or_insert((place, why.into()));
    }
}

/// Why a resource that is not judged may have firewall rules: a template, or a resource of the provider `azapi`.
fn may_hold_rules(kind: &str, resource: &Node) -> Option<&'static str> {
    let says = |name: &str, words: &[&str]| {
        let text = resource.text_of(name).map(str::to_ascii_lowercase);
        text.is_none_or(|text| words.iter().any(|word| text.contains(word)))
    };
    if kind.ends_with("_template_deployment") {
        // A template can lead to another one, which is not in the files.
        return says("template_content", &["firewallpolicies", "azurefirewalls", "templatelink"])
            .then_some("a deployment of a template is not judged");
    }
    let is_azapi = matches!(kind, "azapi_resource" | "azapi_update_resource");
    let types = ["firewallpolicies", "azurefirewalls", "resources/deployments"];
    (is_azapi && says("type", &types)).then_some("azapi_resource is not judged")
}

/// Reads what a policy says about its DNS proxy and its parent.
fn read_policy(collections: &mut Collections, policy: &Node, place: &Place) {
    collections.policies += 1;
    let dns = policy.get("dns").map(|dns| dns.items().first().unwrap_or(dns));
    let proxy = dns.and_then(|dns| dns.get("proxy_enabled"));
    collections.lacks_dns_proxy |= proxy.and_then(Node::text) != Some("true");
    // A state has an empty text where there is no parent.
    let is_there = |parent: &Node| parent.value != Value::Null && parent.text() != Some("");
    if policy.get("base_policy_id").is_some_and(is_there) {
        let why = "the policy has a parent, whose rules come first; they are not judged with it";
        collections.hidden.get_or_insert((place.clone(), why.into()));
    }
}

fn add_collection(
    collections: &mut Collections,
    node: &Node,
    is_network: bool,
    group: Option<u32>,
    policy: Option<String>,
    file: &Arc<str>,
) {
    let place = Place { file: Arc::clone(file), line: node.line };
    let action = node.text_of("action").map(str::to_ascii_lowercase);
    let own = node.text_of("priority").and_then(|priority| priority.parse().ok());
    let rules = node.get("rule");
    let dynamic = rules.is_some_and(|rules| matches!(rules.value, Value::Unknown(_)));
    let (Some(action @ ("allow" | "deny")), Some(group), Some(own), false) =
        (action.as_deref(), group, own, dynamic)
    else {
        let why = "the action, a priority or rules are not in the file; use terraform show -json";
        collections.hidden.get_or_insert((place, why.into()));
        return;
    };
    let mut collection = Collection::new(is_network, action == "allow", (group, own));
    collection.policy = policy;
    for rule in rules.map_or(&[][..], Node::items) {
        add_rule(&mut collection, rule, &AZURERM, file);
    }
    collections.list.push(collection);
}
