//! A registry of a fleet: its endpoints, how exposed its clients are, and what to do next.

use crate::arm::{EnabledState, ResourceRow, SkuName};
use crate::domain::regions::short_name;
use crate::domain::{Endpoint, Endpoints, Fqdn, Regional, Role};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Where the clients of a registry get layers from, as far as their firewalls are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Exposure {
    /// From any storage account of the cloud: firewalls must allow the wildcard.
    Wildcard,
    /// Azure did not say.
    Unknown,
    /// From dedicated data endpoints.
    Dedicated,
    /// Over private endpoints only: public access is off.
    Private,
}

impl Exposure {
    /// All of them, the worst first.
    pub const ALL: [Self; 4] = [Self::Wildcard, Self::Unknown, Self::Dedicated, Self::Private];

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wildcard => "wildcard",
            Self::Unknown => "unknown",
            Self::Dedicated => "dedicated",
            Self::Private => "private",
        }
    }
}

/// What to do next, so that the wildcard is no longer needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum NextStep {
    /// Enable dedicated data endpoints.
    Switch,
    /// Upgrade to the Premium SKU first: other SKUs have no dedicated data endpoints.
    UpgradeToPremium,
    /// Get the right to change the registry, or have its lock removed.
    Unlock,
    /// Nothing.
    Nothing,
}

impl NextStep {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Switch => "switch",
            Self::UpgradeToPremium => "upgradeToPremium",
            Self::Unlock => "unlock",
            Self::Nothing => "nothing",
        }
    }
}

/// A property for which Resource Graph and Azure Resource Manager differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// The property.
    pub property: &'static str,
    /// Its value in Resource Graph.
    pub resource_graph: String,
    /// Its value in Azure Resource Manager, which counts.
    pub resource_manager: String,
}

/// What is the same for all registries of a fleet.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The cloud's storage suffix, e.g. `core.windows.net`.
    pub storage_suffix: Option<String>,
}

/// A registry of a fleet. `None` means that Azure did not say.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetRegistry {
    /// The resource id.
    pub id: String,
    /// The registry's name.
    pub name: String,
    /// The subscription's GUID.
    pub subscription_id: String,
    /// The subscription's display name.
    pub subscription_name: Option<String>,
    /// The resource group.
    pub resource_group: String,
    /// The home region.
    pub location: Option<String>,
    /// The SKU.
    pub sku: Option<SkuName>,
    /// Resource tags.
    pub tags: Map<String, Value>,
    /// The global endpoint.
    pub login_server: Option<Fqdn>,
    /// The home region and those of all replicas, sorted.
    pub regions: Option<BTreeSet<String>>,
    /// Where clients get layers from, as `show-endpoints` shows it.
    pub data: Option<Vec<Endpoint>>,
    /// The login servers of single regions.
    pub regional: Regional,
    /// Whether dedicated data endpoints are on.
    pub data_endpoint_enabled: Option<bool>,
    /// `Enabled`, `Disabled`, or a value that this version does not know.
    pub public_network_access: Option<EnabledState>,
    /// What happens to addresses without a rule: `Allow` or `Deny`.
    pub default_action: Option<String>,
    /// Whether images may be exported to other registries: `enabled` or `disabled`.
    pub export_policy: Option<String>,
    /// Whether everyone may pull.
    pub anonymous_pull_enabled: Option<bool>,
    /// Whether the caller lacks the right to change the registry, or a lock forbids it. Only `--verify` knows.
    pub immutable: Option<bool>,
    /// Where Resource Graph and Azure Resource Manager differ. Only `--verify` knows.
    pub differences: Option<Vec<Difference>>,
}

impl FleetRegistry {
    /// Puts a registry together from its row, and the regions of its replications.
    ///
    /// # Arguments
    /// * `row` - the registry.
    /// * `replicas` - the region of each replication, in any order.
    pub fn new(row: ResourceRow, replicas: &[Option<String>], source: &Source) -> Self {
        let location = row.location.as_deref().map(short_name);
        let regions = replicas
            .iter()
            .map(|region| region.as_deref().map(short_name))
            .chain([location.clone()])
            .collect::<Option<BTreeSet<String>>>();
        let login_server = row.login_server.as_deref().and_then(|host| Fqdn::parse(host).ok());
        let data = data_endpoints(&row, regions.as_ref(), source);
        let regional = regional_endpoints(&row);
        Self {
            id: row.id,
            name: row.name,
            subscription_id: row.subscription_id,
            subscription_name: None,
            resource_group: row.resource_group,
            location,
            sku: row.sku,
            tags: row.tags.unwrap_or_default(),
            login_server,
            regions,
            data,
            regional,
            data_endpoint_enabled: row.data_endpoint_enabled,
            public_network_access: row.public_network_access,
            default_action: row.default_action,
            export_policy: row.export_policy,
            anonymous_pull_enabled: row.anonymous_pull_enabled,
            immutable: None,
            differences: None,
        }
    }

    /// The subscription, for people: its name, or its GUID if the name is unknown.
    pub fn subscription(&self) -> &str {
        self.subscription_name.as_deref().unwrap_or(&self.subscription_id)
    }

