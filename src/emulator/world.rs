//! The emulator's state: subscriptions, resource groups, registries.

use super::fleet::Fleet;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The tenant of the emulator's only directory.
pub const TENANT: &str = "72f988bf-0000-4000-8000-00000000e0e0";
/// The subscription that contains the registries of the initial state.
pub const DEFAULT_SUBSCRIPTION: &str = "00000000-0000-4000-8000-0000000000ac";
pub(super) const CALLER: &str = "developer@emulator.example";
pub(super) const CALLER_OBJECT_ID: &str = "6a0ec4d3-0000-4000-8000-00000000e0e0";
/// The creator of the home region's own entry in a replication list (recorded: an application).
pub(super) const SERVICE_OBJECT_ID: &str = "6a0ec4d3-0000-4000-8000-0000000000ac";
/// When the registries of the initial state were created.
pub(super) const FIRST_DAY: &str = "2026-09-10T06:47:33.9366936";

/// Everything that the emulator remembers between requests, saved as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct State {
    /// The version of the saved file's layout.
    pub version: u32,
    /// Subscriptions that the caller can see.
    pub subscriptions: Vec<Subscription>,
    /// Resource groups in all subscriptions.
    pub resource_groups: Vec<ResourceGroup>,
    /// Registries in all resource groups.
    pub registries: Vec<Registry>,
    /// Long-running operations that have been started.
    pub operations: Vec<Operation>,
    /// The number from which the next operation's ID is made.
    pub next_operation: u32,
    /// What clients of the registries did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
    /// More registries, which are not saved: each is made when a request needs it, and saved when it changes.
    #[serde(skip)]
    pub fleet: Fleet,
    /// Whether a request has changed something, so that the state must be saved.
    #[serde(skip)]
    pub(super) changed: bool,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subscription {
    /// The subscription's GUID.
    pub id: String,
    /// Its display name.
    pub name: String,
    /// Whether the caller sees it in the list of subscriptions and may read nothing in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreadable: bool,
}

/// A resource group and what the caller may do in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceGroup {
    /// GUID of the subscription.
    pub subscription: String,
    /// The group's name, as it was created.
    pub name: String,
    /// Whether writes return 403.
    pub read_only: bool,
    /// Whether a lock makes writes return 409.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
}

/// A registry, as the service's own values rather than in the format of an API version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Registry {
    /// GUID of the subscription.
    pub subscription: String,
    /// The group's name.
    pub resource_group: String,
    /// The registry's name.
    pub name: String,
    /// The home region.
    pub location: String,
    /// `Basic`, `Standard` or `Premium`.
    pub sku: String,
    /// Resource tags.
    pub tags: Map<String, Value>,
    /// Managed identity, as ARM shows it.
    pub identity: Option<Value>,
    /// The part of the login server before the cloud's suffix: the name, or the name and a label hash.
    pub login_label: String,
    /// Creation time (seven digits, no zone).
    pub created_at: String,
    /// Time of the last change (seven digits, no zone).
    pub modified_at: String,
    /// The writable properties, in the service's order and spelling.
    pub settings: Settings,
    /// Replications, with the home region's own entry once there is a replica.
    pub replications: Vec<Replication>,
    /// Private endpoint connections, as ARM shows them.
    pub private_endpoint_connections: Vec<Value>,
    /// Diagnostic settings, as ARM shows them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostic_settings: Vec<Value>,
}

/// What a client did, as the logs show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Event {
    /// When, in UTC, e.g. `2026-11-30T06:15:00Z`.
    pub time: String,
    /// The registry's name.
    pub registry: String,
    /// Whether it was a login rather than a pull.
    pub login: bool,
    /// The client's address.
    pub client: String,
    /// Its user agent.
    pub agent: String,
    /// The user; empty for anonymous requests.
    pub identity: String,
    /// The region that answered.
    pub region: String,
    /// The login server that was asked.
    pub server: String,
    /// The repository; empty for logins.
    pub repository: String,
    /// The HTTP status.
    pub status: u16,
}

/// The writable properties of a registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(
    missing_docs,
    clippy::struct_excessive_bools,
    reason = "each is the ARM property of the same name"
)]
pub struct Settings {
    pub admin_user_enabled: bool,
    pub default_action: String,
    pub virtual_network_rules: Vec<Value>,
    pub ip_rules: Vec<Value>,
    pub trust_policy: String,
    pub quarantine_policy: String,
    pub retention_policy: String,
    pub retention_days: u32,
    pub export_policy: String,
    pub authentication_as_arm_policy: String,
    pub soft_delete_policy: String,
    pub soft_delete_days: u32,
    pub data_endpoint_enabled: bool,
    pub regional_endpoints: String,
    pub endpoint_protocol: String,
    pub public_network_access: String,
    pub network_rule_bypass_options: String,
    pub network_rule_bypass_allowed_for_tasks: bool,
    pub zone_redundancy: String,
    pub anonymous_pull_enabled: bool,
    pub metadata_search: String,
    pub role_assignment_mode: String,
    pub domain_name_label_scope: String,
    pub writable_cache_repos: String,
}

