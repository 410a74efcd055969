//! Registries of a fleet, as `list-endpoints` prints them.

use super::endpoints::EndpointJson;
use crate::domain::{Endpoint, Regional};
use crate::fleet::{Difference, Exposure, FleetRegistry, NextStep};
use crate::output::{Row, Style};
use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FleetRow<'a> {
    name: &'a str,
    id: &'a str,
    subscription_id: &'a str,
    subscription_name: Option<&'a str>,
    resource_group: &'a str,
    location: Option<&'a str>,
    sku: Option<String>,
    tags: &'a Map<String, Value>,
    login_server: Option<String>,
    data_endpoints: Option<Vec<EndpointJson>>,
    regional_endpoints: Option<Vec<EndpointJson>>,
    planned_data_endpoints: Option<Vec<EndpointJson>>,
    public_network_access: Option<String>,
    exposure: Exposure,
    next_step: Option<NextStep>,
    #[serde(skip_serializing_if = "Option::is_none")]
    differences: Option<&'a [Difference]>,
}

/// A registry as JSON. `null` means that Azure did not say.
pub fn json(registry: &FleetRegistry) -> Value {
    let list = |list: &[Endpoint]| list.iter().map(EndpointJson::from).collect::<Vec<_>>();
    let row = FleetRow {
        name: &registry.name,
        id: &registry.id,
        subscription_id: &registry.subscription_id,
        subscription_name: registry.subscription_name.as_deref(),
        resource_group: &registry.resource_group,
        location: registry.location.as_deref(),
        sku: registry.sku.clone().map(String::from),
        tags: &registry.tags,
        login_server: registry.login_server.as_ref().map(ToString::to_string),
        data_endpoints: registry.data.as_deref().map(list),
        regional_endpoints: match &registry.regional {
            Regional::Unknown => None,
            known => Some(list(known.hosts())),
        },
        planned_data_endpoints: registry.planned().map(|planned| list(&planned.data)),
        public_network_access: registry.public_network_access.clone().map(String::from),
        exposure: registry.exposure(),
        next_step: registry.next_step(),
        differences: registry.differences.as_deref(),
    };
    // A struct of strings and lists always becomes a value.
    serde_json::to_value(row).unwrap_or_default()
}

/// Registries as rows.
pub fn rows(registries: &[FleetRegistry]) -> Vec<Row> {
    registries.iter().map(row).collect()
}

fn row(registry: &FleetRegistry) -> Row {
    let exposure = registry.exposure();
    let style = match exposure {
        Exposure::Wildcard => Style::Bad,
        Exposure::Unknown => Style::Notice,
        Exposure::Dedicated | Exposure::Private => Style::Good,
    };
    Row::new(style)
        .cell("Name", registry.name.as_str())
        .cell("ResourceGroup", registry.resource_group.as_str())
        .cell("Location", registry.location.as_ref())
        .cell("Sku", registry.sku.clone().map(String::from))
        .cell("Exposure", exposure.name())
        .cell("NextStep", registry.next_step().map(NextStep::name))
}
