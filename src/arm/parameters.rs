//! The bodies of PUT and PATCH requests. A field that is `None` is not sent and stays unchanged.

use super::enums::{EnabledState, SkuName};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A value as the user gave it: of the type that ARM documents, or any other JSON.
///
/// ARM refuses the latter with its own message. `az` sends both as well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Given<T> {
    /// A value of the documented type.
    Typed(T),
    /// Anything else.
    Other(Value),
}

impl<T> Given<T> {
    /// The value, if it has the documented type.
    pub fn typed(&self) -> Option<&T> {
        match self {
            Self::Typed(value) => Some(value),
            Self::Other(_) => None,
        }
    }
}

impl<T> From<T> for Given<T> {
    fn from(value: T) -> Self {
        Self::Typed(value)
    }
}

/// The value of an optional parameter, if it was given and has the documented type.
pub fn typed<T>(parameter: Option<&Given<T>>) -> Option<&T> {
    parameter.and_then(Given::typed)
}

macro_rules! parameters {
    ($(#[$doc:meta])* $name:ident { $($(#[$meta:meta])* $field:ident : $kind:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        #[allow(missing_docs, reason = "each field is the ARM property of the same name")]
        pub struct $name {
            $(
                $(#[$meta])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $field: Option<Given<$kind>>,
            )*
        }
    };
}

parameters! {
    /// The body of a registry's PATCH. Tags are replaced as a whole.
    RegistryUpdateParameters {
        identity: IdentityUpdate,
        tags: Map<String, Value>,
        sku: SkuUpdate,
        properties: RegistryPropertiesUpdate,
    }
}

parameters! {
    /// The new managed identity.
    IdentityUpdate {
        r#type: String,
        user_assigned_identities: Map<String, Value>,
    }
}

parameters! {
    /// The new SKU.
    SkuUpdate {
        name: SkuName,
    }
}

parameters! {
    /// The properties that a registry's PATCH may change.
    RegistryPropertiesUpdate {
        admin_user_enabled: bool,
        network_rule_set: NetworkRuleSetUpdate,
        policies: PoliciesUpdate,
        encryption: EncryptionUpdate,
        data_endpoint_enabled: bool,
        regional_endpoints: EnabledState,
        endpoint_protocol: String,
        public_network_access: EnabledState,
        network_rule_bypass_options: String,
        network_rule_bypass_allowed_for_tasks: bool,
        anonymous_pull_enabled: bool,
        metadata_search: EnabledState,
        writable_cache_repos: EnabledState,
        role_assignment_mode: String,
    }
}

parameters! {
    /// Network rules to change. Each list is replaced as a whole; rules have ARM's property names.
    NetworkRuleSetUpdate {
        default_action: String,
        virtual_network_rules: Vec<Value>,
        ip_rules: Vec<Value>,
    }
}

parameters! {
    /// Policies to change.
    PoliciesUpdate {
        quarantine_policy: StatusUpdate,
        trust_policy: TrustPolicyUpdate,
        retention_policy: RetentionPolicyUpdate,
        export_policy: StatusUpdate,
        #[serde(rename = "azureADAuthenticationAsArmPolicy")]
        azure_ad_authentication_as_arm_policy: StatusUpdate,
        soft_delete_policy: SoftDeletePolicyUpdate,
    }
}

parameters! {
    /// The new status of a policy: `enabled` or `disabled`.
    StatusUpdate {
        status: String,
    }
}

parameters! {
    /// Content trust.
    TrustPolicyUpdate {
        r#type: String,
        status: String,
    }
}

parameters! {
    /// How long untagged manifests are kept, in days.
    RetentionPolicyUpdate {
        days: i64,
        status: String,
    }
}

parameters! {
    /// How long deleted artifacts are kept, in days.
    SoftDeletePolicyUpdate {
        retention_days: i64,
        status: String,
    }
}

parameters! {
    /// Encryption with the user's own key.
    EncryptionUpdate {
        status: String,
        key_vault_properties: KeyVaultUpdate,
    }
}

parameters! {
    /// The user's own key.
    KeyVaultUpdate {
        key_identifier: String,
        identity: String,
    }
}

parameters! {
    /// The body of a replication's PATCH. Tags are replaced as a whole.
    ReplicationUpdateParameters {
        tags: Map<String, Value>,
        properties: ReplicationPropertiesUpdate,
    }
}

parameters! {
    /// The properties that a replication's PATCH may change.
    ReplicationPropertiesUpdate {
        region_endpoint_enabled: bool,
    }
}

/// The body of a PUT that creates a replication.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplicationCreateParameters {
    /// The region.
    pub location: String,
    /// Tags of the replication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Map<String, Value>>,
    /// Its properties; sent even if there are none (recorded).
    pub properties: ReplicationCreateProperties,
}

/// The properties of a new replication.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicationCreateProperties {
    /// Whether requests to the registry's global endpoint are routed to the replication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region_endpoint_enabled: Option<bool>,
    /// `Enabled` or `Disabled`; cannot be changed later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone_redundancy: Option<EnabledState>,
}

impl RegistryUpdateParameters {
    /// The properties that change, if any.
    pub fn properties(&self) -> Option<&RegistryPropertiesUpdate> {
        typed(self.properties.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_of_the_documented_type_is_sent_as_it_is() {
        for body in [
            json!({"sku": "Premium"}),
            json!({"properties": 5}),
            json!({"properties": {"adminUserEnabled": "yes", "networkRuleSet": "Deny"}}),
            json!({"properties": {"networkRuleSet": {"ipRules": [{"value": "1.2.3.4"}]}}, "tags": {"a": 5}}),
        ] {
            let parameters: RegistryUpdateParameters =
                serde_json::from_value(body.clone()).unwrap();
            assert_eq!(serde_json::to_value(&parameters).unwrap(), body);
        }
    }
}
