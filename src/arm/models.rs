//! The models of ARM's responses, api-version `2026-09-01-preview`.
//!
//! Every field of a response is optional: a field that ARM omits is not an error. Properties that this version does not
//! know are dropped, as in `az`; `show --raw` reads ARM's JSON instead. Deserialising reads ARM's property names.
//! Serialising writes the names and the order of the Python SDK's attributes, which is what `az` shows
//! (azure-mgmt-containerregistry 15.1.0b3).

use super::enums::{EnabledState, ProvisioningState, SkuName};
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use std::fmt;
use std::marker::PhantomData;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A point in time as ARM writes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(String);

impl Timestamp {
    /// The time as Python's `isoformat` shows it: microseconds (omitted if zero), an offset instead of `Z`.
    /// Text that is not a time is returned unchanged.
    pub fn isoformat(&self) -> String {
        let Ok(time) = OffsetDateTime::parse(&self.0, &Rfc3339) else {
            return self.0.clone();
        };
        let (hours, minutes, _) = time.offset().as_hms();
        let fraction = match time.microsecond() {
            0 => String::new(),
            micros => format!(".{micros:06}"),
        };
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{fraction}{}{:02}:{:02}",
            time.year(),
            u8::from(time.month()),
            time.day(),
            time.hour(),
            time.minute(),
            time.second(),
            if hours < 0 || minutes < 0 { '-' } else { '+' },
            hours.unsigned_abs(),
            minutes.unsigned_abs(),
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.isoformat())
    }
}

macro_rules! model {
    ($(#[$doc:meta])* $name:ident { $($(#[$meta:meta])* $field:ident : $kind:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[non_exhaustive]
        #[allow(
            missing_docs,
            clippy::struct_field_names,
            reason = "each field is the ARM property of the same name"
        )]
        pub struct $name {
            $($(#[$meta])* #[serde(default)] pub $field: Option<$kind>,)*
        }
    };
}

model! {
    /// Who created and last changed a resource.
    SystemData {
        created_by: String,
        created_by_type: String,
        created_at: Timestamp,
        last_modified_by: String,
        last_modified_by_type: String,
        last_modified_at: Timestamp,
    }
}

model! {
    /// A container registry.
    Registry {
        id: String,
        name: String,
        r#type: String,
        system_data: SystemData,
        tags: Map<String, Value>,
        location: String,
        properties: RegistryProperties,
        sku: Sku,
        identity: Identity,
    }
}

model! {
    /// The properties of a registry.
    RegistryProperties {
        login_server: String,
        creation_date: Timestamp,
        provisioning_state: ProvisioningState,
        status: Status,
        admin_user_enabled: bool,
        network_rule_set: NetworkRuleSet,
        policies: Policies,
        encryption: Encryption,
        data_endpoint_enabled: bool,
        data_endpoint_host_names: Vec<String>,
        regional_endpoints: EnabledState,
        regional_endpoint_host_names: Vec<String>,
        endpoint_protocol: String,
        private_endpoint_connections: Vec<PrivateEndpointConnection>,
        public_network_access: EnabledState,
        network_rule_bypass_options: String,
        network_rule_bypass_allowed_for_tasks: bool,
        zone_redundancy: EnabledState,
        anonymous_pull_enabled: bool,
        metadata_search: EnabledState,
        auto_generated_domain_name_label_scope: String,
        writable_cache_repos: EnabledState,
        role_assignment_mode: String,
    }
}

model! {
    /// A registry's SKU.
    Sku {
        name: SkuName,
        tier: String,
    }
}

model! {
    /// A registry's managed identity.
    Identity {
        principal_id: String,
        tenant_id: String,
        r#type: String,
        user_assigned_identities: Map<String, Value>,
    }
}

model! {
    /// The status of a resource at a point in time.
    Status {
        display_status: String,
        message: String,
        timestamp: Timestamp,
    }
}

model! {
    /// Who may reach the registry over the public network.
    NetworkRuleSet {
        default_action: String,
        virtual_network_rules: Vec<VirtualNetworkRule>,
        ip_rules: Vec<IpRule>,
    }
}

model! {
    /// A subnet that is allowed access.
    VirtualNetworkRule {
        action: String,
        virtual_network_subnet_resource_id: String,
    }
}

model! {
    /// An address range that is allowed access.
    IpRule {
        action: String,
        // ARM's name is `value`; the Python SDK, and so `az`, names it after its content.
        #[serde(rename(deserialize = "value"))]
        ip_address_or_range: String,
    }
}

model! {
    /// The policies of a registry.
    Policies {
        quarantine_policy: StatusPolicy,
        trust_policy: TrustPolicy,
        retention_policy: RetentionPolicy,
        export_policy: StatusPolicy,
        // ARM writes `AD`; `az` prints the Python SDK's `azure_ad_…` as `Ad`.
        #[serde(rename(deserialize = "azureADAuthenticationAsArmPolicy"))]
        azure_ad_authentication_as_arm_policy: StatusPolicy,
        soft_delete_policy: SoftDeletePolicy,
    }
}

model! {
    /// A policy that is on or off.
    StatusPolicy {
        status: String,
    }
}

model! {
    /// Content trust.
    TrustPolicy {
        r#type: String,
        status: String,
    }
}

model! {
    /// How long untagged manifests are kept, in days.
    RetentionPolicy {
        days: i64,
        last_updated_time: Timestamp,
        status: String,
    }
}

model! {
    /// How long deleted artifacts are kept, in days.
    SoftDeletePolicy {
        retention_days: i64,
        last_updated_time: Timestamp,
        status: String,
    }
}

model! {
    /// Encryption with the user's own key.
    Encryption {
        status: String,
        key_vault_properties: KeyVaultProperties,
    }
}

model! {
    /// The user's own key.
    KeyVaultProperties {
        key_identifier: String,
        versioned_key_identifier: String,
        identity: String,
        key_rotation_enabled: bool,
        last_key_rotation_timestamp: Timestamp,
    }
}

model! {
    /// A connection from a private endpoint.
    PrivateEndpointConnection {
        id: String,
        name: String,
        r#type: String,
        system_data: SystemData,
        properties: PrivateEndpointConnectionProperties,
    }
}

model! {
    /// The properties of a private endpoint connection.
    PrivateEndpointConnectionProperties {
        private_endpoint: PrivateEndpoint,
        private_link_service_connection_state: ConnectionState,
        provisioning_state: ProvisioningState,
    }
}

model! {
    /// The private endpoint at the other end.
    PrivateEndpoint {
        id: String,
    }
}

model! {
    /// Whether a private endpoint connection is approved.
    ConnectionState {
        status: String,
        description: String,
        actions_required: String,
    }
}

model! {
    /// A replica of a registry.
    Replication {
        id: String,
        name: String,
        r#type: String,
        system_data: SystemData,
        tags: Map<String, Value>,
        location: String,
        properties: ReplicationProperties,
    }
}

model! {
    /// The properties of a replica.
    ReplicationProperties {
        provisioning_state: ProvisioningState,
        status: Status,
        region_endpoint_enabled: bool,
        zone_redundancy: EnabledState,
    }
}

/// An entry in the list of resources.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct GenericResource {
    /// The resource id.
    pub id: String,
    /// The resource's name.
    pub name: String,
}

