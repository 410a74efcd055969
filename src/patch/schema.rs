//! What a request body may contain, by name: the tables behind `--set`, `--add` and `--remove`.

/// What a body may contain at a path.
#[derive(Debug, Clone, Copy)]
pub enum Schema {
    /// These members and no others.
    Model(&'static [(&'static str, Schema)]),
    /// A list, which `--add` creates if it is missing.
    List,
    /// Anything.
    Free,
}

use Schema::{Free, List, Model};

const POLICY: Schema = Model(&[("status", Free)]);
const NETWORK_RULE_SET: Schema =
    Model(&[("defaultAction", Free), ("virtualNetworkRules", List), ("ipRules", List)]);
const POLICIES: Schema = Model(&[
    ("quarantinePolicy", POLICY),
    ("trustPolicy", Model(&[("type", Free), ("status", Free)])),
    ("retentionPolicy", Model(&[("days", Free), ("status", Free)])),
    ("exportPolicy", POLICY),
    ("azureADAuthenticationAsArmPolicy", POLICY),
    ("softDeletePolicy", Model(&[("retentionDays", Free), ("status", Free)])),
]);
const ENCRYPTION: Schema = Model(&[
    ("status", Free),
    ("keyVaultProperties", Model(&[("keyIdentifier", Free), ("identity", Free)])),
]);

/// The body of a registry's PATCH.
pub const REGISTRY: Schema = Model(&[
    ("identity", Model(&[("type", Free), ("userAssignedIdentities", Free)])),
    ("tags", Free),
    ("sku", Model(&[("name", Free)])),
    (
        "properties",
        Model(&[
            ("adminUserEnabled", Free),
            ("networkRuleSet", NETWORK_RULE_SET),
            ("policies", POLICIES),
            ("encryption", ENCRYPTION),
            ("dataEndpointEnabled", Free),
            ("regionalEndpoints", Free),
            ("endpointProtocol", Free),
            ("publicNetworkAccess", Free),
            ("networkRuleBypassOptions", Free),
            ("networkRuleBypassAllowedForTasks", Free),
            ("anonymousPullEnabled", Free),
            ("metadataSearch", Free),
            ("writableCacheRepos", Free),
            ("roleAssignmentMode", Free),
        ]),
    ),
]);

/// The body of a replication's PATCH.
pub const REPLICATION: Schema =
    Model(&[("tags", Free), ("properties", Model(&[("regionEndpointEnabled", Free)]))]);

impl Schema {
    /// Where a model has a member with this name: directly, or below `properties`. Names are in camel or snake case.
    pub(super) fn member(self, name: &str) -> Option<(Vec<&'static str>, Self)> {
        let Model(members) = self else { return None };
        let wanted = snake_case(name);
        if let Some((known, schema)) = members.iter().find(|(known, _)| snake_case(known) == wanted)
        {
            return Some((vec![known], *schema));
        }
        let (known, properties) = members.iter().find(|(known, _)| *known == "properties")?;
        let (mut place, schema) = properties.member(name)?;
        place.insert(0, known);
        Some((place, schema))
    }

    /// The names in a model, including its properties, sorted.
    pub(super) fn names(self) -> Option<Vec<&'static str>> {
        let Model(members) = self else { return None };
        let mut names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
        if let Some((_, Model(properties))) = members.iter().find(|(name, _)| *name == "properties")
        {
            names.extend(properties.iter().map(|(name, _)| *name));
        }
        names.sort_unstable();
        Some(names)
    }
}

/// The name in snake case, so that `dataEndpointEnabled` and `data_endpoint_enabled` are the same.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut previous = '_';
    for c in name.chars() {
        if c.is_uppercase() && (previous.is_lowercase() || previous.is_ascii_digit()) {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
        previous = c;
    }
    snake
}
