//! `AzurePipelinesCredential`: the service connection of a job in Azure Pipelines.

use super::{Inputs, Login, assertion_options, https_url};
use crate::azure::AzureError;
use azure_identity::{AzurePipelinesCredential, AzurePipelinesCredentialOptions};

/// The login from the variables that the `AzureCLI@2` task sets.
///
/// # Errors
/// [`AzureError`] if a value cannot be used.
pub(super) fn login(inputs: &Inputs) -> Result<Option<Login>, AzureError> {
    let env = &inputs.env;
    let (Some(url), Some(token), Some(connection), Some(client_id), Some(tenant)) = (
        env.var("SYSTEM_OIDCREQUESTURI"),
        env.var("SYSTEM_ACCESSTOKEN"),
        env.var("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"),
        env.var("AZURESUBSCRIPTION_CLIENT_ID"),
        env.var("AZURESUBSCRIPTION_TENANT_ID"),
    ) else {
        return Ok(None);
    };
    // azure_identity reads the variable itself, and would send the job's token anywhere.
    https_url("SYSTEM_OIDCREQUESTURI", url)?;
    let options = AzurePipelinesCredentialOptions { credential_options: assertion_options(inputs) };
    let credential =
        AzurePipelinesCredential::new(tenant, client_id, &connection, token, Some(options))?;
    Ok(Some(Login { name: "AzurePipelinesCredential".to_owned(), credential, renewal: None }))
}
