//! The replication resource: list, get, PATCH, and the two long-running writes (create and delete).

use super::message::{self, RegistryId, Request, Response};
use super::registries;
use super::world::{CALLER, Registry, Replication, SERVICE_OBJECT_ID, State};
use super::{error, operations, subscriptions};
use serde_json::{Value, json};

pub fn list(state: &State, of: RegistryId<'_>) -> Response {
    match state.registry(of.subscription, of.group, of.registry) {
        Some(registry) => {
            let value: Vec<Value> =
                registry.replications.iter().map(|r| body(&registry, r)).collect();
            Response::json(200, json!({ "value": value }))
        }
        None => registries::not_found(of),
    }
}

pub fn get(state: &mut State, request: &Request, of: RegistryId<'_>, name: &str) -> Response {
    // A client that has lost the URL of an operation looks at the replica itself, and time passes for it as well.
    operations::look(state, request, of, name);
    let Some(registry) = state.registry(of.subscription, of.group, of.registry) else {
        return registries::not_found(of);
    };
    match find(&registry, name) {
        Some(i) => Response::json(200, body(&registry, &registry.replications[i])),
        None => not_found(of, name),
    }
}

/// PUT: returns 201 with `Creating` and an operation to poll, or 200 for an existing replica.
pub fn create(state: &mut State, request: &Request, of: RegistryId<'_>, name: &str) -> Response {
    let wanted = match request.object() {
        Ok(wanted) => Value::Object(wanted),
        Err(answer) => return *answer,
    };
    let Some(registry) = state.registry_mut(of.subscription, of.group, of.registry) else {
        return registries::not_found(of);
    };
    let (location, known) = match placement(registry, &wanted, name) {
        Ok(placement) => placement,
        Err(response) => return *response,
    };
    let index = known.unwrap_or_else(|| {
        if registry.replications.is_empty() {
            let home = Replication::home_of(registry, &request.now);
            registry.replications.push(home);
        }
        let mut replica = Replication::new(&location, &request.now, "Creating");
        name.clone_into(&mut replica.name);
        let index = registry.replications.partition_point(|r| r.name < replica.name);
        registry.replications.insert(index, replica);
        index
    });
    let replica = &mut registry.replications[index];
    if let Some(tags) = wanted["tags"].as_object() {
        replica.tags.clone_from(tags);
    }
    if let Some(enabled) = wanted["properties"]["regionEndpointEnabled"].as_bool() {
        replica.region_endpoint_enabled = enabled;
    }
    if let Some(zones) = wanted["properties"]["zoneRedundancy"].as_str() {
        zones.clone_into(&mut replica.zone_redundancy);
    }
    if known.is_some() {
        return Response::json(200, body(registry, &registry.replications[index]));
    }
    let answer = Response::json(201, body(registry, &registry.replications[index]));
    operations::start(state, request, of, name, "Creating", answer)
}

/// Returns the region of a replication and the index of an existing one, or the error that the service would return.
fn placement(
    registry: &Registry,
    wanted: &Value,
    name: &str,
) -> Result<(String, Option<usize>), Box<Response>> {
    let refuse = |response: Response| Err(Box::new(response));
    let Some(location) = wanted["location"].as_str() else {
        return refuse(error::arm(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        ));
    };
    let location = subscriptions::location(location, "registries/replications")?;
    // The API's own pattern for replication names.
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric());
    if !(5..=50).contains(&name.len()) || !is_plain {
        return refuse(error::registry_service(
            "InvalidParameter",
            format!("The replication name '{name}' must consist of 5 to 50 letters and digits."),
        ));
    }
    if registry.sku != "Premium" {
        return refuse(error::needs_premium(
            "ReplicationNotSupported",
            "Replication",
            &registry.sku,
        ));
    }
    let known = find(registry, name);
    let taken = registry
        .replications
        .iter()
        .enumerate()
        .any(|(i, r)| Some(i) != known && r.location == location);
    if location == registry.location && known.is_none() || taken {
        return refuse(error::registry_service(
            "ReplicationLocationInUse",
            format!(
                "A replication in the location '{location}' already exists for the registry '{}'.",
                registry.name
            ),
        ));
    }
    Ok((location, known))
}

