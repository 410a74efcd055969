//! The registries themselves: login servers, regional and data endpoints, and the storage behind them.
//!
//! Wordings and headers follow what the service is known to send; none of it was recorded. Layers come by a redirect to
//! the data endpoint of the region that answers, or to a storage host where data endpoints are off.

mod image;
mod tokens;

use super::entra;
use super::registries::{host_name, host_names, login_server, regions};
use super::transport::pairs;
use super::world::{Registry, State};
use azure_core::base64;
use image::{Contents, REPOSITORY};
use ipnet::IpNet;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use tokens::{Signer, Token};

/// The user name that goes with a refresh token in place of a password.
const TOKEN_USER: &str = "00000000-0000-0000-0000-000000000000";
const CORRELATION: &str = "0a6ec4d3-0000-4000-8000-00000000e0e0";
const STORAGE: &str = ".blob.core.windows.net";
/// A storage account that exists and is no registry's: what a closed wildcard must not admit.
const OTHER_ACCOUNT: &str = "azcliprod.blob.core.windows.net";
const ACCESS_LIFETIME: Duration = Duration::minutes(75);
const REFRESH_LIFETIME: Duration = Duration::hours(3);

/// A request to a registry or a storage host.
#[derive(Debug)]
pub struct Call<'a> {
    /// `GET`, `HEAD` or `POST`.
    pub method: &'a str,
    /// The `Host` header: a host, perhaps with a port that URLs in the answer must have, too.
    pub authority: &'a str,
    /// The path, percent-decoded.
    pub path: &'a str,
    /// The query's pairs, decoded.
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

/// An answer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status code.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What a host is for.
enum Role<'a> {
    /// A login server, of one region or of all.
    Login { registry: &'a Registry, region: &'a str },
    /// A data endpoint.
    Data { registry: &'a Registry },
    /// A storage account.
    Storage,
}

/// The data plane of a world.
pub struct DataPlane {
    signer: Signer,
    link_lifetime: Duration,
    images: RefCell<HashMap<String, Rc<Contents>>>,
}

