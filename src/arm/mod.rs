//! A typed client for Azure Resource Manager, limited to what container registries need.
//!
//! It uses azure_core's pipeline and adds what the pipeline lacks: hosts of links and polling URLs are checked, a
//! PATCH or POST is not repeated after its connection broke, refused connections are not retried, and ARM's own errors survive polling.

mod client;
mod enums;
mod error;
mod governance;
mod http;
mod logs;
mod models;
mod network_rules;
mod parameters;
mod permissions;
mod policy_token;
mod poller;
mod private_endpoint_connections;
mod registry_query;
mod replications;
mod resource_graph;
mod resource_id;
mod retry;

pub use client::{API_VERSION, ArmClient, ArmClientOptions, RegistryPath};
pub use enums::{EnabledState, ProvisioningState, SkuName};
pub use error::{ArmError, ServiceError};
pub use governance::Lock;
pub use logs::{DiagnosticSetting, LogRows};
pub use models::{
    GenericResource, IpRule, NetworkRuleSet, PrivateEndpointConnection, Registry,
    RegistryProperties, Replication, Subscription, Timestamp, VirtualNetworkRule,
};
pub use network_rules::NetworkRules;
pub use parameters::{
    EncryptionUpdate, Given, IdentityUpdate, KeyVaultUpdate, NetworkRuleSetUpdate, PoliciesUpdate,
    RegistryPropertiesUpdate, RegistryUpdateParameters, ReplicationCreateParameters,
    ReplicationCreateProperties, ReplicationPropertiesUpdate, ReplicationUpdateParameters,
    RetentionPolicyUpdate, SkuUpdate, SoftDeletePolicyUpdate, StatusUpdate, TrustPolicyUpdate,
    typed,
};
pub use permissions::Permissions;
pub use policy_token::PolicyToken;
pub use poller::{Operation, OperationState};
pub use registry_query::{RegistryQuery, ResourceRow, SUBSCRIPTIONS_QUERY, SubscriptionRow};
pub use resource_graph::{GraphPage, GraphPages, GraphScope};
pub use resource_id::ResourceId;
pub use retry::retry_policy;
