//! `network-rule list`.

use super::NEEDS_PREMIUM;
use crate::commands::args::RegistryArgs;
use crate::commands::{Answer, premium};
use crate::locate::locate;
use crate::output::Outcome;
use crate::session::Session;
use crate::views;
use anyhow::Result;
use clap::Args;

/// Arguments of `network-rule list`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr network-rule list -n contoso --query \"ipRules[].ipAddressOrRange\" -o tsv")]
pub struct ListArgs {
    #[command(flatten)]
    registry: RegistryArgs,
}

pub async fn run(args: &ListArgs, session: &Session) -> Result<Answer> {
    let (name, group) = args.registry.resolve(session)?;
    let location = locate(&name, group.as_deref(), session).await?;
    let registry = location.registry(session.arm().await?).await?;
    let registry = premium(registry, NEEDS_PREMIUM)?;
    Ok(Answer::Value(Outcome::new(views::network_rules::list(&registry))))
}
