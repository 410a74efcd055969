//! The endpoints of a registry: which hosts its clients talk to.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The endpoints of a registry, as `show-endpoints` shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// Where clients log in and get manifests, e.g. `contoso.azurecr.io`.
    pub login_server: String,
    /// Where clients get layers.
    pub data_endpoints: Vec<Endpoint>,
    /// Login servers of single regions; `None` when they are not enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regional_endpoints: Option<Vec<Endpoint>>,
}

/// An endpoint of one region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The region, e.g. `eastus`.
    pub region: String,
    /// The host, or a wildcard for hosts.
    pub endpoint: String,
}

/// The label of data endpoints in their names.
pub const DATA: &str = "data";
/// The label of regional endpoints in their names.
pub const REGIONAL: &str = "geo";

/// The host of a registry in a region: `<first label>.<region>.<kind>.<rest>`. A domain name label's hash is part of the
/// first label, and the rest is the cloud's own. `None` when the login server has no second label.
///
/// # Arguments
/// * `login_server` - e.g. `wingtip-abc123def.azurecr.io`.
/// * `region` - the short name, e.g. `japaneast`.
/// * `kind` - [`DATA`] or [`REGIONAL`].
pub fn host(login_server: &str, region: &str, kind: &str) -> Option<String> {
    let (label, rest) = login_server.split_once('.')?;
    Some(format!("{label}.{region}.{kind}.{rest}"))
}

impl Endpoints {
    /// The endpoints that a registry will have with dedicated data endpoints: one in each region, sorted by region.
    /// `None` when the login server is no name in a domain.
    ///
    /// # Arguments
    /// * `login_server` - the global endpoint.
    /// * `regions` - home region, replicas, and those to come, in any order; doubles count once.
    /// * `regional` - whether there will be regional endpoints, too.
    pub fn planned<'a>(
        login_server: &str,
        regions: impl IntoIterator<Item = &'a str>,
        regional: bool,
    ) -> Option<Self> {
        let regions: BTreeSet<&str> = regions.into_iter().collect();
        let of_kind = |kind| {
            let endpoint = |region: &&str| {
                let endpoint = host(login_server, region, kind)?;
                Some(Endpoint { region: (*region).to_owned(), endpoint })
            };
            regions.iter().map(endpoint).collect::<Option<Vec<_>>>()
        };
        Some(Self {
            login_server: login_server.to_owned(),
            data_endpoints: of_kind(DATA)?,
            regional_endpoints: if regional { Some(of_kind(REGIONAL)?) } else { None },
        })
    }

    /// Whether layers come from dedicated hosts, not from the storage wildcard.
    pub fn has_dedicated_data(&self) -> bool {
        !self.data_endpoints.iter().any(|endpoint| endpoint.endpoint.starts_with("*."))
    }
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
    fn planned_hosts_keep_the_label_and_the_domain() {
        let regions = ["westus", "eastus", "westus"];
        let planned = Endpoints::planned("wingtip-abc123def.azurecr.us", regions, true).unwrap();
        let hosts = |endpoints: &[Endpoint]| {
            endpoints.iter().map(|e| e.endpoint.clone()).collect::<Vec<_>>()
        };
        assert_eq!(
            hosts(&planned.data_endpoints),
            [
                "wingtip-abc123def.eastus.data.azurecr.us",
                "wingtip-abc123def.westus.data.azurecr.us"
            ]
        );
        assert_eq!(
            hosts(&planned.regional_endpoints.unwrap()),
            ["wingtip-abc123def.eastus.geo.azurecr.us", "wingtip-abc123def.westus.geo.azurecr.us"]
        );
        assert_eq!(Endpoints::planned("localhost", regions, false), None);
    }

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
