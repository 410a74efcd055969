//! Private endpoint connections, as `az` prints them.

use super::json::{add_resource_group, flat, resource_group};
use crate::arm::PrivateEndpointConnection;
use crate::output::{Row, Style};
use serde_json::Value;

/// A private endpoint connection as JSON.
pub fn json(connection: &PrivateEndpointConnection) -> Value {
    let mut value = flat(connection);
    add_resource_group(&mut value);
    value
}

/// Private endpoint connections as rows.
///
/// `az` shows name, state and group. To approve a connection, the user also needs to see the private endpoint.
pub fn rows(connections: &[PrivateEndpointConnection]) -> Vec<Row> {
    connections.iter().map(row).collect()
}

fn row(connection: &PrivateEndpointConnection) -> Row {
    let properties = connection.properties.as_ref();
    let state = properties.and_then(|p| p.private_link_service_connection_state.as_ref());
    let endpoint = properties.and_then(|p| p.private_endpoint.as_ref());
    Row::new(Style::Plain)
        .cell("NAME", connection.name.as_ref())
        .cell("STATUS", state.and_then(|state| state.status.as_ref()))
        .cell("RESOURCE GROUP", connection.id.as_deref().and_then(resource_group))
        .cell("PRIVATE ENDPOINT", endpoint.and_then(|endpoint| endpoint.id.as_ref()))
}
