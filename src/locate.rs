//! Finds a registry's path in Azure from its name: with the user's resource group, the last hint, or a search.

use crate::arm::{ArmClient, ArmError, Registry, RegistryPath, ResourceId};
use crate::domain::RegistryName;
use crate::env::Env;
use crate::error::UserError;
use crate::hints::{Hints, Key};
use crate::message::Code;
use crate::session::Session;
use anyhow::{Context as _, Result};
use serde_json::Value;

const RESOURCE_TYPE: &str = "Microsoft.ContainerRegistry/registries";

/// Where a registry is. The user gave the path, or Azure has confirmed it.
#[derive(Debug, Clone)]
pub struct Location {
    subscription: String,
    resource_group: String,
    registry: RegistryName,
    /// The registry's body, if it was read to confirm the path.
    found: Option<Value>,
}

impl Location {
    /// The registry's path.
    pub fn path(&self) -> RegistryPath<'_> {
        RegistryPath {
            subscription: &self.subscription,
            resource_group: &self.resource_group,
            registry: self.registry.as_str(),
        }
    }

    /// The registry. Needs no request if it was read to confirm the path.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn registry(&self, arm: &ArmClient) -> Result<Registry, ArmError> {
        match &self.found {
            Some(body) => arm.registry_of(body),
            None => arm.get_registry(self.path()).await,
        }
    }

    /// The registry as ARM sends it. Needs no request if it was read to confirm the path.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn body(&self, arm: &ArmClient) -> Result<Value, ArmError> {
        match &self.found {
            Some(body) => Ok(body.clone()),
            None => arm.get_registry_raw(self.path()).await,
        }
    }
}

/// The hints of this user.
pub fn hints(env: &Env) -> Hints {
    Hints::new(env.xdg("XDG_CACHE_HOME", ".cache"))
}

/// The names of the registries that this user has worked with.
pub fn known_registries(env: &Env) -> Vec<String> {
    hints(env).registries()
}

/// Finds one registry; see [`locate_with`].
///
/// # Errors
/// As [`locate_with`].
pub async fn locate(
    name: &RegistryName,
    resource_group: Option<&str>,
    session: &Session,
) -> Result<Location> {
    let hints = hints(&session.env);
    let location = locate_with(&hints, name, resource_group, session).await;
    hints.save();
    location
}

/// Finds a registry.
///
/// With a resource group, nothing is searched. Otherwise, the group in which the registry was last found is confirmed
/// by reading the registry there. Without such a hint, or if it is stale, ARM is searched for the name. Each of these
/// takes one request. What is learned goes to `hints`; the caller saves them.
///
/// # Errors
/// The registry does not exist, several have the name, or ARM refuses the request.
pub async fn locate_with(
    hints: &Hints,
    name: &RegistryName,
    resource_group: Option<&str>,
    session: &Session,
) -> Result<Location> {
    let arm = session.arm().await?;
    let subscription = &session.subscription().await?.id;
    let location = |resource_group: &str| Location {
        subscription: subscription.clone(),
        resource_group: resource_group.to_owned(),
        registry: name.clone(),
        found: None,
    };
    if let Some(resource_group) = resource_group {
        return Ok(location(resource_group));
    }
    let endpoint = session.cloud()?.resource_manager.as_str();
    let key = Key { endpoint, subscription, registry: name.as_str() };
    if let Some(hint) = hints.get(key) {
        let mut hinted = location(&hint);
        match arm.get_registry_raw(hinted.path()).await {
            Ok(body) => {
                hinted.found = Some(body);
                return Ok(hinted);
            }
            Err(error) if error.status() == Some(404) => hints.set(key, None),
            Err(error) => return Err(error.into()),
        }
    }
    let group = search(arm, name, session).await?;
    hints.set(key, Some(&group));
    Ok(location(&group))
}

/// The resource group of the only registry with this name in the subscription.
async fn search(arm: &ArmClient, name: &RegistryName, session: &Session) -> Result<String> {
    let subscription = session.subscription().await?;
    let found = arm.find_registries(&subscription.id, name.as_str()).await?;
    match found.as_slice() {
        [] => {
            let place = match &subscription.name {
                Some(known) => format!("subscription '{known} ({})'", subscription.id),
                None => "the current subscription".to_owned(),
            };
            let message = format!(
                "The resource with name '{name}' and type '{RESOURCE_TYPE}' could not be found in {place}."
            );
            Err(UserError::new(message).about(Code::NotFound).into())
        }
        [one] => {
            let id = ResourceId::parse(&one.id).with_context(|| {
                format!("ARM returned a resource id without a resource group: {}", one.id)
            })?;
            // In lower case, as az sends it: ARM's errors repeat the spelling.
            Ok(id.resource_group.to_lowercase())
        }
        _ => {
            let message = format!(
                "More than one resources with type '{RESOURCE_TYPE}' are found with name '{name}'."
            );
            Err(UserError::new(message).hint("Use --resource-group to choose one.").into())
        }
    }
}
