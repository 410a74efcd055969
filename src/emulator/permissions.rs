//! Azure RBAC: what the caller may do with a registry.

use super::message::{RegistryId, Response};
use super::registries;
use super::world::State;
use serde_json::json;

/// Returns the caller's permissions: everything, or only read access in a read-only group.
pub fn list(state: &State, of: RegistryId<'_>) -> Response {
    if state.registry(of.subscription, of.group, of.registry).is_none() {
        return registries::not_found(of);
    }
    let read_only = state.group(of.subscription, of.group).is_some_and(|group| group.read_only);
    let actions = if read_only { "*/read" } else { "*" };
    Response::json(
        200,
        json!({"value": [
            {"actions": [actions], "notActions": [], "dataActions": [], "notDataActions": []},
        ]}),
    )
}
