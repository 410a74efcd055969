//! `network-rule list`.

use super::{NEEDS_PREMIUM, rules_view};
use crate::commands::{Answer, RegistryArgs, premium};
use crate::context::Context;
use crate::output::Outcome;
use anyhow::Result;
use clap::Args;

/// Arguments of `network-rule list`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr network-rule list -n contoso --query \"ipRules[].ipAddressOrRange\" -o tsv")]
pub struct ListArgs {
    #[command(flatten)]
    registry: RegistryArgs,
}

pub async fn run(args: &ListArgs, ctx: &Context) -> Result<Answer> {
    let (name, group) = args.registry.resolve(ctx)?;
    let registry = ctx
        .with_registry(&name, group.as_deref(), async |arm, of| {
            Ok(premium(arm.get_registry(of).await?, NEEDS_PREMIUM)?)
        })
        .await?;
    let set = registry.properties.as_ref().and_then(|p| p.network_rule_set.as_ref());
    Ok(Answer::Value(Outcome::new(rules_view(set))))
}
