//! `network-rule`: which addresses and subnets reach a registry over the public network.

mod add;
mod list;
mod remove;

use super::{Answer, RegistryArgs, premium};
use crate::arm::{NetworkRuleSet, Registry, RegistryPath};
use crate::context::Context;
use crate::error::UserError;
use crate::output::Outcome;
use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

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
    /// Let an address range or a subnet in
    Add(add::AddArgs),
    /// Take a network rule away
    Remove(remove::RemoveArgs),
}

/// What a rule is about.
#[derive(Debug, Clone, Args)]
struct RuleArgs {
    /// IPv4 or IPv6 address, or a CIDR range
    #[arg(long, value_name = "ADDRESS")]
    ip_address: Option<String>,

    /// Name or id of a subnet (deprecated)
    #[arg(long, value_name = "SUBNET", hide = true)]
    subnet: Option<String>,

    /// The subnet's virtual network, where --subnet is a name (deprecated)
    #[arg(long, value_name = "VNET", hide = true)]
    vnet_name: Option<String>,
}

/// Runs a command on network rules.
///
/// # Errors
/// No such registry, one that is not Premium, or ARM refuses.
pub async fn run(args: &NetworkRuleArgs, ctx: &Context) -> Result<Answer> {
    match &args.command {
        NetworkRuleCommand::List(args) => list::run(args, ctx).await,
        NetworkRuleCommand::Add(args) => add::run(args, ctx).await,
        NetworkRuleCommand::Remove(args) => remove::run(args, ctx).await,
    }
}

const NEEDS_PREMIUM: &str =
    "Network rules are only supported for managed registries in Premium SKU.";

/// Reads a registry's rules, changes them, and writes them back.
///
/// # Arguments
/// * `edit` - changes the rules; given the subnet's id and the address that are meant.
async fn change(
    registry: &RegistryArgs,
    rule: &RuleArgs,
    ctx: &Context,
    edit: impl Fn(&mut Rules, Option<&str>, Option<&str>),
) -> Result<Answer> {
    warn_of_deprecation(ctx);
    let (name, group) = registry.resolve(ctx)?;
    let address = rule.ip_address.as_deref().filter(|text| !text.is_empty());
    let registry = ctx
        .with_registry(&name, group.as_deref(), async |arm, of| {
            let registry = premium(arm.get_registry(of).await?, NEEDS_PREMIUM)?;
            let mut rules = Rules::of(&registry);
            edit(&mut rules, rule.subnet_id(of)?.as_deref(), address);
            let state = arm.begin_update_registry(of, &body(&rules)).await?;
            let look = format!("az-acr network-rule list -n {name}");
            ctx.wait(state, &format!("Updating {name}"), &look).await
        })
        .await?;
    Ok(Answer::Value(Outcome::new(registry_view(&registry))))
}

/// Says, as `az` does, that the arguments for subnets will go.
fn warn_of_deprecation(ctx: &Context) {
    for id in ctx.typed().into_iter().filter(|id| ["subnet", "vnet_name"].contains(id)) {
        ctx.streams.warning(&format!(
            "Argument '{id}' has been deprecated and will be removed in a future release."
        ));
    }
}

impl RuleArgs {
    /// The subnet's id, if a subnet is meant.
    fn subnet_id(&self, of: RegistryPath<'_>) -> Result<Option<String>, UserError> {
        let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let is_id =
            |text: &str| text.starts_with("/subscriptions/") && text.contains("/providers/");
        match (said(&self.subnet), said(&self.vnet_name)) {
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

/// The body of a PATCH with these rules.
fn body(rules: &Rules) -> Value {
    json!({"properties": {"networkRuleSet": {
        "defaultAction": rules.default_action,
        "virtualNetworkRules": rules.subnets,
        "ipRules": rules.ranges,
    }}})
}

/// A registry's rules in ARM's spelling, to be sent back changed.
struct Rules {
    default_action: String,
    subnets: Vec<Value>,
    ranges: Vec<Value>,
}

impl Rules {
    fn of(registry: &Registry) -> Self {
        let set = registry.properties.as_ref().and_then(|p| p.network_rule_set.clone());
        let set = set.unwrap_or_default();
        let rule = |action: &Option<String>, key: &str, value: &Option<String>| {
            let mut rule = json!({});
            if let Some(action) = action {
                rule["action"] = json!(action);
            }
            rule[key] = json!(value);
            rule
        };
        Self {
            default_action: set.default_action.unwrap_or_else(|| "Allow".to_owned()),
            subnets: set
                .virtual_network_rules
                .iter()
                .flatten()
                .map(|r| {
                    rule(
                        &r.action,
                        "virtualNetworkSubnetResourceId",
                        &r.virtual_network_subnet_resource_id,
                    )
                })
                .collect(),
            ranges: set
                .ip_rules
                .iter()
                .flatten()
                .map(|r| rule(&r.action, "value", &r.ip_address_or_range))
                .collect(),
        }
    }
}

/// A registry's rules as `az` shows them; the older name of a subnet's id is kept beside the newer one.
fn rules_view(set: Option<&NetworkRuleSet>) -> Value {
    let action = |action: &Option<String>| action.clone().unwrap_or_else(|| "Allow".to_owned());
    let subnets = set.and_then(|set| set.virtual_network_rules.as_ref()).into_iter().flatten();
    let ranges = set.and_then(|set| set.ip_rules.as_ref()).into_iter().flatten();
    json!({
        "virtualNetworkRules": subnets.map(|rule| json!({
            "virtualNetworkResourceId": rule.virtual_network_subnet_resource_id,
            "virtualNetworkSubnetResourceId": rule.virtual_network_subnet_resource_id,
            "action": action(&rule.action),
        })).collect::<Vec<_>>(),
        "ipRules": ranges.map(|rule| json!({
            "ipAddressOrRange": rule.ip_address_or_range,
            "action": action(&rule.action),
        })).collect::<Vec<_>>(),
    })
}

/// What `add` and `remove` show.
fn registry_view(registry: &Registry) -> Value {
    let properties = registry.properties.as_ref();
    let set = properties.and_then(|p| p.network_rule_set.as_ref());
    let mut rules = json!({"defaultAction": set.and_then(|set| set.default_action.clone())});
    let lists = rules_view(set);
    for name in ["virtualNetworkRules", "ipRules"] {
        rules[name] = lists[name].clone();
    }
    json!({
        "name": registry.name,
        "provisioningState": properties.and_then(|p| p.provisioning_state.clone()),
        "networkRuleSet": rules,
    })
}
