//! The registry resource: get, list, PUT, PATCH, and its body in the service's order.

use super::message::{self, RegistryId, Request, Response};
use super::world::{CALLER, Registry, Settings, State};
use super::{error, subscriptions};
use ipnet::IpNet;
use serde_json::{Map, Value, json};
use std::net::IpAddr;

pub fn list(state: &State, subscription: &str, group: Option<&str>) -> Response {
    let value: Vec<Value> = state
        .registries_in(subscription)
        .filter(|r| group.is_none_or(|g| g.eq_ignore_ascii_case(&r.resource_group)))
        .map(|registry| body(&registry))
        .collect();
    Response::json(200, json!({ "value": value }))
}

pub fn get(state: &State, of: RegistryId<'_>) -> Response {
    match state.registry(of.subscription, of.group, of.registry) {
        Some(registry) => Response::json(200, body(&registry)),
        None => not_found(of),
    }
}

pub fn not_found(of: RegistryId<'_>) -> Response {
    error::resource_not_found(&format!("registries/{}", of.registry), of.group)
}

/// PATCH: the service returns 200 at once, without an operation to poll (recorded).
pub fn update(state: &mut State, request: &Request, of: RegistryId<'_>) -> Response {
    let change = match request.object() {
        Ok(change) => change,
        Err(answer) => return *answer,
    };
    let Some(registry) = state.registry_mut(of.subscription, of.group, of.registry) else {
        return not_found(of);
    };
    let mut changed = registry.clone();
    if let Err(answer) = apply(&mut changed, &change) {
        return *answer;
    }
    if changed != *registry {
        changed.modified_at.clone_from(&request.now);
        *registry = changed;
    }
    Response::json(200, body(registry))
}

/// PUT: returns 201 for a new registry, and changes an existing one as PATCH does.
pub fn create(state: &mut State, request: &Request, of: RegistryId<'_>) -> Response {
    if state.registry(of.subscription, of.group, of.registry).is_some() {
        return update(state, request, of);
    }
    let wanted = match request.object() {
        Ok(wanted) => wanted,
        Err(answer) => return *answer,
    };
    if state.registry_named(of.registry).is_some() {
        return error::arm(
            409,
            "AlreadyInUse",
            format!(
                "The registry DNS name {}.azurecr.io is already in use.",
                of.registry.to_lowercase()
            ),
        );
    }
    let text = |pointer: &str| {
        Value::Object(wanted.clone()).pointer(pointer).and_then(Value::as_str).map(str::to_owned)
    };
    let (Some(location), Some(sku)) = (text("/location"), text("/sku/name")) else {
        return message::invalid_body("'location' and 'sku.name' are required");
    };
    let location = match subscriptions::location(&location, "registries") {
        Ok(location) => location,
        Err(answer) => return *answer,
    };
    let group = state
        .group(of.subscription, of.group)
        .map_or_else(|| of.group.to_owned(), |g| g.name.clone());
    let mut registry = Registry::new(&group, of.registry, &location, &sku, &request.now);
    of.subscription.clone_into(&mut registry.subscription);
    if let Err(answer) = apply(&mut registry, &wanted) {
        return *answer;
    }
    let answer = Response::json(201, body(&registry));
    state.registries.push(registry);
    state.changed = true;
    answer
}

/// Applies the changes of a PUT or PATCH, or returns the error with which the service would reject them.
fn apply(registry: &mut Registry, change: &Map<String, Value>) -> Result<(), Box<Response>> {
    if let Some(Value::Object(tags)) = change.get("tags") {
        registry.tags = read_tags(tags)?;
    }
    if let Some(identity) = change.get("identity") {
        registry.identity = Some(identity.clone()).filter(|i| !i.is_null());
    }
    if let Some(name) = change.get("sku").and_then(|s| s["name"].as_str()) {
        registry.sku = choice("sku", name, &["Basic", "Standard", "Premium"])?;
    }
    let none = Map::new();
    let properties = change.get("properties").and_then(Value::as_object).unwrap_or(&none);
    for (name, value) in properties {
        apply_property(&mut registry.settings, name, value)?;
    }
    check(registry)
}