/// A replica of a registry in another region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Replication {
    /// The replication's name: the region's name unless the caller chose another.
    pub name: String,
    /// The region.
    pub location: String,
    /// Resource tags.
    pub tags: Map<String, Value>,
    /// `Creating`, `Succeeded` or `Deleting`.
    pub provisioning_state: String,
    /// Whether requests are routed to this region.
    pub region_endpoint_enabled: bool,
    /// `Enabled` or `Disabled`.
    pub zone_redundancy: String,
    /// Creation time (seven digits, no zone).
    pub created_at: String,
    /// Time of the last change (seven digits, no zone).
    pub modified_at: String,
    /// True for the home region's own entry, which the service creates with the first replica.
    pub home: bool,
}

/// A long-running operation.
///
/// It ends after a number of polls rather than after a time, so that nobody has to wait.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Operation {
    /// The name in its URL, e.g. `replications-<guid>`.
    pub id: String,
    /// GUID of the subscription.
    pub subscription: String,
    /// The group's name.
    pub resource_group: String,
    /// The registry's name.
    pub registry: String,
    /// The replication that it creates or deletes.
    pub replication: String,
    /// `Creating` or `Deleting`: the status until the operation ends.
    pub kind: String,
    /// Polls left before `Succeeded`.
    pub polls_left: u32,
}

impl Registry {
    /// Returns a registry as the service creates it if the request specifies only the basics.
    pub fn new(
        resource_group: &str,
        name: &str,
        location: &str,
        sku: &str,
        created_at: &str,
    ) -> Self {
        Self {
            subscription: DEFAULT_SUBSCRIPTION.to_owned(),
            resource_group: resource_group.to_owned(),
            name: name.to_owned(),
            location: location.to_owned(),
            sku: sku.to_owned(),
            tags: Map::new(),
            identity: None,
            login_label: name.to_lowercase(),
            created_at: created_at.to_owned(),
            modified_at: created_at.to_owned(),
            settings: Settings::default(),
            replications: Vec::new(),
            private_endpoint_connections: Vec::new(),
            diagnostic_settings: Vec::new(),
        }
    }

    /// Adds a replica, and the home region's own entry if it is the first.
    pub(super) fn replica(mut self, location: &str) -> Self {
        if self.replications.is_empty() {
            let home = Replication::home_of(&self, FIRST_DAY);
            self.replications.push(home);
        }
        self.replications.push(Replication::new(location, FIRST_DAY, "Succeeded"));
        self.replications.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Replication {
    /// Returns a replica that the caller requested.
    pub fn new(location: &str, now: &str, provisioning_state: &str) -> Self {
        Self {
            name: location.to_owned(),
            location: location.to_owned(),
            tags: Map::new(),
            provisioning_state: provisioning_state.to_owned(),
            region_endpoint_enabled: true,
            zone_redundancy: "Disabled".to_owned(),
            created_at: now.to_owned(),
            modified_at: now.to_owned(),
            home: false,
        }
    }

    /// Returns the home region's own entry. The service lists it as soon as a replica exists.
    pub fn home_of(registry: &Registry, now: &str) -> Self {
        Self {
            home: true,
            zone_redundancy: registry.settings.zone_redundancy.clone(),
            ..Self::new(&registry.location, now, "Succeeded")
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        let disabled = || "disabled".to_owned();
        Self {
            admin_user_enabled: false,
            default_action: "Allow".to_owned(),
            virtual_network_rules: Vec::new(),
            ip_rules: Vec::new(),
            trust_policy: disabled(),
            quarantine_policy: disabled(),
            retention_policy: disabled(),
            retention_days: 7,
            export_policy: "enabled".to_owned(),
            authentication_as_arm_policy: "enabled".to_owned(),
            soft_delete_policy: disabled(),
            soft_delete_days: 7,
            data_endpoint_enabled: false,
            regional_endpoints: "Disabled".to_owned(),
            endpoint_protocol: "IPv4".to_owned(),
            public_network_access: "Enabled".to_owned(),
            network_rule_bypass_options: "AzureServices".to_owned(),
            network_rule_bypass_allowed_for_tasks: false,
            zone_redundancy: "Disabled".to_owned(),
            anonymous_pull_enabled: false,
            metadata_search: "Disabled".to_owned(),
            role_assignment_mode: "LegacyRegistryPermissions".to_owned(),
            domain_name_label_scope: "Unsecure".to_owned(),
            writable_cache_repos: "Disabled".to_owned(),
        }
    }
}

impl State {
    pub(super) fn subscriptions(&self) -> impl Iterator<Item = Cow<'_, Subscription>> {
        let fleet = self.fleet.subscriptions().map(Cow::Owned);
        self.subscriptions.iter().map(Cow::Borrowed).chain(fleet)
    }

    pub(super) fn subscription(&self, id: &str) -> Option<Cow<'_, Subscription>> {
        let own = self.subscriptions.iter().find(|s| s.id.eq_ignore_ascii_case(id));
        own.map(Cow::Borrowed).or_else(|| self.fleet.subscription(id).map(Cow::Owned))
    }

    pub(super) fn groups(
        &self,
        subscription: &str,
    ) -> impl Iterator<Item = Cow<'_, ResourceGroup>> {
        let own = self.resource_groups.iter();
        let own = own.filter(move |g| g.subscription.eq_ignore_ascii_case(subscription));
        own.map(Cow::Borrowed).chain(self.fleet.groups(subscription).map(Cow::Owned))
    }

