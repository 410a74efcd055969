//! `private-endpoint-connection delete`.

use super::ConnectionArgs;
use crate::commands::{Answer, PolicyArgs};
use crate::context::Context;
use crate::output::Outcome;
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
    _policy: PolicyArgs,
}

pub async fn run(args: &DeleteArgs, ctx: &Context) -> Result<Answer> {
    let (name, group) = args.connection.of.resolve(ctx)?;
    let connection = &args.connection.name;
    ctx.with_registry(&name, group.as_deref(), async |arm, of| {
        let state = arm.begin_delete_private_endpoint_connection(of, connection).await?;
        let look = format!("az-acr private-endpoint-connection list -r {name}");
        ctx.wait(state, &format!("Deleting {connection}"), &look).await
    })
    .await?;
    Ok(Answer::Value(Outcome::new(Value::Null)))
}
