//! Whose addresses they are: a query to Azure Resource Graph over what has addresses, and its answer.
//!
//! Nodes of scale sets (and so of AKS) have network interfaces that Resource Graph does not list; their outbound
//! addresses are found through the public addresses of the cluster.

use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Public addresses, network interfaces, NAT gateways and AKS clusters.
pub const QUERY: &str = "resources
| where type in~ ('microsoft.network/publicipaddresses', 'microsoft.network/networkinterfaces', \
'microsoft.network/natgateways', 'microsoft.containerservice/managedclusters')
| extend addresses = iff(type =~ 'microsoft.network/publicipaddresses', pack_array(properties.ipAddress), \
iff(type =~ 'microsoft.network/networkinterfaces', properties.ipConfigurations, dynamic([])))
| extend uses = iff(type =~ 'microsoft.network/natgateways', properties.publicIpAddresses, \
iff(type =~ 'microsoft.containerservice/managedclusters', \
coalesce(properties.networkProfile.loadBalancerProfile.effectiveOutboundIPs, \
properties.networkProfile.natGatewayProfile.effectiveOutboundIPs), dynamic([])))
| extend usedBy = coalesce(tostring(properties.ipConfiguration.id), tostring(properties.natGateway.id), \
tostring(properties.virtualMachine.id), tostring(properties.privateEndpoint.id))
| project id, name, type, addresses, uses, usedBy
| order by id asc";

/// A resource that has addresses, or uses those of others.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerRow {
    id: String,
    name: String,
    r#type: String,
    /// Addresses as text, or the configurations of a network interface.
    addresses: Option<Vec<Option<Address>>>,
    /// The ids of public addresses.
    uses: Option<Vec<Reference>>,
    /// What the address is attached to.
    used_by: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Address {
    Text(String),
    Configuration { properties: Configuration },
    Other(IgnoredAny),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Configuration {
    private_ip_address: Option<String>,
    #[serde(rename = "privateIPAddress")]
    private_address: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Reference {
    id: Option<String>,
}

/// The owners of addresses. A private address may have several, in different networks.
#[derive(Debug, Clone, Default)]
pub struct Owners(BTreeMap<IpAddr, BTreeSet<String>>);

impl Owners {
    /// Reads the rows of [`QUERY`].
    pub fn new(rows: &[OwnerRow]) -> Self {
        let mut users: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for row in rows {
            for used in row.uses.iter().flatten().filter_map(|used| used.id.as_deref()) {
                users.entry(used.to_lowercase()).or_default().insert(&row.name);
            }
        }
        // A cluster says more than its load balancer or NAT gateway.
        let clusters: BTreeSet<&str> = rows
            .iter()
            .filter(|row| {
                row.r#type.eq_ignore_ascii_case("microsoft.containerservice/managedclusters")
            })
            .map(|row| row.name.as_str())
            .collect();
        let mut owners: BTreeMap<IpAddr, BTreeSet<String>> = BTreeMap::new();
        for row in rows {
            let used = users.get(&row.id.to_lowercase());
            let of_cluster =
                used.and_then(|names| names.iter().find(|name| clusters.contains(*name)));
            let attached = row.used_by.as_deref().and_then(attached_to);
            let other = used.and_then(|names| names.first());
            let name = of_cluster.or(other).map(|name| (*name).to_owned());
            let name = name.or(attached).unwrap_or_else(|| row.name.clone());
            for address in row.addresses.iter().flatten().flatten().filter_map(Address::ip) {
                owners.entry(address).or_default().insert(name.clone());
            }
        }
        Self(owners)
    }

    /// Whose these addresses are; `None` if nobody's whom the login can read.
    pub fn of(&self, addresses: &BTreeSet<IpAddr>) -> Option<String> {
        let names: BTreeSet<&str> =
            addresses.iter().filter_map(|a| self.0.get(a)).flatten().map(String::as_str).collect();
        let names: Vec<&str> = names.into_iter().collect();
        (!names.is_empty()).then(|| names.join(", "))
    }
}

impl Address {
    fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Configuration { properties } => {
                let text =
                    properties.private_address.as_ref().or(properties.private_ip_address.as_ref());
                text.and_then(|text| text.parse().ok())
            }
            Self::Other(_) => None,
        }
    }
}

/// The name of the resource in an id, which may go on below it.
fn attached_to(id: &str) -> Option<String> {
    let mut parts = id.split('/').skip_while(|part| !part.eq_ignore_ascii_case("providers"));
    parts.nth(3).filter(|name| !name.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_cluster_owns_the_addresses_of_its_load_balancer() {
        let network = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network";
        let rows = json!([
            {"id": format!("{network}/publicIPAddresses/pip1"), "name": "pip1",
             "type": "microsoft.network/publicipaddresses", "addresses": ["203.0.113.7"], "uses": [],
             "usedBy": format!("{network}/loadBalancers/kubernetes/frontendIPConfigurations/x")},
            {"id": "/c", "name": "aks-prod", "type": "Microsoft.ContainerService/ManagedClusters",
             "addresses": [], "uses": [{"id": format!("{network}/publicIPAddresses/PIP1")}], "usedBy": ""},
            {"id": format!("{network}/publicIPAddresses/pip2"), "name": "pip2",
             "type": "microsoft.network/publicipaddresses", "addresses": ["203.0.113.8"], "uses": null,
             "usedBy": format!("{network}/natGateways/egress")},
            {"id": format!("{network}/networkInterfaces/nic"), "name": "nic",
             "type": "microsoft.network/networkinterfaces", "uses": null,
             "addresses": [{"properties": {"privateIPAddress": "10.0.0.4"}}],
             "usedBy": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm1"},
            {"id": "/p", "name": "unused", "type": "x", "addresses": [null], "uses": null, "usedBy": null},
        ]);
        let rows: Vec<OwnerRow> = serde_json::from_value(rows).unwrap();
        let owners = Owners::new(&rows);
        for (address, owner) in [
            ("203.0.113.7", Some("aks-prod")),
            ("203.0.113.8", Some("egress")),
            ("10.0.0.4", Some("vm1")),
            ("203.0.113.9", None),
        ] {
            let addresses = [address.parse().unwrap()].into();
            assert_eq!(owners.of(&addresses).as_deref(), owner, "{address}");
        }
    }
}
