//! `list`: the registries of a subscription or resource group.

use super::Answer;
use crate::context::Context;
use crate::output::Outcome;
use crate::view;
use anyhow::Result;
use clap::Args;

/// Examples under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  az-acr list -o table
  az-acr list --query \"[?!dataEndpointEnabled].name\" -o tsv";

/// Arguments of `list`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ListArgs {
    /// Resource group; without it all of the subscription [default: az's]
    #[arg(short = 'g', long, value_name = "GROUP")]
    resource_group: Option<String>,
}

/// Lists registries.
///
/// # Errors
/// No such group, or ARM refuses.
pub async fn run(args: &ListArgs, ctx: &Context) -> Result<Answer> {
    let group = ctx.resource_group(args.resource_group.as_deref())?;
    let arm = ctx.arm().await?;
    let subscription = &ctx.subscription().await?.id;
    let registries = match &group {
        Some(group) => arm.list_registries_by_resource_group(subscription, group).await?,
        None => arm.list_registries(subscription).await?,
    };
    let value = registries.iter().map(view::registry).collect();
    Ok(Answer::Value(Outcome::new(value).with_table(view::registry_rows)))
}
