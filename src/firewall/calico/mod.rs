//! `calico`: a GlobalNetworkSet of domains, and the rule that refers to it.
//!
//! Domains need Calico Enterprise or Calico Cloud: Calico Open Source has no names in policies. The set alone changes
//! nothing. The rule is a comment: a policy of its own would deny all other egress of the pods that it selects.

mod decide;
mod policies;
mod rule;

pub use policies::{is_policy, read};

use super::{AllowList, Format, RenderOptions};
use std::fmt::Write as _;

/// The format.
pub struct Calico;

const NOTES: &str = "\
#
# Domains need Calico Enterprise or Calico Cloud; Calico Open Source refuses them.
# The set alone changes nothing. Add this rule to the egress of a policy that selects the clients, before rules that deny:
#   - action: Allow
#     protocol: TCP
#     destination:
#       selector: az-acr == 'hosts'
#       namespaceSelector: global()
#       ports: [443]
# The clients also need a rule that allows DNS: port 53 over UDP.
# Policies of pods do not govern images that the kubelet pulls: its traffic leaves from the node.
# To remove it: take the rule out, then kubectl delete globalnetworkset az-acr
";

impl Format for Calico {
    fn name(&self) -> &'static str {
        "calico"
    }

    fn about(&self) -> &'static str {
        "a GlobalNetworkSet of domains (Calico Enterprise, Cloud)"
    }

    fn render(&self, list: &AllowList, _: &RenderOptions) -> String {
        let mut text = list.header("#");
        text.push_str(NOTES);
        text.push_str(
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata:\n  name: az-acr\n  labels:\n    az-acr: hosts\n\
             spec:\n  allowedEgressDomains:\n",
        );
        for endpoint in list.endpoints() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "    - \"{}\"", endpoint.host);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn the_set_alone_changes_nothing() {
        let (list, options) = example();
        let text = Calico.render(&list, &options);
        assert!(text.contains("kind: GlobalNetworkSet\n"), "{text}");
        assert!(!text.contains("kind: GlobalNetworkPolicy"), "{text}");
    }
}
