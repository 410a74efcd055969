//! `list`: the registries of a subscription or resource group.

use super::Answer;
use crate::output::Outcome;
use crate::session::Session;
use crate::views;
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
    /// Resource group [default: the whole subscription]
    #[arg(short = 'g', long, value_name = "GROUP")]
    resource_group: Option<String>,
}

/// Lists registries.
///
/// # Errors
/// Fails if the resource group does not exist, or ARM rejects the request.
pub async fn run(args: &ListArgs, session: &Session) -> Result<Answer> {
    let group = session.resource_group(args.resource_group.as_deref())?;
    let arm = session.arm().await?;
    let subscription = &session.subscription().await?.id;
    let registries = match &group {
        Some(group) => arm.list_registries_by_resource_group(subscription, group).await?,
        None => arm.list_registries(subscription).await?,
    };
    let value = registries.iter().map(views::registry::json).collect();
    let outcome = Outcome::new(value);
    Ok(Answer::Value(outcome.with_table(move || views::registry::rows(&registries))))
}
