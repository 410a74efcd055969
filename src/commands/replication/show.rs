//! `replication show`.

use super::{NEEDS_PREMIUM, ReplicaArgs, answer};
use crate::commands::{Answer, premium};
use crate::context::Context;
use anyhow::Result;
use clap::Args;

/// Arguments of `replication show`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr replication show -r contoso -n westus")]
pub struct ShowArgs {
    #[command(flatten)]
    replica: ReplicaArgs,
}

pub async fn run(args: &ShowArgs, ctx: &Context) -> Result<Answer> {
    let (name, group) = args.replica.of.resolve(ctx)?;
    let replica = &args.replica.name;
    let replication = ctx
        .with_registry(&name, group.as_deref(), async |arm, of| {
            let (registry, found) =
                tokio::join!(arm.get_registry(of), arm.get_replication(of, replica));
            premium(registry?, NEEDS_PREMIUM)?;
            Ok(found?)
        })
        .await?;
    Ok(answer(&replication))
}
