//! The Resource Graph query for registries and their replications, and the rows that it returns.
//!
//! Resource Graph keeps each type in its newest api-version without "preview": properties of preview versions may be
//! absent. An absent property is `None`, which means unknown, never off.

use super::enums::{EnabledState, SkuName};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::fmt::Write as _;

const REGISTRIES: &str = "microsoft.containerregistry/registries";
const REPLICATIONS: &str = "microsoft.containerregistry/registries/replications";

/// The subscriptions that Resource Graph looks at.
pub const SUBSCRIPTIONS_QUERY: &str = "resourcecontainers
| where type =~ 'microsoft.resources/subscriptions'
| project subscriptionId, name
| order by subscriptionId asc";

/// Which registries a query returns. An empty list means all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistryQuery {
    /// Names, in any case.
    pub names: Vec<String>,
    /// Resource groups, in any case.
    pub groups: Vec<String>,
    /// Home regions, by short name.
    pub locations: Vec<String>,
    /// SKUs.
    pub skus: Vec<String>,
}

impl RegistryQuery {
    /// The query in Kusto Query Language, with all values escaped.
    ///
    /// Replications have a location of their own and no SKU, so those filters let every replication pass. Tags are not
    /// filtered here: their names match in any case, which Kusto's `tags['name']` does not.
    pub fn text(&self) -> String {
        let mut text = format!("resources\n| where type in~ ('{REGISTRIES}', '{REPLICATIONS}')\n");
        let one_of = |values: &[String]| {
            let values: Vec<String> = values.iter().map(|value| string(value)).collect();
            format!("in~ ({})", values.join(", "))
        };
        let mut filter = |condition: String| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "| where {condition}");
        };
        if !self.names.is_empty() {
            filter(format!("tostring(split(id, '/')[8]) {}", one_of(&self.names)));
        }
        if !self.groups.is_empty() {
            filter(format!("resourceGroup {}", one_of(&self.groups)));
        }
        let or = format!("type =~ '{REPLICATIONS}' or");
        if !self.locations.is_empty() {
            filter(format!("{or} location {}", one_of(&self.locations)));
        }
        if !self.skus.is_empty() {
            filter(format!("{or} tostring(sku.name) {}", one_of(&self.skus)));
        }
        let columns: Vec<String> = COLUMNS
            .iter()
            .map(
                |(name, path)| {
                    if name == path { (*name).to_owned() } else { format!("{name} = {path}") }
                },
            )
            .collect();
        text + &format!("| project {}\n| order by tolower(id) asc", columns.join(", "))
    }

    /// Whether replications may arrive whose registry was filtered out.
    pub fn drops_registries(&self) -> bool {
        !(self.locations.is_empty() && self.skus.is_empty())
    }
}

/// The columns of a row, and where they come from. Their names are the fields of [`ResourceRow`].
const COLUMNS: [(&str, &str); 17] = [
    ("id", "id"),
    ("name", "name"),
    ("type", "type"),
    ("location", "location"),
    ("subscriptionId", "subscriptionId"),
    ("resourceGroup", "resourceGroup"),
    ("tags", "tags"),
    ("sku", "sku.name"),
    ("loginServer", "properties.loginServer"),
    ("dataEndpointEnabled", "properties.dataEndpointEnabled"),
    ("dataEndpointHostNames", "properties.dataEndpointHostNames"),
    ("regionalEndpoints", "properties.regionalEndpoints"),
    ("regionalEndpointHostNames", "properties.regionalEndpointHostNames"),
    ("publicNetworkAccess", "properties.publicNetworkAccess"),
    ("defaultAction", "properties.networkRuleSet.defaultAction"),
    ("exportPolicy", "properties.policies.exportPolicy.status"),
    ("anonymousPullEnabled", "properties.anonymousPullEnabled"),
];

/// A string of Kusto Query Language in single quotes.
fn string(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// A registry or a replication in Resource Graph.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
#[allow(missing_docs, reason = "each field is the column of the same name")]
pub struct ResourceRow {
    pub id: String,
    pub name: String,
    pub r#type: String,
    pub subscription_id: String,
    pub resource_group: String,
    #[serde(default, deserialize_with = "known")]
    pub location: Option<String>,
    #[serde(default, deserialize_with = "known")]
    pub tags: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "known")]
    pub sku: Option<SkuName>,
    #[serde(default, deserialize_with = "known")]
    pub login_server: Option<String>,
    #[serde(default, deserialize_with = "known")]
    pub data_endpoint_enabled: Option<bool>,
    #[serde(default, deserialize_with = "known")]
    pub data_endpoint_host_names: Option<Vec<String>>,
    #[serde(default, deserialize_with = "known")]
    pub regional_endpoints: Option<EnabledState>,
    #[serde(default, deserialize_with = "known")]
    pub regional_endpoint_host_names: Option<Vec<String>>,
    #[serde(default, deserialize_with = "known")]
    pub public_network_access: Option<EnabledState>,
    #[serde(default, deserialize_with = "known")]
    pub default_action: Option<String>,
    #[serde(default, deserialize_with = "known")]
    pub export_policy: Option<String>,
    #[serde(default, deserialize_with = "known")]
    pub anonymous_pull_enabled: Option<bool>,
}

impl ResourceRow {
    /// Whether this is a replication of a registry.
    pub fn is_replication(&self) -> bool {
        self.r#type.eq_ignore_ascii_case(REPLICATIONS)
    }
}

/// A subscription that Resource Graph looked at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SubscriptionRow {
    /// The GUID.
    pub subscription_id: String,
    /// The display name.
    pub name: String,
}

/// A value of the expected kind. Any other value is as good as none: one strange row must not hide a fleet.
fn known<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_end_their_string() {
        for (value, quoted) in [
            ("contoso", "'contoso'"),
            ("' or true or '", r"'\' or true or \''"),
            (r"\' | project id", r"'\\\' | project id'"),
            ("a\nb", r"'a\u000ab'"),
        ] {
            assert_eq!(string(value), quoted);
        }
    }

    #[test]
    fn a_strange_value_is_unknown_and_does_not_hide_the_row() {
        let row: ResourceRow = serde_json::from_str(
            r#"{"id":"/x","name":"x","type":"y","subscriptionId":"s","resourceGroup":"g",
                "dataEndpointEnabled":"perhaps","sku":"Ultra","loginServer":null}"#,
        )
        .unwrap();
        assert_eq!(row.data_endpoint_enabled, None);
        assert_eq!(row.sku, Some(SkuName::UnknownValue("Ultra".to_owned())));
        assert_eq!(row.login_server, None);
    }
}
