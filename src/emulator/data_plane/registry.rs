//! The login server of a registry: tokens, manifests, and redirects to blobs.

use super::image::{self, REPOSITORY};
use super::listing::{self, Page, page};
use super::tokens::Token;
use super::{DataPlane, Request, Response, field, host, storage_host};
use crate::emulator::entra;
use crate::emulator::registries::host_name;
use crate::emulator::transport::pairs;
use crate::emulator::world::Registry;
use azure_core::base64;
use ipnet::IpNet;
use serde_json::{Value, json};
use std::net::IpAddr;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// The user name for a refresh token that is used as a password.
const TOKEN_USER: &str = "00000000-0000-0000-0000-000000000000";
const ACCESS_LIFETIME: Duration = Duration::minutes(75);
const REFRESH_LIFETIME: Duration = Duration::hours(3);

impl DataPlane {
    pub(super) fn login_server(
        &self,
        registry: &Registry,
        region: &str,
        request: &Request<'_>,
    ) -> Response {
        let segments: Vec<&str> = request.path.split('/').filter(|s| !s.is_empty()).collect();
        match (request.method, segments.as_slice()) {
            ("POST", ["oauth2", "exchange"]) => self.exchange(registry, request),
            ("GET" | "POST", ["oauth2", "token"]) => self.token(registry, request),
            ("GET" | "HEAD", ["v2"]) => match self.caller(registry, request) {
                Some(_) => registry_response(200, &json!({})),
                None => unauthorized(request, None),
            },
            ("GET" | "HEAD", ["v2", "_catalog"] | ["acr", "v1", "_catalog"]) => {
                self.catalog(registry, request)
            }
            ("GET" | "HEAD", ["acr", "v1", name @ .., kind @ ("_tags" | "_manifests")]) => {
                self.listing(registry, &name.join("/"), kind, None, request)
            }
            ("GET" | "HEAD", ["acr", "v1", name @ .., kind @ ("_tags" | "_manifests"), one]) => {
                self.listing(registry, &name.join("/"), kind, Some(one), request)
            }
            ("GET" | "HEAD", ["acr", "v1", name @ ..]) if !name.is_empty() => {
                self.listing(registry, &name.join("/"), "", None, request)
            }
            ("GET" | "HEAD", ["v2", name @ .., kind @ ("manifests" | "blobs" | "tags"), last]) => {
                let name = name.join("/");
                if let Err(refused) = self.may(registry, request, &name, "pull") {
                    return refused;
                }
                match *kind {
                    "tags" if *last == "list" => {
                        let page = page(image::tags(), request.query, |tag| (*tag).to_owned());
                        listed(request, &page, &json!({"name": name, "tags": page.items}))
                    }
                    "manifests" => self.manifest(registry, last),
                    "blobs" => self.blob(registry, region, last, request),
                    _ => error(404, "NOT_FOUND", "the requested data does not exist"),
                }
            }
            ("PUT" | "PATCH" | "DELETE", ["v2" | "acr", ..]) => {
                error(405, "UNSUPPORTED", "the emulator's images cannot be changed")
            }
            _ => error(404, "NOT_FOUND", "the requested data does not exist"),
        }
    }

    /// Whether the caller may do something with a repository that exists, otherwise the answer.
    fn may(
        &self,
        registry: &Registry,
        request: &Request<'_>,
        name: &str,
        action: &str,
    ) -> Result<(), Response> {
        match self.caller(registry, request) {
            Some(token) if token.allows("repository", name, action) => {}
            _ => {
                let scope = format!("repository:{name}:{action}");
                return Err(unauthorized(request, Some(&scope)));
            }
        }
        if name == REPOSITORY {
            return Ok(());
        }
        Err(error(404, "NAME_UNKNOWN", &format!("repository \"{name}\" is not found")))
    }

    /// The names of the repositories.
    fn catalog(&self, registry: &Registry, request: &Request<'_>) -> Response {
        match self.caller(registry, request) {
            Some(token) if token.allows("registry", "catalog", "*") => {
                let page = page(vec![REPOSITORY], request.query, |name| (*name).to_owned());
                listed(request, &page, &json!({"repositories": page.items}))
            }
            _ => unauthorized(request, Some("registry:catalog:*")),
        }
    }

