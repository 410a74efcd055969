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
mod resource_id;

pub use client::{API_VERSION, ArmClient, ArmClientOptions};
pub use enums::{EnabledState, ProvisioningState, SkuName};
pub use error::{ArmError, ServiceError};
pub use models::{
    ExportPolicyUpdate, GenericResource, NetworkRuleSetUpdate, PoliciesUpdate, Registry,
    RegistryProperties, RegistryPropertiesUpdateParameters, RegistryUpdateParameters, Replication,
    SkuUpdate, StatusUpdate, Subscription, Timestamp,
};
pub use policies::{RequestLog, retry_policy};
pub use poller::{Operation, OperationState};
pub use resource_id::ResourceId;
