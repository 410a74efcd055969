//! `update`: changes a registry.

mod checks;
mod what_if;

use super::Answer;
use super::args::{
    BOOL, GenericUpdateArgs, InOrder, PolicyArgs, RegistryArgs, boolean, one_of, tags,
};
use super::progress::complete;
use crate::arm::{
    EnabledState, NetworkRuleSetUpdate, PoliciesUpdate, Registry, RegistryPropertiesUpdate,
    RegistryUpdateParameters, SkuName, SkuUpdate, StatusUpdate, typed,
};
use crate::error::UserError;
use crate::locate::locate;
use crate::message::{Code, Level};
use crate::output::Outcome;
use crate::patch;
use crate::session::Session;
use crate::streams::Streams;
use crate::views;
use anyhow::Result;
use clap::Args;
use serde_json::Value;

/// Examples under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  az-acr update -n contoso --data-endpoint-enabled
  az-acr update -n contoso --data-endpoint-enabled --what-if -o table
  az-acr update -n contoso --tags team=web stage=prod";

/// Flags that `az` marks as preview.
const PREVIEW: [&str; 5] = [
    "--allow-exports",
    "--allow-metadata-search",
    "--endpoint-protocol",
    "--regional-endpoints",
    "--writable-cache-repos",
];

/// Arguments of `update`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct UpdateArgs {
    #[command(flatten)]
    registry: RegistryArgs,

    /// Dedicated data endpoints
    ///
    /// `true` (also without a value) or `false`. Clients then get layers from one host for each region.
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true)]
    data_endpoint_enabled: Option<bool>,

    /// Disabled or Enabled (preview)
    ///
    /// With regional endpoints, each region has a login server of its own.
    #[arg(long, value_name = "STATE", value_parser = one_of(&["Disabled", "Enabled"]), ignore_case = true, hide_possible_values = true)]
    regional_endpoints: Option<String>,

    /// IPv4 or IPv4AndIPv6 (preview)
    #[arg(long, value_name = "IP", value_parser = one_of(&["IPv4", "IPv4AndIPv6"]), ignore_case = true, hide_possible_values = true)]
    endpoint_protocol: Option<String>,

    /// Basic, Standard or Premium
    #[arg(long, value_name = "SKU", value_parser = one_of(&["Basic", "Premium", "Standard"]), ignore_case = true, hide_possible_values = true)]
    sku: Option<String>,

    /// Access from the public network: true, false
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true, hide_short_help = true)]
    public_network_enabled: Option<bool>,

    /// What happens to addresses without a rule: Allow, Deny (Premium)
    #[arg(long, value_name = "ACTION", value_parser = one_of(&["Allow", "Deny"]), ignore_case = true, hide_possible_values = true, hide_short_help = true)]
    default_action: Option<String>,

    /// Trusted Azure services bypass network rules: true, false
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true, hide_short_help = true)]
    allow_trusted_services: Option<bool>,

    /// The admin user: true, false
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true, hide_short_help = true)]
    admin_enabled: Option<bool>,

    /// Pulls without authentication: true, false
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true, hide_short_help = true)]
    anonymous_pull_enabled: Option<bool>,

    /// Export of artifacts: true, false (preview)
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true, hide_short_help = true)]
    allow_exports: Option<bool>,

    /// Metadata search: true, false (preview)
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true, hide_short_help = true)]
    allow_metadata_search: Option<bool>,

    /// Writes to cache rule repositories: Disabled, Enabled (preview)
    #[arg(long, value_name = "STATE", value_parser = one_of(&["Disabled", "Enabled"]), ignore_case = true, hide_possible_values = true, hide_short_help = true)]
    writable_cache_repos: Option<String>,

    /// Role assignment mode: rbac, rbac-abac
    #[arg(long, value_name = "MODE", value_parser = one_of(&["rbac", "rbac-abac"]), ignore_case = true, hide_possible_values = true, hide_short_help = true)]
    role_assignment_mode: Option<String>,

    /// Tags: key[=value] …; '' removes all
    #[arg(long, value_name = "TAG", num_args = 0.., action = clap::ArgAction::Set)]
    tags: Option<Vec<String>>,

    /// Show what would change
    ///
    /// Changes nothing. The output also says why the service would refuse the update, and what could not be checked.
    #[arg(long)]
    what_if: bool,

    /// With --what-if, exit with 2 if something would change
    ///
    /// 0 means no change, 1 an error (also in the command line, or a refusal), 2 changes: as for Terraform's plan.
    #[arg(long, requires = "what_if", hide_short_help = true)]
    detailed_exitcode: bool,

    #[command(flatten)]
    generic: GenericUpdateArgs,

    #[command(flatten)]
    policy: PolicyArgs,
}

