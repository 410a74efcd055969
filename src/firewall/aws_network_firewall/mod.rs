//! `aws-network-firewall`: a stateful rule group of AWS Network Firewall as JSON, for
//! `aws network-firewall create-rule-group --rule-group file://…`.
//!
//! It holds Suricata's `pass` rules. A domain list of the type ALLOWLIST denies all other traffic of its protocols, so
//! that it is written for `--lockdown` alone (developer guide, "Stateful domain list rule groups").

mod read;

pub use read::{is_group, read};

use super::{AllowList, Format, FormatOption, RenderOptions, suricata};
use crate::domain::HostPattern;
use serde_json::json;

/// The format.
pub struct AwsNetworkFirewall;

impl Format for AwsNetworkFirewall {
    fn name(&self) -> &'static str {
        "aws-network-firewall"
    }

    fn about(&self) -> &'static str {
        "a rule group of AWS Network Firewall as JSON"
    }

    fn accepts(&self, option: FormatOption) -> bool {
        option == FormatOption::Lockdown
    }

    fn render(&self, list: &AllowList, options: &RenderOptions) -> String {
        let source = if options.lockdown {
            let target = |host: &HostPattern| match host {
                HostPattern::Exact(host) => host.to_string(),
                HostPattern::Below(domain) => format!(".{domain}"),
            };
            let targets: Vec<String> =
                list.endpoints().into_iter().map(|endpoint| target(&endpoint.host)).collect();
            json!({"RulesSourceList": {
                "Targets": targets,
                "TargetTypes": ["TLS_SNI", "HTTP_HOST"],
                "GeneratedRulesType": "ALLOWLIST",
            }})
        } else {
            json!({ "RulesString": suricata::pass_rules(list).concat() })
        };
        format!("{:#}\n", json!({ "RulesSource": source }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;
    use serde_json::Value;

    #[test]
    fn nothing_is_denied_unless_it_is_asked_for() {
        let (list, mut options) = example();
        let group = AwsNetworkFirewall.render(&list, &options);
        let group: Value = serde_json::from_str(&group).unwrap();
        let rules = group["RulesSource"]["RulesString"].as_str().unwrap();
        assert!(rules.lines().all(|rule| rule.starts_with("pass tls ")), "{rules}");
        options.lockdown = true;
        let group = AwsNetworkFirewall.render(&list, &options);
        let group: Value = serde_json::from_str(&group).unwrap();
        let domains = &group["RulesSource"]["RulesSourceList"];
        assert_eq!(domains["GeneratedRulesType"], "ALLOWLIST");
        assert_eq!(domains["Targets"][4], ".blob.core.windows.net");
    }
}
