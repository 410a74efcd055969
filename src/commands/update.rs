//! `update`: changes a registry.

use super::{
    Answer, BOOL, GenericUpdateArgs, PolicyArgs, RegistryArgs, boolean, one_of,
    registry_and_replications, tags,
};
use crate::arm::{
    EnabledState, NetworkRuleSetUpdate, PoliciesUpdate, Registry,
    RegistryPropertiesUpdateParameters, RegistryUpdateParameters, SkuName, SkuUpdate, StatusUpdate,
};
use crate::context::Context;
use crate::error::{FAILURE, OK, UserError};
use crate::generic_update;
use crate::output::Outcome;
use crate::registry_name::RegistryName;
use crate::streams::{Level, Streams};
use crate::view;
use crate::what_if;
use anyhow::Result;
use clap::Args;
use serde_json::Value;

/// Examples under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  az-acr update -n contoso --data-endpoint-enabled
  az-acr update -n contoso --tags team=web stage=prod
  az-acr update -n contoso --public-network-enabled false";

const SKUS: [&str; 3] = ["Basic", "Standard", "Premium"];
const NETWORK_RULES_NEED_PREMIUM: &str =
    "Network rules are only supported for managed registries in Premium SKU.";
const REGIONAL_ENDPOINTS_NEED_PREMIUM: &str =
    "Regional endpoints are only supported for managed registries in Premium SKU.";

/// Arguments that `az` marks as preview: id and flag.
const PREVIEW: [(&str, &str); 5] = [
    ("allow_exports", "--allow-exports"),
    ("allow_metadata_search", "--allow-metadata-search"),
    ("endpoint_protocol", "--endpoint-protocol"),
    ("regional_endpoints", "--regional-endpoints"),
    ("writable_cache_repos", "--writable-cache-repos"),
];

/// Arguments of `update`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct UpdateArgs {
    #[command(flatten)]
    registry: RegistryArgs,

    /// Dedicated data endpoints
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true)]
    data_endpoint_enabled: Option<bool>,

    /// Login servers of single regions (preview)
    #[arg(long, value_name = "Disabled|Enabled", value_parser = one_of(&["Disabled", "Enabled"]), ignore_case = true, hide_possible_values = true)]
    regional_endpoints: Option<String>,

    /// IP versions of the endpoints (preview)
    #[arg(long, value_name = "IPv4|IPv4AndIPv6", value_parser = one_of(&["IPv4", "IPv4AndIPv6"]), ignore_case = true, hide_possible_values = true)]
    endpoint_protocol: Option<String>,

    /// SKU of the registry
    #[arg(long, value_name = "Basic|Premium|Standard", value_parser = one_of(&["Basic", "Premium", "Standard"]), ignore_case = true, hide_possible_values = true)]
    sku: Option<String>,

    /// Access from the public network
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true)]
    public_network_enabled: Option<bool>,

    /// When no network rule matches (Premium)
    #[arg(long, value_name = "Allow|Deny", value_parser = one_of(&["Allow", "Deny"]), ignore_case = true, hide_possible_values = true)]
    default_action: Option<String>,

    /// Trusted Azure services pass network rules
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true)]
    allow_trusted_services: Option<bool>,

    /// The admin user
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true)]
    admin_enabled: Option<bool>,

    /// Pulls without a login
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true)]
    anonymous_pull_enabled: Option<bool>,

    /// Export of artifacts (preview)
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true)]
    allow_exports: Option<bool>,

    /// The metadata search (preview)
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true)]
    allow_metadata_search: Option<bool>,

    /// Writes to cache rules' repositories (preview)
    #[arg(long, value_name = "Disabled|Enabled", value_parser = one_of(&["Disabled", "Enabled"]), ignore_case = true, hide_possible_values = true)]
    writable_cache_repos: Option<String>,

    /// Role assignment mode
    #[arg(long, value_name = "rbac|rbac-abac", value_parser = one_of(&["rbac", "rbac-abac"]), ignore_case = true, hide_possible_values = true)]
    role_assignment_mode: Option<String>,

    /// Tags: key[=value] …; '' removes all
    #[arg(long, value_name = "TAG", num_args = 0.., action = clap::ArgAction::Set)]
    tags: Option<Vec<String>>,

    /// Show what it would do, and do nothing
    #[arg(long)]
    what_if: bool,

    #[command(flatten)]
    generic: GenericUpdateArgs,

    #[command(flatten)]
    _policy: PolicyArgs,
}

