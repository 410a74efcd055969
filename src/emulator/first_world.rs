//! The initial state, with one registry of each kind that matters for endpoints.

use super::fleet::Fleet;
use super::world::{
    DEFAULT_SUBSCRIPTION, FIRST_DAY, Registry, ResourceGroup, State, Subscription, TENANT,
};
use serde_json::{Value, json};

impl State {
    /// Returns the initial state for a new user: one registry of each kind that matters for endpoints.
    pub fn first_world() -> Self {
        let group = |name: &str, read_only| ResourceGroup {
            subscription: DEFAULT_SUBSCRIPTION.to_owned(),
            name: name.to_owned(),
            read_only,
            locked: false,
        };
        Self {
            version: 1,
            subscriptions: vec![Subscription {
                id: DEFAULT_SUBSCRIPTION.to_owned(),
                name: "Emulator".to_owned(),
                unreadable: false,
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
            events: Vec::new(),
            fleet: Fleet::default(),
            changed: false,
        }
    }
}

/// Returns one registry of each kind that matters for endpoints.
fn first_registries() -> Vec<Registry> {
    let registry =
        |group, name, location, sku| Registry::new(group, name, location, sku, FIRST_DAY);
    vec![
        // The registry to practise on: it is replicated, and clients still pull its layers from the storage wildcard.
        registry("contoso-rg", "contoso", "eastus", "Premium").replica("westus").with(to_workspace),
        // Everything enabled.
        registry("fabrikam-rg", "fabrikam", "westeurope", "Premium")
            .replica("northeurope")
            .replica("japaneast")
            .with(|r| {
                to_workspace(r);
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
            // Its logs go where nobody can ask.
            sends_logs(r, &json!({
                "storageAccountId": format!(
                    "/subscriptions/{DEFAULT_SUBSCRIPTION}/resourceGroups/fabrikam-rg/providers/Microsoft.Storage/storageAccounts/coldlogs"
                ),
            }));
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
        registry("audit-rg", "auditlogs", "westus", "Premium").with(to_workspace),
    ]
}

/// The registry sends all its logs to a workspace.
fn to_workspace(registry: &mut Registry) {
    let workspace = format!(
        "/subscriptions/{DEFAULT_SUBSCRIPTION}/resourceGroups/contoso-rg/providers/Microsoft.OperationalInsights/workspaces/central-logs"
    );
    sends_logs(registry, &json!({ "workspaceId": workspace }));
}

fn sends_logs(registry: &mut Registry, destination: &Value) {
    let mut properties = destination.clone();
    properties["logs"] = json!([{"categoryGroup": "allLogs", "enabled": true}]);
    let id = format!(
        "/subscriptions/{DEFAULT_SUBSCRIPTION}/resourceGroups/{}/providers/Microsoft.ContainerRegistry/registries/{}/providers/microsoft.insights/diagnosticSettings/acr-logs",
        registry.resource_group, registry.name
    );
    registry.diagnostic_settings.push(json!({
        "id": id, "type": "Microsoft.Insights/diagnosticSettings", "name": "acr-logs", "properties": properties,
    }));
}
