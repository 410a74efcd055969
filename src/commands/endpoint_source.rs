//! Where commands get endpoints from: Azure, for one or more registries, or the output of `show-endpoints`.

use super::args::find_regions;
use super::fleet::{Filter, FleetArgs};
use super::input::{self, shown};
use crate::arm::{EnabledState, Registry, RegistryQuery, Replication, SkuName};
use crate::domain::{CurrentRegistry, Endpoints, Fqdn, HostPattern, Regional, RegistryName};
use crate::error::UserError;
use crate::fleet::FleetRegistry;
use crate::locate::{Location, hints, locate_with};
use crate::message::Code;
use crate::session::Session;
use crate::views::endpoints::EndpointsJson;
use anyhow::Result;
use futures::StreamExt as _;
use std::collections::HashSet;

/// The maximum size of a file of endpoints, in bytes.
const MAX_FILE: usize = 512 << 20;
/// How many registries are named in a warning.
const MAX_NAMED: usize = 5;
/// How many registries are read from Azure at the same time.
const CONCURRENT: usize = 8;

/// Changes to a registry that determine its planned endpoints.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Regions of planned replicas.
    pub with_regions: Vec<&'static str>,
    /// Whether regional endpoints are planned.
    pub regional: bool,
}

impl Plan {
    /// The plan of `--planned`, `--with-region` and `--regional-endpoints`, if there is one.
    ///
    /// # Errors
    /// There is no such region.
    pub fn of_args(planned: bool, with_region: &[String], regional: bool) -> Result<Option<Self>> {
        let with_regions = find_regions(with_region)?;
        Ok(planned.then_some(Self { with_regions, regional }))
    }
}

/// A registry in Azure and its endpoints.
#[derive(Debug, Clone)]
pub struct RegistryEndpoints {
    /// The name, as the user wrote it.
    pub name: RegistryName,
    /// The resource id.
    pub id: String,
    /// Its endpoints.
    pub endpoints: Endpoints,
}

/// The endpoints of registries in Azure, in the order of the names.
///
/// # Arguments
/// * `names` - names or login servers; if empty, the default registry.
/// * `group` - `--resource-group`.
/// * `plan` - if given, the planned endpoints are returned instead of the current ones.
///
/// # Errors
/// Fails if a name is invalid, a registry does not exist, or ARM rejects a request. Names are checked first.
pub async fn from_azure(
    names: &[String],
    group: Option<&str>,
    plan: Option<&Plan>,
    session: &Session,
) -> Result<Vec<RegistryEndpoints>> {
    let group = session.resource_group(group)?;
    let names = if names.is_empty() {
        vec![session.registry_name(None)?]
    } else {
        names.iter().map(|name| session.registry_name(Some(name))).collect::<Result<_>>()?
    };
    // Create the client and its login once, before many requests need them.
    session.arm().await?;
    let hints = hints(&session.env);
    let of_registry = async |name: RegistryName| {
        let location = locate_with(&hints, &name, group.as_deref(), session).await?;
        let endpoints = match plan {
            Some(plan) => planned(&location, &name, plan, session).await?,
            None => current(&location, &name, session).await?,
        };
        Ok(RegistryEndpoints { name, id: location.path().id(), endpoints })
    };
    let requests = names.into_iter().map(of_registry);
    let results: Vec<Result<RegistryEndpoints>> =
        futures::stream::iter(requests).buffered(CONCURRENT).collect().await;
    hints.save();
    results.into_iter().collect()
}

/// The endpoints of the registries of a fleet, sorted by resource id.
///
/// # Arguments
/// * `fleet` - where to look.
/// * `names` - names or login servers; if empty, all registries.
/// * `group` - `--resource-group`.
/// * `plan` - if given, the planned endpoints are returned instead of the current ones.
///
/// # Errors
/// Something could not be read, or Azure does not say which endpoints a registry has.
pub async fn from_fleet(
    fleet: &FleetArgs,
    names: &[String],
    group: Option<&str>,
    plan: Option<&Plan>,
    session: &Session,
) -> Result<Vec<Endpoints>> {
    let query = RegistryQuery {
        names: super::fleet::registry_names(names, session)?,
        groups: group.into_iter().map(str::to_owned).collect(),
        ..RegistryQuery::default()
    };
    let filter = Filter { query, ..Filter::default() };
    let registries = super::fleet::read_all(fleet, &filter, session).await?;
    if registries.is_empty() {
        return Err(UserError::new("There is no registry in what was read.").into());
    }
    let mut all = Vec::new();
    let mut unknown = Vec::new();
    for registry in &registries {
        let endpoints = match plan {
            Some(plan) => match registry.planned() {
                Some(planned) => Some(planned.plan(&plan.with_regions, plan.regional)?),
                None => None,
            },
            None => registry.endpoints(),
        };
        match endpoints {
            Some(endpoints) => all.push(endpoints),
            None => unknown.push(registry.name.as_str()),
        }
    }
    warn_of_fleet(&registries, &all, plan, session);
    match unknown.as_slice() {
        [] => Ok(all),
        [first, ..] => {
            let message = format!(
                "Resource Graph does not say which endpoints {} of {} registries have, e.g. '{first}'.",
                unknown.len(),
                registries.len()
            );
            Err(UserError::new(message).hint("To ask Azure Resource Manager: --verify").into())
        }
    }
}

