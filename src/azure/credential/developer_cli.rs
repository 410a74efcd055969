//! `AzureDeveloperCliCredential`: the session of `azd auth login`.

use super::{Inputs, Login};
use crate::azure::AzureError;
use azure_identity::AzureDeveloperCliCredential;

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
    let credential = AzureDeveloperCliCredential::new(None)?;
    Ok(Some(Login { name: "AzureDeveloperCliCredential".to_owned(), credential, renewal: None }))
}
