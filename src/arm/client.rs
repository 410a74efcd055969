//! The client: an endpoint, a pipeline, and a method for each operation.

use super::error::{ArmError, ServiceError};
use super::models::{GenericResource, Page, Registry, Subscription};
use super::policies::{LogPolicy, RequestLog, RetryPolicy, sources};
use super::poller::{Finish, OperationState};
use azure_core::credentials::TokenCredential;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::policies::{Policy, auth::BearerTokenAuthorizationPolicy};
use azure_core::http::{
    ClientOptions, Context, Method, Pipeline, RawResponse, Request, RetryOptions, Transport, Url,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

/// The api-version of Microsoft.ContainerRegistry that `az` 2.91 asks for.
pub const API_VERSION: &str = "2026-09-01-preview";
const RESOURCES_API_VERSION: &str = "2024-11-01";
const POLICY_API_VERSION: &str = "2025-11-01";
const SUBSCRIPTIONS_API_VERSION: &str = "2022-12-01";
const REGISTRY_TYPE: &str = "Microsoft.ContainerRegistry/registries";
/// 1,000 resources a page: more than a subscription can hold.
const MOST_PAGES: usize = 1_000;

/// Which registry: subscription, resource group, name.
#[derive(Debug, Clone, Copy)]
pub struct RegistryPath<'a> {
    /// The subscription's GUID.
    pub subscription: &'a str,
    /// The resource group.
    pub resource_group: &'a str,
    /// The registry.
    pub registry: &'a str,
}

/// A client for container registries in Azure Resource Manager.
#[derive(Debug)]
pub struct ArmClient {
    endpoint: Url,
    pipeline: Pipeline,
    policy_token: Option<PolicyToken>,
}

/// Options of an [`ArmClient`].
#[derive(Debug, Default)]
pub struct ArmClientOptions {
    /// What carries the requests; azure_core's own when `None`.
    pub transport: Option<Transport>,
    /// Takes a line for each request.
    pub log: Option<RequestLog>,
    /// Asks Azure Policy for a token before each change.
    pub policy_token: Option<PolicyToken>,
}

/// What Azure Policy is asked with before a change.
#[derive(Debug, Clone, Default)]
pub struct PolicyToken {
    /// The id of the change that the operation belongs to.
    pub change_reference: Option<String>,
}

impl ArmClient {
    /// Creates a client.
    ///
    /// # Arguments
    /// * `endpoint` - ARM's URL in this cloud, e.g. `https://management.azure.com`; https only.
    /// * `credential` - gives the tokens.
    /// * `scope` - the scope of the tokens, e.g. `https://management.core.windows.net//.default`.
    /// * `options` - transport and log.
    ///
    /// # Errors
    /// [`ArmError::ForeignLink`] when the endpoint is not https.
    pub fn new(
        endpoint: Url,
        credential: Arc<dyn TokenCredential>,
        scope: &str,
        options: ArmClientOptions,
    ) -> Result<Self, ArmError> {
        if endpoint.scheme() != "https" {
            return Err(ArmError::ForeignLink {
                host: endpoint.host_str().unwrap_or_default().to_owned(),
                other: endpoint.to_string(),
            });
        }
        let client_options = ClientOptions {
            transport: options.transport,
            retry: RetryOptions::none(),
            ..ClientOptions::default()
        };
        let mut per_try: Vec<Arc<dyn Policy>> =
            vec![Arc::new(BearerTokenAuthorizationPolicy::new(credential, [scope]))];
        if let Some(log) = options.log {
            per_try.push(Arc::new(LogPolicy(log)));
        }
        let pipeline = Pipeline::new(
            option_env!("CARGO_PKG_NAME"),
            option_env!("CARGO_PKG_VERSION"),
            client_options,
            vec![Arc::new(RetryPolicy)],
            per_try,
            None,
        );
        Ok(Self { endpoint, pipeline, policy_token: options.policy_token })
    }

    /// Gets a registry.
    ///
    /// # Arguments
    /// * `of` - the registry.
    ///
    /// # Errors
    /// [`ArmError`]; a missing group or registry is a 404.
    pub async fn get_registry(&self, of: RegistryPath<'_>) -> Result<Registry, ArmError> {
        self.get(self.child(of, &[]), "a registry").await
    }