    /// The properties of a repository, its tags or manifests, or one of these.
    fn listing(
        &self,
        registry: &Registry,
        name: &str,
        kind: &str,
        one: Option<&str>,
        request: &Request<'_>,
    ) -> Response {
        if let Err(refused) = self.may(registry, request, name, "metadata_read") {
            return refused;
        }
        let contents = self.contents(&registry.name);
        let server = host(request.authority);
        let (items, key, list, item) = match kind {
            "_tags" => (listing::tags(&contents), "name", "tags", "tag"),
            "_manifests" => (listing::manifests(&contents), "digest", "manifests", "manifest"),
            _ => return registry_response(200, &listing::repository(server, &contents)),
        };
        let mut body = json!({"registry": server, "imageName": name});
        if let Some(one) = one {
            let Some(found) = items.into_iter().find(|found| found[key] == one) else {
                let code = format!("{}_UNKNOWN", item.to_uppercase());
                return error(404, &code, &format!("{item} \"{one}\" is not found"));
            };
            body[item] = found;
            return registry_response(200, &body);
        }
        let page = page(items, request.query, |item| item[key].as_str().unwrap_or_default().into());
        body[list] = json!(page.items);
        listed(request, &page, &body)
    }

    /// Exchanges an Entra token for a refresh token.
    fn exchange(&self, registry: &Registry, request: &Request<'_>) -> Response {
        let form = pairs(&String::from_utf8_lossy(request.body));
        let token = field(&form, "access_token").unwrap_or_default();
        if field(&form, "grant_type") != Some("access_token")
            || !entra::is_our_token(&format!("Bearer {token}"))
        {
            return unauthorized(request, None);
        }
        registry_response(
            200,
            &json!({"refresh_token": self.issue(registry, "", REFRESH_LIFETIME, request)}),
        )
    }

    /// Issues an access token for a user name and password, for a refresh token, or for an anonymous pull if allowed.
    fn token(&self, registry: &Registry, request: &Request<'_>) -> Response {
        let form = if request.method == "POST" {
            pairs(&String::from_utf8_lossy(request.body))
        } else {
            request.query.to_vec()
        };
        let scope = field(&form, "scope").unwrap_or_default();
        let known = match (request.method, field(&form, "grant_type")) {
            ("GET", _) => match request.authorization {
                Some(authorization) => self.knows_basic(registry, authorization, request.now),
                None => registry.settings.anonymous_pull_enabled,
            },
            (_, Some("refresh_token")) => {
                let token = field(&form, "refresh_token").unwrap_or_default();
                self.is_refresh_token(registry, token, request.now)
            }
            (_, Some("password")) => knows(
                registry,
                field(&form, "username").unwrap_or_default(),
                field(&form, "password").unwrap_or_default(),
            ),
            _ => false,
        };
        if !known {
            return unauthorized(request, None);
        }
        let access_token = self.issue(registry, scope, ACCESS_LIFETIME, request);
        registry_response(200, &json!({"access_token": access_token}))
    }

    fn issue(
        &self,
        registry: &Registry,
        scope: &str,
        life: Duration,
        request: &Request<'_>,
    ) -> String {
        let expires = (request.now + life).unix_timestamp();
        let token = Token { registry: registry.name.clone(), scope: scope.to_owned(), expires };
        self.signer.issue(&token)
    }

