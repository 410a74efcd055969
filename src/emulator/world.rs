//! The emulator's state (subscriptions, resource groups, registries) and the initial state.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The tenant of the emulator's only directory.
pub const TENANT: &str = "72f988bf-0000-4000-8000-00000000e0e0";
/// The subscription that contains the registries of the initial state.
pub const DEFAULT_SUBSCRIPTION: &str = "00000000-0000-4000-8000-0000000000ac";
pub(super) const CALLER: &str = "developer@emulator.example";
pub(super) const CALLER_OBJECT_ID: &str = "6a0ec4d3-0000-4000-8000-00000000e0e0";
/// The creator of the home region's own entry in a replication list (recorded: an application).
pub(super) const SERVICE_OBJECT_ID: &str = "6a0ec4d3-0000-4000-8000-0000000000ac";
const FIRST_DAY: &str = "2026-09-10T06:47:33.9366936";

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
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subscription {
    /// The subscription's GUID.
    pub id: String,
    /// Its display name.
    pub name: String,
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
        }
    }

    fn replica(mut self, location: &str) -> Self {
        if self.replications.is_empty() {
            let home = Replication::home_of(&self, FIRST_DAY);
            self.replications.push(home);
        }
        self.replications.push(Replication::new(location, FIRST_DAY, "Succeeded"));
        self.replications.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
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
    /// Returns the initial state for a new user: one registry of each kind that matters for endpoints.
    pub fn first_world() -> Self {
        let group = |name: &str, read_only| ResourceGroup {
            subscription: DEFAULT_SUBSCRIPTION.to_owned(),
            name: name.to_owned(),
            read_only,
        };
        Self {
            version: 1,
            subscriptions: vec![Subscription {
                id: DEFAULT_SUBSCRIPTION.to_owned(),
                name: "Emulator".to_owned(),
            }],
            resource_groups: vec![
                group("contoso-rg", false),
                group("fabrikam-rg", false),
                group("audit-rg", true),
                group("empty-rg", false),
            ],
            registries: first_registries(),
            operations: Vec::new(),
            next_operation: 1,
        }
    }

    pub(super) fn group(&self, subscription: &str, name: &str) -> Option<&ResourceGroup> {
        self.resource_groups.iter().find(|g| {
            g.subscription.eq_ignore_ascii_case(subscription) && g.name.eq_ignore_ascii_case(name)
        })
    }

    pub(super) fn registry(
        &self,
        subscription: &str,
        group: &str,
        name: &str,
    ) -> Option<&Registry> {
        self.registries.iter().find(|r| r.is(subscription, group, name))
    }

    pub(super) fn registry_mut(
        &mut self,
        subscription: &str,
        group: &str,
        name: &str,
    ) -> Option<&mut Registry> {
        self.registries.iter_mut().find(|r| r.is(subscription, group, name))
    }
}

impl Registry {
    fn is(&self, subscription: &str, group: &str, name: &str) -> bool {
        self.subscription.eq_ignore_ascii_case(subscription)
            && self.resource_group.eq_ignore_ascii_case(group)
            && self.name.eq_ignore_ascii_case(name)
    }
}

/// Returns one registry of each kind that matters for endpoints.
fn first_registries() -> Vec<Registry> {
    let registry =
        |group, name, location, sku| Registry::new(group, name, location, sku, FIRST_DAY);
    vec![
        // The registry to practise on: it is replicated, and clients still pull its layers from the storage wildcard.
        registry("contoso-rg", "contoso", "eastus", "Premium").replica("westus"),
        // Everything enabled.
        registry("fabrikam-rg", "fabrikam", "westeurope", "Premium")
            .replica("northeurope")
            .replica("japaneast")
            .with(|r| {
                r.settings.data_endpoint_enabled = true;
                r.settings.regional_endpoints = "Enabled".to_owned();
                r.settings.endpoint_protocol = "IPv4AndIPv6".to_owned();
                r.settings.admin_user_enabled = true;
                r.tags.insert("environment".to_owned(), json!("production"));
                r.identity = Some(json!({
                    "type": "SystemAssigned",
                    "principalId": "0f6b5f7e-0000-4000-8000-00000000fab0",
                    "tenantId": TENANT,
                }));
            }),
        // Not Premium: no data endpoints, no replicas.
        registry("contoso-rg", "tailspin", "westus2", "Standard"),
        // With a domain name label: the login server contains a hash.
        registry("fabrikam-rg", "wingtip", "eastus", "Premium").with(|r| {
            r.login_label = "wingtip-abc123def".to_owned();
            r.settings.domain_name_label_scope = "TenantReuse".to_owned();
        }),
        // Reachable only through a private endpoint.
        registry("fabrikam-rg", "northwind", "westeurope", "Premium").with(|r| {
            r.settings.public_network_access = "Disabled".to_owned();
            r.settings.default_action = "Deny".to_owned();
            let vault = format!("/subscriptions/{DEFAULT_SUBSCRIPTION}/resourceGroups/fabrikam-rg/providers");
            r.private_endpoint_connections.push(json!({
                "type": "Microsoft.ContainerRegistry/registries/privateEndpointConnections",
                "id": format!("{vault}/Microsoft.ContainerRegistry/registries/northwind/privateEndpointConnections/northwind.5f6b7c8d"),
                "name": "northwind.5f6b7c8d",
                "properties": {
                    "privateEndpoint": {"id": format!("{vault}/Microsoft.Network/privateEndpoints/northwind-pe")},
                    "privateLinkServiceConnectionState": {
                        "status": "Approved", "description": "Auto-Approved", "actionsRequired": "None"
                    },
                    "provisioningState": "Succeeded",
                },
            }));
        }),
        // In a resource group that the caller can only read: every write returns 403.
        registry("audit-rg", "auditlogs", "westus", "Premium"),
    ]
}
