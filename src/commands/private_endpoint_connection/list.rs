//! `private-endpoint-connection list`.

use crate::commands::Answer;
use crate::commands::args::OfRegistryArgs;
use crate::locate::locate;
use crate::output::Outcome;
use crate::session::Session;
use crate::views;
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

pub async fn run(args: &ListArgs, session: &Session) -> Result<Answer> {
    let (name, group) = args.of.resolve(super::REGISTRY, session)?;
    let location = locate(&name, group.as_deref(), session).await?;
    let arm = session.arm().await?;
    let connections = arm.list_private_endpoint_connections(location.path()).await?;
    let value = connections.iter().map(views::private_endpoint_connection::json).collect();
    let rows = move || views::private_endpoint_connection::rows(&connections);
    Ok(Answer::Value(Outcome::new(value).with_table(rows)))
}