    /// Returns the caller's access token. A user name and password count as a token that may pull everything.
    fn caller(&self, registry: &Registry, request: &Request<'_>) -> Option<Token> {
        let authorization = request.authorization?;
        let (scheme, credential) = authorization.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") {
            let token = self.signer.read(credential, request.now)?;
            return (token.registry == registry.name).then_some(token);
        }
        self.knows_basic(registry, authorization, request.now).then(|| Token {
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

    fn manifest(&self, registry: &Registry, version: &str) -> Response {
        let contents = self.contents(&registry.name);
        let Some(manifest) = contents.manifests.get(version) else {
            let message = format!("manifest tagged by \"{version}\" is not found");
            return error(404, "MANIFEST_UNKNOWN", &message);
        };
        let mut response = registry_response(200, &Value::Null);
        response.headers.retain(|(name, _)| *name != "content-type");
        response.headers.push(("content-type", manifest.media_type.to_owned()));
        response.headers.push(("docker-content-digest", manifest.digest.clone()));
        response.body.clone_from(&manifest.bytes);
        response
    }

    /// Redirects to the location of the blob.
    fn blob(
        &self,
        registry: &Registry,
        region: &str,
        digest: &str,
        request: &Request<'_>,
    ) -> Response {
        if !self.contents(&registry.name).blobs.contains_key(digest) {
            return error(404, "BLOB_UNKNOWN", "blob unknown to registry");
        }
        let port = request.authority.strip_prefix(host(request.authority)).unwrap_or_default();
        let host = if registry.settings.data_endpoint_enabled {
            host_name(registry, region, "data")
        } else {
            storage_host(region)
        };
        let hex = digest.trim_start_matches("sha256:");
        let first = hex.get(..2).unwrap_or_default();
        let path = format!("/{}/docker/registry/v2/blobs/sha256/{first}/{hex}/data", registry.name);
        let expires =
            (request.now + self.link_lifetime).replace_nanosecond(0).unwrap_or(request.now);
        let expires = expires.format(&Rfc3339).unwrap_or_default();
        let signature = self.signer.sign(&format!("{path}\n{expires}"));
        let query = format!("se={}&sp=r&sr=b&sig={signature}", expires.replace(':', "%3A"));
        let mut response = registry_response(307, &Value::Null);
        response.headers.push(("location", format!("https://{host}{port}{path}?{query}")));
        response.headers.push(("docker-content-digest", digest.to_owned()));
        response
    }
}

/// Returns whether a registry answers a client: `publicNetworkAccess` first, then the network rules, that is
/// `defaultAction` and the addresses allowed as exceptions.
pub(super) fn admits(registry: &Registry, client: IpAddr) -> bool {
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

/// Accepts the admin account if it is enabled. Any other name stands for an Entra application.
fn knows(registry: &Registry, user: &str, password: &str) -> bool {
    let may = registry.settings.admin_user_enabled || !user.eq_ignore_ascii_case(&registry.name);
    may && !user.is_empty() && password == entra::CLIENT_SECRET
}

fn registry_response(status: u16, body: &Value) -> Response {
    let headers = vec![
        ("server", "AzureContainerRegistry".to_owned()),
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("docker-distribution-api-version", "registry/2.0".to_owned()),
        ("x-ms-correlation-request-id", super::CORRELATION.to_owned()),
        ("strict-transport-security", "max-age=31536000; includeSubDomains".to_owned()),
    ];
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    Response { status, headers, body }
}

/// A part of a list, with a link to the next.
fn listed<T>(request: &Request<'_>, page: &Page<T>, body: &Value) -> Response {
    let mut response = registry_response(200, body);
    if let Some(last) = &page.next {
        let most = field(request.query, "n").unwrap_or_default();
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("last", last)
            .append_pair("n", most)
            .finish();
        response.headers.push(("link", format!("<{}?{query}>; rel=\"next\"", request.path)));
    }
    response
}

fn error(status: u16, code: &str, message: &str) -> Response {
    registry_response(status, &json!({"errors": [{"code": code, "message": message}]}))
}

fn unauthorized(request: &Request<'_>, scope: Option<&str>) -> Response {
    let mut response = error(
        401,
        "UNAUTHORIZED",
        "authentication required, visit https://aka.ms/acr/authorization for more information.",
    );
    let authority = request.authority;
    let scope = scope.map(|scope| format!(",scope=\"{scope}\"")).unwrap_or_default();
    let challenge = format!(
        "Bearer realm=\"https://{authority}/oauth2/token\",service=\"{}\"{scope}",
        host(authority)
    );
    response.headers.push(("www-authenticate", challenge));
    response
}

pub(super) fn denied(client: IpAddr) -> Response {
    let message = format!(
        "client with IP '{}' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.",
        client.to_canonical()
    );
    error(403, "DENIED", &message)
}

#[cfg(test)]
mod tests {
    use super::*;

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
