//! The endpoints of a registry: the hosts that its clients connect to, now and after a planned change.

use super::fqdn::{Fqdn, HostPattern, ParseFqdnError};
use serde::Serialize;
use std::collections::BTreeSet;

/// The label of data endpoints in their names.
const DATA: &str = "data";
/// The label of regional endpoints in their names.
const REGIONAL: &str = "geo";

/// What clients use a host for. Endpoints are listed in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The global login server: authentication and manifests.
    Login,
    /// The login server of one region.
    Regional,
    /// A dedicated data endpoint: layers.
    Data,
    /// Any storage account of the cloud: layers, while dedicated data endpoints are off.
    Storage,
    /// A host of Azure itself: Azure Resource Manager or Microsoft Entra.
    Management,
    /// A host that does not belong to the registry.
    Other,
}

/// A host, or a wildcard, that clients of a registry connect to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// The host or wildcard.
    pub host: HostPattern,
    /// What clients use it for.
    pub role: Role,
    /// The region that it serves, e.g. `eastus`; `None` when it serves all of them.
    pub region: Option<String>,
}

/// The login servers of single regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Regional {
    /// They are not enabled.
    Off,
    /// They are enabled; these are their hosts.
    On(Vec<Endpoint>),
    /// The source does not say whether they are enabled.
    Unknown,
}

/// The endpoints of one registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Where clients log in and get manifests, e.g. `contoso.azurecr.io`.
    pub login_server: Fqdn,
    /// The login servers of single regions.
    pub regional: Regional,
    /// Where clients get layers: dedicated data endpoints, or the storage wildcard once for each region.
    pub data: Vec<Endpoint>,
}

/// The data from Azure that determines a registry's endpoints.
#[derive(Debug, Clone, Copy)]
pub struct CurrentRegistry<'a> {
    /// The global endpoint.
    pub login_server: &'a str,
    /// The hosts of dedicated data endpoints; `None` when they are off.
    pub data_hosts: Option<&'a [String]>,
    /// The hosts of regional endpoints; `None` when they are off.
    pub regional_hosts: Option<&'a [String]>,
    /// The regions in which the registry has a copy, in Azure's order. Used when data endpoints are off.
    pub regions: &'a [&'a str],
    /// The cloud's storage suffix, e.g. `core.windows.net`. Used when data endpoints are off.
    pub storage_suffix: &'a str,
}

/// Endpoints cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointsError {
    /// A name from Azure, a file or the user is not a host name.
    #[error(transparent)]
    Host(#[from] ParseFqdnError),
    /// The login server has no domain, so no other name can be derived from it.
    #[error("'{0}' is not a login server name. Example: contoso.azurecr.io")]
    NotALoginServer(Fqdn),
    /// The registry has no endpoint in a requested region.
    #[error("'{login_server}' has no endpoint in {region}. It has endpoints in: {known}")]
    NoEndpointInRegion {
        /// The registry.
        login_server: Fqdn,
        /// The requested region.
        region: String,
        /// The regions that have endpoints, separated by commas.
        known: String,
    },
}

/// The data endpoint of a registry in a region: `<first label>.<region>.data.<rest>`. A domain name label's hash is
/// part of the first label, and the rest is the cloud's suffix.
///
/// # Arguments
/// * `login_server` - e.g. `wingtip-abc123def.azurecr.io`.
/// * `region` - the short name, e.g. `japaneast`.
///
/// # Errors
/// [`EndpointsError`] if one of the two cannot be part of a host name.
pub fn data_endpoint(login_server: &Fqdn, region: &str) -> Result<Endpoint, EndpointsError> {
    derived(login_server, region, Role::Data, DATA)
}

fn derived(
    login_server: &Fqdn,
    region: &str,
    role: Role,
    role_label: &str,
) -> Result<Endpoint, EndpointsError> {
    let (label, Some(domain)) = login_server.split_label() else {
        return Err(EndpointsError::NotALoginServer(login_server.clone()));
    };
    let host = Fqdn::parse(&format!("{label}.{region}.{role_label}.{domain}"))?;
    Ok(Endpoint { host: host.into(), role, region: Some(region.to_owned()) })
}

