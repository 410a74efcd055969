//! `replication update`.

use super::{ReplicaArgs, answer};
use crate::arm::{ReplicationPropertiesParameters, ReplicationUpdateParameters};
use crate::commands::{Answer, BOOL, GenericUpdateArgs, PolicyArgs, boolean, tags};
use crate::context::Context;
use crate::error::UserError;
use crate::generic_update;
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

    /// Route the global endpoint's requests to it
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true)]
    global_endpoint_routing: Option<bool>,

    /// Tags: key[=value] …; '' removes all
    #[arg(long, value_name = "TAG", num_args = 0.., action = clap::ArgAction::Set)]
    tags: Option<Vec<String>>,

    #[command(flatten)]
    generic: GenericUpdateArgs,

    #[command(flatten)]
    _policy: PolicyArgs,
}

pub async fn run(args: &UpdateArgs, ctx: &Context) -> Result<Answer> {
    let (name, group) = args.replica.of.resolve(ctx)?;
    let parameters = ReplicationUpdateParameters {
        tags: args.tags.as_deref().map(tags),
        properties: ReplicationPropertiesParameters {
            region_endpoint_enabled: args.global_endpoint_routing,
            zone_redundancy: None,
        },
    };
    let mut body = serde_json::to_value(parameters).unwrap_or_default();
    let steps = GenericUpdateArgs::steps(ctx);
    generic_update::apply(
        &mut body,
        generic_update::REPLICATION,
        &steps,
        args.generic.force_string,
    )
    .map_err(|e| UserError::new(e.to_string()))?;
    let replica = &args.replica.name;
    let replication = ctx
        .with_registry(&name, group.as_deref(), async |arm, of| {
            let state = arm.begin_update_replication(of, replica, &body).await?;
            let look = format!("az-acr replication show -r {name} -n {replica} --query status");
            ctx.wait(state, &format!("Updating {replica}"), &look).await
        })
        .await?;
    Ok(answer(&replication))
}