impl DataPlane {
    /// A data plane.
    ///
    /// # Arguments
    /// * `link_lifetime` - how long a link to a blob holds.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn new(link_lifetime: Duration) -> Result<Self, String> {
        Ok(Self { signer: Signer::new()?, link_lifetime, images: RefCell::default() })
    }

    /// Answers a request; `None` when the host is none of this world's.
    pub fn handle(&self, state: &State, call: &Call<'_>) -> Option<Answer> {
        let role = role(state, host(call.authority))?;
        let denied = match &role {
            Role::Login { registry, .. } | Role::Data { registry } => {
                (!admits(registry, call.client)).then(|| denied(call.client))
            }
            Role::Storage => None,
        };
        let answer = denied.unwrap_or_else(|| match role {
            Role::Login { registry, region } => self.login_server(registry, region, call),
            Role::Data { .. } | Role::Storage => self.storage(state, call),
        });
        Some(answer)
    }

    fn login_server(&self, registry: &Registry, region: &str, call: &Call<'_>) -> Answer {
        let segments: Vec<&str> = call.path.split('/').filter(|s| !s.is_empty()).collect();
        match (call.method, segments.as_slice()) {
            ("POST", ["oauth2", "exchange"]) => self.exchange(registry, call),
            ("GET" | "POST", ["oauth2", "token"]) => self.token(registry, call),
            ("GET" | "HEAD", ["v2"]) => match self.caller(registry, call) {
                Some(_) => registry_answer(200, &json!({})),
                None => unauthorized(call, None),
            },
            ("GET" | "HEAD", ["v2", name @ .., kind @ ("manifests" | "blobs" | "tags"), last]) => {
                let name = name.join("/");
                let scope = format!("repository:{name}:pull");
                match self.caller(registry, call) {
                    Some(token) if token.scope == scope || token.scope == "*" => {}
                    _ => return unauthorized(call, Some(&scope)),
                }
                if name != REPOSITORY {
                    return error(
                        404,
                        "NAME_UNKNOWN",
                        &format!("repository \"{name}\" is not found"),
                    );
                }
                match *kind {
                    "tags" if *last == "list" => {
                        registry_answer(200, &json!({"name": name, "tags": image::tags()}))
                    }
                    "manifests" => self.manifest(registry, last),
                    "blobs" => self.blob(registry, region, last, call),
                    _ => error(404, "NOT_FOUND", "the requested data does not exist"),
                }
            }
            _ => error(404, "NOT_FOUND", "the requested data does not exist"),
        }
    }

    /// A token of Entra for a refresh token.
    fn exchange(&self, registry: &Registry, call: &Call<'_>) -> Answer {
        let form = pairs(&String::from_utf8_lossy(call.body));
        let token = field(&form, "access_token").unwrap_or_default();
        if field(&form, "grant_type") != Some("access_token")
            || !entra::is_our_token(&format!("Bearer {token}"))
        {
            return unauthorized(call, None);
        }
        registry_answer(
            200,
            &json!({"refresh_token": self.issue(registry, "", REFRESH_LIFETIME, call)}),
        )
    }

    /// An access token for name and password, for a refresh token, or for nobody where anonymous pulls are allowed.
    fn token(&self, registry: &Registry, call: &Call<'_>) -> Answer {
        let form = if call.method == "POST" {
            pairs(&String::from_utf8_lossy(call.body))
        } else {
            call.query.to_vec()
        };
        let scope = field(&form, "scope").unwrap_or_default();
        let known = match (call.method, field(&form, "grant_type")) {
            ("GET", _) => match call.authorization {
                Some(authorization) => self.knows_basic(registry, authorization, call.now),
                None => registry.settings.anonymous_pull_enabled,
            },
            (_, Some("refresh_token")) => {
                let token = field(&form, "refresh_token").unwrap_or_default();
                self.is_refresh_token(registry, token, call.now)
            }
            (_, Some("password")) => knows(
                registry,
                field(&form, "username").unwrap_or_default(),
                field(&form, "password").unwrap_or_default(),
            ),
            _ => false,
        };
        if !known {
            return unauthorized(call, None);
        }
        let access_token = self.issue(registry, scope, ACCESS_LIFETIME, call);
        registry_answer(200, &json!({"access_token": access_token}))
    }

    fn issue(&self, registry: &Registry, scope: &str, life: Duration, call: &Call<'_>) -> String {
        let expires = (call.now + life).unix_timestamp();
        let token = Token { registry: registry.name.clone(), scope: scope.to_owned(), expires };
        self.signer.issue(&token)
    }

    /// Who calls: an access token, or name and password, which may pull everything.
    fn caller(&self, registry: &Registry, call: &Call<'_>) -> Option<Token> {
        let authorization = call.authorization?;
        let (scheme, credential) = authorization.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") {
            let token = self.signer.read(credential, call.now)?;
            return (token.registry == registry.name).then_some(token);
        }
        self.knows_basic(registry, authorization, call.now).then(|| Token {
            registry: registry.name.clone(),
            scope: "*".to_owned(),
            expires: 0,
        })
    }

    fn knows_basic(&self, registry: &Registry, authorization: &str, now: OffsetDateTime) -> bool {
        let decode = || {
            let (scheme, credential) = authorization.split_once(' ')?;
            scheme.eq_ignore_ascii_case("basic").then_some(())?;
            let bytes = base64::decode(credential).ok()?;
            let text = String::from_utf8(bytes).ok()?;
            text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
        };
        decode().is_some_and(|(user, password)| {
            knows(registry, &user, &password)
                || user == TOKEN_USER && self.is_refresh_token(registry, &password, now)
        })
    }

    fn is_refresh_token(&self, registry: &Registry, text: &str, now: OffsetDateTime) -> bool {
        let token = self.signer.read(text, now);
        token.is_some_and(|token| token.registry == registry.name && token.scope.is_empty())
    }

    fn manifest(&self, registry: &Registry, version: &str) -> Answer {
        let contents = self.contents(&registry.name);
        let Some(manifest) = contents.manifests.get(version) else {
            let message = format!("manifest tagged by \"{version}\" is not found");
            return error(404, "MANIFEST_UNKNOWN", &message);
        };
        let mut answer = registry_answer(200, &Value::Null);
        answer.headers.retain(|(name, _)| *name != "content-type");
        answer.headers.push(("content-type", manifest.media_type.to_owned()));
        answer.headers.push(("docker-content-digest", manifest.digest.clone()));
        answer.body.clone_from(&manifest.bytes);
        answer
    }

    /// A redirect to where the blob is.
    fn blob(&self, registry: &Registry, region: &str, digest: &str, call: &Call<'_>) -> Answer {
        if !self.contents(&registry.name).blobs.contains_key(digest) {
            return error(404, "BLOB_UNKNOWN", "blob unknown to registry");
        }
        let port = call.authority.strip_prefix(host(call.authority)).unwrap_or_default();
        let host = if registry.settings.data_endpoint_enabled {
            host_name(registry, region, "data")
        } else {
            storage_host(region)
        };
        let hex = digest.trim_start_matches("sha256:");
        let first = hex.get(..2).unwrap_or_default();
        let path = format!("/{}/docker/registry/v2/blobs/sha256/{first}/{hex}/data", registry.name);
        let expires = (call.now + self.link_lifetime).replace_nanosecond(0).unwrap_or(call.now);
        let expires = expires.format(&Rfc3339).unwrap_or_default();
        let signature = self.signer.sign(&format!("{path}\n{expires}"));
        let query = format!("se={}&sp=r&sr=b&sig={signature}", expires.replace(':', "%3A"));
        let mut answer = registry_answer(307, &Value::Null);
        answer.headers.push(("location", format!("https://{host}{port}{path}?{query}")));
        answer.headers.push(("docker-content-digest", digest.to_owned()));
        answer
    }

    /// Storage behind a data endpoint or a storage host: whoever has a link gets the blob.
    fn storage(&self, state: &State, call: &Call<'_>) -> Answer {
        let segments: Vec<&str> = call.path.split('/').filter(|s| !s.is_empty()).collect();
        let (registry, hex) = match segments.as_slice() {
            [name, "docker", "registry", "v2", "blobs", "sha256", _, hex, "data"] => {
                (state.registries.iter().find(|registry| registry.name == *name), *hex)
            }
            _ => (None, ""),
        };
        let Some(registry) = registry else {
            return storage_error(
                404,
                "ResourceNotFound",
                "The specified resource does not exist.",
            );
        };
        let query = |name: &str| field(call.query, name).unwrap_or_default();
        let expires = query("se");
        let signed = self.signer.is_signed(&format!("{}\n{expires}", call.path), query("sig"));
        let time = OffsetDateTime::parse(expires, &Rfc3339);
        if !signed || time.is_ok_and(|time| time <= call.now) {
            return storage_error(
                403,
                "AuthenticationFailed",
                "Server failed to authenticate the request. Make sure the value of Authorization header is formed \
                 correctly including the signature.",
            );
        }
        match self.contents(&registry.name).blobs.get(&format!("sha256:{hex}")) {
            Some(bytes) => part(bytes, call.range),
            None => storage_error(404, "BlobNotFound", "The specified blob does not exist."),
        }
    }

    fn contents(&self, registry: &str) -> Rc<Contents> {
        let mut images = self.images.borrow_mut();
        let make = || Rc::new(image::make(registry).unwrap_or_default());
        Rc::clone(images.entry(registry.to_owned()).or_insert_with(make))
    }
}