impl Endpoint {
    /// The endpoint of a host that Azure named. Its region is the second DNS label.
    ///
    /// # Errors
    /// [`ParseFqdnError`].
    pub fn of_host(host: &str, role: Role) -> Result<Self, ParseFqdnError> {
        let region = host.split('.').nth(1).unwrap_or_default().to_owned();
        Ok(Self { host: Fqdn::parse(host)?.into(), role, region: Some(region) })
    }

    /// Where layers come from without dedicated data endpoints: any storage account of the cloud.
    ///
    /// # Errors
    /// [`ParseFqdnError`] if the suffix is not a domain.
    pub fn storage_wildcard(region: &str, storage_suffix: &str) -> Result<Self, ParseFqdnError> {
        let domain = Fqdn::parse(&format!("blob.{storage_suffix}"))?;
        let host = HostPattern::Below(domain);
        Ok(Self { host, role: Role::Storage, region: Some(region.to_owned()) })
    }
}

impl Regional {
    /// The hosts, as far as they are known.
    pub fn hosts(&self) -> &[Endpoint] {
        match self {
            Self::On(endpoints) => endpoints,
            Self::Off | Self::Unknown => &[],
        }
    }
}

impl Endpoints {
    /// The endpoints that a registry has now.
    ///
    /// # Errors
    /// [`EndpointsError::Host`] if a name from Azure is not a host name.
    pub fn current(registry: CurrentRegistry<'_>) -> Result<Self, EndpointsError> {
        let of_hosts = |hosts: &[String], role| {
            hosts.iter().map(|host| Endpoint::of_host(host, role)).collect::<Result<Vec<_>, _>>()
        };
        let wildcard = |region: &&str| Endpoint::storage_wildcard(region, registry.storage_suffix);
        let data = match registry.data_hosts {
            Some(hosts) => of_hosts(hosts, Role::Data)?,
            None => registry.regions.iter().map(wildcard).collect::<Result<_, _>>()?,
        };
        let regional = match registry.regional_hosts {
            Some(hosts) => Regional::On(of_hosts(hosts, Role::Regional)?),
            None => Regional::Off,
        };
        Ok(Self { login_server: Fqdn::parse(registry.login_server)?, regional, data })
    }

