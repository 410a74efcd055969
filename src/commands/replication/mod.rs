//! `replication`: the replicas of a registry.

mod create;
mod delete;
mod list;
mod show;
mod update;

use super::Answer;
use super::args::{InOrder, OfRegistryArgs};
use crate::arm::Replication;
use crate::output::Outcome;
use crate::session::Session;
use crate::views;
use anyhow::Result;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

/// What `az` calls the option for the registry here.
const REGISTRY: &str = "--registry/-r";

/// Arguments of `replication`.
#[derive(Debug, Clone, Args)]
pub struct ReplicationArgs {
    #[command(subcommand)]
    command: ReplicationCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum ReplicationCommand {
    /// List the replicas of a registry
    List(list::ListArgs),
    /// Show a replica
    Show(show::ShowArgs),
    /// Replicate a registry to another region
    Create(InOrder<create::CreateArgs>),
    /// Change a replica
    Update(update::UpdateArgs),
    /// Delete a replica
    Delete(delete::DeleteArgs),
}

/// A replica of a registry.
#[derive(Debug, Clone, Args)]
struct ReplicaArgs {
    /// Name; usually the region's
    #[arg(short, long, value_name = "REPLICA", value_parser = NonEmptyStringValueParser::new())]
    name: String,

    #[command(flatten)]
    of: OfRegistryArgs,
}

/// Runs a command on replicas.
///
/// # Errors
/// Fails if the registry or replica does not exist, or ARM rejects a request.
pub async fn run(args: &ReplicationArgs, session: &Session) -> Result<Answer> {
    match &args.command {
        ReplicationCommand::List(args) => list::run(args, session).await,
        ReplicationCommand::Show(args) => show::run(args, session).await,
        ReplicationCommand::Create(args) => create::run(args, session).await,
        ReplicationCommand::Update(args) => update::run(args, session).await,
        ReplicationCommand::Delete(args) => delete::run(args, session).await,
    }
}

const NEEDS_PREMIUM: &str =
    "Replications are only supported for managed registries in Premium SKU.";

fn answer(replication: Replication) -> Answer {
    let outcome = Outcome::new(views::replication::json(&replication));
    Answer::Value(outcome.with_table(move || views::replication::rows(&[replication])))
}
