//! Network rules, as `az acr network-rule` prints them.

use crate::arm::{NetworkRuleSet, Registry};
use serde_json::{Value, json};

/// The rules of a registry as `network-rule list` prints them.
///
/// As in `az`, a subnet's id is printed under both its older and its newer name.
pub fn list(registry: &Registry) -> Value {
    let set = rule_set(registry);
    json!({"virtualNetworkRules": subnets(set), "ipRules": ranges(set)})
}

/// A registry as `network-rule add` and `remove` print it.
pub fn registry(registry: &Registry) -> Value {
    let set = rule_set(registry);
    json!({
        "name": registry.name,
        "provisioningState": registry.properties.as_ref().and_then(|p| p.provisioning_state.clone()),
        "networkRuleSet": {
            "defaultAction": set.and_then(|set| set.default_action.clone()),
            "virtualNetworkRules": subnets(set),
            "ipRules": ranges(set),
        },
    })
}

fn rule_set(registry: &Registry) -> Option<&NetworkRuleSet> {
    registry.properties.as_ref().and_then(|p| p.network_rule_set.as_ref())
}

fn subnets(set: Option<&NetworkRuleSet>) -> Value {
    let rules = set.and_then(|set| set.virtual_network_rules.as_ref()).into_iter().flatten();
    rules
        .map(|rule| {
            json!({
                "virtualNetworkResourceId": rule.virtual_network_subnet_resource_id,
                "virtualNetworkSubnetResourceId": rule.virtual_network_subnet_resource_id,
                "action": action(rule.action.as_ref()),
            })
        })
        .collect()
}

fn ranges(set: Option<&NetworkRuleSet>) -> Value {
    let rules = set.and_then(|set| set.ip_rules.as_ref()).into_iter().flatten();
    rules
        .map(|rule| {
            json!({
                "ipAddressOrRange": rule.ip_address_or_range,
                "action": action(rule.action.as_ref()),
            })
        })
        .collect()
}

fn action(action: Option<&String>) -> &str {
    action.map_or("Allow", String::as_str)
}
