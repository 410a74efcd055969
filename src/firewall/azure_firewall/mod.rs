//! `azure-firewall`: an ARM template of a `Microsoft.Network/firewallPolicies/ruleCollectionGroups`.

mod collections;
mod names;
mod read;
mod rule;

pub use collections::{Collection, Collections};
pub use read::{is_policy, is_rules, read};
pub use rule::{Names, add_rule};

use super::{AllowList, Format, FormatOption, Group, RenderOptions, ServiceTag, SourceAddress};
use serde_json::{Value, json};

/// The format.
pub struct AzureFirewall;

impl Format for AzureFirewall {
    fn name(&self) -> &'static str {
        "azure-firewall"
    }

    fn about(&self) -> &'static str {
        "an ARM template for Azure Firewall"
    }

    fn accepts(&self, option: FormatOption) -> bool {
        matches!(option, FormatOption::Source | FormatOption::Priority | FormatOption::ServiceTags)
    }

    fn render(&self, list: &AllowList, options: &RenderOptions) -> String {
        let sources: Vec<&str> = options.sources.iter().map(SourceAddress::as_str).collect();
        let collections = collections(list, &sources);
        let registries: Vec<&str> = list.groups.iter().map(|group| group.title.as_str()).collect();
        let template = json!({
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "metadata": {
                "description": format!(
                    "Hosts that clients of {} need. Written by az-acr firewall-rules.", registries.join(", ")
                ),
            },
            "parameters": {
                "firewallPolicyName": {
                    "type": "string",
                    "metadata": {"description": "Name of the firewall policy that the rules are added to."},
                },
            },
            "resources": [{
                "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
                "apiVersion": "2023-11-01",
                "name": "[concat(parameters('firewallPolicyName'), '/az-acr')]",
                "properties": {
                    "priority": options.priority,
                    "ruleCollections": collections,
                },
            }],
        });
        format!("{template:#}\n")
    }
}

/// The collections of the group: application rules for hosts, and network rules for service tags.
pub(super) fn collections(list: &AllowList, sources: &[&str]) -> Vec<Value> {
    let rule = |group: &Group| {
        let fqdns: Vec<_> = group.endpoints.iter().map(|endpoint| &endpoint.host).collect();
        json!({
            "ruleType": "ApplicationRule",
            "name": group.label(),
            "protocols": [{"protocolType": "Https", "port": 443}],
            "sourceAddresses": sources,
            "targetFqdns": fqdns,
        })
    };
    let tag = |tag: &ServiceTag| {
        json!({
            "ruleType": "NetworkRule",
            "name": tag.name,
            "ipProtocols": ["TCP"],
            "sourceAddresses": sources,
            "destinationAddresses": [tag.name],
            "destinationPorts": tag.ports.iter().map(u16::to_string).collect::<Vec<_>>(),
        })
    };
    let collection = |name: &str, priority: u32, rules: Vec<Value>| {
        json!({
            "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
            "name": name,
            "priority": priority,
            "action": {"type": "Allow"},
            "rules": rules,
        })
    };
    let mut collections =
        vec![collection("az-acr-allow", 100, list.groups.iter().map(rule).collect())];
    if !list.tags.is_empty() {
        collections.push(collection("az-acr-tasks-pool", 110, list.tags.iter().map(tag).collect()));
    }
    collections
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn each_registry_is_a_rule() {
        let (list, options) = example();
        let template: Value = serde_json::from_str(&AzureFirewall.render(&list, &options)).unwrap();
        let properties = &template["resources"][0]["properties"];
        assert_eq!(properties["priority"], 500);
        let rules = &properties["ruleCollections"][0]["rules"];
        assert_eq!(rules[0]["name"], "contoso");
        assert_eq!(rules[0]["sourceAddresses"], json!(["10.0.0.0/8"]));
        assert_eq!(
            rules[1]["targetFqdns"],
            json!(["tailspin.azurecr.io", "*.blob.core.windows.net"])
        );
    }
}
