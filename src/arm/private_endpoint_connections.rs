//! Operations on private endpoint connections.

use super::client::{ArmClient, RegistryPath};
use super::error::ArmError;
use super::models::PrivateEndpointConnection;
use super::poller::{Finish, OperationState};
use azure_core::http::Method;
use serde_json::Value;

const SEGMENT: &str = "privateEndpointConnections";
const MODEL: &str = "a private endpoint connection";

impl ArmClient {
    /// Lists the private endpoint connections of a registry (all pages).
    ///
    /// # Arguments
    /// * `of` - the registry.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn list_private_endpoint_connections(
        &self,
        of: RegistryPath<'_>,
    ) -> Result<Vec<PrivateEndpointConnection>, ArmError> {
        self.list(self.child(of, &[SEGMENT])?, "a list of private endpoint connections").await
    }

    /// Gets a private endpoint connection.
    ///
    /// # Arguments
    /// * `of` - the registry.
    /// * `name` - the connection.
    ///
    /// # Errors
    /// [`ArmError`]; a missing connection is a 404.
    pub async fn get_private_endpoint_connection(
        &self,
        of: RegistryPath<'_>,
        name: &str,
    ) -> Result<PrivateEndpointConnection, ArmError> {
        self.get(self.child(of, &[SEGMENT, name])?, MODEL).await
    }

    /// Begins to replace a private endpoint connection.
    ///
    /// # Arguments
    /// * `of` - the registry.
    /// * `name` - the connection.
    /// * `connection` - the whole connection, with ARM's property names.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn begin_put_private_endpoint_connection(
        &self,
        of: RegistryPath<'_>,
        name: &str,
        connection: &Value,
    ) -> Result<OperationState<'_, PrivateEndpointConnection>, ArmError> {
        let url = self.child(of, &[SEGMENT, name])?;
        self.begin(Method::Put, url, Some(connection), Finish::Read(MODEL)).await
    }

    /// Begins to delete a private endpoint connection. If it does not exist, this is not an error.
    ///
    /// # Arguments
    /// * `of` - the registry.
    /// * `name` - the connection.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn begin_delete_private_endpoint_connection(
        &self,
        of: RegistryPath<'_>,
        name: &str,
    ) -> Result<OperationState<'_, ()>, ArmError> {
        let url = self.child(of, &[SEGMENT, name])?;
        self.begin(Method::Delete, url, None::<&()>, Finish::Nothing).await
    }
}
