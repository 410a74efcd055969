//! The endpoints of a registry: which hosts its clients talk to.

use serde::Serialize;

/// The endpoints of a registry, as `show-endpoints` shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// Where clients log in and get manifests, e.g. `contoso.azurecr.io`.
    pub login_server: String,
    /// Where clients get layers.
    pub data_endpoints: Vec<Endpoint>,
    /// Login servers of single regions; `None` when they are not enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regional_endpoints: Option<Vec<Endpoint>>,
}

/// An endpoint of one region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// The region, e.g. `eastus`.
    pub region: String,
    /// The host, or a wildcard for hosts.
    pub endpoint: String,
}

/// The label of data endpoints in their names.
pub const DATA: &str = "data";

/// The host of a registry in a region: `<first label>.<region>.<kind>.<rest>`. A domain name label's hash is part of the
/// first label, and the rest is the cloud's own. `None` when the login server has no second label.
///
/// # Arguments
/// * `login_server` - e.g. `wingtip-abc123def.azurecr.io`.
/// * `region` - the short name, e.g. `japaneast`.
/// * `kind` - [`DATA`].
pub fn host(login_server: &str, region: &str, kind: &str) -> Option<String> {
    let (label, rest) = login_server.split_once('.')?;
    Some(format!("{label}.{region}.{kind}.{rest}"))
}

impl Endpoint {
    /// The endpoint of a host that ARM named: its region is the second DNS label.
    pub fn of_host(host: &str) -> Self {
        Self {
            region: host.split('.').nth(1).unwrap_or_default().to_owned(),
            endpoint: host.to_owned(),
        }
    }

    /// The endpoint of a region without dedicated data endpoints: any storage account of the cloud.
    pub fn storage_wildcard(region: &str, storage_suffix: &str) -> Self {
        Self { region: region.to_owned(), endpoint: format!("*.blob.{storage_suffix}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_the_second_label() {
        for (host, region) in [
            ("contoso.eastus.data.azurecr.io", "eastus"),
            ("wingtip-abc123def.westus2.geo.azurecr.us", "westus2"),
            ("localhost", ""),
        ] {
            assert_eq!(Endpoint::of_host(host).region, region);
        }
    }
}
