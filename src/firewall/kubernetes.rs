//! What the policies of Cilium, Calico and Istio share: Kubernetes' own objects beside them.

use super::document::Node;

/// Kinds of policies of Kubernetes itself, which network plugins enforce beside their own.
pub const POLICIES: [&str; 4] =
    ["NetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"];

/// Whether the `spec` of a NetworkPolicy is about connections to pods alone.
pub fn is_for_ingress(spec: &Node) -> bool {
    let is_egress = |kind: &Node| kind.text() == Some("Egress");
    spec.get("egress").is_none() && !spec.items_of("policyTypes").iter().any(is_egress)
}