/// Changes a registry and shows it.
///
/// # Errors
/// `az`'s own checks, no such registry, or ARM refuses; nothing was changed then.
pub async fn run(args: &UpdateArgs, ctx: &Context) -> Result<Answer> {
    ctx.warn_of_preview(&PREVIEW);
    let (name, group) = args.registry.resolve(ctx)?;
    let mut body = serde_json::to_value(parameters(args, &ctx.streams)?).unwrap_or_default();
    let steps = GenericUpdateArgs::steps(ctx);
    generic_update::apply(&mut body, generic_update::REGISTRY, &steps, args.generic.force_string)
        .map_err(|e| UserError::new(e.to_string()))?;
    if args.what_if {
        return what_if(&name, group.as_deref(), &body, ctx).await;
    }
    let warns = ctx.streams.shows(Level::Warning);
    let switches_on = warns && body["properties"]["dataEndpointEnabled"] == true;
    let (was_on, registry) = ctx
        .with_registry(&name, group.as_deref(), async |arm, of| {
            let mut was_on = None;
            if needs_current(&body) || switches_on {
                let current = arm.get_registry(of).await?;
                check(&body, &current, &ctx.streams)?;
                was_on = current.properties.as_ref().and_then(|p| p.data_endpoint_enabled);
            }
            let state = arm.begin_update_registry(of, &body).await?;
            let look = format!("az-acr show --name {name} --query provisioningState");
            Ok((was_on, ctx.wait(state, &format!("Updating {name}"), &look).await?))
        })
        .await?;
    if switches_on && was_on == Some(false) {
        warn_of_new_hosts(&registry, ctx);
    }
    let outcome = Outcome::new(view::registry(&registry)).with_table(view::registry_rows);
    Ok(Answer::Value(outcome))
}

/// Says which hosts clients need from now on: the one thing that goes wrong with data endpoints.
fn warn_of_new_hosts(registry: &Registry, ctx: &Context) {
    let hosts = registry.properties.as_ref().and_then(|p| p.data_endpoint_host_names.as_ref());
    if let Some(hosts) = hosts.filter(|hosts| !hosts.is_empty()) {
        ctx.streams.warning(&format!(
            "Layers now come from dedicated data endpoints. The firewalls of clients must let them reach {}.",
            hosts.join(", ")
        ));
    }
}

/// Shows what the PATCH would do. Exits with 1 when the service would refuse it.
async fn what_if(
    name: &RegistryName,
    group: Option<&str>,
    body: &Value,
    ctx: &Context,
) -> Result<Answer> {
    let (registry, replications) = registry_and_replications(name, group, ctx).await?;
    let suffix = ctx.cloud()?.storage_suffix.clone().unwrap_or_default();
    let plan = what_if::plan(&registry, &replications, body, &suffix);
    let blocked = plan["blocked"].as_array().is_some_and(|reasons| !reasons.is_empty());
    let mut outcome = Outcome::new(plan).with_table(what_if::rows);
    outcome.line_colour = Some(what_if::colour);
    outcome.exit_code = if blocked { FAILURE } else { OK };
    Ok(Answer::Value(outcome))
}

