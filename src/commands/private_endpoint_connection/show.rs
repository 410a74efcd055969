//! `private-endpoint-connection show`.

use super::{ConnectionArgs, answer};
use crate::commands::Answer;
use crate::locate::locate;
use crate::session::Session;
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

pub async fn run(args: &ShowArgs, session: &Session) -> Result<Answer> {
    let (name, group) = args.connection.of.resolve(super::REGISTRY, session)?;
    let location = locate(&name, group.as_deref(), session).await?;
    let arm = session.arm().await?;
    let connection = &args.connection.name;
    Ok(answer(arm.get_private_endpoint_connection(location.path(), connection).await?))
}
