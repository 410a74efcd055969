//! `WorkloadIdentityCredential`: a federated token from a file, as Kubernetes provides it.

use super::{Inputs, Login, application, assertion_options};
use crate::azure::AzureError;
use crate::files;
use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::ClientMethodOptions;
use azure_identity::{ClientAssertion, ClientAssertionCredential};
use std::path::PathBuf;

/// The login from `AZURE_FEDERATED_TOKEN_FILE`.
///
/// # Errors
/// [`AzureError`] if a value cannot be used.
pub(super) fn login(inputs: &Inputs) -> Result<Option<Login>, AzureError> {
    let file = inputs.env.path("AZURE_FEDERATED_TOKEN_FILE");
    let (Some((tenant, client_id)), Some(file)) = (application(&inputs.env), file) else {
        return Ok(None);
    };
    let options = Some(assertion_options(inputs));
    let credential = ClientAssertionCredential::new(tenant, client_id, TokenFile(file), options)?;
    Ok(Some(Login { name: "WorkloadIdentityCredential".to_owned(), credential, renewal: None }))
}

/// The file with the federated token. It is read for each login: Kubernetes replaces it every hour. (azure_identity's own
/// credential waits for a pipe and reads a device without end.)
#[derive(Debug)]
struct TokenFile(PathBuf);

#[async_trait]
impl ClientAssertion for TokenFile {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let failed = |detail: &str| {
            let file = self.0.display();
            let message = format!("AZURE_FEDERATED_TOKEN_FILE: cannot read {file}: {detail}");
            Error::with_message(ErrorKind::Credential, message)
        };
        let bytes = files::read(&self.0).map_err(|e| failed(&e.to_string()))?;
        let bytes = bytes.ok_or_else(|| failed("there is no such file"))?;
        let text = String::from_utf8(bytes).map_err(|_| failed("it is not text"))?;
        Ok(text.trim().to_owned())
    }
}
