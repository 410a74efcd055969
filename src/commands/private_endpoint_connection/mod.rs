//! `private-endpoint-connection`: the connections from private endpoints to a registry.

mod approve;
mod delete;
mod list;
mod reject;
mod show;

use super::Answer;
use super::args::{OfRegistryArgs, PolicyArgs};
use super::progress::complete;
use crate::arm::PrivateEndpointConnection;
use crate::locate::locate;
use crate::output::Outcome;
use crate::session::Session;
use crate::views;
use anyhow::Result;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

/// What `az` calls the option for the registry here.
const REGISTRY: &str = "--registry-name/-r";

/// Arguments of `private-endpoint-connection`.
#[derive(Debug, Clone, Args)]
pub struct PrivateEndpointConnectionArgs {
    #[command(subcommand)]
    command: ConnectionCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum ConnectionCommand {
    /// List the private endpoint connections of a registry
    List(list::ListArgs),
    /// Show a private endpoint connection
    Show(show::ShowArgs),
    /// Approve a private endpoint connection
    Approve(approve::ApproveArgs),
    /// Reject a private endpoint connection
    Reject(reject::RejectArgs),
    /// Delete a private endpoint connection
    Delete(delete::DeleteArgs),
}

/// A private endpoint connection of a registry.
#[derive(Debug, Clone, Args)]
struct ConnectionArgs {
    /// Name of the private endpoint connection
    #[arg(short, long, value_name = "CONNECTION", value_parser = NonEmptyStringValueParser::new())]
    name: String,

    #[command(flatten)]
    of: OfRegistryArgs,
}

/// Runs a command on private endpoint connections.
///
/// # Errors
/// Fails if the registry or connection does not exist, or ARM rejects a request.
pub async fn run(args: &PrivateEndpointConnectionArgs, session: &Session) -> Result<Answer> {
    match &args.command {
        ConnectionCommand::List(args) => list::run(args, session).await,
        ConnectionCommand::Show(args) => show::run(args, session).await,
        ConnectionCommand::Approve(args) => approve::run(args, session).await,
        ConnectionCommand::Reject(args) => reject::run(args, session).await,
        ConnectionCommand::Delete(args) => delete::run(args, session).await,
    }
}

/// Sets the status of a connection: reads it, and writes it back with the new status.
async fn set_status(
    args: &ConnectionArgs,
    status: &str,
    description: Option<&str>,
    policy: &PolicyArgs,
    session: &Session,
) -> Result<Answer> {
    session.use_policy_token(policy.token());
    let (name, group) = args.of.resolve(REGISTRY, session)?;
    let location = locate(&name, group.as_deref(), session).await?;
    let arm = session.arm().await?;
    let current = arm.get_private_endpoint_connection(location.path(), &args.name).await?;
    let body = with_status(&current, status, description);
    let request = arm.begin_put_private_endpoint_connection(location.path(), &args.name, &body);
    let look = format!("az-acr private-endpoint-connection show -r {name} -n {}", args.name);
    Ok(answer(complete(request, &format!("Updating {}", args.name), &look, session).await?))
}

/// The part of a connection that callers may write, with the new status.
fn with_status(
    current: &PrivateEndpointConnection,
    status: &str,
    description: Option<&str>,
) -> Value {
    let properties = current.properties.as_ref();
    let state = properties.and_then(|p| p.private_link_service_connection_state.as_ref());
    let mut changed = Map::from_iter([("status".to_owned(), json!(status))]);
    if let Some(description) = description {
        changed.insert("description".to_owned(), json!(description));
    }
    if let Some(required) = state.and_then(|state| state.actions_required.as_ref()) {
        changed.insert("actionsRequired".to_owned(), json!(required));
    }
    let mut body = json!({"properties": {"privateLinkServiceConnectionState": changed}});
    if let Some(endpoint) = properties.and_then(|p| p.private_endpoint.as_ref()) {
        body["properties"]["privateEndpoint"] = json!({"id": endpoint.id});
    }
    body
}

fn answer(connection: PrivateEndpointConnection) -> Answer {
    let outcome = Outcome::new(views::private_endpoint_connection::json(&connection));
    let rows = move || views::private_endpoint_connection::rows(&[connection]);
    Answer::Value(outcome.with_table(rows))
}