    /// Lists the registries of a subscription, all pages.
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
        self.list(self.url(&path, API_VERSION), "a list of registries").await
    }

    /// Lists the registries of a resource group, all pages.
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
        let url = self.group_url(subscription, resource_group, &[]);
        self.list(url, "a list of registries").await
    }

    /// Begins to change a registry. The service mostly answers with the changed registry at once.
    ///
    /// # Arguments
    /// * `of` - the registry.
    /// * `parameters` - what to change: a [`super::RegistryUpdateParameters`], perhaps changed by the user.
    ///
    /// # Errors
    /// [`ArmError`]; nothing was changed then, unless the connection broke after the request was sent.
    pub async fn begin_update_registry(
        &self,
        of: RegistryPath<'_>,
        parameters: &Value,
    ) -> Result<OperationState<'_, Registry>, ArmError> {
        let url = self.child(of, &[]);
        self.begin(Method::Patch, url, Some(parameters), Finish::Read("a registry")).await
    }

    /// Finds the registries of a name in a subscription of any size, without regard to case, by one request.
    ///
    /// # Arguments
    /// * `subscription` - the subscription's GUID.
    /// * `name` - the registry; letters, digits and hyphens only.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn find_registries(
        &self,
        subscription: &str,
        name: &str,
    ) -> Result<Vec<GenericResource>, ArmError> {
        let mut url =
            self.url(&["subscriptions", subscription, "resources"], RESOURCES_API_VERSION);
        let filter =
            format!("resourceType eq '{REGISTRY_TYPE}' and name eq '{}'", name.replace('\'', "''"));
        url.query_pairs_mut().append_pair("$filter", &filter);
        let mut found: Vec<GenericResource> = self.list(url, "a list of resources").await?;
        found.retain(|resource| resource.name.eq_ignore_ascii_case(name));
        Ok(found)
    }

    /// Lists the subscriptions that the caller sees, all pages.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn list_subscriptions(&self) -> Result<Vec<Subscription>, ArmError> {
        let url = self.url(&["subscriptions"], SUBSCRIPTIONS_API_VERSION);
        self.list(url, "a list of subscriptions").await
    }

    /// Sends a PUT, PATCH or DELETE that may take long.
    pub(super) async fn begin<T: DeserializeOwned>(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
        finish: Finish,
    ) -> Result<OperationState<'_, T>, ArmError> {
        let body = body.map(|body| body.to_string().into_bytes());
        let answer = self.send(method, url.clone(), body).await?;
        OperationState::begin(self, url, finish, &answer)
    }

    /// Gets one resource.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        url: Url,
        model: &'static str,
    ) -> Result<T, ArmError> {
        let answer = self.send(Method::Get, url.clone(), None).await?;
        Self::parse(&url, &answer, model)
    }

    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        first: Url,
        model: &'static str,
    ) -> Result<Vec<T>, ArmError> {
        let mut items = Vec::new();
        let mut url = first;
        for _ in 0..MOST_PAGES {
            let answer = self.send(Method::Get, url.clone(), None).await?;
            let page: Page<T> = Self::parse(&url, &answer, model)?;
            items.extend(page.value);
            match page.next_link.filter(|link| !link.is_empty()) {
                Some(link) => url = self.own_link(&link)?,
                None => return Ok(items),
            }
        }
        Err(ArmError::TooManyPages { host: self.host(), pages: MOST_PAGES })
    }

    /// Sends a request and checks its status.
    pub(super) async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<Vec<u8>>,
    ) -> Result<RawResponse, ArmError> {
        let policy_token = match &self.policy_token {
            Some(wish) if method != Method::Get => {
                Some(self.acquire_policy_token(method, &url, body.as_deref(), wish).await?)
            }
            _ => None,
        };
        let mut request = Request::new(url, method);
        if let Some(token) = policy_token {
            request.insert_header("x-ms-policy-external-evaluations", token);
        }
        self.send_request(request, body).await
    }

    /// Asks Azure Policy for a token for a change (api-version and body as `az` 2.91 sends them).
    async fn acquire_policy_token(
        &self,
        method: Method,
        url: &Url,
        body: Option<&[u8]>,
        wish: &PolicyToken,
    ) -> Result<String, ArmError> {
        let subscription = url.path_segments().and_then(|mut path| path.nth(1)).unwrap_or_default();
        let path = [
            "subscriptions",
            subscription,
            "providers",
            "Microsoft.Authorization",
            "acquirePolicyToken",
        ];
        let content: Value = body.and_then(|b| serde_json::from_slice(b).ok()).unwrap_or_default();
        let question = json!({
            "operation": {"uri": url.as_str(), "httpMethod": method.as_str(), "content": content},
            "changeReference": wish.change_reference,
        });
        let url = self.url(&path, POLICY_API_VERSION);
        let mut request = Request::new(url.clone(), Method::Post);
        request.insert_header("x-ms-force-sync", "true");
        let answer = self.send_request(request, Some(question.to_string().into_bytes())).await?;
        let answer: Value = Self::parse(&url, &answer, "an answer of Azure Policy")?;
        let token = answer["token"].as_str().filter(|token| !token.is_empty());
        token.map(str::to_owned).ok_or_else(|| {
            ArmError::Unsent("Failed to acquire policy token: Azure Policy gave none.".to_owned())
        })
    }

    async fn send_request(
        &self,
        mut request: Request,
        body: Option<Vec<u8>>,
    ) -> Result<RawResponse, ArmError> {
        request.insert_header("accept", "application/json");
        if let Some(body) = body {
            request.insert_header("content-type", "application/json");
            request.set_body(body);
        }
        // The status is checked here, so that ARM's own error body is at hand.
        let options =
            azure_core::http::PipelineSendOptions { skip_checks: true, ..Default::default() };
        let answer = self.pipeline.send(&Context::default(), &mut request, Some(options)).await;
        let answer = answer.map_err(|error| transport_error(&self.host(), &error))?;
        let status = u16::from(answer.status());
        if (200..300).contains(&status) { Ok(answer) } else { Err(refusal(status, &answer)) }
    }

    /// Reads a body.
    pub(super) fn parse<T: DeserializeOwned>(
        url: &Url,
        answer: &RawResponse,
        model: &'static str,
    ) -> Result<T, ArmError> {
        let bytes: &[u8] = answer.body().as_ref();
        let unexpected = |expected, detail| ArmError::UnexpectedBody {
            host: url.host_str().unwrap_or_default().to_owned(),
            status: answer.status().into(),
            expected,
            detail,
        };
        // Some proxies put a byte order mark in front.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        serde_json::from_slice(bytes).map_err(|error| {
            if error.is_data() {
                unexpected(model, error.to_string())
            } else {
                unexpected("JSON", beginning(bytes))
            }
        })
    }

    /// A URL from an answer, if it leads to the host that was asked, over https.
    pub(super) fn own_link(&self, text: &str) -> Result<Url, ArmError> {
        let foreign = |other: String| ArmError::ForeignLink { host: self.host(), other };
        let url =
            self.endpoint.join(text).map_err(|_| foreign(text.chars().take(200).collect()))?;
        if url.origin() == self.endpoint.origin() && url.username().is_empty() {
            Ok(url)
        } else {
            Err(foreign(url.origin().ascii_serialization()))
        }
    }

    fn host(&self) -> String {
        self.endpoint.host_str().unwrap_or_default().to_owned()
    }

    /// The URL of a registry, or of something below it.
    pub(super) fn child(&self, of: RegistryPath<'_>, rest: &[&str]) -> Url {
        let path = [&[of.registry], rest].concat();
        self.group_url(of.subscription, of.resource_group, &path)
    }

    fn group_url(&self, subscription: &str, resource_group: &str, rest: &[&str]) -> Url {
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
        self.url(&path, API_VERSION)
    }

    /// The endpoint with these path segments (percent-encoded) and this api-version.
    fn url(&self, segments: &[&str], api_version: &str) -> Url {
        let mut url = self.endpoint.clone();
        // An https URL always has segments; `ArmClient::new` takes no others.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url.query_pairs_mut().append_pair("api-version", api_version);
        url
    }
}

