//! Endpoints, as `az acr show-endpoints` prints them, and as `--endpoints` reads them back.

use crate::domain::{Endpoint, Endpoints, EndpointsError, Fqdn, HostPattern, Regional, Role};
use crate::output::{Row, Style};
use serde::{Deserialize, Serialize};

/// The JSON of `show-endpoints` for one registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointsJson {
    login_server: String,
    data_endpoints: Vec<EndpointJson>,
    #[serde(default, skip_serializing_if = "RegionalJson::is_absent")]
    regional_endpoints: RegionalJson,
}

/// The regional endpoints: absent when they are off, null when it is unknown whether they are on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(untagged, expecting = "regionalEndpoints is neither a list of endpoints nor null")]
enum RegionalJson {
    On(Vec<EndpointJson>),
    Unknown,
    #[default]
    #[serde(skip)]
    Absent,
}

impl RegionalJson {
    fn is_absent(&self) -> bool {
        *self == Self::Absent
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EndpointJson {
    region: String,
    endpoint: String,
}

impl From<&Endpoint> for EndpointJson {
    fn from(endpoint: &Endpoint) -> Self {
        let region = endpoint.region.clone().unwrap_or_default();
        Self { region, endpoint: endpoint.host.to_string() }
    }
}

impl From<&Endpoints> for EndpointsJson {
    fn from(endpoints: &Endpoints) -> Self {
        let list = |list: &[Endpoint]| list.iter().map(EndpointJson::from).collect();
        Self {
            login_server: endpoints.login_server.to_string(),
            data_endpoints: list(&endpoints.data),
            regional_endpoints: match &endpoints.regional {
                Regional::Off => RegionalJson::Absent,
                Regional::On(endpoints) => RegionalJson::On(list(endpoints)),
                Regional::Unknown => RegionalJson::Unknown,
            },
        }
    }
}

impl TryFrom<EndpointsJson> for Endpoints {
    type Error = EndpointsError;

    fn try_from(json: EndpointsJson) -> Result<Self, EndpointsError> {
        let endpoint = |json: EndpointJson, role| {
            let host = HostPattern::parse(&json.endpoint)?;
            let role = if host.exact().is_none() { Role::Storage } else { role };
            Ok::<_, EndpointsError>(Endpoint { host, role, region: Some(json.region) })
        };
        let list = |list: Vec<EndpointJson>, role| {
            list.into_iter().map(|json| endpoint(json, role)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            login_server: Fqdn::parse(&json.login_server)?,
            regional: match json.regional_endpoints {
                RegionalJson::Absent => Regional::Off,
                RegionalJson::Unknown => Regional::Unknown,
                // A list of registries has an empty list where they are off.
                RegionalJson::On(endpoints) if endpoints.is_empty() => Regional::Off,
                RegionalJson::On(endpoints) => Regional::On(list(endpoints, Role::Regional)?),
            },
            data: list(json.data_endpoints, Role::Data)?,
        })
    }
}

/// The existing endpoints as rows: those that serve layers, as in `az`.
pub fn rows(registries: &[Endpoints]) -> Vec<Row> {
    registries.iter().flat_map(|registry| rows_of(registry, &registry.data)).collect()
}

/// The planned endpoints as rows, including regional endpoints, because firewalls need them as well.
pub fn planned_rows(registries: &[Endpoints]) -> Vec<Row> {
    let planned = |registry: &Endpoints| {
        let regional = registry.regional.hosts();
        let endpoints: Vec<Endpoint> = registry.data.iter().chain(regional).cloned().collect();
        rows_of(registry, &endpoints)
    };
    registries.iter().flat_map(planned).collect()
}

fn rows_of(registry: &Endpoints, endpoints: &[Endpoint]) -> Vec<Row> {
    let row = |endpoint: &Endpoint| {
        Row::new(Style::Plain)
            .cell("LoginServer", registry.login_server.as_str())
            .cell("Region", endpoint.region.as_ref())
            .cell("Endpoint", endpoint.host.to_string())
    };
    endpoints.iter().map(row).collect()
}
