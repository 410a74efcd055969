//! `replication create`.

use super::{NEEDS_PREMIUM, answer};
use crate::arm::{
    EnabledState, Registry, ReplicationCreateParameters, ReplicationPropertiesParameters,
};
use crate::commands::{Answer, BOOL, OfRegistryArgs, PolicyArgs, boolean, one_of, premium, tags};
use crate::context::Context;
use crate::endpoints;
use crate::error::UserError;
use crate::regions;
use anyhow::Result;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// Arguments of `replication create`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr replication create -r contoso -l japaneast
  az-acr replication create -r contoso -l \"West Europe\" --global-endpoint-routing false")]
pub struct CreateArgs {
    /// Region, e.g. japaneast or 'Japan East' [default: az's]
    #[arg(short, long, value_name = "REGION")]
    location: Option<String>,

    /// Name of the replica [default: the region's]
    #[arg(short, long, value_name = "REPLICA", value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,

    #[command(flatten)]
    of: OfRegistryArgs,

    /// Route the global endpoint's requests to it
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true)]
    global_endpoint_routing: Option<bool>,

    /// Spread over zones (preview)
    #[arg(long, value_name = "Disabled|Enabled", value_parser = one_of(&["Disabled", "Enabled"]), ignore_case = true, hide_possible_values = true)]
    zone_redundancy: Option<String>,

    /// Tags: key[=value] …
    #[arg(long, value_name = "TAG", num_args = 0.., action = clap::ArgAction::Set)]
    tags: Option<Vec<String>>,

    #[command(flatten)]
    _policy: PolicyArgs,
}

pub async fn run(args: &CreateArgs, ctx: &Context) -> Result<Answer> {
    ctx.warn_of_preview(&[("zone_redundancy", "--zone-redundancy")]);
    let (name, group) = args.of.resolve(ctx)?;
    let location = match &args.location {
        Some(location) => location.clone(),
        None => ctx.config.default_for("location")?.ok_or_else(|| {
            UserError::usage("the following arguments are required: --location/-l")
        })?,
    };
    // A display name is sent as the short one; a name that only ARM may know is sent as it is.
    let location = regions::find(&location).map_or(location, str::to_owned);
    let short = regions::short_name(&location);
    let replica = args.name.clone().unwrap_or_else(|| short.clone());
    let parameters = ReplicationCreateParameters {
        location: location.clone(),
        tags: args.tags.as_deref().map(tags),
        properties: ReplicationPropertiesParameters {
            region_endpoint_enabled: args.global_endpoint_routing,
            zone_redundancy: args.zone_redundancy.clone().map(EnabledState::from),
        },
    };
    let replication = ctx
        .with_registry(&name, group.as_deref(), async |arm, of| {
            let registry = premium(arm.get_registry(of).await?, NEEDS_PREMIUM)?;
            if registry.location.as_deref() == Some(&short) {
                let message = "Replication could not be created in the same location as the registry.";
                return Err(UserError::new(message).into());
            }
            let state = arm.begin_create_replication(of, &replica, &parameters).await?;
            if let Some(host) = new_data_endpoint(&registry, &short) {
                ctx.streams.note(&format!(
                    "Pulls will be routed to {short}. The firewalls of clients must let them reach {host}."
                ));
            }
            let look = format!("az-acr replication show -r {name} -n {replica} --query status");
            ctx.wait(state, &format!("Replicating {name} to {short}"), &look).await
        })
        .await?;
    Ok(answer(&replication))
}

/// The host that clients need with the new region, when the registry has dedicated data endpoints.
fn new_data_endpoint(registry: &Registry, region: &str) -> Option<String> {
    let properties = registry.properties.as_ref()?;
    let login_server = properties.login_server.as_deref()?;
    (properties.data_endpoint_enabled == Some(true))
        .then(|| endpoints::host(login_server, region, endpoints::DATA))
        .flatten()
}
