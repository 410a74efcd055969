//! Requests to Azure Resource Manager: URLs, the pipeline, statuses, bodies, and the links in responses.

use super::client::API_VERSION;
use super::error::{ArmError, ServiceError};
use super::models::Page;
use super::policy_token::{self, AcquiredToken, PolicyToken};
use super::retry::{MayHaveArrived, Patient, ReadOnly, RenewTokenPolicy, RetryPolicy, sources};
use crate::net::client::LIMIT;
use crate::net::request_log::{LogPolicy, RequestLog};
use crate::secrets;
use azure_core::credentials::TokenCredential;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::HeaderName;
use azure_core::http::policies::{Policy, auth::BearerTokenAuthorizationPolicy};
use azure_core::http::{
    ClientOptions, Context, Method, Pipeline, RawResponse, Request, RetryOptions, Transport, Url,
};
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

/// At 1,000 resources per page, more than a subscription can hold.
const MAX_PAGES: usize = 1_000;
/// The most items of a list.
const MAX_ITEMS: usize = 200_000;
/// The largest body that is read as an error, in bytes.
const LARGEST_ERROR: usize = 1 << 20;
/// How many characters of an unexpected error body are shown, as in the Python SDK.
const SHOWN_ERROR_BODY: usize = 2000;

/// The connection to ARM that all operations share.
#[derive(Debug)]
pub(super) struct ArmHttp {
    endpoint: Url,
    pipeline: Pipeline,
    policy_token: Option<PolicyToken>,
    /// Whether polls may follow each other at once.
    pub(super) in_process: bool,
    /// Receives a line when this cloud has an older api-version.
    pub(super) notices: Option<RequestLog>,
    /// The api-version of registries in this cloud, if it does not know ours: sovereign clouds lag behind.
    pub(super) older: OnceLock<String>,
}

impl ArmHttp {
    /// Creates the connection.
    ///
    /// # Arguments
    /// * `endpoint` - ARM's URL in this cloud; https only.
    /// * `credential` - provides the tokens.
    /// * `scope` - the scope of the tokens.
    /// * `transport` - sends the requests; `None` means azure_core's own transport.
    /// * `log` - receives a line for each request.
    /// * `policy_token` - asks Azure Policy for a token before each change.
    ///
    /// # Errors
    /// [`ArmError::ForeignLink`] if the endpoint is not https.
    pub(super) fn new(
        endpoint: Url,
        (credential, scope): (Arc<dyn TokenCredential>, &str),
        transport: Option<Transport>,
        log: Option<RequestLog>,
        policy_token: Option<PolicyToken>,
    ) -> Result<Self, ArmError> {
        if endpoint.scheme() != "https" {
            return Err(ArmError::ForeignLink {
                host: endpoint.host_str().unwrap_or_default().to_owned(),
                other: endpoint.to_string(),
            });
        }
        let client_options =
            ClientOptions { transport, retry: RetryOptions::none(), ..ClientOptions::default() };
        let mut per_try: Vec<Arc<dyn Policy>> = vec![
            Arc::new(RenewTokenPolicy),
            Arc::new(BearerTokenAuthorizationPolicy::new(credential, [scope])),
        ];
        if let Some(log) = log {
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
        Ok(Self {
            endpoint,
            pipeline,
            policy_token,
            in_process: false,
            notices: None,
            older: OnceLock::new(),
        })
    }

    /// Gets one resource.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        url: Url,
        model: &'static str,
    ) -> Result<T, ArmError> {
        let response = self.send(Method::Get, url.clone(), None, None).await?;
        parse(&url, &response, model)
    }