/// Changes a registry and shows it.
///
/// # Errors
/// Fails if one of `az`'s checks fails, the registry does not exist, or ARM rejects the update: then nothing changes.
/// An update that ARM has accepted can still fail while it runs.
pub async fn run(args: &InOrder<UpdateArgs>, session: &Session) -> Result<Answer> {
    args.warn_of_preview(&PREVIEW, &session.streams);
    let args = &args.args;
    session.use_policy_token(args.policy.token());
    let (name, group) = args.registry.resolve(session)?;
    let parameters = parameters(args, &session.streams)?;
    let GenericUpdateArgs { steps, force_string } = &args.generic;
    let parameters = patch::apply(&parameters, patch::REGISTRY, steps, *force_string)?;
    if args.what_if {
        let detailed = args.detailed_exitcode;
        return what_if::run(&name, group.as_deref(), &parameters, detailed, session).await;
    }
    let location = locate(&name, group.as_deref(), session).await?;
    let arm = session.arm().await?;
    let warns = session.streams.shows(Level::Warning);
    let enables_data_endpoints = warns && sets_data_endpoints(&parameters) == Some(true);
    let mut were_enabled = None;
    if checks::need_registry(&parameters) || enables_data_endpoints {
        let current = location.registry(arm).await?;
        checks::check(&parameters, &current, &session.streams)?;
        were_enabled = current.properties.as_ref().and_then(|p| p.data_endpoint_enabled);
    }
    let request = arm.begin_update_registry(location.path(), &parameters, None);
    let look = format!("az-acr show --name {name} --query provisioningState");
    let registry = complete(request, &format!("Updating {name}"), &look, session).await?;
    if enables_data_endpoints && were_enabled == Some(false) {
        warn_of_new_hosts(&registry, &session.streams);
    }
    if let Some(version) = arm.older_version() {
        check_known(&parameters, &registry, version)?;
    }
    let outcome = Outcome::new(views::registry::json(&registry));
    Ok(Answer::Value(outcome.with_table(move || views::registry::rows(&[registry]))))
}

/// Whether a cloud with an older api-version has what was changed: Azure ignores properties that a version does not have.
///
/// # Errors
/// The properties that the answer lacks.
fn check_known(
    parameters: &RegistryUpdateParameters,
    registry: &Registry,
    version: &str,
) -> Result<()> {
    let (sent, received) = (serde_json::to_value(parameters)?, serde_json::to_value(registry)?);
    let mut unknown = Vec::new();
    missing(&sent["properties"], &received["properties"], "", &mut unknown);
    if unknown.is_empty() {
        return Ok(());
    }
    let unknown = unknown.join(", ");
    let message = format!(
        "This cloud uses api-version {version}, and its answer lacks {unknown}: it may have ignored that change."
    );
    Err(UserError::new(message).about(Code::IncompleteAnswer).into())
}

/// The paths of values that were sent and are not in the answer.
fn missing(sent: &Value, received: &Value, path: &str, unknown: &mut Vec<String>) {
    for (key, value) in sent.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null())
    {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match &received[key] {
            Value::Null => unknown.push(path),
            of_answer => missing(value, of_answer, &path, unknown),
        }
    }
}

