//! `replication`: the replicas of a registry.

mod create;
mod delete;
mod list;
mod show;
mod update;

use super::{Answer, OfRegistryArgs};
use crate::context::Context;
use crate::output::Outcome;
use crate::view;
use anyhow::Result;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

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
    Create(create::CreateArgs),
    /// Change a replica
    Update(update::UpdateArgs),
    /// Delete a replica
    Delete(delete::DeleteArgs),
}

/// A replica of a registry.
#[derive(Debug, Clone, Args)]
struct ReplicaArgs {
    /// Name of the replica: the region's, unless it was given another
    #[arg(short, long, value_name = "REPLICA", value_parser = NonEmptyStringValueParser::new())]
    name: String,

    #[command(flatten)]
    of: OfRegistryArgs,
}

/// Runs a command on replicas.
///
/// # Errors
/// No such registry or replica, or ARM refuses.
pub async fn run(args: &ReplicationArgs, ctx: &Context) -> Result<Answer> {
    match &args.command {
        ReplicationCommand::List(args) => list::run(args, ctx).await,
        ReplicationCommand::Show(args) => show::run(args, ctx).await,
        ReplicationCommand::Create(args) => create::run(args, ctx).await,
        ReplicationCommand::Update(args) => update::run(args, ctx).await,
        ReplicationCommand::Delete(args) => delete::run(args, ctx).await,
    }
}

const NEEDS_PREMIUM: &str =
    "Replications are only supported for managed registries in Premium SKU.";

fn answer(replication: &crate::arm::Replication) -> Answer {
    let value = view::replication(replication);
    Answer::Value(Outcome::new(value).with_table(view::replication_rows))
}
