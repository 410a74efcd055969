//! `show-endpoints`: the hosts that clients of a registry talk to.

use super::{Answer, PolicyArgs, RegistryArgs, registry_and_replications};
use crate::arm::{EnabledState, Registry, Replication, SkuName};
use crate::context::Context;
use crate::endpoints::{Endpoint, Endpoints};
use crate::error::UserError;
use crate::output::Outcome;
use crate::regions;
use crate::registry_name::RegistryName;
use crate::view;
use anyhow::{Context as _, Result};
use clap::Args;

/// Examples under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  az-acr show-endpoints -n contoso
  az-acr show-endpoints -n contoso --query \"dataEndpoints[].endpoint\" -o tsv
  az-acr show-endpoints -n contoso --planned --with-region japaneast";

/// Arguments of `show-endpoints`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ShowEndpointsArgs {
    #[command(flatten)]
    registry: RegistryArgs,

    /// Show the endpoints that there will be with dedicated data endpoints
    #[arg(long)]
    planned: bool,

    /// Plan for replicas in these regions, too
    #[arg(long, value_name = "REGION", num_args = 1.., requires = "planned")]
    with_region: Vec<String>,

    /// Plan for regional endpoints, too
    #[arg(long, requires = "planned")]
    regional_endpoints: bool,

    #[command(flatten)]
    _policy: PolicyArgs,
}

/// Shows the endpoints of a registry.
///
/// # Errors
/// No such registry, ARM refuses, or its answer lacks what endpoints are made of.
pub async fn run(args: &ShowEndpointsArgs, ctx: &Context) -> Result<Answer> {
    let (name, group) = args.registry.resolve(ctx)?;
    if args.planned {
        let regions = find_regions(&args.with_region)?;
        let endpoints =
            planned(&name, group.as_deref(), &regions, args.regional_endpoints, ctx).await?;
        return answer(&endpoints);
    }
    let endpoints = current(&name, group.as_deref(), ctx).await?;
    if !endpoints.has_dedicated_data() {
        ctx.streams.warning(&format!(
            "To configure client firewall w/o using wildcard storage blob urls, use \"az acr update --name {name} \
             --data-endpoint-enabled\" to enable dedicated data endpoints."
        ));
    }
    answer(&endpoints)
}

fn answer(endpoints: &Endpoints) -> Result<Answer> {
    let value = serde_json::to_value(endpoints).context("endpoints are plain text")?;
    Ok(Answer::Value(Outcome::new(value).with_table(view::endpoint_rows)))
}

/// Short names of regions.
///
/// # Errors
/// A region that does not exist; the nearest one is suggested.
pub fn find_regions(names: &[String]) -> Result<Vec<&'static str>> {
    let find =
        |name: &String| regions::find(name).map_err(|e| UserError::new(e.to_string()).into());
    names.iter().map(find).collect()
}

/// The endpoints that a registry will have with dedicated data endpoints, and replicas in more regions.
///
/// # Errors
/// No such registry, or ARM refuses.
pub async fn planned(
    name: &RegistryName,
    group: Option<&str>,
    with_regions: &[&'static str],
    with_regional: bool,
    ctx: &Context,
) -> Result<Endpoints> {
    let (registry, replications) = registry_and_replications(name, group, ctx).await?;
    let missing = |field: &str| missing(name, field);
    let properties = registry.properties.as_ref().ok_or_else(|| missing("properties"))?;
    let login_server = properties.login_server.as_deref().ok_or_else(|| missing("loginServer"))?;
    let home = registry.location.as_deref().ok_or_else(|| missing("location"))?;
    let replicas = replications.iter().filter_map(|replica| replica.location.as_deref());
    let regions = replicas.chain([home]).chain(with_regions.iter().copied());
    let regional = with_regional || properties.regional_endpoints == Some(EnabledState::Enabled);
    let sku = registry.sku.as_ref().and_then(|sku| sku.name.clone());
    if let Some(sku) = sku.filter(|sku| *sku != SkuName::Premium) {
        ctx.streams.warning(&format!(
            "The registry '{name}' has the {} SKU. Dedicated data endpoints and replicas need 'az-acr update --name \
             {name} --sku Premium' first.",
            String::from(sku)
        ));
    }
    let planned = Endpoints::planned(login_server, regions, regional);
    planned.with_context(|| format!("'{login_server}' is no name of a login server"))
}

/// The endpoints that a registry has.
///
/// # Errors
/// No such registry, ARM refuses, or its answer lacks what endpoints are made of.
pub async fn current(name: &RegistryName, group: Option<&str>, ctx: &Context) -> Result<Endpoints> {
    let (registry, replications) = ctx
        .with_registry(name, group, async |arm, of| {
            let registry = arm.get_registry(of).await?;
            let replications = if has_data_endpoints(&registry) {
                Vec::new()
            } else {
                arm.list_replications(of).await?
            };
            Ok((registry, replications))
        })
        .await?;
    let suffix = ctx.cloud()?.storage_suffix.as_deref();
    Ok(endpoints(name, &registry, &replications, suffix)?)
}

fn missing(name: &RegistryName, field: &str) -> UserError {
    UserError::new(format!(
        "Azure Resource Manager's answer for the registry '{name}' has no {field}."
    ))
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
    let missing = |field: &str| missing(name, field);
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
