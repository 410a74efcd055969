//! `az`'s checks before it sends an update.

use crate::arm::{EnabledState, Given, Registry, RegistryUpdateParameters, SkuName, typed};
use crate::commands::sku;
use crate::error::UserError;
use crate::message::Code;
use crate::streams::Streams;

pub(super) const REGIONAL_ENDPOINTS_NEED_PREMIUM: &str =
    "Regional endpoints are only supported for managed registries in Premium SKU.";
const NETWORK_RULES_NEED_PREMIUM: &str =
    "Network rules are only supported for managed registries in Premium SKU.";
const UNKNOWN_SKU: &str = "Please specify SKU by '--sku SKU' or '--set sku.name=SKU'. Allowed SKUs: ['Basic', \
                           'Standard', 'Premium']";

/// Whether a check needs the current state of the registry.
pub(super) fn need_registry(parameters: &RegistryUpdateParameters) -> bool {
    let is_usual =
        |sku: &SkuName| matches!(sku, SkuName::Basic | SkuName::Standard | SkuName::Premium);
    changes_network_rules(parameters)
        || enables_regional_endpoints(parameters)
        || parameters.sku.is_some() && !new_sku(parameters).is_some_and(is_usual)
}

fn changes_network_rules(parameters: &RegistryUpdateParameters) -> bool {
    let rules = parameters.properties().and_then(|p| p.network_rule_set.as_ref());
    match rules {
        None => false,
        Some(Given::Typed(rules)) => *rules != crate::arm::NetworkRuleSetUpdate::default(),
        Some(Given::Other(other)) => other.as_object().is_some_and(|rules| !rules.is_empty()),
    }
}

fn enables_regional_endpoints(parameters: &RegistryUpdateParameters) -> bool {
    let regional = parameters.properties().and_then(|p| typed(p.regional_endpoints.as_ref()));
    regional == Some(&EnabledState::Enabled)
}

/// The SKU that the update sets, if any.
fn new_sku(parameters: &RegistryUpdateParameters) -> Option<&SkuName> {
    typed(typed(parameters.sku.as_ref())?.name.as_ref())
}

/// Checks an update against the current state of the registry.
///
/// # Errors
/// [`UserError`] in `az`'s words.
pub(super) fn check(
    parameters: &RegistryUpdateParameters,
    current: &Registry,
    streams: &Streams,
) -> Result<(), UserError> {
    let current_sku = sku(current);
    if changes_network_rules(parameters) && current_sku != Some(&SkuName::Premium) {
        return Err(UserError::new(NETWORK_RULES_NEED_PREMIUM));
    }
    if parameters.sku.is_some() {
        match new_sku(parameters) {
            Some(SkuName::Classic) if current_sku != Some(&SkuName::Classic) => {
                let message = "Managed registries could not be downgraded to Classic SKU.";
                return Err(UserError::new(message));
            }
            Some(SkuName::UnknownValue(_)) | None => return Err(UserError::new(UNKNOWN_SKU)),
            Some(_) => {}
        }
    }
    if !enables_regional_endpoints(parameters) {
        return Ok(());
    }
    if new_sku(parameters).or(current_sku) != Some(&SkuName::Premium) {
        return Err(UserError::new(REGIONAL_ENDPOINTS_NEED_PREMIUM));
    }
    let properties = current.properties.as_ref();
    let trust = properties
        .and_then(|p| p.policies.as_ref())
        .and_then(|p| p.trust_policy.as_ref())
        .and_then(|p| p.status.as_deref());
    if trust == Some("enabled") {
        return Err(UserError::new(
            "Regional endpoints cannot be enabled when Content Trust is enabled. Please disable Content Trust and \
             try again.",
        ));
    }
    if properties.and_then(|p| p.data_endpoint_enabled) == Some(false) {
        streams.warning(
            Code::Setting,
            "It is recommended to also enable dedicated data endpoints (--enable-data-endpoint) for optimal in-region \
             performance when using regional endpoints.",
        );
    }
    Ok(())
}