fn refusal(status: u16, answer: &RawResponse) -> ArmError {
    let bytes: &[u8] = answer.body().as_ref();
    let body = serde_json::from_slice(bytes).unwrap_or_default();
    match ServiceError::from_body(&body) {
        Some(error) => ArmError::Service { status, error: Box::new(error) },
        None => ArmError::Status {
            status,
            reason: answer.status().canonical_reason().into_owned(),
            content: if bytes.is_empty() {
                String::new()
            } else {
                // As much as the Python SDK shows.
                let text = String::from_utf8_lossy(bytes);
                format!("\nContent: {}", text.chars().take(2000).collect::<String>())
            },
        },
    }
}

fn beginning(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(800)]);
    let short: String = text.trim().chars().take(200).collect();
    if short.is_empty() { "it is empty".to_owned() } else { short }
}

fn transport_error(host: &str, error: &Error) -> ArmError {
    if matches!(error.kind(), ErrorKind::Connection | ErrorKind::Io) {
        let innermost = sources(error).last().map(ToString::to_string).unwrap_or_default();
        let host = sources(error)
            .filter_map(|e| e.downcast_ref::<reqwest::Error>())
            .find_map(|e| e.url().and_then(Url::host_str).map(str::to_owned))
            .unwrap_or_else(|| host.to_owned());
        let certificate = sources(error).any(|e| {
            matches!(e.downcast_ref::<rustls::Error>(), Some(rustls::Error::InvalidCertificate(_)))
        });
        let dns = sources(error).any(|e| e.to_string() == "dns error");
        let detail = if dns {
            format!("the name cannot be resolved ({innermost})")
        } else if certificate {
            format!("its certificate is not trusted ({innermost})")
        } else {
            innermost
        };
        return ArmError::Connection { host, detail, certificate };
    }
    let mut messages: Vec<String> = Vec::new();
    for source in sources(error) {
        let message = source.to_string();
        if !messages.iter().any(|known| known.contains(&message)) {
            messages.push(message);
        }
    }
    ArmError::Unsent(messages.join(": "))
}
