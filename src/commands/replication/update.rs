//! `replication update`.

use super::{ReplicaArgs, answer};
use crate::arm::{ReplicationPropertiesUpdate, ReplicationUpdateParameters};
use crate::commands::Answer;
use crate::commands::args::{BOOL, GenericUpdateArgs, PolicyArgs, boolean, tags};
use crate::commands::progress::complete;
use crate::locate::locate;
use crate::patch;
use crate::session::Session;
use anyhow::Result;
use clap::Args;

/// Arguments of `replication update`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr replication update -r contoso -n westus --global-endpoint-routing false")]
pub struct UpdateArgs {
    #[command(flatten)]
    replica: ReplicaArgs,

    /// Serves the global endpoint
    ///
    /// `true` or `false`: whether requests to the global endpoint are routed to this replica.
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true)]
    global_endpoint_routing: Option<bool>,

    /// Tags: key[=value] …; '' removes all
    #[arg(long, value_name = "TAG", num_args = 0.., action = clap::ArgAction::Set)]
    tags: Option<Vec<String>>,

    #[command(flatten)]
    generic: GenericUpdateArgs,

    #[command(flatten)]
    policy: PolicyArgs,
}

pub async fn run(args: &UpdateArgs, session: &Session) -> Result<Answer> {
    session.use_policy_token(args.policy.token());
    let (name, group) = args.replica.of.resolve(super::REGISTRY, session)?;
    let properties = ReplicationPropertiesUpdate {
        region_endpoint_enabled: args.global_endpoint_routing.map(Into::into),
    };
    let parameters = ReplicationUpdateParameters {
        tags: args.tags.as_deref().map(|items| tags(items).into()),
        properties: Some(properties.into()),
    };
    let GenericUpdateArgs { steps, force_string } = &args.generic;
    let parameters = patch::apply(&parameters, patch::REPLICATION, steps, *force_string)?;
    let replica = &args.replica.name;
    let location = locate(&name, group.as_deref(), session).await?;
    let arm = session.arm().await?;
    let request = arm.begin_update_replication(location.path(), replica, &parameters);
    let look = format!("az-acr replication show -r {name} -n {replica} --query status");
    Ok(answer(complete(request, &format!("Updating {replica}"), &look, session).await?))
}