/// The host of a `Host` header.
pub fn host(authority: &str) -> &str {
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}

/// Whether a host is one of this world's registries or storage accounts.
pub fn serves(state: &State, host: &str) -> bool {
    role(state, host).is_some()
}

/// Every host of this world: of its registries, of the storage behind them, and one storage account that is nobody's.
pub fn hosts(state: &State) -> Vec<String> {
    let mut hosts = vec![OTHER_ACCOUNT.to_owned()];
    for registry in &state.registries {
        hosts.push(login_server(registry));
        if registry.settings.regional_endpoints == "Enabled" {
            hosts.extend(host_names(registry, "geo"));
        }
        if registry.settings.data_endpoint_enabled {
            hosts.extend(host_names(registry, "data"));
        }
        hosts.extend(regions(registry).into_iter().map(storage_host));
    }
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

fn storage_host(region: &str) -> String {
    format!("{region}managed1{STORAGE}")
}

fn role<'a>(state: &'a State, host: &str) -> Option<Role<'a>> {
    let host = host.to_lowercase();
    if host.strip_suffix(STORAGE).is_some_and(|account| !account.contains('.')) {
        return Some(Role::Storage);
    }
    state.registries.iter().find_map(|registry| {
        if host == login_server(registry) {
            return Some(Role::Login { registry, region: &registry.location });
        }
        let settings = &registry.settings;
        let at =
            |kind| regions(registry).into_iter().find(|r| host == host_name(registry, r, kind));
        if settings.regional_endpoints == "Enabled"
            && let Some(region) = at("geo")
        {
            return Some(Role::Login { registry, region });
        }
        (settings.data_endpoint_enabled && at("data").is_some()).then_some(Role::Data { registry })
    })
}

/// The network rules of a registry: `defaultAction` and the addresses that are let in all the same.
fn admits(registry: &Registry, client: IpAddr) -> bool {
    let settings = &registry.settings;
    let allowed = || {
        let values = settings.ip_rules.iter().filter_map(|rule| rule["value"].as_str());
        let network = |value: &str| {
            value.parse::<IpNet>().ok().or_else(|| value.parse::<IpAddr>().ok().map(IpNet::from))
        };
        values.filter_map(network).any(|network| network.contains(&client.to_canonical()))
    };
    settings.public_network_access != "Disabled" && (settings.default_action != "Deny" || allowed())
}

