//! `show-endpoints`: the hosts that clients of a registry talk to.

use super::{Answer, RegistryArgs};
use crate::arm::{EnabledState, Registry, Replication};
use crate::context::Context;
use crate::endpoints::{Endpoint, Endpoints};
use crate::error::UserError;
use crate::output::Outcome;
use crate::registry_name::RegistryName;
use crate::view;
use anyhow::{Context as _, Result};
use clap::Args;

/// Examples under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  az-acr show-endpoints -n contoso
  az-acr show-endpoints -n contoso --query \"dataEndpoints[].endpoint\" -o tsv";

/// Arguments of `show-endpoints`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ShowEndpointsArgs {
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Shows the endpoints of a registry.
///
/// # Errors
/// No such registry, ARM refuses, or its answer lacks what endpoints are made of.
pub async fn run(args: &ShowEndpointsArgs, ctx: &Context) -> Result<Answer> {
    let name = ctx.registry_name(args.registry.name.as_deref())?;
    let group = ctx.resource_group(args.registry.resource_group.as_deref())?;
    let (registry, replications) = ctx
        .with_registry(&name, group.as_deref(), async |arm, of| {
            let registry = arm.get_registry(of).await?;
            let replications = if has_data_endpoints(&registry) {
                Vec::new()
            } else {
                arm.list_replications(of).await?
            };
            Ok((registry, replications))
        })
        .await?;
    if !has_data_endpoints(&registry) {
        ctx.streams.warning(&format!(
            "To configure client firewall w/o using wildcard storage blob urls, use \"az acr update --name {name} \
             --data-endpoint-enabled\" to enable dedicated data endpoints."
        ));
    }
    let suffix = ctx.cloud()?.storage_suffix.as_deref();
    let endpoints = endpoints(&name, &registry, &replications, suffix)?;
    let value = serde_json::to_value(&endpoints).context("endpoints are plain text")?;
    Ok(Answer::Value(Outcome::new(value).with_table(view::endpoint_rows)))
}

fn has_data_endpoints(registry: &Registry) -> bool {
    registry.properties.as_ref().and_then(|p| p.data_endpoint_enabled) == Some(true)
}

fn endpoints(
    name: &RegistryName,
    registry: &Registry,
    replications: &[Replication],
    storage_suffix: Option<&str>,
) -> Result<Endpoints, UserError> {
    let missing = |field: &str| {
        UserError::new(format!(
            "Azure Resource Manager's answer for the registry '{name}' has no {field}."
        ))
    };
    let properties = registry.properties.as_ref().ok_or_else(|| missing("properties"))?;
    let of_hosts = |hosts: &Option<Vec<String>>, field: &str| {
        let hosts = hosts.as_ref().ok_or_else(|| missing(field))?;
        Ok(hosts.iter().map(|host| Endpoint::of_host(host)).collect())
    };
    let data_endpoints = if has_data_endpoints(registry) {
        of_hosts(&properties.data_endpoint_host_names, "dataEndpointHostNames")?
    } else {
        let suffix = storage_suffix.ok_or_else(|| {
            UserError::new("This cloud has no storage suffix.")
                .hint("Run 'az cloud update --suffix-storage-endpoint' to set it.")
        })?;
        let mut regions: Vec<Option<&str>> =
            replications.iter().map(|r| r.location.as_deref()).collect();
        if regions.is_empty() {
            regions.push(registry.location.as_deref());
        }
        let endpoint = |region: Option<&str>| {
            Ok(Endpoint::storage_wildcard(region.ok_or_else(|| missing("location"))?, suffix))
        };
        regions.into_iter().map(endpoint).collect::<Result<_, UserError>>()?
    };
    let regional_endpoints = match &properties.regional_endpoints {
        Some(EnabledState::Enabled) => {
            Some(of_hosts(&properties.regional_endpoint_host_names, "regionalEndpointHostNames")?)
        }
        _ => None,
    };
    Ok(Endpoints {
        login_server: properties.login_server.clone().ok_or_else(|| missing("loginServer"))?,
        data_endpoints,
        regional_endpoints,
    })
}