/// The registries whose layers come from the storage wildcard, in words, and the wildcard.
pub fn who_needs_the_wildcard(registries: &[Endpoints]) -> Option<(String, &HostPattern)> {
    let mut seen = HashSet::new();
    let needing: Vec<(&Fqdn, &HostPattern)> = registries
        .iter()
        .filter_map(|of| Some((&of.login_server, &of.storage_wildcard()?.host)))
        .filter(|(login_server, _)| seen.insert(*login_server))
        .collect();
    let (_, wildcard) = needing.first()?;
    let who = if needing.len() <= MAX_NAMED {
        needing.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    } else {
        format!("{} of {} registries", needing.len(), registries.len())
    };
    Some((who, wildcard))
}

/// Warns of what holds for many registries, once.
fn warn_of_fleet(
    registries: &[FleetRegistry],
    endpoints: &[Endpoints],
    plan: Option<&Plan>,
    session: &Session,
) {
    let all = registries.len();
    let unknown = endpoints.iter().filter(|of| of.regional == Regional::Unknown).count();
    if unknown > 0 {
        session.streams.warning(Code::NotRead, &format!(
            "Resource Graph does not say whether {unknown} of {all} registries have regional endpoints, so they are \
             left out. --verify asks Azure Resource Manager."
        ));
    }
    let others =
        registries.iter().filter(|r| r.sku.as_ref().is_some_and(SkuName::is_below_premium));
    let others = others.count();
    if plan.is_some() && others > 0 {
        session.streams.warning(Code::Sku, &format!(
            "{others} of {all} registries do not have the Premium SKU, which dedicated data endpoints need."
        ));
    }
}

/// The endpoints that a registry has.
async fn current(location: &Location, name: &RegistryName, session: &Session) -> Result<Endpoints> {
    let arm = session.arm().await?;
    let registry = location.registry(arm).await?;
    let replications = if has_data_endpoints(&registry) {
        Vec::new()
    } else {
        arm.list_replications(location.path()).await?
    };
    let suffix = session.cloud()?.storage_suffix.as_deref();
    current_endpoints(name, &registry, &replications, suffix)
}

/// The endpoints that a registry will have with dedicated data endpoints.
async fn planned(
    location: &Location,
    name: &RegistryName,
    plan: &Plan,
    session: &Session,
) -> Result<Endpoints> {
    let (registry, replications) = registry_and_replications(location, session).await?;
    let missing = |field: &str| missing(name, field);
    let properties = registry.properties.as_ref().ok_or_else(|| missing("properties"))?;
    let login_server = properties.login_server.as_deref().ok_or_else(|| missing("loginServer"))?;
    let home = registry.location.as_deref().ok_or_else(|| missing("location"))?;
    let replicas = replications.iter().filter_map(|replica| replica.location.as_deref());
    let regions = replicas.chain([home]).chain(plan.with_regions.iter().copied());
    let regional = plan.regional || properties.regional_endpoints == Some(EnabledState::Enabled);
    if let Some(sku) = super::sku(&registry).filter(|sku| **sku != SkuName::Premium) {
        session.streams.warning(Code::Sku, &format!(
            "The registry '{name}' has the {} SKU. Dedicated data endpoints and replicas need the Premium SKU: \
             az-acr update --name {name} --sku Premium",
            String::from(sku.clone())
        ));
    }
    Ok(Endpoints::planned(&Fqdn::parse(login_server)?, regions, regional)?)
}

/// Reads a registry and its replications concurrently.
///
/// # Errors
/// Fails if ARM rejects a request.
pub async fn registry_and_replications(
    location: &Location,
    session: &Session,
) -> Result<(Registry, Vec<Replication>)> {
    let arm = session.arm().await?;
    let (registry, replications) =
        tokio::join!(location.registry(arm), arm.list_replications(location.path()));
    Ok((registry?, replications?))
}

fn missing(name: &RegistryName, field: &str) -> UserError {
    UserError::new(format!(
        "Azure Resource Manager's answer for the registry '{name}' has no {field}."
    ))
}

fn has_data_endpoints(registry: &Registry) -> bool {
    registry.properties.as_ref().and_then(|p| p.data_endpoint_enabled) == Some(true)
}

