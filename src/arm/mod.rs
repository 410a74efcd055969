//! A typed client on Azure Resource Manager, as far as container registries need it.
//!
//! It uses azure_core's pipeline and adds what that lacks: hosts of links and polling URLs are checked, writes are not
//! sent twice, refused connections are not retried, and ARM's own errors survive polling.

mod client;
mod enums;
mod error;
mod http;
mod models;
mod network_rules;
mod parameters;
mod permissions;
mod policies;
mod poller;
mod private_endpoint_connections;
mod replications;
mod resource_id;

pub use client::{API_VERSION, ArmClient, ArmClientOptions, RegistryPath};
pub use enums::{EnabledState, ProvisioningState, SkuName};
pub use error::{ArmError, ServiceError};
pub use http::PolicyToken;
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
pub use policies::{RequestLog, retry_policy};
pub use poller::{Operation, OperationState};
pub use resource_id::ResourceId;
