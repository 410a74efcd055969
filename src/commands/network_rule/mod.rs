//! `network-rule`: which addresses and subnets may reach a registry over the public network.

mod add;
mod list;
mod remove;

use super::args::{InOrder, PolicyArgs, RegistryArgs};
use super::progress::wait;
use super::{Answer, premium};
use crate::arm::{
    NetworkRules, Registry, RegistryPath, RegistryPropertiesUpdate, RegistryUpdateParameters,
};
use crate::error::UserError;
use crate::locate::locate;
use crate::output::Outcome;
use crate::session::Session;
use crate::views;
use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use serde::Deserialize as _;

/// Arguments of `network-rule`.
#[derive(Debug, Clone, Args)]
pub struct NetworkRuleArgs {
    #[command(subcommand)]
    command: NetworkRuleCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum NetworkRuleCommand {
    /// List the network rules of a registry
    List(list::ListArgs),
    /// Allow an address range or a subnet
    Add(InOrder<add::AddArgs>),
    /// Remove a network rule
    Remove(InOrder<remove::RemoveArgs>),
}

/// The address or subnet of a rule.
#[derive(Debug, Clone, Args)]
struct RuleArgs {
    /// IPv4 or IPv6 address, or a CIDR range
    #[arg(long, value_name = "ADDRESS")]
    ip_address: Option<String>,

    /// Name or id of a subnet (deprecated)
    #[arg(long, value_name = "SUBNET", hide = true)]
    subnet: Option<String>,

    /// The subnet's virtual network, if --subnet is a name (deprecated)
    #[arg(long, value_name = "VNET", hide = true)]
    vnet_name: Option<String>,
}

/// Flags that `az` marks as deprecated.
const DEPRECATED: [&str; 2] = ["--subnet", "--vnet-name"];

/// Runs a command on network rules.
///
/// # Errors
/// Fails if the registry does not exist or is not Premium, or ARM rejects a request.
pub async fn run(args: &NetworkRuleArgs, session: &Session) -> Result<Answer> {
    match &args.command {
        NetworkRuleCommand::List(args) => list::run(args, session).await,
        NetworkRuleCommand::Add(args) => add::run(args, session).await,
        NetworkRuleCommand::Remove(args) => remove::run(args, session).await,
    }
}

const NEEDS_PREMIUM: &str =
    "Network rules are only supported for managed registries in Premium SKU.";

/// Reads a registry's rules, changes them, and sends them back.
///
/// # Arguments
/// * `edit` - changes the rules; it receives the subnet's id and the address of the rule.
async fn change(
    registry: &RegistryArgs,
    rule: &RuleArgs,
    policy: &PolicyArgs,
    session: &Session,
    edit: impl FnOnce(&mut NetworkRules, Option<&str>, Option<&str>),
) -> Result<Answer> {
    session.use_policy_token(policy.token());
    let (name, group) = registry.resolve(session)?;
    let address = rule.ip_address.as_deref().filter(|text| !text.is_empty());
    let location = locate(&name, group.as_deref(), session).await?;
    let arm = session.arm().await?;
    let body = arm.get_registry_raw(location.path()).await?;
    let current = Registry::deserialize(&body).context("ARM's answer is not a registry")?;
    premium(current, NEEDS_PREMIUM)?;
    let mut rules = NetworkRules::of_registry(&body);
    edit(&mut rules, rule.subnet_id(location.path())?.as_deref(), address);
    let state = arm.begin_update_registry(location.path(), &parameters(rules)).await?;
    let look = format!("az-acr network-rule list -n {name}");
    let registry = wait(state, &format!("Updating {name}"), &look, session).await?;
    Ok(Answer::Value(Outcome::new(views::network_rules::registry(&registry))))
}

/// The body of a PATCH with these rules.
fn parameters(rules: NetworkRules) -> RegistryUpdateParameters {
    let properties = RegistryPropertiesUpdate {
        network_rule_set: Some(rules.into()),
        ..RegistryPropertiesUpdate::default()
    };
    RegistryUpdateParameters {
        properties: Some(properties.into()),
        ..RegistryUpdateParameters::default()
    }
}

impl RuleArgs {
    /// The id of the subnet, if the rule names one.
    fn subnet_id(&self, of: RegistryPath<'_>) -> Result<Option<String>, UserError> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let is_id =
            |text: &str| text.starts_with("/subscriptions/") && text.contains("/providers/");
        match (given(&self.subnet), given(&self.vnet_name)) {
            (None, None) => Ok(None),
            (Some(id), None) if is_id(&id) => Ok(Some(id)),
            (Some(name), Some(vnet)) if !is_id(&name) => Ok(Some(format!(
                "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Network/virtualNetworks/{vnet}/subnets/{name}",
                of.subscription, of.resource_group
            ))),
            _ => Err(UserError::new("Usage error: [--subnet ID | --subnet NAME --vnet-name NAME]")),
        }
    }
}
