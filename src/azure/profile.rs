//! The subscriptions that `az login` found, in `azureProfile.json`.

use super::{AzureError, read_text};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::Path;

/// A subscription in the profile.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileSubscription {
    /// The GUID.
    pub id: String,
    /// The display name.
    #[serde(default)]
    pub name: String,
    /// Whether `az account set` made it the default in its cloud.
    #[serde(default)]
    pub is_default: bool,
    /// The tenant of the login.
    #[serde(default)]
    pub tenant_id: String,
    /// The cloud.
    #[serde(default)]
    pub environment_name: String,
    /// Who is logged in.
    #[serde(default)]
    pub user: User,
}

/// Who is logged in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// A user's name, a service principal's client id, or `systemAssignedIdentity`/`userAssignedIdentity`.
    #[serde(default)]
    pub name: String,
    /// `user` or `servicePrincipal`.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// Which managed identity: `MSI`, `MSIClient-<id>`, `MSIObject-<id>` or `MSIResource-<id>`.
    #[serde(default)]
    pub assigned_identity_info: Option<String>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    subscriptions: Vec<ProfileSubscription>,
}

/// The subscriptions of one cloud.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    subscriptions: Vec<ProfileSubscription>,
}

impl Profile {
    /// Reads the profile. If the file does not exist, no user is logged in.
    ///
    /// # Errors
    /// [`AzureError`] if the file exists but is unreadable or damaged.
    pub fn load(directory: &Path, cloud: &str) -> Result<Self, AzureError> {
        let path = directory.join("azureProfile.json");
        let Some(text) = read_text(&path)? else { return Ok(Self::default()) };
        // az writes it with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        // Parsed through a map, because serde would accept `[]` as a profile as well.
        let file: File = serde_json::from_str(text)
            .and_then(|map: Map<String, Value>| serde_json::from_value(Value::Object(map)))
            .map_err(|e| AzureError::Damaged {
                path,
                detail: e.to_string(),
                remedy: "Run 'az login' to recreate it",
            })?;
        let mut subscriptions = file.subscriptions;
        subscriptions.retain(|subscription| subscription.environment_name == cloud);
        Ok(Self { subscriptions })
    }

    /// The subscriptions of this cloud.
    pub fn iter(&self) -> impl Iterator<Item = &ProfileSubscription> {
        self.subscriptions.iter()
    }

    /// Whether no user is logged in to this cloud.
    pub fn is_empty(&self) -> bool {
        self.subscriptions.is_empty()
    }

    /// The subscription with a name or id, in any case.
    ///
    /// # Errors
    /// [`AzureError::AmbiguousSubscription`].
    pub fn find(&self, name_or_id: &str) -> Result<Option<&ProfileSubscription>, AzureError> {
        let wanted = name_or_id.to_lowercase();
        let by_id = self.subscriptions.iter().find(|s| s.id.to_lowercase() == wanted);
        if by_id.is_some() {
            return Ok(by_id);
        }
        let mut by_name = self.subscriptions.iter().filter(|s| s.name.to_lowercase() == wanted);
        match (by_name.next(), by_name.next()) {
            (found, None) => Ok(found),
            _ => Err(AzureError::AmbiguousSubscription(name_or_id.to_owned())),
        }
    }

    /// The subscription that `az account set` chose.
    pub fn default_subscription(&self) -> Option<&ProfileSubscription> {
        self.subscriptions.iter().find(|subscription| subscription.is_default)
    }
}