/// PATCH: returns 200 with the changed replica.
pub fn update(state: &mut State, request: &Request, of: RegistryId<'_>, name: &str) -> Response {
    let change = match request.object() {
        Ok(change) => Value::Object(change),
        Err(answer) => return *answer,
    };
    let Some(registry) = state.registry_mut(of.subscription, of.group, of.registry) else {
        return registries::not_found(of);
    };
    let Some(index) = find(registry, name) else {
        return not_found(of, name);
    };
    let replica = &mut registry.replications[index];
    match &change["properties"]["regionEndpointEnabled"] {
        Value::Bool(enabled) => replica.region_endpoint_enabled = *enabled,
        Value::Null => {}
        other => {
            return message::invalid_body(format!(
                "regionEndpointEnabled must be true or false, not {other}"
            ));
        }
    }
    if let Some(tags) = change["tags"].as_object() {
        match registries::read_tags(tags) {
            Ok(tags) => replica.tags = tags,
            Err(answer) => return *answer,
        }
    }
    Response::json(200, body(registry, &registry.replications[index]))
}

/// DELETE: returns 202 and an operation to poll, or 204 if the replica does not exist.
pub fn delete(state: &mut State, request: &Request, of: RegistryId<'_>, name: &str) -> Response {
    let Some(registry) = state.registry_mut(of.subscription, of.group, of.registry) else {
        return registries::not_found(of);
    };
    let Some(index) = find(registry, name) else {
        return Response::empty(204);
    };
    if registry.replications[index].home {
        return error::registry_service(
            "CannotDeleteHomeReplication",
            format!(
                "The replication '{name}' in the home region of the registry cannot be deleted."
            ),
        );
    }
    registry.replications[index].provisioning_state = "Deleting".to_owned();
    operations::start(state, request, of, name, "Deleting", Response::empty(202))
}

/// Applies the result of an operation when it ends.
pub fn finish(registry: &mut Registry, name: &str, kind: &str, now: &str) {
    let Some(index) = find(registry, name) else {
        return;
    };
    if kind == "Deleting" {
        registry.replications.remove(index);
        if registry.replications.iter().all(|r| r.home) {
            registry.replications.clear();
        }
    } else {
        let replica = &mut registry.replications[index];
        replica.provisioning_state = "Succeeded".to_owned();
        now.clone_into(&mut replica.modified_at);
    }
}

fn find(registry: &Registry, name: &str) -> Option<usize> {
    registry.replications.iter().position(|r| r.name.eq_ignore_ascii_case(name))
}

fn not_found(of: RegistryId<'_>, name: &str) -> Response {
    error::resource_not_found(&format!("registries/{}/replications/{name}", of.registry), of.group)
}

pub fn body(registry: &Registry, replica: &Replication) -> Value {
    let (by, by_type) =
        if replica.home { (SERVICE_OBJECT_ID, "Application") } else { (CALLER, "User") };
    let mut status = json!({});
    if replica.provisioning_state == "Succeeded" {
        status["displayStatus"] = json!("Ready");
    }
    status["timestamp"] = json!(format!("{}Z", replica.modified_at));
    json!({
        "type": "Microsoft.ContainerRegistry/registries/replications",
        "id": format!("{}/replications/{}", registries::id(registry), replica.name),
        "name": replica.name,
        "location": replica.location,
        "tags": replica.tags,
        "systemData": registries::system_data(by, by_type, &replica.created_at, &replica.created_at),
        "properties": {
            "provisioningState": replica.provisioning_state,
            "status": status,
            "regionEndpointEnabled": replica.region_endpoint_enabled,
            "zoneRedundancy": replica.zone_redundancy,
        },
    })
}
