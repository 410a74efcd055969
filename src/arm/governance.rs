//! What stands above registries: the subscriptions of a management group, and locks.

use super::client::ArmClient;
use super::error::ArmError;
use serde::Deserialize;

const GROUPS_API_VERSION: &str = "2020-05-01";
const LOCKS_API_VERSION: &str = "2016-09-01";
const SUBSCRIPTION_TYPE: &str = "subscriptions";

/// A management group or a subscription below a management group.
#[derive(Deserialize)]
struct Descendant {
    name: String,
    r#type: String,
    #[serde(default)]
    properties: DescendantProperties,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DescendantProperties {
    display_name: String,
}

/// A lock, as ARM lists it.
#[derive(Debug, Clone, Deserialize)]
pub struct Lock {
    id: String,
    #[serde(default)]
    properties: LockProperties,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct LockProperties {
    level: String,
}

impl Lock {
    /// The resource id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the lock forbids changes to a resource: it is read-only, and on the resource or on something above it.
    pub fn forbids_changes(&self, resource: &str) -> bool {
        let id = self.id.to_lowercase();
        let Some((scope, _)) = id.rsplit_once("/providers/microsoft.authorization/locks/") else {
            return false;
        };
        let resource = resource.to_lowercase();
        let below = resource.strip_prefix(scope);
        self.properties.level.eq_ignore_ascii_case("ReadOnly")
            && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl ArmClient {
    /// Lists the subscriptions below a management group (all pages): GUID and display name.
    ///
    /// # Errors
    /// [`ArmError`]; a missing group is a 404, or a 403.
    pub async fn list_subscriptions_below(
        &self,
        management_group: &str,
    ) -> Result<Vec<(String, String)>, ArmError> {
        let path = [
            "providers",
            "Microsoft.Management",
            "managementGroups",
            management_group,
            "descendants",
        ];
        let url = self.http().url(&path, GROUPS_API_VERSION)?;
        let all: Vec<Descendant> = self.list(url, "a list of descendants").await?;
        let is_subscription = |d: &Descendant| {
            d.r#type.rsplit('/').next().is_some_and(|t| t.eq_ignore_ascii_case(SUBSCRIPTION_TYPE))
        };
        let subscriptions = all.into_iter().filter(is_subscription);
        Ok(subscriptions.map(|d| (d.name, d.properties.display_name)).collect())
    }

    /// Lists the locks of a subscription, and of everything below it (all pages).
    ///
    /// # Errors
    /// [`ArmError`]; not every caller who may read a registry may read locks.
    pub async fn list_locks(&self, subscription: &str) -> Result<Vec<Lock>, ArmError> {
        let path = ["subscriptions", subscription, "providers", "Microsoft.Authorization", "locks"];
        self.list(self.http().url(&path, LOCKS_API_VERSION)?, "a list of locks").await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_covers_what_is_below_its_scope() {
        let lock = |scope: &str, level: &str| Lock {
            id: format!("{scope}/providers/Microsoft.Authorization/locks/keep"),
            properties: LockProperties { level: level.to_owned() },
        };
        let group = "/subscriptions/s/resourceGroups/rg";
        let registry = format!("{group}/providers/Microsoft.ContainerRegistry/registries/contoso");
        for (scope, level, forbids) in [
            ("/subscriptions/S", "ReadOnly", true),
            (group, "ReadOnly", true),
            (registry.as_str(), "ReadOnly", true),
            (group, "CanNotDelete", false),
            ("/subscriptions/s/resourceGroups/r", "ReadOnly", false),
            ("/subscriptions/s/resourceGroups/rg2", "ReadOnly", false),
        ] {
            assert_eq!(lock(scope, level).forbids_changes(&registry), forbids, "{scope} {level}");
        }
    }
}