/// The admin account, if it is enabled; any other name stands for an application of Entra.
fn knows(registry: &Registry, user: &str, password: &str) -> bool {
    let may = registry.settings.admin_user_enabled || !user.eq_ignore_ascii_case(&registry.name);
    may && !user.is_empty() && password == entra::CLIENT_SECRET
}

fn registry_answer(status: u16, body: &Value) -> Answer {
    let headers = vec![
        ("server", "AzureContainerRegistry".to_owned()),
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("docker-distribution-api-version", "registry/2.0".to_owned()),
        ("x-ms-correlation-request-id", CORRELATION.to_owned()),
        ("strict-transport-security", "max-age=31536000; includeSubDomains".to_owned()),
    ];
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    Answer { status, headers, body }
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    registry_answer(status, &json!({"errors": [{"code": code, "message": message}]}))
}

fn unauthorized(call: &Call<'_>, scope: Option<&str>) -> Answer {
    let mut answer = error(
        401,
        "UNAUTHORIZED",
        "authentication required, visit https://aka.ms/acr/authorization for more information.",
    );
    let authority = call.authority;
    let scope = scope.map(|scope| format!(",scope=\"{scope}\"")).unwrap_or_default();
    let challenge = format!(
        "Bearer realm=\"https://{authority}/oauth2/token\",service=\"{}\"{scope}",
        host(authority)
    );
    answer.headers.push(("www-authenticate", challenge));
    answer
}

fn denied(client: IpAddr) -> Answer {
    let message = format!(
        "client with IP '{}' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.",
        client.to_canonical()
    );
    error(403, "DENIED", &message)
}

fn storage_answer(status: u16, content_type: &str, body: Vec<u8>) -> Answer {
    let headers = vec![
        ("server", "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0".to_owned()),
        ("content-type", content_type.to_owned()),
        ("x-ms-request-id", CORRELATION.to_owned()),
        ("x-ms-version", "2021-08-06".to_owned()),
    ];
    Answer { status, headers, body }
}

fn storage_error(status: u16, code: &str, message: &str) -> Answer {
    let body = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    let mut answer = storage_answer(status, "application/xml", body.into_bytes());
    answer.headers.push(("x-ms-error-code", code.to_owned()));
    answer
}

/// A blob, or the part of it that `Range` asks for.
fn part(bytes: &[u8], range: Option<&str>) -> Answer {
    let whole = || {
        let mut answer = storage_answer(200, "application/octet-stream", bytes.to_vec());
        answer.headers.push(("accept-ranges", "bytes".to_owned()));
        answer
    };
    let Some((first, last)) = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'))
    else {
        return whole();
    };
    let (Ok(first), last) = (first.parse::<usize>(), last.parse::<usize>()) else { return whole() };
    let last = last.unwrap_or(usize::MAX).min(bytes.len().saturating_sub(1));
    match bytes.get(first..=last).filter(|part| !part.is_empty()) {
        Some(part) => {
            let mut answer = storage_answer(206, "application/octet-stream", part.to_vec());
            let range = format!("bytes {first}-{last}/{}", bytes.len());
            answer.headers.push(("content-range", range));
            answer
        }
        None => storage_error(416, "InvalidRange", "The range specified is invalid."),
    }
}

fn field<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_gives_a_part() {
        for (range, status, body) in [
            (None, 200, "0123456789"),
            (Some("bytes=0-3"), 206, "0123"),
            (Some("bytes=7-"), 206, "789"),
            (Some("bytes=7-99"), 206, "789"),
            (Some("bytes=5-2"), 416, ""),
            (Some("bytes=10-"), 416, ""),
            (Some("lines=1-2"), 200, "0123456789"),
        ] {
            let answer = part(b"0123456789", range);
            assert_eq!(answer.status, status, "{range:?}");
            assert!(status == 416 || answer.body == body.as_bytes(), "{range:?}");
        }
    }

    #[test]
    fn network_rules_let_addresses_and_ranges_in() {
        let mut registry = Registry::new("rg", "contoso", "eastus", "Premium", "");
        assert!(admits(&registry, "192.0.2.7".parse().unwrap()));
        registry.settings.default_action = "Deny".to_owned();
        registry.settings.ip_rules =
            ["192.0.2.7", "198.51.100.0/24"].map(|value| json!({"value": value})).into();
        for (client, admitted) in [
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("198.51.100.200", true),
            ("::ffff:192.0.2.7", true),
        ] {
            assert_eq!(admits(&registry, client.parse().unwrap()), admitted, "{client}");
        }
        registry.settings.public_network_access = "Disabled".to_owned();
        assert!(!admits(&registry, "192.0.2.7".parse().unwrap()));
    }
}
