//! `cilium`: a CiliumNetworkPolicy for all pods of a namespace, with the DNS rule that names need.

mod name;
mod policies;
mod rule;

pub use policies::{is_policy, read};

use super::{AllowList, Format, FormatOption, RenderOptions};
use crate::domain::HostPattern;
use std::fmt::Write as _;

/// The format.
pub struct Cilium;

/// What the file does, and how to take it out again.
const NOTES: &str = "\
#
# This policy only adds: with enableDefaultDeny.egress false, pods keep the egress that they have.
# This needs Cilium 1.16. An older version drops the field, and then the policy CUTS ALL OTHER EGRESS
# of the pods in its namespace.
# Policies of pods do not govern images that the kubelet pulls: its traffic leaves from the node.
# To remove it: kubectl delete ciliumnetworkpolicy az-acr
";

/// The same for `--lockdown`.
const LOCKDOWN_NOTES: &str = "\
#
# THIS POLICY DROPS ALL OTHER EGRESS OF THE PODS IN ITS NAMESPACE, EXCEPT DNS TO KUBE-DNS.
# Policies of pods do not govern images that the kubelet pulls: its traffic leaves from the node.
# To remove it: kubectl delete ciliumnetworkpolicy az-acr
";

/// Cilium learns the addresses of names by watching DNS; without this rule `toFQDNs` matches nothing.
const POLICY: &str = r"apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: az-acr
spec:
  endpointSelector: {}
";

/// Without it, Cilium drops all egress that no policy allows from the pods that a policy selects.
const ADD_ONLY: &str = "  enableDefaultDeny:
    egress: false
";

const EGRESS: &str = r#"  egress:
    - toEndpoints:
        - matchLabels:
            "k8s:io.kubernetes.pod.namespace": kube-system
            "k8s:k8s-app": kube-dns
      toPorts:
        - ports:
            - port: "53"
              protocol: ANY
          rules:
            dns:
              - matchPattern: "*"
    - toFQDNs:
"#;

const PORTS: &str = r#"      toPorts:
        - ports:
            - port: "443"
              protocol: TCP
"#;

impl Format for Cilium {
    fn name(&self) -> &'static str {
        "cilium"
    }

    fn about(&self) -> &'static str {
        "a CiliumNetworkPolicy"
    }

    fn accepts(&self, option: FormatOption) -> bool {
        option == FormatOption::Lockdown
    }

    fn render(&self, list: &AllowList, options: &RenderOptions) -> String {
        let mut text = list.header("#");
        text.push_str(if options.lockdown { LOCKDOWN_NOTES } else { NOTES });
        text.push_str(POLICY);
        text.push_str(if options.lockdown { "" } else { ADD_ONLY });
        text.push_str(EGRESS);
        for endpoint in list.endpoints() {
            let field = match endpoint.host {
                HostPattern::Exact(_) => "matchName",
                HostPattern::Below(_) => "matchPattern",
            };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "        - {field}: \"{}\"", endpoint.host);
        }
        text.push_str(PORTS);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn names_and_patterns_are_told_apart() {
        let (list, options) = example();
        let text = Cilium.render(&list, &options);
        assert!(text.contains("        - matchName: \"contoso.eastus.data.azurecr.io\"\n"));
        assert!(text.contains("        - matchPattern: \"*.blob.core.windows.net\"\n"));
    }
}
