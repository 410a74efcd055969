//! `AzureDeveloperCliCredential`: the session of `azd auth login`.

use super::process::Program;
use super::{Inputs, Login};
use crate::azure::AzureError;
use azure_identity::{AzureDeveloperCliCredential, AzureDeveloperCliCredentialOptions};
use std::sync::Arc;

/// The login of `azd`, if `azd` is installed or this login is `forced`.
///
/// # Errors
/// [`AzureError`] if the credential cannot be created.
pub(super) fn login(inputs: &Inputs, forced: bool) -> Result<Option<Login>, AzureError> {
    let installed = inputs.env.path("PATH").is_some_and(|path| {
        let name = if cfg!(windows) { "azd.exe" } else { "azd" };
        std::env::split_paths(&path).any(|directory| directory.join(name).is_file())
    });
    if !installed && !forced {
        return Ok(None);
    }
    let executor = Program { name: "azd", variables: Vec::new() };
    let options = AzureDeveloperCliCredentialOptions {
        executor: Some(Arc::new(executor)),
        ..AzureDeveloperCliCredentialOptions::default()
    };
    let credential = AzureDeveloperCliCredential::new(Some(options))?;
    Ok(Some(Login { name: "AzureDeveloperCliCredential".to_owned(), credential, renewal: None }))
}