    /// Gets a list (all pages).
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        first: Url,
        model: &'static str,
    ) -> Result<Vec<T>, ArmError> {
        let mut items = Vec::new();
        let mut url = first;
        let mut seen = HashSet::new();
        for _ in 0..MAX_PAGES {
            if !seen.insert(url.clone()) {
                let detail = "it repeats the link to a page".to_owned();
                return Err(ArmError::Incomplete { host: self.host(), detail });
            }
            let page: Page<T> = self.get(url, model).await?;
            items.extend(page.value);
            if items.len() > MAX_ITEMS {
                let detail = format!("it has more than {MAX_ITEMS} items");
                return Err(ArmError::Incomplete { host: self.host(), detail });
            }
            match page.next_link.filter(|link| !link.is_empty()) {
                Some(link) => url = self.own_link(&link)?,
                None => return Ok(items),
            }
        }
        Err(ArmError::TooManyPages { host: self.host(), pages: MAX_PAGES })
    }

    /// Sends a request and checks its status.
    ///
    /// # Arguments
    /// * `if_match` - the `ETag` of the state that the request replaces, if ARM gave one: ARM then refuses a stale one with 412.
    pub(super) async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<Vec<u8>>,
        if_match: Option<&str>,
    ) -> Result<RawResponse, ArmError> {
        let token = match &self.policy_token {
            Some(options) if method != Method::Get => {
                Some(self.acquire_policy_token(method, &url, body.as_deref(), options).await?)
            }
            _ => None,
        };
        let request = |url: Url| {
            let mut request = Request::new(url, method);
            if let Some(token) = &token {
                request.insert_header(policy_token::HEADER, token.clone());
            }
            if let Some(etag) = if_match {
                request.insert_header("if-match", etag.to_owned());
            }
            request
        };
        let context = if method == Method::Get {
            Context::default()
        } else {
            Context::default().with_value(MayHaveArrived::default())
        };
        let sent = self.send_request(request(url.clone()), body.clone(), &context).await;
        match sent {
            // The service did not look at the request, so that it is safe to send it again.
            Err(ArmError::Service { status: status @ (400 | 404), error }) => {
                match self.older_version(&url, &error) {
                    Some(url) => self.send_request(request(url), body, &context).await,
                    None => Err(ArmError::Service { status, error }),
                }
            }
            sent => sent,
        }
    }

    /// The same URL with the newest api-version that this cloud knows, if it says that it does not know ours.
    fn older_version(&self, url: &Url, error: &ServiceError) -> Option<Url> {
        let ours = |(name, value): (Cow<'_, str>, Cow<'_, str>)| {
            name == "api-version" && value == API_VERSION
        };
        if !url.query_pairs().any(ours) {
            return None;
        }
        let version = error.newest_supported_version().filter(|version| version != API_VERSION)?;
        if let Some(notices) = self.notices.as_ref().filter(|_| self.older.get().is_none()) {
            notices.line(&format!(
                "{} does not know api-version {API_VERSION}; using {version}",
                self.host()
            ));
        }
        let _ = self.older.set(version.clone());
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let mut url = url.clone();
        url.query_pairs_mut().clear().extend_pairs(pairs.into_iter().map(|(name, value)| {
            let value = if name == "api-version" { version.clone() } else { value };
            (name, value)
        }));
        Some(url)
    }

    /// Sends a POST that reads, so that it may be repeated like a GET, and checks its status.
    ///
    /// # Arguments
    /// * `prefer` - the header `Prefer`, if the request needs one.
    pub(super) async fn send_read(
        &self,
        url: Url,
        body: Vec<u8>,
        prefer: Option<&'static str>,
    ) -> Result<RawResponse, ArmError> {
        let mut context = Context::new().with_value(ReadOnly);
        let mut request = Request::new(url, Method::Post);
        if let Some(prefer) = prefer {
            request.insert_header("prefer", prefer);
            context = context.with_value(Patient);
        }
        self.send_request(request, Some(body), &context).await
    }

    /// Asks Azure Policy for a token for a change.
    async fn acquire_policy_token(
        &self,
        method: Method,
        url: &Url,
        body: Option<&[u8]>,
        options: &PolicyToken,
    ) -> Result<String, ArmError> {
        let policy = self.url(&PolicyToken::path(url), policy_token::API_VERSION)?;
        let mut request = Request::new(policy.clone(), Method::Post);
        request.insert_header("x-ms-force-sync", "true");
        let question = options.question(method, url, body);
        let response = self.send_request(request, Some(question), &Context::default()).await?;
        let acquired = parse::<AcquiredToken>(&policy, &response, "an Azure Policy token");
        acquired.map_err(policy_token::unquoted)?.into_header()
    }

    async fn send_request(
        &self,
        mut request: Request,
        body: Option<Vec<u8>>,
        context: &Context<'_>,
    ) -> Result<RawResponse, ArmError> {
        request.insert_header("accept", "application/json");
        if let Some(body) = body {
            request.insert_header("content-type", "application/json");
            request.set_body(body);
        }
        // The status is checked here, where ARM's error body is available.
        let options =
            azure_core::http::PipelineSendOptions { skip_checks: true, ..Default::default() };
        let sent = self.pipeline.send(context, &mut request, Some(options)).await;
        let may_have_arrived = context
            .value::<MayHaveArrived>()
            .is_some_and(|change| change.0.load(Ordering::Relaxed));
        let confirmed = |error: ArmError| {
            if may_have_arrived { error.after_change() } else { error }
        };
        let response = sent.map_err(|error| confirmed(transport_error(&self.host(), &error)))?;
        let response = without_token(&request, response);
        match u16::from(response.status()) {
            200..300 => Ok(response),
            status => Err(confirmed(refusal(status, &response))),
        }
    }

    /// The endpoint with these path segments (percent-encoded) and this api-version.
    ///
    /// # Errors
    /// [`ArmError::BadSegment`]: a URL with `.` or `..` would lead to another resource, e.g. to the collection above it, and
    /// URLs lose tabs and line ends, so that what is left can be `..`. No name in Azure has control characters.
    pub(super) fn url(&self, segments: &[&str], api_version: &str) -> Result<Url, ArmError> {
        let is_bad = |segment: &&&str| {
            matches!(**segment, "" | "." | "..") || segment.chars().any(char::is_control)
        };
        if let Some(bad) = segments.iter().find(is_bad) {
            return Err(ArmError::BadSegment((*bad).to_owned()));
        }
        let mut url = self.endpoint.clone();
        // An https URL always has segments, and `ArmHttp::new` accepts no other URLs.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        let older = self.older.get().filter(|_| api_version == API_VERSION);
        url.query_pairs_mut().append_pair("api-version", older.map_or(api_version, String::as_str));
        Ok(url)
    }

    /// A URL from a response, if it leads to ARM's host over https.
    pub(super) fn own_link(&self, text: &str) -> Result<Url, ArmError> {
        let foreign = |other: String| ArmError::ForeignLink { host: self.host(), other };
        // A link may hold a signature, or repeat the request's token.
        let mut url = self
            .endpoint
            .join(text)
            .map_err(|_| foreign("a URL that cannot be read".to_owned()))?;
        // Fragments are not sent, so links that differ only in them are the same.
        url.set_fragment(None);
        let has_login = !url.username().is_empty() || url.password().is_some();
        if url.origin() == self.endpoint.origin() && !has_login {
            Ok(url)
        } else {
            Err(foreign(url.origin().ascii_serialization()))
        }
    }

    pub(super) fn host(&self) -> String {
        self.endpoint.host_str().unwrap_or_default().to_owned()
    }
}

