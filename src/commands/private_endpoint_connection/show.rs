//! `private-endpoint-connection show`.

use super::{ConnectionArgs, answer};
use crate::commands::Answer;
use crate::context::Context;
use anyhow::Result;
use clap::Args;

/// Arguments of `private-endpoint-connection show`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr private-endpoint-connection show -r contoso -n contoso.1a2b3c4d")]
pub struct ShowArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub async fn run(args: &ShowArgs, ctx: &Context) -> Result<Answer> {
    let (name, group) = args.connection.of.resolve(ctx)?;
    let connection = ctx
        .with_registry(&name, group.as_deref(), async |arm, of| {
            Ok(arm.get_private_endpoint_connection(of, &args.connection.name).await?)
        })
        .await?;
    Ok(answer(&connection))
}
