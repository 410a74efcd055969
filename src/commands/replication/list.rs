//! `replication list`.

use super::NEEDS_PREMIUM;
use crate::commands::args::OfRegistryArgs;
use crate::commands::endpoint_source::registry_and_replications;
use crate::commands::{Answer, premium};
use crate::locate::locate;
use crate::output::Outcome;
use crate::session::Session;
use crate::views;
use anyhow::Result;
use clap::Args;

/// Arguments of `replication list`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr replication list -r contoso -o table")]
pub struct ListArgs {
    #[command(flatten)]
    of: OfRegistryArgs,
}

pub async fn run(args: &ListArgs, session: &Session) -> Result<Answer> {
    let (name, group) = args.of.resolve(super::REGISTRY, session)?;
    let location = locate(&name, group.as_deref(), session).await?;
    let (registry, replications) = registry_and_replications(&location, session).await?;
    premium(registry, NEEDS_PREMIUM)?;
    let outcome = Outcome::new(replications.iter().map(views::replication::json).collect());
    Ok(Answer::Value(outcome.with_table(move || views::replication::rows(&replications))))
}
