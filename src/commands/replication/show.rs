//! `replication show`.

use super::{NEEDS_PREMIUM, ReplicaArgs, answer};
use crate::commands::{Answer, premium};
use crate::locate::locate;
use crate::session::Session;
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

pub async fn run(args: &ShowArgs, session: &Session) -> Result<Answer> {
    let (name, group) = args.replica.of.resolve(super::REGISTRY, session)?;
    let location = locate(&name, group.as_deref(), session).await?;
    let arm = session.arm().await?;
    let (registry, replication) = tokio::join!(
        location.registry(arm),
        arm.get_replication(location.path(), &args.replica.name)
    );
    premium(registry?, NEEDS_PREMIUM)?;
    Ok(answer(replication?))
}
