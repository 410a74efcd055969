//! `private-endpoint-connection delete`.

use super::ConnectionArgs;
use crate::commands::Answer;
use crate::commands::args::PolicyArgs;
use crate::commands::progress::complete;
use crate::locate::locate;
use crate::output::Outcome;
use crate::session::Session;
use anyhow::Result;
use clap::Args;
use serde_json::Value;

/// Arguments of `private-endpoint-connection delete`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr private-endpoint-connection delete -r contoso -n contoso.1a2b3c4d")]
pub struct DeleteArgs {
    #[command(flatten)]
    connection: ConnectionArgs,

    #[command(flatten)]
    policy: PolicyArgs,
}

pub async fn run(args: &DeleteArgs, session: &Session) -> Result<Answer> {
    session.use_policy_token(args.policy.token());
    let (name, group) = args.connection.of.resolve(super::REGISTRY, session)?;
    let connection = &args.connection.name;
    let location = locate(&name, group.as_deref(), session).await?;
    let arm = session.arm().await?;
    let request = arm.begin_delete_private_endpoint_connection(location.path(), connection);
    let look = format!("az-acr private-endpoint-connection list -r {name}");
    complete(request, &format!("Deleting {connection}"), &look, session).await?;
    Ok(Answer::Value(Outcome::new(Value::Null)))
}
