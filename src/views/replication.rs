//! Replications, as `az acr replication` prints them.

use super::json::{add_resource_group, flat};
use crate::arm::Replication;
use crate::output::{Row, Style};
use serde_json::Value;

/// A replication as JSON.
pub fn json(replication: &Replication) -> Value {
    let mut value = flat(replication);
    add_resource_group(&mut value);
    value
}

/// Replications as rows, with `az`'s column titles and order.
pub fn rows(replications: &[Replication]) -> Vec<Row> {
    replications.iter().map(row).collect()
}

fn row(replication: &Replication) -> Row {
    let properties = replication.properties.as_ref();
    let state = properties.and_then(|p| p.provisioning_state.clone()).map(String::from);
    let status = properties.and_then(|p| p.status.as_ref());
    Row::new(Style::Plain)
        .cell("NAME", replication.name.as_ref())
        .cell("LOCATION", replication.location.as_ref())
        .cell("PROVISIONING STATE", state)
        .cell("STATUS", status.and_then(|status| status.display_status.as_ref()))
        .cell("REGION ENDPOINT ENABLED", properties.and_then(|p| p.region_endpoint_enabled))
}
