//! The client: a method for each operation on registries and subscriptions.

use super::error::ArmError;
use super::http::ArmHttp;
use super::models::{GenericResource, Registry, Subscription};
use super::parameters::RegistryUpdateParameters;
use super::permissions::Permissions;
use super::policy_token::PolicyToken;
use super::poller::{Finish, OperationState};
use super::resource_graph::Pace;
use crate::net::request_log::RequestLog;
use azure_core::credentials::TokenCredential;
use azure_core::http::{Method, Transport, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// The api-version of Microsoft.ContainerRegistry that `az` 2.91 uses.
pub const API_VERSION: &str = "2026-09-01-preview";
const RESOURCES_API_VERSION: &str = "2024-11-01";
const SUBSCRIPTIONS_API_VERSION: &str = "2022-12-01";
const PERMISSIONS_API_VERSION: &str = "2022-04-01";
const REGISTRY_TYPE: &str = "Microsoft.ContainerRegistry/registries";
const REGISTRY: &str = "a registry";

/// Identifies a registry: subscription, resource group, name.
#[derive(Debug, Clone, Copy)]
pub struct RegistryPath<'a> {
    /// The subscription's GUID.
    pub subscription: &'a str,
    /// The resource group.
    pub resource_group: &'a str,
    /// The registry.
    pub registry: &'a str,
}

impl RegistryPath<'_> {
    /// The resource id.
    pub fn id(&self) -> String {
        let Self { subscription, resource_group, registry } = self;
        format!(
            "/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/{REGISTRY_TYPE}/{registry}"
        )
    }
}

/// A client for container registries in Azure Resource Manager.
#[derive(Debug)]
pub struct ArmClient {
    http: ArmHttp,
    graph_pace: Pace,
}

/// Options for an [`ArmClient`].
#[derive(Debug, Default)]
pub struct ArmClientOptions {
    /// Sends the requests; `None` means azure_core's own transport.
    pub transport: Option<Transport>,
    /// Receives a line for each request.
    pub log: Option<RequestLog>,
    /// Asks Azure Policy for a token before each change.
    pub policy_token: Option<PolicyToken>,
    /// Receives a line when the cloud has an older api-version.
    pub notices: Option<RequestLog>,
    /// The server is in this process, so that polls may follow each other at once.
    pub in_process: bool,
}

impl ArmClient {
    /// Creates a client.
    ///
    /// # Arguments
    /// * `endpoint` - ARM's URL in this cloud, e.g. `https://management.azure.com`; https only.
    /// * `credential` - provides the tokens.
    /// * `scope` - the scope of the tokens, e.g. `https://management.core.windows.net//.default`.
    /// * `options` - transport, log and policy token.
    ///
    /// # Errors
    /// [`ArmError::ForeignLink`] if the endpoint is not https.
    pub fn new(
        endpoint: Url,
        credential: Arc<dyn TokenCredential>,
        scope: &str,
        options: ArmClientOptions,
    ) -> Result<Self, ArmError> {
        let ArmClientOptions { transport, log, policy_token, notices, in_process } = options;
        let mut http = ArmHttp::new(endpoint, (credential, scope), transport, log, policy_token)?;
        http.in_process = in_process;
        http.notices = notices;
        Ok(Self { http, graph_pace: Pace::default() })
    }

    /// Gets a registry.
    ///
    /// # Arguments
    /// * `of` - the registry.
    ///
    /// # Errors
    /// [`ArmError`]; a missing group or registry is a 404.
    pub async fn get_registry(&self, of: RegistryPath<'_>) -> Result<Registry, ArmError> {
        self.get(self.child(of, &[])?, REGISTRY).await
    }

    /// Gets a registry as ARM sends it, including properties that this version does not know.
    ///
    /// # Arguments
    /// * `of` - the registry.
    ///
    /// # Errors
    /// [`ArmError`]; a missing group or registry is a 404.
    pub async fn get_registry_raw(&self, of: RegistryPath<'_>) -> Result<Value, ArmError> {
        self.get(self.child(of, &[])?, REGISTRY).await
    }

    /// The api-version that is used because the cloud does not know this client's.
    pub fn older_version(&self) -> Option<&str> {
        self.http.older.get().map(String::as_str)
    }

    /// A registry from its body.
    ///
    /// # Errors
    /// [`ArmError::UnexpectedBody`].
    pub fn registry_of(&self, body: &Value) -> Result<Registry, ArmError> {
        Registry::deserialize(body).map_err(|e| ArmError::UnexpectedBody {
            host: self.http.host(),
            status: 200,
            expected: REGISTRY,
            detail: e.to_string(),
        })
    }

    /// Gets the caller's permissions on a registry.
    ///
    /// # Arguments
    /// * `of` - the registry.
    ///
    /// # Errors
    /// [`ArmError`]; not every caller who may read a registry may read its permissions.
    pub async fn get_permissions(&self, of: RegistryPath<'_>) -> Result<Permissions, ArmError> {
        let mut url = self.child(of, &["providers", "Microsoft.Authorization", "permissions"])?;
        url.set_query(Some(&format!("api-version={PERMISSIONS_API_VERSION}")));
        self.list(url, "a list of permissions").await.map(Permissions::new)
    }

