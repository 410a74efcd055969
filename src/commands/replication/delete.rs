//! `replication delete`.

use super::{NEEDS_PREMIUM, ReplicaArgs};
use crate::commands::{Answer, PolicyArgs, premium, registry_and_group};
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
    let of = &args.replica.of;
    let (name, group) =
        registry_and_group(of.registry.as_deref(), of.resource_group.as_deref(), ctx)?;
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
