//! `private-endpoint-connection reject`.

use super::{ConnectionArgs, set_status};
use crate::commands::Answer;
use crate::commands::args::PolicyArgs;
use crate::session::Session;
use anyhow::Result;
use clap::Args;

/// Arguments of `private-endpoint-connection reject`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr private-endpoint-connection reject -r contoso -n contoso.1a2b3c4d")]
pub struct RejectArgs {
    #[command(flatten)]
    connection: ConnectionArgs,

    /// Reason, shown with the connection
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    #[command(flatten)]
    policy: PolicyArgs,
}

pub async fn run(args: &RejectArgs, session: &Session) -> Result<Answer> {
    let description = args.description.as_deref();
    set_status(&args.connection, "Rejected", description, &args.policy, session).await
}