fn apply_property(s: &mut Settings, name: &str, value: &Value) -> Result<(), Box<Response>> {
    match name {
        "adminUserEnabled" => s.admin_user_enabled = flag(name, value)?,
        "anonymousPullEnabled" => s.anonymous_pull_enabled = flag(name, value)?,
        "dataEndpointEnabled" => s.data_endpoint_enabled = flag(name, value)?,
        "networkRuleBypassAllowedForTasks" => {
            s.network_rule_bypass_allowed_for_tasks = flag(name, value)?;
        }
        "regionalEndpoints" => s.regional_endpoints = switch(name, value)?,
        "metadataSearch" => s.metadata_search = switch(name, value)?,
        "writableCacheRepos" => s.writable_cache_repos = switch(name, value)?,
        "publicNetworkAccess" => s.public_network_access = switch(name, value)?,
        "zoneRedundancy" => s.zone_redundancy = switch(name, value)?,
        "endpointProtocol" => {
            s.endpoint_protocol = choice_of(name, value, &["IPv4", "IPv4AndIPv6"])?;
        }
        "networkRuleBypassOptions" => {
            s.network_rule_bypass_options = choice_of(name, value, &["AzureServices", "None"])?;
        }
        "roleAssignmentMode" => {
            let modes = ["AbacRepositoryPermissions", "LegacyRegistryPermissions"];
            s.role_assignment_mode = choice_of(name, value, &modes)?;
        }
        "networkRuleSet" => {
            if let Some(action) = value["defaultAction"].as_str() {
                s.default_action = choice(name, action, &["Allow", "Deny"])?;
            }
            if let Some(rules) = value["ipRules"].as_array() {
                rules.iter().try_for_each(check_ip_rule)?;
                s.ip_rules.clone_from(rules);
            }
            if let Some(rules) = value["virtualNetworkRules"].as_array() {
                s.virtual_network_rules.clone_from(rules);
            }
        }
        "policies" => apply_policies(s, value),
        _ => {}
    }
    Ok(())
}

fn apply_policies(s: &mut Settings, value: &Value) {
    let status = |policy: &str| value[policy]["status"].as_str().map(str::to_owned);
    let set = |target: &mut String, policy: &str| {
        if let Some(status) = status(policy) {
            *target = status;
        }
    };
    set(&mut s.export_policy, "exportPolicy");
    set(&mut s.trust_policy, "trustPolicy");
    set(&mut s.quarantine_policy, "quarantinePolicy");
    set(&mut s.retention_policy, "retentionPolicy");
    set(&mut s.soft_delete_policy, "softDeletePolicy");
    set(&mut s.authentication_as_arm_policy, "azureADAuthenticationAsArmPolicy");
}

/// Checks the rules between settings on the registry as it would be after the change.
fn check(registry: &Registry) -> Result<(), Box<Response>> {
    let (s, sku) = (&registry.settings, registry.sku.as_str());
    let refuse = |code: &str, message: &str| Err(Box::new(error::registry_service(code, message)));
    if sku != "Premium" {
        let feature = if s.data_endpoint_enabled {
            Some(("DataEndpointNotSupported", "Data endpoint"))
        } else if s.regional_endpoints == "Enabled" {
            Some(("RegionalEndpointsNotSupported", "Regional endpoints"))
        } else if s.default_action == "Deny"
            || !s.ip_rules.is_empty()
            || !s.virtual_network_rules.is_empty()
        {
            Some(("NetworkRuleSetNotSupported", "Network rule set"))
        } else if s.public_network_access == "Disabled" {
            Some(("DisablingPublicNetworkAccessNotSupported", "Disabling public network access"))
        } else if registry.replications.iter().any(|r| !r.home) {
            Some(("ReplicationNotSupported", "Replication"))
        } else {
            None
        };
        if let Some((code, feature)) = feature {
            return Err(Box::new(error::needs_premium(code, feature, sku)));
        }
        if sku == "Basic" && s.anonymous_pull_enabled {
            return Err(Box::new(error::needs_premium(
                "AnonymousPullNotSupported",
                "Anonymous pull",
                sku,
            )));
        }
    }
    if s.endpoint_protocol == "IPv4AndIPv6" && !s.data_endpoint_enabled {
        return refuse(
            "BadRequest",
            "The requested feature dual stack endpoints is not supported without data endpoint enabled.",
        );
    }
    if s.regional_endpoints == "Enabled" && s.trust_policy == "enabled" {
        return refuse(
            "BadRequest",
            "Regional endpoints cannot be enabled when Content Trust is enabled.",
        );
    }
    Ok(())
}

