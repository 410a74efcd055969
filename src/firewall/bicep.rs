//! `bicep`: the rule collection group of Azure Firewall as Bicep. Existing Bicep is judged once it is built:
//! `az bicep build --file FILE --stdout` prints the template.

use super::azure_firewall::collections;
use super::{AllowList, Format, FormatOption, RenderOptions, SourceAddress};
use serde_json::Value;
use std::fmt::Write as _;

/// The format.
pub struct Bicep;

impl Format for Bicep {
    fn name(&self) -> &'static str {
        "bicep"
    }

    fn about(&self) -> &'static str {
        "a rule collection group of Azure Firewall as Bicep"
    }

    fn accepts(&self, option: FormatOption) -> bool {
        matches!(option, FormatOption::Source | FormatOption::Priority | FormatOption::ServiceTags)
    }

    fn render(&self, list: &AllowList, options: &RenderOptions) -> String {
        let sources: Vec<&str> = options.sources.iter().map(SourceAddress::as_str).collect();
        let collections = Value::Array(collections(list, &sources));
        let mut text = list.header("//");
        text.push_str(
            "\n@description('Name of the firewall policy that the rules are added to.')\nparam firewallPolicyName string\n\n\
             resource policy 'Microsoft.Network/firewallPolicies@2023-11-01' existing = {\n  name: firewallPolicyName\n}\n\n\
             resource group 'Microsoft.Network/firewallPolicies/ruleCollectionGroups@2023-11-01' = {\n  parent: policy\n  \
             name: 'az-acr'\n  properties: {\n",
        );
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    priority: {}", options.priority);
        text.push_str("    ruleCollections: ");
        value(&mut text, &collections, 4);
        text.push_str("\n  }\n}\n");
        text
    }
}

/// Whether a text is Bicep with resources of Azure Firewall.
pub fn is_source(text: &str) -> bool {
    text.lines().any(|line| {
        line.trim_start().starts_with("resource ")
            && line.contains("'Microsoft.Network/")
            && line.contains('=')
    })
}

/// A value as Bicep writes it: an entry a line, without commas.
fn value(text: &mut String, node: &Value, indent: usize) {
    let inner = " ".repeat(indent + 2);
    match node {
        Value::Array(items) => {
            text.push_str("[\n");
            for item in items {
                text.push_str(&inner);
                value(text, item, indent + 2);
                text.push('\n');
            }
            text.push_str(&" ".repeat(indent));
            text.push(']');
        }
        Value::Object(entries) => {
            text.push_str("{\n");
            for (key, item) in entries {
                text.push_str(&inner);
                text.push_str(key);
                text.push_str(": ");
                value(text, item, indent + 2);
                text.push('\n');
            }
            text.push_str(&" ".repeat(indent));
            text.push('}');
        }
        Value::String(string) => {
            let escaped = string.replace('\\', "\\\\").replace('\'', "\\'").replace("${", "\\${");
            text.push('\'');
            text.push_str(&escaped);
            text.push('\'');
        }
        other => text.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn the_group_is_that_of_the_template() {
        let (list, options) = example();
        let text = Bicep.render(&list, &options);
        assert!(text.contains("    priority: 500\n    ruleCollections: [\n"), "{text}");
        assert!(text.contains("              '*.blob.core.windows.net'\n"), "{text}");
        assert!(is_source(&text) && !is_source("resource \"azurerm_x\" \"y\" {}"));
    }
}
