//! `private-endpoint-connection list`.

use crate::commands::{Answer, OfRegistryArgs};
use crate::context::Context;
use crate::output::Outcome;
use crate::view;
use anyhow::Result;
use clap::Args;

/// Arguments of `private-endpoint-connection list`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr private-endpoint-connection list -r contoso -o table")]
pub struct ListArgs {
    #[command(flatten)]
    of: OfRegistryArgs,
}

pub async fn run(args: &ListArgs, ctx: &Context) -> Result<Answer> {
    let (name, group) = args.of.resolve(ctx)?;
    let connections = ctx
        .with_registry(&name, group.as_deref(), async |arm, of| {
            Ok(arm.list_private_endpoint_connections(of).await?)
        })
        .await?;
    let value = connections.iter().map(view::private_endpoint_connection).collect();
    Ok(Answer::Value(Outcome::new(value).with_table(view::connection_rows)))
}