/// A subscription that the caller has access to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Subscription {
    /// The GUID.
    pub subscription_id: String,
    /// The display name.
    #[serde(default)]
    pub display_name: String,
}

/// Reads as many items as a page can have. More would take memory without limit: an empty object becomes a whole registry.
fn at_most<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Vec<T>, D::Error> {
    struct Items<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of items")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = list.next_element()? {
                if items.len() == MAX_ITEMS_OF_PAGE {
                    let what = format!("a page with more than {MAX_ITEMS_OF_PAGE} items");
                    return Err(serde::de::Error::custom(what));
                }
                items.push(item);
            }
            Ok(items)
        }
    }
    d.deserialize_seq(Items(PhantomData))
}

/// The most items of one page; ARM sends at most 1,000 registries.
const MAX_ITEMS_OF_PAGE: usize = 10_000;

/// One page of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<T> {
    #[serde(deserialize_with = "at_most", bound(deserialize = "T: Deserialize<'de>"))]
    pub value: Vec<T>,
    #[serde(default)]
    pub next_link: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_look_like_python_isoformat() {
        for (arm, expected) in [
            ("2026-09-10T06:47:33.9366936Z", "2026-09-10T06:47:33.936693+00:00"),
            ("2026-09-10T06:47:33.9366936+00:00", "2026-09-10T06:47:33.936693+00:00"),
            ("2026-09-10T06:47:33Z", "2026-09-10T06:47:33+00:00"),
            ("2026-09-10T06:47:33.5-05:30", "2026-09-10T06:47:33.500000-05:30"),
            ("yesterday", "yesterday"),
        ] {
            assert_eq!(Timestamp(arm.to_owned()).isoformat(), expected);
        }
    }

    #[test]
    fn unknown_values_survive_and_unknown_properties_are_left_out() {
        let registry: Registry = serde_json::from_str(
            r#"{"sku":{"name":"Ultra"},"properties":{"regionalEndpoints":"Sometimes","tomorrow":[1]},"new":true}"#,
        )
        .unwrap();
        let value = serde_json::to_value(&registry).unwrap();
        assert_eq!(value["sku"]["name"], "Ultra");
        assert_eq!(value["properties"]["regionalEndpoints"], "Sometimes");
        assert_eq!(value["properties"].get("tomorrow"), None);
        assert_eq!(value.get("new"), None);
    }
}
