//! `AzureCliCredential`: the session of `az login`.
//!
//! A token from `az`'s cache saves the 0.3 s that starting `az` takes. If the cache has none, `az` is run.

use super::process::Program;
use super::{Inputs, Login, managed_identity};
use crate::azure::AzureError;
use crate::azure::profile::ProfileSubscription;
use crate::azure::token_cache::{self, Wanted};
use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use azure_core::http::Url;
use azure_identity::{AzureCliCredential, AzureCliCredentialOptions, UserAssignedId};
use std::sync::{Arc, Mutex, PoisonError};

/// The login of `az`. It needs a subscription from the profile, unless it is `forced`.
///
/// # Errors
/// [`AzureError`] if `az`'s files are damaged.
pub(super) fn login(inputs: &Inputs, forced: bool) -> Result<Option<Login>, AzureError> {
    let Some(subscription) = &inputs.subscription else {
        return if forced {
            let name = "AzureCliCredential (az account get-access-token)".to_owned();
            Ok(Some(Login { name, credential: az_process(inputs)?, renewal: None }))
        } else {
            Ok(None)
        };
    };
    let user = &subscription.user;
    if matches!(user.name.as_str(), "systemAssignedIdentity" | "userAssignedIdentity") {
        let id = user.assigned_identity_info.as_deref().and_then(identity_id);
        let credential = managed_identity::credential(inputs, id)?;
        let name = format!("AzureCliCredential (az login --identity, {})", user.name);
        return Ok(Some(Login { name, credential, renewal: None }));
    }
    let cached = cached_token(inputs, subscription)?;
    let source = match &cached {
        Some(_) => "token from az's cache",
        None if token_cache::is_encrypted(&inputs.directory) => {
            "az account get-access-token, since az's cache is encrypted"
        }
        None => "az account get-access-token",
    };
    let process = az_process(inputs)?;
    Ok(Some(Login {
        name: format!("AzureCliCredential ({source})"),
        credential: Arc::new(CacheThenProcess {
            inputs: inputs.clone(),
            first: Mutex::new(cached),
            process: Arc::clone(&process),
        }),
        renewal: Some(process),
    }))
}

fn cached_token(
    inputs: &Inputs,
    subscription: &ProfileSubscription,
) -> Result<Option<AccessToken>, AzureError> {
    let host = Url::parse(&inputs.cloud.active_directory)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default();
    let wanted = Wanted {
        user: &subscription.user.name,
        service_principal: subscription.user.kind == "servicePrincipal",
        tenant: &subscription.tenant_id,
        authority_host: &host,
        resource: &inputs.resource,
    };
    token_cache::find(&inputs.directory, &wanted, inputs.env.now())
}

/// Looks in `az`'s cache each time a token is needed, and runs `az` if there is none.
#[derive(Debug)]
struct CacheThenProcess {
    inputs: Inputs,
    /// The token that was there when this login was chosen, until somebody asks for it.
    first: Mutex<Option<AccessToken>>,
    process: Arc<dyn TokenCredential>,
}

#[async_trait]
impl TokenCredential for CacheThenProcess {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let cached = match &self.inputs.subscription {
            _ if first.is_some() => first,
            Some(subscription) => cached_token(&self.inputs, subscription)
                .map_err(|e| Error::new(ErrorKind::Credential, e))?,
            None => None,
        };
        match cached {
            Some(token) => Ok(token),
            None => self.process.get_token(scopes, options).await,
        }
    }
}

/// The credential that runs `az account get-access-token`.
///
/// # Errors
/// [`AzureError`] if the subscription's id cannot be used.
fn az_process(inputs: &Inputs) -> Result<Arc<dyn TokenCredential>, AzureError> {
    let variables = vec![
        // The chosen cloud may be another than the one of `az cloud set`.
        ("AZURE_CLOUD_NAME", inputs.cloud.name.clone()),
        // If the `az` in PATH is this program's shim, it must not start this program again.
        ("AZ_ACR_SHIM", "off".to_owned()),
    ];
    let options = AzureCliCredentialOptions {
        subscription: inputs.subscription.as_ref().map(|subscription| subscription.id.clone()),
        executor: Some(Arc::new(Program { name: "az", variables })),
        ..AzureCliCredentialOptions::default()
    };
    Ok(AzureCliCredential::new(Some(options))?)
}

/// `MSI`, `MSIClient-<id>`, `MSIObject-<id>`, `MSIResource-<id>`: how `az` records the identity of a login.
fn identity_id(info: &str) -> Option<UserAssignedId> {
    match info.split_once('-')? {
        ("MSIClient", id) => Some(UserAssignedId::ClientId(id.to_owned())),
        ("MSIObject", id) => Some(UserAssignedId::ObjectId(id.to_owned())),
        ("MSIResource", id) => Some(UserAssignedId::ResourceId(id.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_of_an_az_login_is_read() {
        assert!(
            matches!(identity_id("MSIClient-a-b"), Some(UserAssignedId::ClientId(id)) if id == "a-b")
        );
        assert!(identity_id("MSI").is_none());
    }
}