    /// Lists the registries in a subscription (all pages).
    ///
    /// # Arguments
    /// * `subscription` - the subscription's GUID.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn list_registries(&self, subscription: &str) -> Result<Vec<Registry>, ArmError> {
        let path = [
            "subscriptions",
            subscription,
            "providers",
            "Microsoft.ContainerRegistry",
            "registries",
        ];
        self.list(self.http.url(&path, API_VERSION)?, "a list of registries").await
    }

    /// Lists the registries in a resource group (all pages).
    ///
    /// # Arguments
    /// * `subscription` - the subscription's GUID.
    /// * `resource_group` - the resource group.
    ///
    /// # Errors
    /// [`ArmError`]; a missing group is a 404.
    pub async fn list_registries_by_resource_group(
        &self,
        subscription: &str,
        resource_group: &str,
    ) -> Result<Vec<Registry>, ArmError> {
        let url = self.group_url(subscription, resource_group, &[])?;
        self.list(url, "a list of registries").await
    }

    /// Begins to update a registry. The service usually responds at once, with the changed registry.
    ///
    /// # Arguments
    /// * `of` - the registry.
    /// * `parameters` - what to change.
    /// * `if_match` - the `etag` of the registry that the change was made from, if ARM sent one.
    ///
    /// # Errors
    /// [`ArmError`]. Nothing was changed, unless the connection broke after the request was sent. 412: the registry is no
    /// longer the one with this `etag`.
    pub async fn begin_update_registry(
        &self,
        of: RegistryPath<'_>,
        parameters: &RegistryUpdateParameters,
        if_match: Option<&str>,
    ) -> Result<OperationState<'_, Registry>, ArmError> {
        let url = self.child(of, &[])?;
        let finish = Finish::Read(REGISTRY);
        self.begin_if(Method::Patch, url, Some(parameters), finish, if_match).await
    }

    /// Finds the registries with a name, in any case. One request is enough for a subscription of any size.
    ///
    /// # Arguments
    /// * `subscription` - the subscription's GUID.
    /// * `name` - the registry's name; only letters, digits and hyphens.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn find_registries(
        &self,
        subscription: &str,
        name: &str,
    ) -> Result<Vec<GenericResource>, ArmError> {
        let mut url =
            self.http.url(&["subscriptions", subscription, "resources"], RESOURCES_API_VERSION)?;
        let filter =
            format!("resourceType eq '{REGISTRY_TYPE}' and name eq '{}'", name.replace('\'', "''"));
        url.query_pairs_mut().append_pair("$filter", &filter);
        let mut found: Vec<GenericResource> = self.list(url, "a list of resources").await?;
        found.retain(|resource| resource.name.eq_ignore_ascii_case(name));
        Ok(found)
    }

    /// Lists the subscriptions that the caller has access to (all pages).
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn list_subscriptions(&self) -> Result<Vec<Subscription>, ArmError> {
        let url = self.http.url(&["subscriptions"], SUBSCRIPTIONS_API_VERSION)?;
        self.list(url, "a list of subscriptions").await
    }

    /// Sends a PUT, PATCH or DELETE that may take a long time.
    pub(super) async fn begin<T: DeserializeOwned>(
        &self,
        method: Method,
        url: Url,
        body: Option<&impl Serialize>,
        finish: Finish,
    ) -> Result<OperationState<'_, T>, ArmError> {
        self.begin_if(method, url, body, finish, None).await
    }

    async fn begin_if<T: DeserializeOwned>(
        &self,
        method: Method,
        url: Url,
        body: Option<&impl Serialize>,
        finish: Finish,
        if_match: Option<&str>,
    ) -> Result<OperationState<'_, T>, ArmError> {
        let body = body.map(serde_json::to_vec).transpose();
        let body = body.map_err(|e| ArmError::Unsent(e.to_string()))?;
        let response = self.http.send(method, url.clone(), body, if_match).await?;
        OperationState::begin(&self.http, url, finish, &response)
    }

    pub(super) fn http(&self) -> &ArmHttp {
        &self.http
    }

    /// The pace of requests to Resource Graph, which all queries share.
    pub(super) fn graph_pace(&self) -> &Pace {
        &self.graph_pace
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        url: Url,
        model: &'static str,
    ) -> Result<T, ArmError> {
        self.http.get(url, model).await
    }

    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        first: Url,
        model: &'static str,
    ) -> Result<Vec<T>, ArmError> {
        self.http.list(first, model).await
    }

    /// The URL of a registry or of a child resource.
    pub(super) fn child(&self, of: RegistryPath<'_>, rest: &[&str]) -> Result<Url, ArmError> {
        let path = [&[of.registry], rest].concat();
        self.group_url(of.subscription, of.resource_group, &path)
    }

    fn group_url(
        &self,
        subscription: &str,
        resource_group: &str,
        rest: &[&str],
    ) -> Result<Url, ArmError> {
        let mut path = vec![
            "subscriptions",
            subscription,
            "resourceGroups",
            resource_group,
            "providers",
            "Microsoft.ContainerRegistry",
            "registries",
        ];
        path.extend(rest);
        self.http.url(&path, API_VERSION)
    }
}
