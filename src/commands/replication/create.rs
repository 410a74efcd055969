//! `replication create`.

use super::{NEEDS_PREMIUM, answer};
use crate::arm::{
    EnabledState, Registry, ReplicationCreateParameters, ReplicationCreateProperties,
};
use crate::commands::args::{BOOL, InOrder, OfRegistryArgs, PolicyArgs, boolean, one_of, tags};
use crate::commands::progress::complete;
use crate::commands::{Answer, premium};
use crate::domain::endpoints::data_endpoint;
use crate::domain::{Endpoint, Fqdn, regions};
use crate::error::UserError;
use crate::locate::locate;
use crate::message::Code;
use crate::session::Session;
use anyhow::Result;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// Arguments of `replication create`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr replication create -r contoso -l japaneast
  az-acr replication create -r contoso -l \"West Europe\" --tags team=web")]
pub struct CreateArgs {
    /// Region, e.g. japaneast
    ///
    /// A short or a display name.
    #[arg(short, long, value_name = "REGION")]
    location: Option<String>,

    /// Name [default: the region's]
    #[arg(short, long, value_name = "REPLICA", value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,

    #[command(flatten)]
    of: OfRegistryArgs,

    /// Serves the global endpoint
    ///
    /// `true` or `false`: whether requests to the global endpoint are routed to this replica.
    #[arg(long, value_name = BOOL, num_args = 0..=1, default_missing_value = "true", value_parser = boolean(), ignore_case = true, hide_possible_values = true)]
    global_endpoint_routing: Option<bool>,

    /// Disabled or Enabled (preview)
    ///
    /// Whether the replica is spread over availability zones.
    #[arg(long, value_name = "STATE", value_parser = one_of(&["Disabled", "Enabled"]), ignore_case = true, hide_possible_values = true)]
    zone_redundancy: Option<String>,

    /// Tags: key[=value] …
    #[arg(long, value_name = "TAG", num_args = 0.., action = clap::ArgAction::Set)]
    tags: Option<Vec<String>>,

    #[command(flatten)]
    policy: PolicyArgs,
}

pub async fn run(args: &InOrder<CreateArgs>, session: &Session) -> Result<Answer> {
    args.warn_of_preview(&["--zone-redundancy"], &session.streams);
    let args = &args.args;
    session.use_policy_token(args.policy.token());
    let (name, group) = args.of.resolve(super::REGISTRY, session)?;
    let location = match &args.location {
        Some(location) => location.clone(),
        None => session.config.default_for("location")?.ok_or_else(|| {
            UserError::usage("the following arguments are required: --location/-l")
        })?,
    };
    // A display name is sent as the short name; a region that only ARM knows is sent unchanged.
    let region = regions::find(&location).map_or(location, str::to_owned);
    let short = regions::short_name(&region);
    let replica = args.name.clone().unwrap_or_else(|| short.clone());
    let parameters = ReplicationCreateParameters {
        location: region,
        tags: args.tags.as_deref().map(tags),
        properties: ReplicationCreateProperties {
            region_endpoint_enabled: args.global_endpoint_routing,
            zone_redundancy: args.zone_redundancy.clone().map(EnabledState::from),
        },
    };
    let location = locate(&name, group.as_deref(), session).await?;
    let arm = session.arm().await?;
    let registry = premium(location.registry(arm).await?, NEEDS_PREMIUM)?;
    if registry.location.as_deref() == Some(&short) {
        let message = "Replication could not be created in the same location as the registry.";
        return Err(UserError::new(message).into());
    }
    let request = async {
        let state = arm.begin_create_replication(location.path(), &replica, &parameters).await?;
        tell_of_new_host(&registry, &short, session);
        Ok(state)
    };
    let look = format!("az-acr replication show -r {name} -n {replica} --query status");
    let doing = format!("Replicating {name} to {short}");
    Ok(answer(complete(request, &doing, &look, session).await?))
}

/// Names the host that clients need as soon as the region has a replica.
fn tell_of_new_host(registry: &Registry, region: &str, session: &Session) {
    if let Some(endpoint) = new_data_endpoint(registry, region) {
        session.streams.note(
            Code::NewHosts,
            &format!(
                "Pulls will be routed to {region}. Client firewalls must allow {}.",
                endpoint.host
            ),
        );
    }
}

/// The host that clients need for the new region, if the registry has dedicated data endpoints.
fn new_data_endpoint(registry: &Registry, region: &str) -> Option<Endpoint> {
    let properties = registry.properties.as_ref()?;
    let login_server = Fqdn::parse(properties.login_server.as_deref()?).ok()?;
    (properties.data_endpoint_enabled == Some(true))
        .then(|| data_endpoint(&login_server, region).ok())
        .flatten()
}
