//! The errors that ARM and the registry service return, in their own words.

use super::message::Response;
use serde_json::json;

/// An error body as ARM itself writes it.
pub fn arm(status: u16, code: &str, message: impl Into<String>) -> Response {
    let message = message.into();
    Response::json(status, json!({"error": {"code": code, "message": message}}))
}

/// An error body as the registry service writes it, with `status` beside `error`.
///
/// It was recorded for dual stack without data endpoints.
pub fn registry_service(code: &str, message: impl Into<String>) -> Response {
    let message = message.into();
    Response::json(400, json!({"error": {"code": code, "message": message}, "status": "Failed"}))
}

pub fn group_not_found(group: &str) -> Response {
    arm(404, "ResourceGroupNotFound", format!("Resource group '{group}' could not be found."))
}

/// `resource` is the type and name below the provider, e.g. `registries/contoso`.
pub fn resource_not_found(resource: &str, group: &str) -> Response {
    arm(
        404,
        "ResourceNotFound",
        format!(
            "The Resource 'Microsoft.ContainerRegistry/{resource}' under resource group '{group}' was not found. \
             For more details please go to https://aka.ms/ARMResourceNotFoundFix"
        ),
    )
}

pub fn subscription_not_found(subscription: &str) -> Response {
    arm(
        404,
        "SubscriptionNotFound",
        format!("The subscription '{subscription}' could not be found."),
    )
}

pub fn forbidden(action: &str, scope: &str) -> Response {
    arm(
        403,
        "AuthorizationFailed",
        format!(
            "The client 'emulator' with object id '{}' does not have authorization to perform action '{action}' over \
             scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
            super::world::CALLER_OBJECT_ID
        ),
    )
}

/// The error for a change below a lock.
pub fn locked(scope: &str) -> Response {
    arm(
        409,
        "ScopeLocked",
        format!(
            "The scope '{scope}' cannot perform write operation because following scope(s) are locked: '{scope}'. \
             Please remove the lock and try again."
        ),
    )
}

/// The error for a feature that only the Premium SKU has.
///
/// The wording follows the message that the service is known to send for private access
/// (`DisablingPublicNetworkAccessNotSupported`).
pub fn needs_premium(code: &str, feature: &str, sku: &str) -> Response {
    registry_service(
        code,
        format!(
            "{feature} is not supported for the SKU {sku}. For more information, please visit https://aka.ms/acr/tiers."
        ),
    )
}
