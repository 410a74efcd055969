//! `replication list`.

use super::NEEDS_PREMIUM;
use crate::commands::{Answer, OfRegistryArgs, premium};
use crate::context::Context;
use crate::output::Outcome;
use crate::view;
use anyhow::Result;
use clap::Args;

/// Arguments of `replication list`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr replication list -r contoso -o table")]
pub struct ListArgs {
    #[command(flatten)]
    of: OfRegistryArgs,
}

pub async fn run(args: &ListArgs, ctx: &Context) -> Result<Answer> {
    let (name, group) = args.of.resolve(ctx)?;
    let replications = ctx
        .with_registry(&name, group.as_deref(), async |arm, of| {
            // Side by side: the check costs no time.
            let (registry, list) = tokio::join!(arm.get_registry(of), arm.list_replications(of));
            premium(registry?, NEEDS_PREMIUM)?;
            Ok(list?)
        })
        .await?;
    let value = replications.iter().map(view::replication).collect();
    Ok(Answer::Value(Outcome::new(value).with_table(view::replication_rows)))
}