    pub(super) fn group(&self, subscription: &str, name: &str) -> Option<Cow<'_, ResourceGroup>> {
        self.groups(subscription).find(|group| group.name.eq_ignore_ascii_case(name))
    }

    /// The registries of a subscription.
    pub(super) fn registries_in(
        &self,
        subscription: &str,
    ) -> impl Iterator<Item = Cow<'_, Registry>> {
        let own = self.registries.iter();
        let own = own.filter(move |r| r.subscription.eq_ignore_ascii_case(subscription));
        let fleet = self.fleet.registries_in(subscription);
        own.map(Cow::Borrowed).chain(fleet.filter(|r| !self.has_own(&r.name)).map(Cow::Owned))
    }

    /// All registries: the state's own in the order of their creation, then the fleet's.
    pub(super) fn all_registries(&self) -> impl Iterator<Item = Cow<'_, Registry>> {
        let fleet = self.fleet.registries(0).filter(|r| !self.has_own(&r.name));
        self.registries.iter().map(Cow::Borrowed).chain(fleet.map(Cow::Owned))
    }

    /// The registries with this name. Tests make twins, which Azure does not have.
    pub(super) fn registries_named(&self, name: &str) -> impl Iterator<Item = Cow<'_, Registry>> {
        let own = self.registries.iter().filter(move |r| r.name.eq_ignore_ascii_case(name));
        let fleet = self.fleet.registry_named(name).filter(|r| !self.has_own(&r.name));
        own.map(Cow::Borrowed).chain(fleet.map(Cow::Owned))
    }

    /// The registry with this name. Names are unique in all of Azure.
    pub(super) fn registry_named(&self, name: &str) -> Option<Cow<'_, Registry>> {
        self.registries_named(name).next()
    }

    /// The registry with this label in its host names.
    pub(super) fn registry_labelled(&self, label: &str) -> Option<Cow<'_, Registry>> {
        let own = self.registries.iter().find(|r| r.login_label == label);
        own.map(Cow::Borrowed)
            .or_else(|| self.registry_named(label).filter(|r| r.login_label == label))
    }

    /// Whether the state itself holds a registry, so that the fleet's version no longer counts.
    pub(super) fn has_own(&self, name: &str) -> bool {
        self.registries.iter().any(|r| r.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn registry(
        &self,
        subscription: &str,
        group: &str,
        name: &str,
    ) -> Option<Cow<'_, Registry>> {
        self.registries_named(name).find(|r| r.is(subscription, group, name))
    }

    /// A registry to change. One of the fleet becomes part of the state. The state counts as changed.
    pub(super) fn registry_mut(
        &mut self,
        subscription: &str,
        group: &str,
        name: &str,
    ) -> Option<&mut Registry> {
        self.changed = true;
        let of_fleet = self.fleet.registry_named(name).filter(|r| r.is(subscription, group, name));
        if let Some(registry) = of_fleet.filter(|r| !self.has_own(&r.name)) {
            self.registries.push(registry);
        }
        self.registries.iter_mut().find(|r| r.is(subscription, group, name))
    }
}

impl Registry {
    pub(super) fn is(&self, subscription: &str, group: &str, name: &str) -> bool {
        self.subscription.eq_ignore_ascii_case(subscription)
            && self.resource_group.eq_ignore_ascii_case(group)
            && self.name.eq_ignore_ascii_case(name)
    }
}
