//! ARM's models in the shape that `az` shows: properties flattened, `resourceGroup` added; and as table rows.

use crate::arm::{PrivateEndpointConnection, Registry, Replication, ResourceId};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A registry as `az acr show` has it.
pub fn registry(registry: &Registry) -> Value {
    let mut value = flat(registry);
    if let Some(connections) = value["privateEndpointConnections"].as_array_mut() {
        for connection in connections {
            flatten(connection, "properties");
        }
    }
    add_resource_group(&mut value);
    value
}

/// A replica as `az acr replication show` has it.
pub fn replication(replication: &Replication) -> Value {
    let mut value = flat(replication);
    add_resource_group(&mut value);
    value
}

/// A private endpoint connection as `az` has it.
pub fn private_endpoint_connection(connection: &PrivateEndpointConnection) -> Value {
    let mut value = flat(connection);
    add_resource_group(&mut value);
    value
}

/// A resource with its properties on the first level. A model of strings, numbers and lists always becomes a value.
fn flat(resource: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(resource).unwrap_or_default();
    flatten(&mut value, "properties");
    value
}

/// Puts the members of one property in its place. Where the property is `null`, it just goes.
fn flatten(value: &mut Value, property: &str) {
    let Value::Object(object) = value else { return };
    let mut flat = Map::new();
    for (key, member) in std::mem::take(object) {
        match member {
            Value::Object(inner) if key == property => flat.extend(inner),
            Value::Null if key == property => {}
            member => {
                flat.insert(key, member);
            }
        }
    }
    *object = flat;
}

/// Adds `resourceGroup` to every object whose `id` has one, as `az` does to all that it prints.
fn add_resource_group(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(add_resource_group),
        Value::Object(object) => {
            if !object.keys().any(|key| key.eq_ignore_ascii_case("resourceGroup")) {
                let id = object.get("id").and_then(Value::as_str).and_then(ResourceId::parse);
                if let Some(group) = id.map(|id| id.resource_group.to_owned()) {
                    object.insert("resourceGroup".to_owned(), Value::String(group));
                }
            }
            object.values_mut().for_each(add_resource_group);
        }
        _ => {}
    }
}

/// A list's items, or the one that is shown.
fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    }
}

/// Rows for registries, one or a list: `az`'s titles and order.
pub fn registry_rows(value: &Value) -> Vec<Value> {
    let row = |item: &Value| {
        json!({
            "NAME": item["name"],
            "RESOURCE GROUP": item["resourceGroup"],
            "LOCATION": item["location"],
            "SKU": item["sku"]["name"],
            "LOGIN SERVER": item["loginServer"],
            "CREATION DATE": item["creationDate"].as_str().map(to_the_second),
            "ADMIN ENABLED": item["adminUserEnabled"],
        })
    };
    items(value).iter().map(|item| blank_nulls(row(item))).collect()
}

/// Rows for replicas, one or a list: `az`'s titles and order.
pub fn replication_rows(value: &Value) -> Vec<Value> {
    let row = |item: &Value| {
        json!({
            "NAME": item["name"],
            "LOCATION": item["location"],
            "PROVISIONING STATE": item["provisioningState"],
            "STATUS": item["status"]["displayStatus"],
            "REGION ENDPOINT ENABLED": item["regionEndpointEnabled"],
        })
    };
    items(value).iter().map(|item| blank_nulls(row(item))).collect()
}

/// Rows for private endpoint connections. `az` shows name, state and group; who approves one needs the other end.
pub fn connection_rows(value: &Value) -> Vec<Value> {
    let row = |item: &Value| {
        json!({
            "NAME": item["name"],
            "STATUS": item["privateLinkServiceConnectionState"]["status"],
            "RESOURCE GROUP": item["resourceGroup"],
            "PRIVATE ENDPOINT": item["privateEndpoint"]["id"],
        })
    };
    items(value).iter().map(|item| blank_nulls(row(item))).collect()
}

/// Rows for endpoints. As in `az`, regional endpoints are not among them.
pub fn endpoint_rows(value: &Value) -> Vec<Value> {
    let endpoints = value["dataEndpoints"].as_array().map_or(&[][..], Vec::as_slice);
    let row = |endpoint: &Value| {
        json!({
            "loginServer": value["loginServer"],
            "region": endpoint["region"],
            "endpoint": endpoint["endpoint"],
        })
    };
    endpoints.iter().map(|endpoint| blank_nulls(row(endpoint))).collect()
}

