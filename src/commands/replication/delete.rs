//! `replication delete`.

use super::{NEEDS_PREMIUM, ReplicaArgs};
use crate::commands::{Answer, PolicyArgs, premium};
use crate::context::Context;
use crate::output::Outcome;
use anyhow::Result;
use clap::Args;
use serde_json::Value;

/// Arguments of `replication delete`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr replication delete -r contoso -n westus")]
pub struct DeleteArgs {
    #[command(flatten)]
    replica: ReplicaArgs,

    #[command(flatten)]
    _policy: PolicyArgs,
}

pub async fn run(args: &DeleteArgs, ctx: &Context) -> Result<Answer> {
    let (name, group) = args.replica.of.resolve(ctx)?;
    let replica = &args.replica.name;
    ctx.with_registry(&name, group.as_deref(), async |arm, of| {
        premium(arm.get_registry(of).await?, NEEDS_PREMIUM)?;
        let state = arm.begin_delete_replication(of, replica).await?;
        let look = format!("az-acr replication list -r {name} -o table");
        ctx.wait(state, &format!("Deleting {replica}"), &look).await
    })
    .await?;
    Ok(Answer::Value(Outcome::new(Value::Null)))
}
