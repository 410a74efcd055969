//! A typed client on Azure Resource Manager, as far as container registries need it.
//!
//! It stands on azure_core's pipeline and closes what that leaves open: hosts of links and polling URLs are
//! checked, writes are not sent twice, refused connections are not retried, ARM's own errors survive polling.

mod client;
mod enums;
mod error;
mod models;
mod policies;
mod poller;
mod private_endpoint_connections;
mod replications;
mod resource_id;

pub use client::{API_VERSION, ArmClient, ArmClientOptions, PolicyToken, RegistryPath};
pub use enums::{EnabledState, ProvisioningState, SkuName};
pub use error::{ArmError, ServiceError};
pub use models::{
    GenericResource, IpRule, NetworkRuleSet, NetworkRuleSetUpdate, PoliciesUpdate,
    PrivateEndpointConnection, Registry, RegistryProperties, RegistryPropertiesUpdateParameters,
    RegistryUpdateParameters, Replication, ReplicationCreateParameters,
    ReplicationPropertiesParameters, ReplicationUpdateParameters, SkuUpdate, StatusUpdate,
    Subscription, Timestamp, VirtualNetworkRule,
};
pub use policies::{RequestLog, retry_policy};
pub use poller::{Operation, OperationState};
pub use resource_id::ResourceId;
