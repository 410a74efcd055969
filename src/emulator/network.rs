//! Networks around the registries, as Resource Graph shows them: who owns the addresses in the logs, and a firewall.

use super::logs::FIREWALL;
use super::world::DEFAULT_SUBSCRIPTION;
use serde_json::{Value, json};

fn id(kind: &str, name: &str) -> String {
    format!(
        "/subscriptions/{DEFAULT_SUBSCRIPTION}/resourceGroups/contoso-rg/providers/{kind}/{name}"
    )
}

fn public_address(name: &str, address: &str, used_by: &str) -> Value {
    json!({
        "id": id("Microsoft.Network/publicIPAddresses", name),
        "name": name,
        "type": "microsoft.network/publicipaddresses",
        "addresses": [address],
        "uses": [],
        "usedBy": used_by,
    })
}

/// What has addresses, or uses those of others.
pub(super) fn owners() -> Vec<Value> {
    let load_balancer = id("Microsoft.Network/loadBalancers", "kubernetes");
    let outbound = |name: &str| json!({"id": id("Microsoft.Network/publicIPAddresses", name)});
    vec![
        json!({
            "id": id("Microsoft.ContainerService/managedClusters", "aks-prod"),
            "name": "aks-prod",
            "type": "microsoft.containerservice/managedclusters",
            "addresses": [],
            "uses": [outbound("aks-outbound-1"), outbound("aks-outbound-2")],
            "usedBy": "",
        }),
        json!({
            "id": id("Microsoft.Network/networkInterfaces", "build-vm-nic"),
            "name": "build-vm-nic",
            "type": "microsoft.network/networkinterfaces",
            "addresses": [{"name": "ipconfig1", "properties": {"privateIPAddress": "10.1.0.4"}}],
            "uses": null,
            "usedBy": id("Microsoft.Compute/virtualMachines", "build-vm"),
        }),
        public_address(
            "aks-outbound-1",
            "20.50.1.4",
            &format!("{load_balancer}/frontendIPConfigurations/1"),
        ),
        public_address(
            "aks-outbound-2",
            "20.50.1.5",
            &format!("{load_balancer}/frontendIPConfigurations/2"),
        ),
        public_address(
            "egress-ip",
            "203.0.113.10",
            &id("Microsoft.Network/natGateways", "corp-egress"),
        ),
    ]
}

/// The firewalls with a name.
pub(super) fn firewalls(name: &str) -> Vec<Value> {
    let row = || {
        json!({
            "id": id("Microsoft.Network/azureFirewalls", FIREWALL),
            "name": FIREWALL,
        })
    };
    name.eq_ignore_ascii_case(FIREWALL).then(row).into_iter().collect()
}