/// A column stays when its value is missing.
fn blank_nulls(mut row: Value) -> Value {
    if let Value::Object(cells) = &mut row {
        for cell in cells.values_mut().filter(|cell| cell.is_null()) {
            *cell = json!("");
        }
    }
    row
}

/// `2026-09-10T06:47:33.936693+00:00` as `2026-09-10T06:47:33Z`; `az` drops the offset too.
fn to_the_second(time: &str) -> String {
    match time.get(..19) {
        Some(seconds) if time.as_bytes().get(10) == Some(&b'T') => format!("{seconds}Z"),
        _ => time.to_owned(),
    }
}

/// Rows for the findings of `firewall-rules --check`: what fails first.
pub fn finding_rows(value: &Value) -> Vec<Value> {
    let mut rows = Vec::new();
    for (key, shown) in
        [("missing", "missing"), ("tooBroad", "too broad"), ("stale", "stale"), ("ok", "ok")]
    {
        for finding in value[key].as_array().into_iter().flatten() {
            rows.push(blank_nulls(json!({
                "FINDING": shown,
                "HOST": finding["fqdn"],
                "KIND": finding["kind"],
                "REGION": finding["region"],
                "LINE": finding["line"],
            })));
        }
    }
    rows
}

/// The colour of a finding's row on a terminal.
pub fn finding_colour(line: &str) -> Option<&'static str> {
    match line {
        line if line.starts_with("missing ") || line.starts_with("too broad ") => Some("\x1b[91m"),
        line if line.starts_with("stale ") => Some("\x1b[33m"),
        line if line.starts_with("ok ") => Some("\x1b[32m"),
        _ => None,
    }
}

/// Rows for `check-endpoints`: endpoints, then hosts that must be closed, then the pull.
pub fn check_rows(value: &Value) -> Vec<Value> {
    let row = |mark: &Value, host: &Value, kind: &str, item: &Value, verdict: &Value| {
        blank_nulls(json!({
            "OK": if mark == true { "\u{2713}" } else { "\u{2717}" },
            "HOST": host,
            "KIND": kind,
            "VERDICT": verdict,
            "STEP": item["step"],
            "REASON": item["reason"],
            "MS": milliseconds(&item["timings"]),
            "DETAIL": item["detail"],
        }))
    };
    let mut rows = Vec::new();
    for check in items(&value["checks"]) {
        let verdict = check["verdict"].as_str().unwrap_or_default();
        let good = json!(matches!(verdict, "reachable" | "private" | "notPublished"));
        let kind = check["kind"].as_str().unwrap_or_default();
        let kind = match check["family"].as_str() {
            Some(family) => format!("{kind} {family}"),
            None => kind.to_owned(),
        };
        rows.push(row(&good, &check["endpoint"], &kind, check, &check["verdict"]));
    }
    for expectation in items(&value["expectations"]) {
        let (ok, host) = (&expectation["ok"], &expectation["host"]);
        rows.push(row(ok, host, "must be closed", expectation, &expectation["verdict"]));
    }
    let pull = &value["pull"];
    if pull.is_object() {
        let word = if pull["ok"] == true { "works" } else { "fails" };
        let host = if pull["host"].is_null() { &pull["reference"] } else { &pull["host"] };
        rows.push(row(&pull["ok"], host, "pull", pull, &json!(word)));
    }
    rows
}

/// The sum of a check's timings, in whole milliseconds.
fn milliseconds(timings: &Value) -> Value {
    let Some(timings) = timings.as_object() else { return Value::Null };
    let sum: f64 = timings.values().filter_map(Value::as_f64).sum();
    json!(format!("{sum:.0}"))
}

/// The colour of a check's row on a terminal.
pub fn check_colour(line: &str) -> Option<&'static str> {
    match line.chars().next() {
        Some('\u{2713}') => Some("\x1b[32m"),
        Some('\u{2717}') => Some("\x1b[91m"),
        _ => None,
    }
}
