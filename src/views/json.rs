//! ARM's JSON as `az` prints it: properties on the first level, and `resourceGroup` added.

use crate::arm::ResourceId;
use serde::Serialize;
use serde_json::{Map, Value};

/// A resource with its properties on the first level. A model of strings, numbers and lists always becomes a value.
pub(super) fn flat(resource: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(resource).unwrap_or_default();
    flatten(&mut value, "properties");
    value
}

/// Replaces a property with its members. A property that is `null` is dropped.
pub(super) fn flatten(value: &mut Value, property: &str) {
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

/// Adds `resourceGroup` to every object whose `id` names one, as `az` does in all its output.
pub(super) fn add_resource_group(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(add_resource_group),
        Value::Object(object) => {
            if !object.keys().any(|key| key.eq_ignore_ascii_case("resourceGroup")) {
                let group = object.get("id").and_then(Value::as_str).and_then(resource_group);
                if let Some(group) = group {
                    object.insert("resourceGroup".to_owned(), Value::String(group));
                }
            }
            object.values_mut().for_each(add_resource_group);
        }
        _ => {}
    }
}

/// The resource group in a resource id.
pub(super) fn resource_group(id: &str) -> Option<String> {
    ResourceId::parse(id).map(|id| id.resource_group.to_owned())
}
