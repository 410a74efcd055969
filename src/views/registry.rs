//! Registries, as `az acr show` and `az acr list` print them.

use super::json::{add_resource_group, flat, flatten, resource_group};
use crate::arm::Registry;
use crate::output::{Row, Style};
use serde_json::Value;

/// A registry as JSON.
pub fn json(registry: &Registry) -> Value {
    let mut value = flat(registry);
    if let Some(connections) = value["privateEndpointConnections"].as_array_mut() {
        for connection in connections {
            flatten(connection, "properties");
        }
    }
    add_resource_group(&mut value);
    value
}

/// Registries as rows, with `az`'s column titles and order.
pub fn rows(registries: &[Registry]) -> Vec<Row> {
    registries.iter().map(row).collect()
}

fn row(registry: &Registry) -> Row {
    let properties = registry.properties.as_ref();
    let sku = registry.sku.as_ref().and_then(|sku| sku.name.clone()).map(String::from);
    let created = properties.and_then(|p| p.creation_date.as_ref());
    Row::new(Style::Plain)
        .cell("NAME", registry.name.as_ref())
        .cell("RESOURCE GROUP", registry.id.as_deref().and_then(resource_group))
        .cell("LOCATION", registry.location.as_ref())
        .cell("SKU", sku)
        .cell("LOGIN SERVER", properties.and_then(|p| p.login_server.as_ref()))
        .cell("CREATION DATE", created.map(|time| to_the_second(&time.isoformat())))
        .cell("ADMIN ENABLED", properties.and_then(|p| p.admin_user_enabled))
}

/// `2026-09-10T06:47:33.936693+00:00` as `2026-09-10T06:47:33Z`; `az` also drops the offset.
fn to_the_second(time: &str) -> String {
    match time.get(..19) {
        Some(seconds) if time.as_bytes().get(10) == Some(&b'T') => format!("{seconds}Z"),
        _ => time.to_owned(),
    }
}