fn current_endpoints(
    name: &RegistryName,
    registry: &Registry,
    replications: &[Replication],
    storage_suffix: Option<&str>,
) -> Result<Endpoints> {
    let missing = |field: &str| missing(name, field);
    let properties = registry.properties.as_ref().ok_or_else(|| missing("properties"))?;
    let data_hosts = if has_data_endpoints(registry) {
        let hosts = properties.data_endpoint_host_names.as_deref();
        Some(hosts.ok_or_else(|| missing("dataEndpointHostNames"))?)
    } else {
        None
    };
    let regional_hosts = match &properties.regional_endpoints {
        Some(EnabledState::Enabled) => {
            let hosts = properties.regional_endpoint_host_names.as_deref();
            Some(hosts.ok_or_else(|| missing("regionalEndpointHostNames"))?)
        }
        _ => None,
    };
    let home = registry.location.as_deref();
    let mut regions: Vec<Option<&str>> =
        replications.iter().map(|replication| replication.location.as_deref()).collect();
    if regions.is_empty() {
        regions.push(home);
    }
    let regions: Option<Vec<&str>> = regions.into_iter().collect();
    let storage_suffix = match (storage_suffix, data_hosts) {
        (Some(suffix), _) => suffix,
        (None, Some(_)) => "",
        (None, None) => {
            return Err(UserError::new("This cloud has no storage suffix.")
                .hint("To set it: az cloud update --suffix-storage-endpoint SUFFIX")
                .into());
        }
    };
    Ok(Endpoints::current(CurrentRegistry {
        login_server: properties.login_server.as_deref().ok_or_else(|| missing("loginServer"))?,
        data_hosts,
        regional_hosts,
        regions: &regions.ok_or_else(|| missing("location"))?,
        storage_suffix,
    })?)
}

/// The endpoints in files that `show-endpoints` wrote.
///
/// A file contains an object, a list of objects, or several objects in sequence, as a shell loop writes them.
///
/// # Arguments
/// * `files` - file names; `-` is standard input.
/// * `plan` - if given, the planned endpoints are returned instead of those in the files.
///
/// # Errors
/// Fails if a file cannot be read, is not such output, or contains no registry.
pub fn from_files(
    files: &[String],
    plan: Option<&Plan>,
    session: &Session,
) -> Result<Vec<Endpoints>> {
    let mut registries = Vec::new();
    for file in files {
        let bytes = input::read(file, MAX_FILE, "the output of show-endpoints", session)?;
        let read = parse(bytes, plan.is_some()).map_err(|reason| {
            UserError::new(format!("{} is not the JSON of show-endpoints: {reason}", shown(file)))
                .hint("To create it: az-acr show-endpoints -n NAME > endpoints.json")
        })?;
        if read.is_empty() {
            return Err(UserError::new(format!("{} contains no registry.", shown(file)))
                .hint("To create it: az-acr show-endpoints -n NAME > endpoints.json")
                .into());
        }
        for json in read {
            let endpoints = Endpoints::try_from(json)?;
            if endpoints.data.is_empty() {
                let server = &endpoints.login_server;
                let what = "names no host that layers come from, and every registry has one";
                return Err(UserError::new(format!("{}: {server} {what}.", shown(file)))
                    .hint("To create it: az-acr show-endpoints -n NAME > endpoints.json")
                    .into());
            }
            check_wildcards(&endpoints, file, session)?;
            registries.push(match plan {
                Some(plan) => endpoints.plan(&plan.with_regions, plan.regional)?,
                None => endpoints,
            });
        }
    }
    Ok(registries)
}

/// Refuses a file whose wildcards are not the cloud's own: rules for it would open more than the registry needs.
fn check_wildcards(endpoints: &Endpoints, file: &str, session: &Session) -> Result<()> {
    let own = session.cloud()?.storage_suffix.as_deref().map(|suffix| format!("*.blob.{suffix}"));
    for endpoint in endpoints.iter().filter(|endpoint| endpoint.host.exact().is_none()) {
        let host = endpoint.host.to_string();
        if own.as_deref() != Some(host.as_str()) {
            let message = format!(
                "{}: '{host}' is not a host of {}; the only wildcard of a registry is {}.",
                shown(file),
                endpoints.login_server,
                own.as_deref().unwrap_or("the cloud's storage")
            );
            return Err(UserError::new(message).into());
        }
    }
    Ok(())
}

/// Reads what `show-endpoints` or `list-endpoints` wrote.
///
/// # Arguments
/// * `planned` - whether only the plan matters, so that a list's planned endpoints are as good as the current ones.
fn parse(bytes: Vec<u8>, planned: bool) -> Result<Vec<EndpointsJson>, String> {
    let text = input::decode(bytes).map_err(|_| "it is not text in UTF-8 or UTF-16")?;
    let mut registries = Vec::new();
    for value in serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>() {
        let value = value.map_err(|e| e.to_string())?;
        let mut list = if value.is_array() { value } else { serde_json::Value::Array(vec![value]) };
        for registry in list.as_array_mut().into_iter().flatten() {
            if registry["sku"].is_object() {
                return Err("it is what show and list write".to_owned());
            }
            if planned && registry["plannedDataEndpoints"].is_array() {
                registry["dataEndpoints"] = registry["plannedDataEndpoints"].take();
            }
            if registry.get("dataEndpoints").is_some_and(serde_json::Value::is_null) {
                let name = registry["name"].as_str().unwrap_or_default();
                return Err(format!(
                    "the endpoints of '{name}' are unknown in it; list-endpoints --verify asks for them"
                ));
            }
        }
        let list: Vec<EndpointsJson> = serde_json::from_value(list).map_err(|e| e.to_string())?;
        registries.extend(list);
    }
    Ok(registries)
}
