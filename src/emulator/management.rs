//! Management groups and the subscriptions below them, and the locks of a subscription.

use super::error;
use super::message::Response;
use super::world::{State, Subscription, TENANT};
use serde_json::{Value, json};

/// The groups of a fleet: the subscriptions with even numbers, and the others.
const GROUPS: [(&str, &str); 2] = [("production", "Production"), ("development", "Development")];

/// The subscriptions below a management group; `None` if there is no such group. The root has the tenant's id.
pub fn below(state: &State, group: &str) -> Option<Vec<Subscription>> {
    let group = group.to_lowercase();
    let prefix = GROUPS.iter().find(|(name, _)| *name == group).map(|(_, display)| *display);
    if prefix.is_none() && group != TENANT {
        return None;
    }
    let wanted = |s: &Subscription| prefix.is_none_or(|prefix| s.name.starts_with(prefix));
    Some(state.subscriptions().map(std::borrow::Cow::into_owned).filter(wanted).collect())
}

/// `GET /providers/Microsoft.Management/managementGroups/{group}/descendants`.
pub fn descendants(state: &State, group: &str) -> Response {
    let Some(subscriptions) = below(state, group) else {
        return error::arm(
            404,
            "NotFound",
            format!("The management group '{group}' cannot be found."),
        );
    };
    let id = |group: &str| format!("/providers/Microsoft.Management/managementGroups/{group}");
    let groups =
        GROUPS.iter().filter(|_| group.eq_ignore_ascii_case(TENANT)).map(|(name, display)| {
            json!({
                "id": id(name),
                "type": "Microsoft.Management/managementGroups",
                "name": name,
                "properties": {"displayName": display, "parent": {"id": id(TENANT)}},
            })
        });
    let subscriptions = subscriptions.iter().map(|s| {
        json!({
            "id": format!("/subscriptions/{}", s.id),
            "type": "Microsoft.Management/managementGroups/subscriptions",
            "name": s.id,
            "properties": {"displayName": s.name, "parent": {"id": id(group)}},
        })
    });
    Response::json(200, json!({"value": groups.chain(subscriptions).collect::<Vec<Value>>()}))
}

/// `GET /subscriptions/{id}/providers/Microsoft.Authorization/locks`: the locks of a subscription and of all below it.
pub fn locks(state: &State, subscription: &str) -> Response {
    let locks = state.groups(subscription).filter(|group| group.locked).map(|group| {
        json!({
            "id": format!(
                "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Authorization/locks/keep",
                group.subscription, group.name
            ),
            "type": "Microsoft.Authorization/locks",
            "name": "keep",
            "properties": {"level": "ReadOnly", "notes": "Ask the platform team."},
        })
    });
    Response::json(200, json!({"value": locks.collect::<Vec<Value>>()}))
}