/// An IP rule must name an address or a CIDR range.
fn check_ip_rule(rule: &Value) -> Result<(), Box<Response>> {
    let value = rule["value"].as_str().unwrap_or_default();
    if value.parse::<IpNet>().is_ok() || value.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    let message = format!("The value '{value}' of ipRules is not an IP address or a CIDR range.");
    Err(Box::new(error::registry_service("InvalidParameter", message)))
}

/// Reads tags as text: numbers and booleans are converted to text, anything else is rejected.
pub fn read_tags(tags: &Map<String, Value>) -> Result<Map<String, Value>, Box<Response>> {
    let text = |(name, value): (&String, &Value)| match value {
        Value::String(_) => Ok((name.clone(), value.clone())),
        Value::Number(_) | Value::Bool(_) => Ok((name.clone(), json!(value.to_string()))),
        _ => Err(Box::new(message::invalid_body(format!(
            "the value of the tag '{name}' must be a string"
        )))),
    };
    tags.iter().map(text).collect()
}

fn flag(name: &str, value: &Value) -> Result<bool, Box<Response>> {
    value
        .as_bool()
        .ok_or_else(|| Box::new(message::invalid_body(format!("{name} must be true or false"))))
}

fn switch(name: &str, value: &Value) -> Result<String, Box<Response>> {
    choice_of(name, value, &["Enabled", "Disabled"])
}

fn choice_of(name: &str, value: &Value, choices: &[&str]) -> Result<String, Box<Response>> {
    choice(name, value.as_str().unwrap_or_default(), choices)
}

fn choice(name: &str, value: &str, choices: &[&str]) -> Result<String, Box<Response>> {
    choices.iter().find(|c| c.eq_ignore_ascii_case(value)).map(|c| (*c).to_owned()).ok_or_else(
        || {
            Box::new(error::registry_service(
                "InvalidParameter",
                format!("The value '{value}' of {name} is not one of {}.", choices.join(", ")),
            ))
        },
    )
}

pub fn id(registry: &Registry) -> String {
    format!(
        "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.ContainerRegistry/registries/{}",
        registry.subscription, registry.resource_group, registry.name
    )
}

pub fn system_data(by: &str, by_type: &str, created_at: &str, modified_at: &str) -> Value {
    json!({
        "createdBy": by,
        "createdByType": by_type,
        "createdAt": format!("{created_at}+00:00"),
        "lastModifiedBy": by,
        "lastModifiedByType": by_type,
        "lastModifiedAt": format!("{modified_at}+00:00"),
    })
}

/// The entry of a registry in `/resources` (recorded; systemData in the shorter form with `Z`).
pub fn resource_body(registry: &Registry) -> Value {
    json!({
        "id": id(registry),
        "name": registry.name,
        "type": "Microsoft.ContainerRegistry/registries",
        "sku": {"name": registry.sku, "tier": registry.sku},
        "location": registry.location,
        "tags": registry.tags,
        "systemData": {
            "createdBy": CALLER,
            "createdByType": "User",
            "createdAt": format!("{}Z", registry.created_at),
            "lastModifiedBy": CALLER,
            "lastModifiedByType": "User",
            "lastModifiedAt": format!("{}Z", registry.created_at),
        },
    })
}

