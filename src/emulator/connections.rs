//! The private endpoint connection resource: list, get, approve or reject (PUT), delete.

use super::error;
use super::message::{self, RegistryId, Request, Response};
use super::registries;
use super::world::{Registry, State};
use serde_json::{Value, json};

pub fn list(state: &State, of: RegistryId<'_>) -> Response {
    match state.registry(of.subscription, of.group, of.registry) {
        Some(registry) => {
            Response::json(200, json!({ "value": registry.private_endpoint_connections }))
        }
        None => registries::not_found(of),
    }
}

pub fn get(state: &State, of: RegistryId<'_>, name: &str) -> Response {
    let Some(registry) = state.registry(of.subscription, of.group, of.registry) else {
        return registries::not_found(of);
    };
    match find(&registry, name) {
        Some(index) => Response::json(200, registry.private_endpoint_connections[index].clone()),
        None => not_found(of, name),
    }
}

/// PUT: changes an existing connection. Only the private endpoint creates connections.
pub fn put(state: &mut State, request: &Request, of: RegistryId<'_>, name: &str) -> Response {
    let wanted = match request.object() {
        Ok(wanted) => Value::Object(wanted),
        Err(answer) => return *answer,
    };
    let Some(registry) = state.registry_mut(of.subscription, of.group, of.registry) else {
        return registries::not_found(of);
    };
    let Some(index) = find(registry, name) else {
        return not_found(of, name);
    };
    let wanted = &wanted["properties"]["privateLinkServiceConnectionState"];
    let status = wanted["status"].as_str().unwrap_or_default();
    if !["Approved", "Rejected", "Pending", "Disconnected"].contains(&status) {
        return message::invalid_body(format!("'{status}' is not a valid connection status"));
    }
    let connection = &mut registry.private_endpoint_connections[index];
    let path = "/properties/privateLinkServiceConnectionState";
    // Somebody may have edited the state by hand.
    if let Some(Value::Object(state)) = connection.pointer_mut(path) {
        state.insert("status".to_owned(), json!(status));
        state.insert("description".to_owned(), wanted["description"].clone());
    }
    Response::json(200, connection.clone())
}

/// DELETE: returns 200, or 204 if the connection does not exist.
pub fn delete(state: &mut State, of: RegistryId<'_>, name: &str) -> Response {
    let Some(registry) = state.registry_mut(of.subscription, of.group, of.registry) else {
        return registries::not_found(of);
    };
    match find(registry, name) {
        Some(index) => {
            registry.private_endpoint_connections.remove(index);
            Response::empty(200)
        }
        None => Response::empty(204),
    }
}

fn find(registry: &Registry, name: &str) -> Option<usize> {
    registry
        .private_endpoint_connections
        .iter()
        .position(|c| c["name"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(name)))
}

fn not_found(of: RegistryId<'_>, name: &str) -> Response {
    error::resource_not_found(
        &format!("registries/{}/privateEndpointConnections/{name}", of.registry),
        of.group,
    )
}
