//! `private-endpoint-connection reject`.

use super::{ConnectionArgs, set_status};
use crate::commands::{Answer, PolicyArgs};
use crate::context::Context;
use anyhow::Result;
use clap::Args;

/// Arguments of `private-endpoint-connection reject`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr private-endpoint-connection reject -r contoso -n contoso.1a2b3c4d --description \"unknown network\"")]
pub struct RejectArgs {
    #[command(flatten)]
    connection: ConnectionArgs,

    /// Why
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    #[command(flatten)]
    _policy: PolicyArgs,
}

pub async fn run(args: &RejectArgs, ctx: &Context) -> Result<Answer> {
    set_status(&args.connection, "Rejected", args.description.as_deref(), ctx).await
}
