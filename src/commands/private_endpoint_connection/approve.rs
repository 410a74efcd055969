//! `private-endpoint-connection approve`.

use super::{ConnectionArgs, set_status};
use crate::commands::{Answer, PolicyArgs};
use crate::context::Context;
use anyhow::Result;
use clap::Args;

/// Arguments of `private-endpoint-connection approve`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr private-endpoint-connection approve -r contoso -n contoso.1a2b3c4d --description \"the network team agreed\"")]
pub struct ApproveArgs {
    #[command(flatten)]
    connection: ConnectionArgs,

    /// Why
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    #[command(flatten)]
    _policy: PolicyArgs,
}

pub async fn run(args: &ApproveArgs, ctx: &Context) -> Result<Answer> {
    set_status(&args.connection, "Approved", args.description.as_deref(), ctx).await
}
