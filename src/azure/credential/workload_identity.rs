//! `WorkloadIdentityCredential`: a federated token from a file, as Kubernetes provides it.

use super::{Inputs, Login, application, assertion_options};
use crate::azure::AzureError;
use azure_identity::{WorkloadIdentityCredential, WorkloadIdentityCredentialOptions};

/// The login from `AZURE_FEDERATED_TOKEN_FILE`.
///
/// # Errors
/// [`AzureError`] if a value cannot be used.
pub(super) fn login(inputs: &Inputs) -> Result<Option<Login>, AzureError> {
    let file = inputs.env.path("AZURE_FEDERATED_TOKEN_FILE");
    let (Some((tenant, client_id)), Some(file)) = (application(&inputs.env), file) else {
        return Ok(None);
    };
    let options = WorkloadIdentityCredentialOptions {
        credential_options: assertion_options(inputs),
        client_id: Some(client_id),
        tenant_id: Some(tenant),
        token_file_path: Some(file),
    };
    let credential = WorkloadIdentityCredential::new(Some(options))?;
    Ok(Some(Login { name: "WorkloadIdentityCredential".to_owned(), credential, renewal: None }))
}
