//! `terraform`: an `azurerm_firewall_policy_rule_collection_group`.

mod hcl;
mod read;

pub use read::{is_rules, read};

use super::{AllowList, Format, FormatOption, RenderOptions};
use std::fmt::Write as _;

/// The format.
pub struct Terraform;

impl Format for Terraform {
    fn name(&self) -> &'static str {
        "terraform"
    }

    fn about(&self) -> &'static str {
        "Azure Firewall with Terraform's azurerm"
    }

    fn accepts(&self, option: FormatOption) -> bool {
        matches!(option, FormatOption::Source | FormatOption::Priority | FormatOption::ServiceTags)
    }

    fn render(&self, list: &AllowList, options: &RenderOptions) -> String {
        let mut text = list.header("#");
        let sources: Vec<String> = options.sources.iter().map(|s| format!("\"{s}\"")).collect();
        let sources = sources.join(", ");
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            r#"variable "firewall_policy_id" {{
  description = "Id of the firewall policy that the rules are added to"
  type        = string
}}

resource "azurerm_firewall_policy_rule_collection_group" "az_acr" {{
  name               = "az-acr"
  firewall_policy_id = var.firewall_policy_id
  priority           = {}

  application_rule_collection {{
    name     = "az-acr-allow"
    priority = 100
    action   = "Allow"
"#,
            options.priority
        );
        for group in &list.groups {
            let _ = write!(
                text,
                r#"
    rule {{
      name             = "{}"
      source_addresses = [{sources}]
      destination_fqdns = [
"#,
                group.label()
            );
            for endpoint in &group.endpoints {
                let _ = writeln!(text, "        \"{}\",", endpoint.host);
            }
            text.push_str(
                r#"      ]
      protocols {
        type = "Https"
        port = 443
      }
    }
"#,
            );
        }
        text.push_str("  }\n");
        if !list.tags.is_empty() {
            text.push_str(&service_tags(list, &sources));
        }
        text.push_str("}\n");
        text
    }
}

/// Network rules for the service tags.
fn service_tags(list: &AllowList, sources: &str) -> String {
    let mut text = String::from(
        r#"
  network_rule_collection {
    name     = "az-acr-tasks-pool"
    priority = 110
    action   = "Allow"
"#,
    );
    for tag in &list.tags {
        let ports: Vec<String> = tag.ports.iter().map(|port| format!("\"{port}\"")).collect();
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            r#"
    rule {{
      name                  = "{}"
      protocols             = ["TCP"]
      source_addresses      = [{sources}]
      destination_addresses = ["{}"]
      destination_ports     = [{}]
    }}
"#,
            tag.name,
            tag.name,
            ports.join(", ")
        );
    }
    text.push_str("  }\n");
    text
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn each_registry_is_a_rule() {
        let (list, options) = example();
        let text = Terraform.render(&list, &options);
        assert_eq!(text.matches("\n    rule {\n").count(), 2);
        assert!(text.contains("  priority           = 500\n"));
        assert!(text.contains("\n        \"contoso.eastus.data.azurecr.io\",\n"));
        assert!(text.contains("source_addresses = [\"10.0.0.0/8\"]"));
        assert_eq!(text.matches('{').count(), text.matches('}').count());
    }
}
