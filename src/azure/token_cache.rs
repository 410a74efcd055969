//! The access tokens that `az` keeps in `msal_token_cache.json`. Using one saves starting Python.

use super::{AzureError, read_text};
use azure_core::credentials::{AccessToken, Secret};
use azure_core::time::{Duration, OffsetDateTime};
use serde::Deserialize;
use std::collections::HashMap;
use std::path::Path;

/// A token that expires within this time is not used.
const LEAST_LEFT: Duration = Duration::minutes(5);

/// The token that is wanted: for which account and which resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// A user's name or a service principal's client id.
    pub user: &'a str,
    /// Whether it is a service principal.
    pub service_principal: bool,
    /// The tenant.
    pub tenant: &'a str,
    /// Entra's host.
    pub authority_host: &'a str,
    /// The resource, e.g. `https://management.core.windows.net/`.
    pub resource: &'a str,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Cache {
    access_token: HashMap<String, Token>,
    account: HashMap<String, Account>,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "MSAL's names")]
struct Token {
    secret: Secret,
    #[serde(default)]
    home_account_id: Option<String>,
    #[serde(default)]
    environment: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    realm: String,
    #[serde(default)]
    token_type: String,
    #[serde(default)]
    expires_on: Number,
}

#[derive(Deserialize)]
struct Account {
    home_account_id: String,
    #[serde(default)]
    environment: String,
    #[serde(default)]
    username: String,
}

/// MSAL writes times as text; other programs that use the format write numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Text(String),
    Integer(i64),
}

impl Default for Number {
    fn default() -> Self {
        Self::Integer(0)
    }
}

impl Number {
    fn value(&self) -> i64 {
        match self {
            Self::Text(text) => text.parse().unwrap_or(0),
            Self::Integer(value) => *value,
        }
    }
}

/// Whether `az` keeps its tokens where only `az` can read them, as on Windows.
pub fn is_encrypted(directory: &Path) -> bool {
    directory.join("msal_token_cache.bin").exists()
}

/// The matching token in the cache that expires last; `None` if there is no such token or no cache.
///
/// # Errors
/// [`AzureError`] if the file exists but is unreadable or damaged.
pub fn find(
    directory: &Path,
    wanted: &Wanted,
    now: OffsetDateTime,
) -> Result<Option<AccessToken>, AzureError> {
    let path = directory.join("msal_token_cache.json");
    let Some(text) = read_text(&path)? else { return Ok(None) };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // az treats an empty cache as none.
    if text.trim().is_empty() {
        return Ok(None);
    }
    let cache: Cache = serde_json::from_str(text).map_err(|e| AzureError::Damaged {
        path,
        // The parser quotes values of the wrong type, and a value may be a token, so show only the position.
        detail: format!("line {}, column {} is not what az writes", e.line(), e.column()),
        remedy: "Run 'az login' to recreate it",
    })?;
    let home_account = cache
        .account
        .values()
        .find(|account| {
            account.environment == wanted.authority_host
                && account.username.eq_ignore_ascii_case(wanted.user)
        })
        .map(|account| account.home_account_id.as_str());
    let fits = |token: &&Token| {
        let owner = if wanted.service_principal {
            token.client_id.eq_ignore_ascii_case(wanted.user) && token.home_account_id.is_none()
        } else {
            home_account.is_some() && token.home_account_id.as_deref() == home_account
        };
        owner
            && token.token_type.eq_ignore_ascii_case("bearer")
            && token.environment == wanted.authority_host
            && token.realm.eq_ignore_ascii_case(wanted.tenant)
            && is_for(&token.target, wanted.resource)
    };
    let best = cache.access_token.values().filter(fits).max_by_key(|t| t.expires_on.value());
    Ok(best.and_then(|token| {
        let expires_on = OffsetDateTime::from_unix_timestamp(token.expires_on.value()).ok()?;
        (expires_on - now >= LEAST_LEFT).then(|| AccessToken::new(token.secret.clone(), expires_on))
    }))
}

/// Whether a scope in `target` (`https://arm//.default https://arm//user_impersonation`) belongs to `resource`.
fn is_for(target: &str, resource: &str) -> bool {
    let resource = resource.trim_end_matches('/');
    target.split_whitespace().any(|scope| {
        scope
            .rsplit_once('/')
            .is_some_and(|(of, _)| of.trim_end_matches('/').eq_ignore_ascii_case(resource))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_belong_to_their_resource_alone() {
        let arm = "https://management.core.windows.net/";
        assert!(is_for("https://management.core.windows.net//.default", arm));
        assert!(is_for("x https://management.core.windows.net/user_impersonation", arm));
        assert!(!is_for("https://management.core.windows.net.evil//.default", arm));
        assert!(!is_for("https://vault.azure.net/.default", arm));
    }
}