/// The body of the PATCH, and the warnings and refusals that need no look at the registry.
fn parameters(args: &UpdateArgs, streams: &Streams) -> Result<RegistryUpdateParameters, UserError> {
    let state = |on: bool| if on { EnabledState::Enabled } else { EnabledState::Disabled };
    let mut default_action = args.default_action.clone();
    if args.public_network_enabled == Some(false) {
        streams.warning("Disabling the public endpoint overrides all firewall configurations.");
        default_action.get_or_insert_with(|| "Deny".to_owned());
    }
    let role_assignment_mode = args.role_assignment_mode.as_deref().map(|mode| {
        if mode == "rbac-abac" {
            streams.warning(
                "Warning: You have successfully updated the registry authentication mode to enable RBAC Registry + \
                 ABAC Repository Permissions. ACR Tasks within the registry that do not have an assigned identity for \
                 source registry access will not have data plane access to the registry. To configure source registry \
                 data plane access for your existing Tasks, you must explicitly assign an Entra identity for accessing \
                 the source registry using the '--source-registry-auth-id' flag in 'az acr task update'. Please refer \
                 to https://aka.ms/acr/auth/abac for more details.",
            );
            "AbacRepositoryPermissions".to_owned()
        } else {
            "LegacyRegistryPermissions".to_owned()
        }
    });
    let regional_endpoints = args.regional_endpoints.clone().map(EnabledState::from);
    if regional_endpoints == Some(EnabledState::Enabled)
        && args.sku.as_deref().is_some_and(|sku| sku != "Premium")
    {
        return Err(UserError::new(REGIONAL_ENDPOINTS_NEED_PREMIUM));
    }
    let properties = RegistryPropertiesUpdateParameters {
        admin_user_enabled: args.admin_enabled,
        network_rule_set: default_action.map(|action| NetworkRuleSetUpdate {
            default_action: Some(action),
            ..NetworkRuleSetUpdate::default()
        }),
        policies: args.allow_exports.map(|allowed| PoliciesUpdate {
            export_policy: StatusUpdate {
                status: if allowed { "enabled" } else { "disabled" }.to_owned(),
            },
        }),
        data_endpoint_enabled: args.data_endpoint_enabled,
        regional_endpoints,
        endpoint_protocol: args.endpoint_protocol.clone(),
        public_network_access: args.public_network_enabled.map(state),
        network_rule_bypass_options: args
            .allow_trusted_services
            .map(|allowed| if allowed { "AzureServices" } else { "None" }.to_owned()),
        anonymous_pull_enabled: args.anonymous_pull_enabled,
        metadata_search: args.allow_metadata_search.map(state),
        writable_cache_repos: args.writable_cache_repos.clone().map(EnabledState::from),
        role_assignment_mode,
    };
    Ok(RegistryUpdateParameters {
        tags: args.tags.as_deref().map(tags),
        sku: args.sku.clone().map(|sku| SkuUpdate { name: SkuName::from(sku) }),
        properties: Some(properties)
            .filter(|p| *p != RegistryPropertiesUpdateParameters::default()),
    })
}

/// Whether a check below looks at the registry as it is.
fn needs_current(body: &Value) -> bool {
    let properties = &body["properties"];
    let sku = &body["sku"];
    properties["networkRuleSet"].as_object().is_some_and(|rules| !rules.is_empty())
        || properties["regionalEndpoints"] == "Enabled"
        || !sku.is_null() && !sku["name"].as_str().is_some_and(|name| SKUS.contains(&name))
}

/// `az`'s checks before the request.
fn check(body: &Value, current: &Registry, streams: &Streams) -> Result<(), UserError> {
    let properties = &body["properties"];
    let current_sku = current.sku.as_ref().and_then(|sku| sku.name.as_ref());
    let rules = properties["networkRuleSet"].as_object().is_some_and(|rules| !rules.is_empty());
    if rules && current_sku != Some(&SkuName::Premium) {
        return Err(UserError::new(NETWORK_RULES_NEED_PREMIUM));
    }
    let wanted_sku = body["sku"]["name"].as_str();
    if !body["sku"].is_null() {
        match wanted_sku {
            Some("Classic") if current_sku != Some(&SkuName::Classic) => {
                return Err(UserError::new(
                    "Managed registries could not be downgraded to Classic SKU.",
                ));
            }
            Some(name) if name == "Classic" || SKUS.contains(&name) => {}
            _ => {
                return Err(UserError::new(
                    "Please specify SKU by '--sku SKU' or '--set sku.name=SKU'. Allowed SKUs: ['Basic', 'Standard', \
                     'Premium']",
                ));
            }
        }
    }
    if properties["regionalEndpoints"] != "Enabled" {
        return Ok(());
    }
    let sku = wanted_sku.map(|name| SkuName::from(name.to_owned()));
    if sku.as_ref().or(current_sku) != Some(&SkuName::Premium) {
        return Err(UserError::new(REGIONAL_ENDPOINTS_NEED_PREMIUM));
    }
    let current = current.properties.as_ref();
    let trust = current
        .and_then(|p| p.policies.as_ref())
        .and_then(|p| p.trust_policy.as_ref())
        .and_then(|p| p.status.as_deref());
    if trust == Some("enabled") {
        return Err(UserError::new(
            "Regional endpoints cannot be enabled when Content Trust is enabled. Please disable Content Trust and \
             try again.",
        ));
    }
    if current.and_then(|p| p.data_endpoint_enabled) == Some(false) {
        streams.warning(
            "It is recommended to also enable dedicated data endpoints (--enable-data-endpoint) for optimal in-region \
             performance when using regional endpoints.",
        );
    }
    Ok(())
}
