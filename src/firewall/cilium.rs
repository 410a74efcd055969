//! `cilium`: a CiliumNetworkPolicy for all pods of a namespace, with the DNS rule that names need.

use super::{Format, Options, Rules};
use std::fmt::Write as _;

/// The format.
pub struct Cilium;

/// Cilium learns the addresses of names by watching DNS; without this rule `toFQDNs` matches nothing.
const POLICY: &str = r#"apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: az-acr
spec:
  endpointSelector: {}
  egress:
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

    fn render(&self, rules: &Rules, _: &Options) -> String {
        let mut text = rules.header("#");
        text.push_str(POLICY);
        for host in rules.hosts() {
            let field =
                if host.fqdn.wildcard_suffix().is_some() { "matchPattern" } else { "matchName" };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "        - {field}: \"{}\"", host.fqdn);
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
        let (rules, options) = example();
        let text = Cilium.render(&rules, &options);
        assert!(text.contains("        - matchName: \"contoso.eastus.data.azurecr.io\"\n"));
        assert!(text.contains("        - matchPattern: \"*.blob.core.windows.net\"\n"));
    }
}
