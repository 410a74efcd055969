//! `network-rule add`.

use super::{RuleArgs, Rules, body, check_premium, registry_view, warn_of_deprecation};
use crate::commands::{Answer, PolicyArgs, RegistryArgs, registry_and_group};
use crate::context::Context;
use crate::output::Outcome;
use anyhow::Result;
use clap::Args;
use serde_json::json;

/// Arguments of `network-rule add`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr network-rule add -n contoso --ip-address 203.0.113.0/24")]
pub struct AddArgs {
    #[command(flatten)]
    registry: RegistryArgs,

    #[command(flatten)]
    rule: RuleArgs,

    #[command(flatten)]
    _policy: PolicyArgs,
}

pub async fn run(args: &AddArgs, ctx: &Context) -> Result<Answer> {
    warn_of_deprecation(ctx);
    let of = &args.registry;
    let (name, group) = registry_and_group(of.name.as_deref(), of.resource_group.as_deref(), ctx)?;
    let registry = ctx
        .with_registry(&name, group.as_deref(), async |arm, of| {
            let registry = check_premium(arm.get_registry(of).await?)?;
            let mut rules = Rules::of(&registry);
            if let Some(id) = args.rule.subnet_id(of)? {
                let rule = json!({"action": "Allow", "virtualNetworkSubnetResourceId": id});
                rules.subnets.push(rule);
            }
            if let Some(address) = args.rule.ip_address.as_ref().filter(|text| !text.is_empty()) {
                rules.ranges.push(json!({"action": "Allow", "value": address}));
            }
            let state = arm.begin_update_registry(of, &body(&rules)).await?;
            let look = format!("az-acr network-rule list -n {name}");
            ctx.wait(state, &format!("Updating {name}"), &look).await
        })
        .await?;
    Ok(Answer::Value(Outcome::new(registry_view(&registry))))
}