/// Reads a response's body.
pub(super) fn parse<T: DeserializeOwned>(
    url: &Url,
    response: &RawResponse,
    model: &'static str,
) -> Result<T, ArmError> {
    let bytes: &[u8] = response.body().as_ref();
    let unexpected = |expected, detail| ArmError::UnexpectedBody {
        host: url.host_str().unwrap_or_default().to_owned(),
        status: response.status().into(),
        expected,
        detail,
    };
    // Some proxies prepend a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| {
        if error.is_data() {
            unexpected(model, error.to_string())
        } else {
            unexpected("JSON", beginning(bytes))
        }
    })
}

/// The response without the request's tokens: errors quote the body.
fn without_token(request: &Request, response: RawResponse) -> RawResponse {
    let headers = ["authorization", "x-ms-policy-external-evaluations"];
    let header = |name| request.headers().get_optional_str(&HeaderName::from_static(name));
    let sent: Vec<String> =
        headers.into_iter().filter_map(header).flat_map(secrets::of_header).collect();
    let hidden = match secrets::hidden(response.body().as_ref(), &sent) {
        Cow::Borrowed(_) => return response,
        Cow::Owned(hidden) => hidden,
    };
    RawResponse::from_bytes(response.status(), response.headers().clone(), hidden)
}

fn refusal(status: u16, response: &RawResponse) -> ArmError {
    let bytes: &[u8] = response.body().as_ref();
    let readable = bytes.len() <= LARGEST_ERROR;
    let body = readable.then(|| serde_json::from_slice(bytes).ok()).flatten().unwrap_or_default();
    match ServiceError::from_body(&body) {
        Some(error) => ArmError::Service { status, error: Box::new(error) },
        None => ArmError::Status {
            status,
            reason: response.status().canonical_reason().into_owned(),
            content: if bytes.is_empty() {
                String::new()
            } else {
                let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * SHOWN_ERROR_BODY)]);
                format!("\nContent: {}", text.chars().take(SHOWN_ERROR_BODY).collect::<String>())
            },
        },
    }
}

fn beginning(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(800)]);
    let short: String = text.trim().chars().take(200).collect();
    if short.is_empty() { "the body is empty".to_owned() } else { short }
}

fn transport_error(host: &str, error: &Error) -> ArmError {
    if *error.kind() == LIMIT {
        return ArmError::Limit { host: host.to_owned(), detail: error.to_string() };
    }
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
            format!("the host name cannot be resolved ({innermost})")
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