/// The regions in which a registry responds, sorted: the home region and each replica that has been created,
/// up to the moment its deletion ends.
pub fn regions(registry: &Registry) -> Vec<&str> {
    let mut regions: Vec<&str> = registry
        .replications
        .iter()
        .filter(|r| !r.home && r.provisioning_state != "Creating")
        .map(|r| r.location.as_str())
        .chain([registry.location.as_str()])
        .collect();
    regions.sort_unstable();
    regions
}

/// The global login server.
pub fn login_server(registry: &Registry) -> String {
    format!("{}.azurecr.io", registry.login_label)
}

/// The host name of one kind (`data`, `geo`) in a region: `<label>.<region>.<kind>.<suffix>`.
pub fn host_name(registry: &Registry, region: &str, kind: &str) -> String {
    format!("{}.{region}.{kind}.azurecr.io", registry.login_label)
}

/// The host names of one kind, one per region, sorted by region.
pub fn host_names(registry: &Registry, kind: &str) -> Vec<String> {
    regions(registry).into_iter().map(|region| host_name(registry, region, kind)).collect()
}

/// The registry as the service sends it: keys and their order as recorded.
pub fn body(registry: &Registry) -> Value {
    let s = &registry.settings;
    let names = |on: bool, kind| if on { host_names(registry, kind) } else { Vec::new() };
    let mut result = json!({
        "sku": {"name": registry.sku, "tier": registry.sku},
        "type": "Microsoft.ContainerRegistry/registries",
        "id": id(registry),
        "name": registry.name,
        "location": registry.location,
        "tags": registry.tags,
        "systemData": system_data(CALLER, "User", &registry.created_at, &registry.modified_at),
    });
    if let Some(identity) = &registry.identity {
        result["identity"] = identity.clone();
    }
    result["properties"] = json!({
        "loginServer": login_server(registry),
        "creationDate": format!("{}Z", registry.created_at),
        "provisioningState": "Succeeded",
        "adminUserEnabled": s.admin_user_enabled,
        "networkRuleSet": {
            "defaultAction": s.default_action,
            "virtualNetworkRules": s.virtual_network_rules,
            "ipRules": s.ip_rules,
        },
        "policies": {
            "quarantinePolicy": {"status": s.quarantine_policy},
            "trustPolicy": {"type": "Notary", "status": s.trust_policy},
            "retentionPolicy": {
                "days": s.retention_days,
                "lastUpdatedTime": format!("{}+00:00", registry.created_at),
                "status": s.retention_policy,
            },
            "exportPolicy": {"status": s.export_policy},
            "azureADAuthenticationAsArmPolicy": {"status": s.authentication_as_arm_policy},
            "softDeletePolicy": {
                "retentionDays": s.soft_delete_days,
                "lastUpdatedTime": format!("{}+00:00", registry.created_at),
                "status": s.soft_delete_policy,
            },
        },
        "encryption": {"status": "disabled"},
        "dataEndpointEnabled": s.data_endpoint_enabled,
        "regionalEndpoints": s.regional_endpoints,
        "dataEndpointHostNames": names(s.data_endpoint_enabled, "data"),
        "regionalEndpointHostNames": names(s.regional_endpoints == "Enabled", "geo"),
        "endpointProtocol": s.endpoint_protocol,
        "privateEndpointConnections": registry.private_endpoint_connections,
        "publicNetworkAccess": s.public_network_access,
        "networkRuleBypassOptions": s.network_rule_bypass_options,
        "networkRuleBypassAllowedForTasks": s.network_rule_bypass_allowed_for_tasks,
        "zoneRedundancy": s.zone_redundancy,
        "anonymousPullEnabled": s.anonymous_pull_enabled,
        "metadataSearch": s.metadata_search,
        "roleAssignmentMode": s.role_assignment_mode,
        "autoGeneratedDomainNameLabelScope": s.domain_name_label_scope,
        "writableCacheRepos": s.writable_cache_repos,
    });
    result
}