fn sets_data_endpoints(parameters: &RegistryUpdateParameters) -> Option<bool> {
    typed(parameters.properties()?.data_endpoint_enabled.as_ref()).copied()
}

/// Names the hosts that clients need from now on. Firewalls that do not allow them yet break pulls.
fn warn_of_new_hosts(registry: &Registry, streams: &Streams) {
    let hosts = registry.properties.as_ref().and_then(|p| p.data_endpoint_host_names.as_ref());
    if let Some(hosts) = hosts.filter(|hosts| !hosts.is_empty()) {
        streams.warning(
            Code::NewHosts,
            &format!(
                "Layers now come from dedicated data endpoints. Client firewalls must allow {}.",
                hosts.join(", ")
            ),
        );
    }
}

/// Makes the body of the PATCH, with the warnings and errors that do not depend on the registry.
fn parameters(args: &UpdateArgs, streams: &Streams) -> Result<RegistryUpdateParameters, UserError> {
    let state = |on: bool| if on { EnabledState::Enabled } else { EnabledState::Disabled };
    let mut default_action = args.default_action.clone();
    if args.public_network_enabled == Some(false) {
        streams.warning(
            Code::Setting,
            "Disabling the public endpoint overrides all firewall configurations.",
        );
        default_action.get_or_insert_with(|| "Deny".to_owned());
    }
    let regional_endpoints = args.regional_endpoints.clone().map(EnabledState::from);
    if regional_endpoints == Some(EnabledState::Enabled)
        && args.sku.as_deref().is_some_and(|sku| sku != "Premium")
    {
        return Err(UserError::new(checks::REGIONAL_ENDPOINTS_NEED_PREMIUM));
    }
    let properties = RegistryPropertiesUpdate {
        admin_user_enabled: args.admin_enabled.map(Into::into),
        network_rule_set: default_action.map(|action| {
            let default_action = Some(action.into());
            NetworkRuleSetUpdate { default_action, ..NetworkRuleSetUpdate::default() }.into()
        }),
        policies: args.allow_exports.map(|allowed| {
            let status = if allowed { "enabled" } else { "disabled" }.to_owned();
            let export_policy = Some(StatusUpdate { status: Some(status.into()) }.into());
            PoliciesUpdate { export_policy, ..PoliciesUpdate::default() }.into()
        }),
        data_endpoint_enabled: args.data_endpoint_enabled.map(Into::into),
        regional_endpoints: regional_endpoints.map(Into::into),
        endpoint_protocol: args.endpoint_protocol.clone().map(Into::into),
        public_network_access: args.public_network_enabled.map(|on| state(on).into()),
        network_rule_bypass_options: args
            .allow_trusted_services
            .map(|allowed| if allowed { "AzureServices" } else { "None" }.to_owned().into()),
        anonymous_pull_enabled: args.anonymous_pull_enabled.map(Into::into),
        metadata_search: args.allow_metadata_search.map(|on| state(on).into()),
        writable_cache_repos: args
            .writable_cache_repos
            .clone()
            .map(|state| EnabledState::from(state).into()),
        role_assignment_mode: role_assignment_mode(args, streams).map(Into::into),
        ..RegistryPropertiesUpdate::default()
    };
    Ok(RegistryUpdateParameters {
        tags: args.tags.as_deref().map(|items| tags(items).into()),
        sku: args.sku.clone().map(|sku| SkuUpdate { name: Some(SkuName::from(sku).into()) }.into()),
        properties: Some(properties)
            .filter(|p| *p != RegistryPropertiesUpdate::default())
            .map(Into::into),
        ..RegistryUpdateParameters::default()
    })
}

/// The role assignment mode in ARM's terms, with `az`'s warning about ACR Tasks.
fn role_assignment_mode(args: &UpdateArgs, streams: &Streams) -> Option<String> {
    args.role_assignment_mode.as_deref().map(|mode| {
        if mode == "rbac-abac" {
            streams.warning(
                Code::Setting,
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
    })
}
