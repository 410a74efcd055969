//! What clients of Microsoft.ContainerRegistry ask besides registries themselves: names, usages, private link resources,
//! operations, and the deletion of a registry.

use super::error;
use super::message::{RegistryId, Request, Response};
use super::registries::{self, regions};
use super::world::{Registry, State};
use serde_json::{Value, json};

/// The lengths of names.
const NAME: std::ops::RangeInclusive<usize> = 5..=50;
/// What the tiers store, in GiB, and how many webhooks they have.
const TIERS: [(&str, u64, u64); 3] =
    [("Basic", 10, 2), ("Standard", 100, 10), ("Premium", 500, 500)];

/// `POST …/checkNameAvailability`.
pub fn check_name(state: &State, request: &Request) -> Response {
    let body = match request.object() {
        Ok(body) => body,
        Err(answer) => return *answer,
    };
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    let valid = NAME.contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
    let refusal = if !valid {
        let message = format!(
            "The specified registry name is not valid. It must be between {} and {} alphanumeric characters.",
            NAME.start(),
            NAME.end()
        );
        Some(("Invalid", message))
    } else if state.registry_named(name).is_some() {
        Some(("AlreadyExists", format!("The registry {name} is already in use.")))
    } else {
        None
    };
    Response::json(
        200,
        match refusal {
            None => json!({"nameAvailable": true}),
            Some((reason, message)) => {
                json!({"nameAvailable": false, "reason": reason, "message": message})
            }
        },
    )
}

/// `GET …/{registry}/listUsages`.
pub fn usages(state: &State, of: RegistryId<'_>) -> Response {
    let Some(registry) = state.registry(of.subscription, of.group, of.registry) else {
        return registries::not_found(of);
    };
    let tier = TIERS.iter().find(|(sku, ..)| registry.sku.eq_ignore_ascii_case(sku));
    let (_, gibibytes, webhooks) = tier.copied().unwrap_or(TIERS[2]);
    Response::json(
        200,
        json!({"value": [
            {"name": "Size", "limit": gibibytes << 30, "currentValue": 4_096, "unit": "Bytes"},
            {"name": "Webhooks", "limit": webhooks, "currentValue": 0, "unit": "Count"},
        ]}),
    )
}

/// The only group of private link resources.
const LINK_GROUP: &str = "registry";

/// `GET …/{registry}/privateLinkResources`: one group, with a member for each endpoint.
pub fn link_resources(state: &State, of: RegistryId<'_>) -> Response {
    match state.registry(of.subscription, of.group, of.registry) {
        Some(registry) => Response::json(200, json!({"value": [link_group(&registry)]})),
        None => registries::not_found(of),
    }
}

/// `GET …/{registry}/privateLinkResources/{group}`.
pub fn link_resource(state: &State, of: RegistryId<'_>, name: &str) -> Response {
    match state.registry(of.subscription, of.group, of.registry) {
        Some(registry) if name == LINK_GROUP => Response::json(200, link_group(&registry)),
        Some(_) => {
            let path = format!("registries/{}/privateLinkResources/{name}", of.registry);
            error::resource_not_found(&path, of.group)
        }
        None => registries::not_found(of),
    }
}

fn link_group(registry: &Registry) -> Value {
    let of_regions = |prefix: &'static str| {
        regions(registry).into_iter().map(move |region| format!("{prefix}{region}"))
    };
    let regional = registry.settings.regional_endpoints == "Enabled";
    let regional = of_regions("registry_").filter(|_| regional);
    let members =
        ["registry".to_owned()].into_iter().chain(of_regions("registry_data_")).chain(regional);
    json!({
        "type": "Microsoft.ContainerRegistry/registries/privateLinkResources",
        "id": format!("{}/privateLinkResources/{LINK_GROUP}", registries::id(registry)),
        "name": LINK_GROUP,
        "properties": {
            "groupId": LINK_GROUP,
            "requiredMembers": members.collect::<Vec<_>>(),
            "requiredZoneNames": ["privatelink.azurecr.io"],
        },
    })
}

/// `GET /providers/Microsoft.ContainerRegistry/operations`.
pub fn operations() -> Response {
    let operation = |(name, resource, text): (&str, &str, &str)| {
        json!({
            "origin": "user,system",
            "name": format!("Microsoft.ContainerRegistry/{name}"),
            "display": {
                "provider": "Microsoft Container Registry",
                "resource": resource,
                "operation": text,
                "description": text,
            },
        })
    };
    let all = [
        ("registries/read", "Container Registry", "Get Container Registry"),
        ("registries/write", "Container Registry", "Create or Update Container Registry"),
        ("registries/delete", "Container Registry", "Delete Container Registry"),
        ("registries/replications/read", "Replication", "Get Container Registry Replication"),
        (
            "registries/replications/write",
            "Replication",
            "Create or Update Container Registry Replication",
        ),
        ("registries/replications/delete", "Replication", "Delete Container Registry Replication"),
    ];
    Response::json(200, json!({"value": all.map(operation)}))
}

/// `DELETE …/{registry}`.
pub fn delete(state: &mut State, of: RegistryId<'_>) -> Response {
    let own = state.registries.iter().position(|r| r.is(of.subscription, of.group, of.registry));
    match own {
        Some(index) => {
            state.registries.remove(index);
            state.changed = true;
            Response::empty(200)
        }
        None if state.registry(of.subscription, of.group, of.registry).is_some() => {
            error::arm(409, "Conflict", "The emulator cannot delete a registry of the fleet.")
        }
        // Nothing to delete is no error.
        None => Response::empty(204),
    }
}
