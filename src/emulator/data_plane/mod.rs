//! The registries themselves: login servers, regional and data endpoints, and the storage behind them.
//!
//! Messages and headers follow what the service is known to send; none of them were recorded. A request for a layer is
//! redirected to the data endpoint of the region that responds, or to a storage host if data endpoints are disabled.

mod image;
mod listing;
mod registry;
mod storage;
mod tokens;

use super::past;
use super::registries::{host_name, host_names, login_server, regions};
use super::world::{Event, Registry, State};
use image::Contents;
use registry::{admits, denied};
use serde_json::Value;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use time::{Duration, OffsetDateTime};
use tokens::Signer;

/// How much of a client's user agent is remembered, in characters.
const LONGEST_AGENT: usize = 400;

const CORRELATION: &str = "0a6ec4d3-0000-4000-8000-00000000e0e0";
const STORAGE: &str = ".blob.core.windows.net";
/// An existing storage account that belongs to no registry. A closed wildcard must not admit it.
const OTHER_ACCOUNT: &str = "azcliprod.blob.core.windows.net";

/// The identity of every caller that logs in.
const CLIENT_IDENTITY: &str = "emulator";

/// A request to a registry or a storage host.
#[derive(Debug)]
pub struct Request<'a> {
    /// `GET`, `HEAD` or `POST`.
    pub method: &'a str,
    /// The `Host` header: a host and an optional port. URLs in the response must have the same port.
    pub authority: &'a str,
    /// The path, percent-decoded.
    pub path: &'a str,
    /// The query parameters, decoded.
    pub query: &'a [(String, String)],
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The `Range` header.
    pub range: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
    /// The client's address.
    pub client: IpAddr,
    /// The time.
    pub now: OffsetDateTime,
}

/// A response to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status code.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The role of a host.
enum Role<'a> {
    /// A login server, for one region or for all regions.
    Login { registry: &'a Registry, region: &'a str },
    /// A data endpoint.
    Data { registry: &'a Registry },
    /// A storage account.
    Storage,
}

/// The data plane of the emulated registries.
pub struct DataPlane {
    signer: Signer,
    link_lifetime: Duration,
    images: RefCell<HashMap<String, Rc<Contents>>>,
}

impl DataPlane {
    /// Creates a data plane.
    ///
    /// # Arguments
    /// * `link_lifetime` - how long a link to a blob is valid.
    ///
    /// # Errors
    /// Returns an error if the system cannot provide random numbers.
    pub fn new(link_lifetime: Duration) -> Result<Self, String> {
        Ok(Self { signer: Signer::new()?, link_lifetime, images: RefCell::default() })
    }

    /// Handles a request. Returns `None` if the emulator does not serve the host.
    pub fn handle(&self, state: &State, request: &Request<'_>) -> Option<Response> {
        let host = host(request.authority).to_lowercase();
        let registry = registry_of(state, &host);
        let role = role(registry.as_deref(), &host)?;
        let denied = match &role {
            Role::Login { registry, .. } | Role::Data { registry } => {
                (!admits(registry, request.client)).then(|| denied(request.client))
            }
            Role::Storage => None,
        };
        let response = denied.unwrap_or_else(|| match role {
            Role::Login { registry, region } => self.login_server(registry, region, request),
            Role::Data { .. } | Role::Storage => self.storage(state, request),
        });
        Some(response)
    }

    fn contents(&self, registry: &str) -> Rc<Contents> {
        let mut images = self.images.borrow_mut();
        let make = || Rc::new(image::make(registry).unwrap_or_default());
        Rc::clone(images.entry(registry.to_owned()).or_insert_with(make))
    }
}

/// What the logs say about a request: a pull, or a refusal. `None` for everything that they do not mention.
///
/// # Arguments
/// * `agent` - the user agent.
/// * `status` - the answer's.
pub fn event(state: &State, request: &Request<'_>, agent: &str, status: u16) -> Option<Event> {
    let host = host(request.authority).to_lowercase();
    let registry = registry_of(state, &host);
    let Role::Login { registry, region } = role(registry.as_deref(), &host)? else { return None };
    let to_workspace = |setting: &Value| setting["properties"]["workspaceId"].is_string();
    if !registry.diagnostic_settings.iter().any(to_workspace) {
        return None;
    }
    let segments: Vec<&str> = request.path.split('/').filter(|s| !s.is_empty()).collect();
    let repository = match segments.as_slice() {
        ["v2", name @ .., "manifests", _] if request.method == "GET" && status == 200 => {
            name.join("/")
        }
        // The first request of each client is refused on purpose: it has no token yet.
        ["oauth2", ..] if status >= 400 => String::new(),
        _ if status == 403 => String::new(),
        _ => return None,
    };
    Some(Event {
        time: past::text(request.now),
        registry: registry.name.clone(),
        login: repository.is_empty(),
        client: request.client.to_canonical().to_string(),
        agent: agent.chars().take(LONGEST_AGENT).collect(),
        identity: if request.authorization.is_some() {
            CLIENT_IDENTITY.to_owned()
        } else {
            String::new()
        },
        region: region.to_owned(),
        server: host,
        repository,
        status,
    })
}

/// Returns the host in a `Host` header, without the port.
pub fn host(authority: &str) -> &str {
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}

/// Returns whether a host is an emulated registry or storage account.
pub fn serves(state: &State, host: &str) -> bool {
    let host = host.to_lowercase();
    role(registry_of(state, &host).as_deref(), &host).is_some()
}

/// Returns every emulated host: the registries, the storage behind them, and a storage account of no registry.
pub fn hosts(state: &State) -> Vec<String> {
    let mut hosts = vec![OTHER_ACCOUNT.to_owned()];
    for registry in state.all_registries() {
        hosts.push(login_server(&registry));
        if registry.settings.regional_endpoints == "Enabled" {
            hosts.extend(host_names(&registry, "geo"));
        }
        if registry.settings.data_endpoint_enabled {
            hosts.extend(host_names(&registry, "data"));
        }
        hosts.extend(regions(&registry).into_iter().map(storage_host));
    }
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

fn storage_host(region: &str) -> String {
    format!("{region}managed1{STORAGE}")
}

/// The registry that a host belongs to. All its hosts begin with the same label.
fn registry_of<'a>(state: &'a State, host: &str) -> Option<Cow<'a, Registry>> {
    state.registry_labelled(host.split('.').next()?)
}

/// The role of a host, which is in lower case.
fn role<'a>(registry: Option<&'a Registry>, host: &str) -> Option<Role<'a>> {
    if host.strip_suffix(STORAGE).is_some_and(|account| !account.contains('.')) {
        return Some(Role::Storage);
    }
    let registry = registry?;
    if host == login_server(registry) {
        return Some(Role::Login { registry, region: &registry.location });
    }
    let settings = &registry.settings;
    let at = |kind| regions(registry).into_iter().find(|r| host == host_name(registry, r, kind));
    if settings.regional_endpoints == "Enabled"
        && let Some(region) = at("geo")
    {
        return Some(Role::Login { registry, region });
    }
    (settings.data_endpoint_enabled && at("data").is_some()).then_some(Role::Data { registry })
}

fn field<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}