    /// Where clients get layers from.
    pub fn exposure(&self) -> Exposure {
        match (&self.public_network_access, self.data_endpoint_enabled) {
            (Some(EnabledState::Disabled), _) => Exposure::Private,
            (Some(_), Some(true)) => Exposure::Dedicated,
            (Some(_), Some(false)) => Exposure::Wildcard,
            (None, _) | (_, None) => Exposure::Unknown,
        }
    }

    /// What to do next; `None` if Azure said too little.
    pub fn next_step(&self) -> Option<NextStep> {
        let step = match (self.exposure(), &self.sku) {
            (Exposure::Dedicated | Exposure::Private, _) => return Some(NextStep::Nothing),
            (Exposure::Wildcard, Some(SkuName::Premium)) => NextStep::Switch,
            (Exposure::Wildcard, Some(sku)) if sku.is_below_premium() => NextStep::UpgradeToPremium,
            // A SKU that is new may have anything.
            (Exposure::Unknown | Exposure::Wildcard, _) => return None,
        };
        match (self.immutable, &self.differences) {
            (Some(true), _) => Some(NextStep::Unlock),
            // Rights or locks were asked for and could not be read.
            (None, Some(_)) => None,
            _ => Some(step),
        }
    }

    /// Its endpoints; `None` if Azure did not say which.
    pub fn endpoints(&self) -> Option<Endpoints> {
        Some(Endpoints {
            login_server: self.login_server.clone()?,
            regional: self.regional.clone(),
            data: self.data.clone()?,
        })
    }

    /// Its endpoints after a switch to dedicated data endpoints; `None` if Azure said too little.
    pub fn planned(&self) -> Option<Endpoints> {
        let regions = self.regions.as_ref()?.iter().map(String::as_str);
        let regional = matches!(self.regional, Regional::On(_));
        let planned = Endpoints::planned(self.login_server.as_ref()?, regions, regional);
        planned.ok().map(|planned| match self.regional {
            Regional::Unknown => Endpoints { regional: Regional::Unknown, ..planned },
            _ => planned,
        })
    }

    /// Where this registry, as Resource Graph shows it, differs from what Azure Resource Manager says. What Resource
    /// Graph does not say is no difference.
    pub fn differences(&self, arm: &Self) -> Vec<Difference> {
        let on_or_off = |flag: Option<bool>| flag.map(|flag| flag.to_string());
        let state = |state: &Option<EnabledState>| state.clone().map(String::from);
        let list = |regions: &Option<BTreeSet<String>>| {
            regions.as_ref().map(|r| r.iter().cloned().collect::<Vec<_>>().join(", "))
        };
        let host = |host: &Option<Fqdn>| host.as_ref().map(ToString::to_string);
        let sku = |sku: &Option<SkuName>| sku.clone().map(String::from);
        let pairs = [
            ("sku", sku(&self.sku), sku(&arm.sku)),
            ("loginServer", host(&self.login_server), host(&arm.login_server)),
            ("regions", list(&self.regions), list(&arm.regions)),
            (
                "dataEndpointEnabled",
                on_or_off(self.data_endpoint_enabled),
                on_or_off(arm.data_endpoint_enabled),
            ),
            (
                "publicNetworkAccess",
                state(&self.public_network_access),
                state(&arm.public_network_access),
            ),
            ("defaultAction", self.default_action.clone(), arm.default_action.clone()),
        ];
        let differs = |(property, graph, arm): (&'static str, Option<String>, Option<String>)| {
            let (graph, arm) = (graph?, arm.unwrap_or_else(|| "nothing".to_owned()));
            (graph != arm).then_some(Difference {
                property,
                resource_graph: graph,
                resource_manager: arm,
            })
        };
        pairs.into_iter().filter_map(differs).collect()
    }
}

fn data_endpoints(
    row: &ResourceRow,
    regions: Option<&BTreeSet<String>>,
    source: &Source,
) -> Option<Vec<Endpoint>> {
    if row.data_endpoint_enabled? {
        hosts(row.data_endpoint_host_names.as_deref()?, Role::Data)
    } else {
        let suffix = source.storage_suffix.as_deref()?;
        regions?.iter().map(|region| Endpoint::storage_wildcard(region, suffix).ok()).collect()
    }
}

/// Only Premium registries have regional endpoints.
fn regional_endpoints(row: &ResourceRow) -> Regional {
    match (&row.regional_endpoints, &row.regional_endpoint_host_names, &row.sku) {
        (Some(EnabledState::Enabled), Some(names), _) => {
            hosts(names, Role::Regional).map_or(Regional::Unknown, Regional::On)
        }
        (Some(EnabledState::Disabled), ..)
        | (None, _, Some(SkuName::Basic | SkuName::Standard)) => Regional::Off,
        _ => Regional::Unknown,
    }
}

fn hosts(names: &[String], role: Role) -> Option<Vec<Endpoint>> {
    names.iter().map(|name| Endpoint::of_host(name, role).ok()).collect()
}
