//! Subscriptions, resource groups, and the list of resources with its two filters.

use super::message::{Request, Response};
use super::world::{State, TENANT};
use super::{error, registries};
use serde_json::{Value, json};

const REGISTRY_TYPE: &str = "Microsoft.ContainerRegistry/registries";

/// The regions in which the emulator supports registries: short and display names.
pub(super) const REGIONS: [(&str, &str); 33] = [
    ("australiaeast", "Australia East"),
    ("australiasoutheast", "Australia Southeast"),
    ("brazilsouth", "Brazil South"),
    ("canadacentral", "Canada Central"),
    ("centralindia", "Central India"),
    ("centralus", "Central US"),
    ("eastasia", "East Asia"),
    ("eastus", "East US"),
    ("eastus2", "East US 2"),
    ("francecentral", "France Central"),
    ("germanywestcentral", "Germany West Central"),
    ("italynorth", "Italy North"),
    ("japaneast", "Japan East"),
    ("japanwest", "Japan West"),
    ("koreacentral", "Korea Central"),
    ("northcentralus", "North Central US"),
    ("northeurope", "North Europe"),
    ("norwayeast", "Norway East"),
    ("polandcentral", "Poland Central"),
    ("qatarcentral", "Qatar Central"),
    ("southafricanorth", "South Africa North"),
    ("southcentralus", "South Central US"),
    ("southeastasia", "Southeast Asia"),
    ("swedencentral", "Sweden Central"),
    ("switzerlandnorth", "Switzerland North"),
    ("uaenorth", "UAE North"),
    ("uksouth", "UK South"),
    ("ukwest", "UK West"),
    ("westcentralus", "West Central US"),
    ("westeurope", "West Europe"),
    ("westus", "West US"),
    ("westus2", "West US 2"),
    ("westus3", "West US 3"),
];

/// The short name of a region that has registries.
///
/// # Arguments
/// * `resource` - the type below `Microsoft.ContainerRegistry`, for the refusal.
pub(super) fn location(name: &str, resource: &str) -> Result<String, Box<Response>> {
    let short: String =
        name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    if REGIONS.iter().any(|(region, _)| *region == short) {
        return Ok(short);
    }
    Err(Box::new(error::arm(
        400,
        "LocationNotAvailableForResourceType",
        format!(
            "The provided location '{short}' is not available for resource type \
             'Microsoft.ContainerRegistry/{resource}'."
        ),
    )))
}

fn subscription_body(id: &str, name: &str) -> Value {
    json!({
        "id": format!("/subscriptions/{id}"),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": id,
        "tenantId": TENANT,
        "displayName": name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01", "quotaId": "EmulatorQuota", "spendingLimit": "Off"
        },
    })
}

pub fn list(state: &State) -> Response {
    let value: Vec<Value> =
        state.subscriptions().map(|s| subscription_body(&s.id, &s.name)).collect();
    let count = value.len();
    Response::json(200, json!({"value": value, "count": {"type": "Total", "value": count}}))
}

pub fn get(state: &State, subscription: &str) -> Response {
    match state.subscription(subscription) {
        Some(s) => Response::json(200, subscription_body(&s.id, &s.name)),
        None => error::subscription_not_found(subscription),
    }
}

pub fn tenants() -> Response {
    Response::json(
        200,
        json!({"value": [{"id": format!("/tenants/{TENANT}"), "tenantId": TENANT, "displayName": "Emulator"}]}),
    )
}

/// Returns the regions of a subscription, with short and display names.
pub fn locations(subscription: &str) -> Response {
    let region = |name: &str, display: &str| {
        json!({
            "id": format!("/subscriptions/{subscription}/locations/{name}"),
            "name": name,
            "type": "Region",
            "displayName": display,
            "regionalDisplayName": display,
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
        })
    };
    let value: Vec<Value> = REGIONS.iter().map(|(name, display)| region(name, display)).collect();
    Response::json(200, json!({ "value": value }))
}

/// Returns Azure Policy's decision on a change, which is always to allow it.
pub fn policy_token() -> Response {
    Response::json(200, json!({"result": "Succeeded", "token": "emulated-policy-token"}))
}

fn group_body(subscription: &str, name: &str) -> Value {
    json!({
        "id": format!("/subscriptions/{subscription}/resourceGroups/{name}"),
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": "eastus",
        "properties": {"provisioningState": "Succeeded"},
    })
}

pub fn groups(state: &State, subscription: &str) -> Response {
    let value: Vec<Value> =
        state.groups(subscription).map(|g| group_body(&g.subscription, &g.name)).collect();
    Response::json(200, json!({ "value": value }))
}

pub fn group(state: &State, subscription: &str, name: &str) -> Response {
    match state.group(subscription, name) {
        Some(g) => Response::json(200, group_body(&g.subscription, &g.name)),
        None => error::group_not_found(name),
    }
}

/// `GET /subscriptions/{id}/resources?$filter=resourceType eq '…'[ and name eq '…']`, with the terms in either order.
pub fn resources(state: &State, request: &Request, subscription: &str) -> Response {
    let filter = request.query("$filter").unwrap_or_default();
    let Some(terms) = parse_filter(filter) else {
        return error::arm(
            400,
            "InvalidFilterInQueryString",
            format!("Invalid $filter '{filter}' specified in the query string."),
        );
    };
    let wanted = |property: &str| {
        terms.iter().find(|(p, _)| p.eq_ignore_ascii_case(property)).map(|(_, v)| v.as_str())
    };
    let is_registry = wanted("resourceType").is_none_or(|t| t.eq_ignore_ascii_case(REGISTRY_TYPE));
    let bodies: Vec<Value> = match wanted("name") {
        // A name is searched for first: comparing the ids of all subscriptions takes longer.
        Some(name) => state
            .registries_named(name)
            .filter(|registry| registry.subscription.eq_ignore_ascii_case(subscription))
            .map(|registry| registries::resource_body(&registry))
            .collect(),
        None => state
            .registries_in(subscription)
            .map(|registry| registries::resource_body(&registry))
            .collect(),
    };
    let value = if is_registry { bodies } else { Vec::new() };
    Response::json(200, json!({ "value": value }))
}

/// Parses `name eq 'value'` terms joined by `and`. Returns `None` for anything else.
fn parse_filter(filter: &str) -> Option<Vec<(String, String)>> {
    let mut terms = Vec::new();
    let mut rest = filter.trim();
    while !rest.is_empty() {
        let (property, after) = rest.split_once(" eq '")?;
        let (value, after) = after.split_once('\'')?;
        if !["resourceType", "name"].iter().any(|p| p.eq_ignore_ascii_case(property)) {
            return None;
        }
        terms.push((property.to_owned(), value.to_owned()));
        rest = after.trim_start();
        if let Some(after) = rest.strip_prefix("and ") {
            rest = after;
        } else if !rest.is_empty() {
            return None;
        }
    }
    Some(terms)
}
