//! `replication delete`.

use super::{NEEDS_PREMIUM, ReplicaArgs};
use crate::commands::args::PolicyArgs;
use crate::commands::progress::complete;
use crate::commands::{Answer, premium};
use crate::locate::locate;
use crate::output::Outcome;
use crate::session::Session;
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
    policy: PolicyArgs,
}

pub async fn run(args: &DeleteArgs, session: &Session) -> Result<Answer> {
    session.use_policy_token(args.policy.token());
    let (name, group) = args.replica.of.resolve(super::REGISTRY, session)?;
    let replica = &args.replica.name;
    let location = locate(&name, group.as_deref(), session).await?;
    let arm = session.arm().await?;
    premium(location.registry(arm).await?, NEEDS_PREMIUM)?;
    let request = arm.begin_delete_replication(location.path(), replica);
    let look = format!("az-acr replication list -r {name} -o table");
    complete(request, &format!("Deleting {replica}"), &look, session).await?;
    Ok(Answer::Value(Outcome::new(Value::Null)))
}