    /// The endpoints that a registry will have with dedicated data endpoints: one in each region, sorted by region.
    ///
    /// # Arguments
    /// * `login_server` - the global endpoint.
    /// * `regions` - the home region, replicas, and planned replicas, in any order; duplicates count once.
    /// * `regional` - whether regional endpoints are planned as well.
    ///
    /// # Errors
    /// [`EndpointsError`] if the login server has no domain, or a region is not a DNS label.
    pub fn planned<'a>(
        login_server: &Fqdn,
        regions: impl IntoIterator<Item = &'a str>,
        regional: bool,
    ) -> Result<Self, EndpointsError> {
        let regions: BTreeSet<&str> = regions.into_iter().collect();
        let in_each_region = |role, label| {
            regions
                .iter()
                .map(|region| derived(login_server, region, role, label))
                .collect::<Result<Vec<_>, _>>()
        };
        let regional = if regional {
            Regional::On(in_each_region(Role::Regional, REGIONAL)?)
        } else {
            Regional::Off
        };
        Ok(Self {
            login_server: login_server.clone(),
            regional,
            data: in_each_region(Role::Data, DATA)?,
        })
    }

    /// The plan for a registry, computed only from its current endpoints.
    ///
    /// # Arguments
    /// * `with_regions` - regions of planned replicas.
    /// * `regional` - whether regional endpoints are planned; existing ones stay, and unknown ones stay unknown.
    ///
    /// # Errors
    /// As [`Endpoints::planned`].
    pub fn plan(&self, with_regions: &[&str], regional: bool) -> Result<Self, EndpointsError> {
        let regions = self.regions().chain(with_regions.iter().copied());
        let regional = regional || matches!(self.regional, Regional::On(_));
        let mut planned = Self::planned(&self.login_server, regions, regional)?;
        if !regional {
            planned.regional = self.regional.clone();
        }
        Ok(planned)
    }

    /// All endpoints: the login server, regional endpoints, and the endpoints that serve layers.
    pub fn iter(&self) -> impl Iterator<Item = Endpoint> {
        let host = self.login_server.clone().into();
        let login = Endpoint { host, role: Role::Login, region: None };
        std::iter::once(login).chain(self.regional.hosts().iter().chain(&self.data).cloned())
    }

    /// Endpoints that the registry may have: regional ones, if it is unknown whether they are enabled.
    pub fn possible(&self) -> Vec<Endpoint> {
        if self.regional != Regional::Unknown {
            return Vec::new();
        }
        let possible = Self::planned(&self.login_server, self.regions(), true);
        possible.map(|planned| planned.regional.hosts().to_vec()).unwrap_or_default()
    }

    /// The regions in which layers are served.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        self.data.iter().filter_map(|endpoint| endpoint.region.as_deref())
    }

    /// Keeps the login server and only the endpoints of these regions. Without regions, keeps everything.
    ///
    /// # Errors
    /// [`EndpointsError::NoEndpointInRegion`].
    pub fn in_regions(mut self, wanted: &[&str]) -> Result<Self, EndpointsError> {
        if wanted.is_empty() {
            return Ok(self);
        }
        if let Some(region) = wanted.iter().find(|wanted| !self.regions().any(|r| r == **wanted)) {
            return Err(EndpointsError::NoEndpointInRegion {
                login_server: self.login_server.clone(),
                region: (*region).to_owned(),
                known: self.regions().collect::<Vec<_>>().join(", "),
            });
        }
        let is_wanted =
            |endpoint: &Endpoint| endpoint.region.as_deref().is_some_and(|r| wanted.contains(&r));
        self.data.retain(is_wanted);
        if let Regional::On(regional) = &mut self.regional {
            regional.retain(is_wanted);
        }
        Ok(self)
    }

    /// The storage wildcard, while dedicated data endpoints are off.
    pub fn storage_wildcard(&self) -> Option<&Endpoint> {
        self.data.iter().find(|endpoint| endpoint.role == Role::Storage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fqdn(text: &str) -> Fqdn {
        Fqdn::parse(text).unwrap()
    }

    fn hosts(endpoints: &[Endpoint]) -> Vec<String> {
        endpoints.iter().map(|endpoint| endpoint.host.to_string()).collect()
    }

    #[test]
    fn planned_hosts_keep_the_label_and_the_domain() {
        let regions = ["westus", "eastus", "westus"];
        let login_server = fqdn("wingtip-abc123def.azurecr.us");
        let planned = Endpoints::planned(&login_server, regions, true).unwrap();
        assert_eq!(
            hosts(&planned.data),
            [
                "wingtip-abc123def.eastus.data.azurecr.us",
                "wingtip-abc123def.westus.data.azurecr.us"
            ]
        );
        assert_eq!(
            hosts(planned.regional.hosts()),
            ["wingtip-abc123def.eastus.geo.azurecr.us", "wingtip-abc123def.westus.geo.azurecr.us"]
        );
        assert!(Endpoints::planned(&fqdn("localhost"), regions, false).is_err());
        assert!(Endpoints::planned(&login_server, ["east us"], false).is_err());
    }

    #[test]
    fn the_region_is_the_second_label() {
        for (host, region) in [
            ("contoso.eastus.data.azurecr.io", "eastus"),
            ("wingtip-abc123def.westus2.geo.azurecr.us", "westus2"),
            ("localhost", ""),
        ] {
            let endpoint = Endpoint::of_host(host, Role::Data).unwrap();
            assert_eq!(endpoint.region.as_deref(), Some(region));
        }
    }

    #[test]
    fn a_region_without_an_endpoint_is_an_error_that_names_the_others() {
        let planned =
            Endpoints::planned(&fqdn("contoso.azurecr.io"), ["eastus", "westus"], true).unwrap();
        let east = planned.clone().in_regions(&["eastus"]).unwrap();
        assert_eq!(east.iter().count(), 3);
        assert_eq!(
            planned.in_regions(&["eastus", "japaneast"]).unwrap_err().to_string(),
            "'contoso.azurecr.io' has no endpoint in japaneast. It has endpoints in: eastus, westus"
        );
    }
}
