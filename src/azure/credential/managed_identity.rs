//! `ManagedIdentityCredential`: the identity of a virtual machine, an App Service or a container in Azure.

use super::{Inputs, Login, client_options};
use crate::azure::AzureError;
use crate::net::client::direct_transport;
use azure_core::credentials::TokenCredential;
use azure_core::http::ClientOptions;
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use std::sync::Arc;
use std::time::Duration;

/// How long the metadata service has to accept a connection.
///
/// Outside Azure, nothing responds at its address, and azure_identity would wait for more than a minute.
const METADATA_TIMEOUT: Duration = Duration::from_millis(500);

/// The machine's identity, if it has one or this login is `forced`.
///
/// # Errors
/// [`AzureError`] if the credential cannot be created.
pub(super) async fn login(inputs: &Inputs, forced: bool) -> Result<Option<Login>, AzureError> {
    let env = &inputs.env;
    let on_app_service = env.var("IDENTITY_ENDPOINT").is_some();
    if !on_app_service && !forced && !metadata_service_answers().await {
        return Ok(None);
    }
    let id = env.var("AZURE_CLIENT_ID").map(UserAssignedId::ClientId);
    let credential = credential(inputs, id)?;
    Ok(Some(Login { name: "ManagedIdentityCredential".to_owned(), credential, renewal: None }))
}

/// A managed identity's credential.
///
/// # Errors
/// [`AzureError`] if the credential cannot be created.
pub(super) fn credential(
    inputs: &Inputs,
    user_assigned_id: Option<UserAssignedId>,
) -> Result<Arc<dyn TokenCredential>, AzureError> {
    let options = ManagedIdentityCredentialOptions {
        user_assigned_id,
        client_options: ClientOptions {
            // The metadata service is on the same host. A proxy would connect to its own host's service.
            transport: Some(direct_transport(&inputs.env)?),
            ..client_options(inputs)
        },
    };
    Ok(ManagedIdentityCredential::new(Some(options))?)
}

/// Whether this machine is in Azure: its metadata service accepts connections.
async fn metadata_service_answers() -> bool {
    let connect = tokio::net::TcpStream::connect(("169.254.169.254", 80));
    matches!(tokio::time::timeout(METADATA_TIMEOUT, connect).await, Ok(Ok(_)))
}
