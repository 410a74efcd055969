//! `EnvironmentCredential`: an application's secret or certificate, from variables.

use super::{Inputs, Login, application, assertion_options, authority, client_options};
use crate::azure::AzureError;
use crate::azure::certificate::CertificateAssertion;
use azure_core::credentials::Secret;
use azure_identity::{
    ClientAssertionCredential, ClientSecretCredential, ClientSecretCredentialOptions,
};

/// The login from `AZURE_CLIENT_SECRET` or `AZURE_CLIENT_CERTIFICATE_PATH`.
///
/// # Errors
/// [`AzureError`] if the certificate file or a value cannot be used.
pub(super) fn login(inputs: &Inputs) -> Result<Option<Login>, AzureError> {
    let env = &inputs.env;
    let Some((tenant, client_id)) = application(env) else { return Ok(None) };
    if let Some(secret) = env.var("AZURE_CLIENT_SECRET") {
        let options = ClientSecretCredentialOptions { client_options: client_options(inputs) };
        let secret = Secret::new(secret);
        let credential = ClientSecretCredential::new(&tenant, client_id, secret, Some(options))?;
        let name = "EnvironmentCredential (client secret)".to_owned();
        return Ok(Some(Login { name, credential, renewal: None }));
    }
    let Some(path) = env.path("AZURE_CLIENT_CERTIFICATE_PATH") else { return Ok(None) };
    let audience = format!("{}/{tenant}/oauth2/v2.0/token", authority(inputs));
    let assertion = CertificateAssertion::load(&path, &client_id, audience)?;
    let options = Some(assertion_options(inputs));
    let credential = ClientAssertionCredential::new(tenant, client_id, assertion, options)?;
    Ok(Some(Login {
        name: "EnvironmentCredential (client certificate)".to_owned(),
        credential,
        renewal: None,
    }))
}
