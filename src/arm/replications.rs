//! Operations on the replicas of a registry.

use super::client::{ArmClient, RegistryPath};
use super::error::ArmError;
use super::models::Replication;
use super::parameters::{ReplicationCreateParameters, ReplicationUpdateParameters};
use super::poller::{Finish, OperationState};
use azure_core::http::Method;

impl ArmClient {
    /// Lists the replications of a registry (all pages). Once there is a replica, the home region is listed as well.
    ///
    /// # Arguments
    /// * `of` - the registry.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn list_replications(
        &self,
        of: RegistryPath<'_>,
    ) -> Result<Vec<Replication>, ArmError> {
        self.list(self.child(of, &["replications"])?, "a list of replications").await
    }

    /// Gets a replication.
    ///
    /// # Arguments
    /// * `of` - the registry.
    /// * `name` - the replication.
    ///
    /// # Errors
    /// [`ArmError`]; a missing replication is a 404.
    pub async fn get_replication(
        &self,
        of: RegistryPath<'_>,
        name: &str,
    ) -> Result<Replication, ArmError> {
        self.get(self.child(of, &["replications", name])?, "a replication").await
    }

    /// Begins to create a replication, which takes minutes in Azure.
    ///
    /// # Arguments
    /// * `of` - the registry.
    /// * `name` - the replication.
    /// * `parameters` - its region and settings.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn begin_create_replication(
        &self,
        of: RegistryPath<'_>,
        name: &str,
        parameters: &ReplicationCreateParameters,
    ) -> Result<OperationState<'_, Replication>, ArmError> {
        let url = self.child(of, &["replications", name])?;
        self.begin(Method::Put, url, Some(parameters), Finish::Read("a replication")).await
    }

    /// Begins to update a replication.
    ///
    /// # Arguments
    /// * `of` - the registry.
    /// * `name` - the replication.
    /// * `parameters` - what to change: `tags`, `properties.regionEndpointEnabled`.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn begin_update_replication(
        &self,
        of: RegistryPath<'_>,
        name: &str,
        parameters: &ReplicationUpdateParameters,
    ) -> Result<OperationState<'_, Replication>, ArmError> {
        let url = self.child(of, &["replications", name])?;
        self.begin(Method::Patch, url, Some(parameters), Finish::Read("a replication")).await
    }

    /// Begins to delete a replication. If it does not exist, this is not an error.
    ///
    /// # Arguments
    /// * `of` - the registry.
    /// * `name` - the replication.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn begin_delete_replication(
        &self,
        of: RegistryPath<'_>,
        name: &str,
    ) -> Result<OperationState<'_, ()>, ArmError> {
        let url = self.child(of, &["replications", name])?;
        self.begin(Method::Delete, url, None::<&()>, Finish::Nothing).await
    }
}
