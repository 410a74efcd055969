//! `cilium`: a CiliumNetworkPolicy for all pods of a namespace, with the DNS rule that names need.

use super::{AllowList, Format, RenderOptions};
use crate::domain::HostPattern;
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

    fn render(&self, list: &AllowList, _: &RenderOptions) -> String {
        let mut text = list.header("#");
        text.push_str(POLICY);
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
