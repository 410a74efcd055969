//! What an endpoint's response means: does it come from the registry, and does the registry accept this client?

use super::http::Response;
use super::tls::Trust;
use super::verdict::{Failure, Reason, Step, printable};
use crate::domain::Role;
use hyper::header::{HeaderMap, WWW_AUTHENTICATE};
use serde_json::Value;
use std::net::IpAddr;

/// How a registry requires clients to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// With a token from this URL, for this service.
    Bearer {
        /// The token service's URL.
        realm: String,
        /// The `service` of the token, usually the registry's host.
        service: Option<String>,
    },
    /// With a user name and password in each request.
    Basic,
}

/// The challenges of a 401 response, bearer challenges first.
pub fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
    let mut found = Vec::new();
    for value in headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()) {
        // Everything after an unreadable challenge is ignored.
        for challenge in http_auth::parser::ChallengeParser::new(value).map_while(Result::ok) {
            let parameter = |name: &str| {
                let mut parameters = challenge.params.iter();
                let found = parameters.find(|(key, _)| key.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.to_unescaped())
            };
            if challenge.scheme.eq_ignore_ascii_case("bearer") {
                if let Some(realm) = parameter("realm") {
                    let bearer = Challenge::Bearer { realm, service: parameter("service") };
                    found.insert(0, bearer);
                }
            } else if challenge.scheme.eq_ignore_ascii_case("basic") {
                found.push(Challenge::Basic);
            }
        }
    }
    found
}

/// Whether a realm is an https URL on the host that sent it.
pub fn is_own_realm(realm: &str, host: &str, port: u16) -> bool {
    azure_core::http::Url::parse(realm).is_ok_and(|url| {
        url.scheme() == "https"
            && url.port_or_known_default() == Some(port)
            && url.host_str().is_some_and(|own| own.eq_ignore_ascii_case(host))
    })
}

/// Judges the response of an endpoint: to `GET /v2/` from a login server, to `GET /` from any other host.
///
/// # Errors
/// A [`Failure`] of step `http` if the response does not come from the endpoint, or denies access to this client.
pub fn judge(
    role: Role,
    (host, port): (&str, u16),
    trust: Option<Trust>,
    response: &Response,
) -> Result<(), Failure> {
    let failed = |reason, detail: String| Err(Failure::new(Step::Http, reason, detail));
    if let Some(failure) = throttling(Step::Http, response) {
        return Err(failure);
    }
    if let Some(message) = denial(response) {
        return failed(
            Reason::RegistryDenied,
            format!("the registry's network rules deny this client: {message}"),
        );
    }
    // If only this machine trusts the certificate, a refusal without Azure's headers comes from a proxy or firewall.
    let refuses = matches!(response.status, 403 | 407 | 451 | 511);
    if refuses && trust != Some(Trust::Public) && !is_azure(&response.headers) {
        return failed(
            Reason::ProxyDenied,
            format!(
                "HTTP {} without Azure's headers: a proxy or firewall answers",
                response.status
            ),
        );
    }
    match role {
        Role::Login | Role::Regional => judge_login(host, port, response),
        Role::Data | Role::Storage | Role::Management | Role::Other => Ok(()),
    }
}

fn judge_login(host: &str, port: u16, response: &Response) -> Result<(), Failure> {
    let failed = |reason, detail: String| Err(Failure::new(Step::Http, reason, detail));
    match response.status {
        401 => {}
        403 => {
            return failed(
                Reason::RegistryDenied,
                format!("{host} refuses this client (HTTP 403)"),
            );
        }
        status => {
            return failed(
                Reason::NotRegistry,
                format!("{host} answers /v2/ with HTTP {status} instead of a registry's 401"),
            );
        }
    }
    match challenges(&response.headers).first() {
        Some(Challenge::Bearer { realm, .. }) if is_own_realm(realm, host, port) => Ok(()),
        Some(Challenge::Bearer { realm, .. }) => failed(Reason::ForeignRealm, foreign(host, realm)),
        _ => failed(
            Reason::NotRegistry,
            format!("{host} answers /v2/ with a 401 that does not request a token"),
        ),
    }
}

/// The message about a token service on another host.
pub fn foreign(host: &str, realm: &str) -> String {
    let realm = printable(realm.split(['?', '#']).next().unwrap_or_default());
    format!("{host} sends clients to {realm} for tokens, which is another host")
}

/// The failure of a client that sends too many requests: HTTP 429.
pub fn throttling(step: Step, response: &Response) -> Option<Failure> {
    if response.status != 429 {
        return None;
    }
    let retry_after: Option<u64> =
        response.header("retry-after").and_then(|text| text.trim().parse().ok());
    let when = retry_after.map(|seconds| format!("; try again in {seconds} s")).unwrap_or_default();
    let detail = format!("too many requests (HTTP 429){when}");
    Some(Failure { retry_after, ..Failure::new(step, Reason::Throttled, detail) })
}

/// The message of ACR's network rules: `{"errors": [{"code": "DENIED", "message": "client with IP …"}]}`.
pub fn denial(response: &Response) -> Option<String> {
    if response.status != 403 {
        return None;
    }
    let body: Value = serde_json::from_slice(&response.body).ok()?;
    let error = body["errors"].as_array()?.first()?;
    let denied = error["code"].as_str()? == "DENIED" && error["message"].as_str()?.contains(" IP ");
    denied.then(|| error["message"].as_str().map(printable))?
}

/// Whether a response carries the headers of ACR or of Azure's storage.
pub fn is_azure(headers: &HeaderMap) -> bool {
    const OWN: [&str; 3] =
        ["x-ms-correlation-request-id", "x-ms-request-id", "docker-distribution-api-version"];
    const SERVERS: [&str; 2] = ["AzureContainerRegistry", "Windows-Azure-Blob"];
    let server = headers.get("server").and_then(|value| value.to_str().ok()).unwrap_or_default();
    OWN.iter().any(|name| headers.contains_key(*name))
        || SERVERS.iter().any(|name| server.contains(name))
}

/// The address that a registry refuses, in its own words: `client with IP '203.0.113.7' is not allowed access`.
pub fn denied_address(detail: &str) -> Option<IpAddr> {
    let (_, rest) = detail.split_once("client with IP '")?;
    let address: IpAddr = rest.split('\'').next()?.parse().ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn response(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Response {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        Response { status, headers: map, body: body.as_bytes().to_vec() }
    }

    const OWN: (&str, &str) = (
        "www-authenticate",
        r#"Bearer realm="https://contoso.azurecr.io/oauth2/token",service="contoso.azurecr.io""#,
    );
    const DENIED: &str = r#"{"errors":[{"code":"DENIED","message":"client with IP '192.0.2.7' is not allowed access."}]}"#;

    #[test]
    fn login_servers_answer_with_their_own_challenge() {
        let azure = ("x-ms-correlation-request-id", "1");
        let foreign = ("www-authenticate", r#"Bearer realm="https://evil.example/token""#);
        let plain = ("www-authenticate", r#"Bearer realm="http://contoso.azurecr.io/token""#);
        let basic = ("www-authenticate", r#"Basic realm="contoso""#);
        for (given, expected) in [
            (response(401, &[OWN], ""), None),
            (response(401, &[basic, OWN], ""), None),
            (response(401, &[foreign], ""), Some(Reason::ForeignRealm)),
            (response(401, &[plain], ""), Some(Reason::ForeignRealm)),
            (response(401, &[basic], ""), Some(Reason::NotRegistry)),
            (response(401, &[("www-authenticate", "Bearer")], ""), Some(Reason::NotRegistry)),
            (response(401, &[], ""), Some(Reason::NotRegistry)),
            (response(200, &[], ""), Some(Reason::NotRegistry)),
            (response(403, &[azure], DENIED), Some(Reason::RegistryDenied)),
            (response(403, &[azure], ""), Some(Reason::RegistryDenied)),
            (response(403, &[("server", "squid")], "<html>"), Some(Reason::ProxyDenied)),
        ] {
            let reason =
                judge(Role::Login, ("contoso.azurecr.io", 443), Some(Trust::Local), &given);
            assert_eq!(reason.err().map(|failure| failure.reason), expected, "{given:?}");
        }
    }

    #[test]
    fn data_endpoints_may_answer_anything_but_a_strangers_refusal() {
        let storage = ("server", "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0");
        for (given, trust, expected) in [
            (response(404, &[], ""), Trust::Local, None),
            (response(403, &[storage], "<Error/>"), Trust::Local, None),
            (response(403, &[], ""), Trust::Public, None),
            (response(403, &[], ""), Trust::Local, Some(Reason::ProxyDenied)),
            (response(403, &[], DENIED), Trust::Public, Some(Reason::RegistryDenied)),
        ] {
            let reason =
                judge(Role::Data, ("contoso.eastus.data.azurecr.io", 443), Some(trust), &given);
            assert_eq!(reason.err().map(|failure| failure.reason), expected, "{given:?}");
        }
    }

    #[test]
    fn damaged_challenges_are_none() {
        for text in ["", "Bearer realm", "Bearer realm=\"a", "=,=,", "Bearer realm=\"a\\"] {
            let mut headers = HeaderMap::new();
            headers.insert(WWW_AUTHENTICATE, text.parse().unwrap());
            assert_eq!(challenges(&headers), [], "{text}");
        }
    }

    proptest::proptest! {
        // A challenge from the network names the realm that it says, or none.
        #[test]
        fn any_challenge_is_read(value in "\\PC{0,60}|(Bearer|Basic) (realm|service)=\"?[ -~]{0,30}\"?(,[ -~]{0,20})?") {
            let Ok(header) = value.parse() else { return Ok(()) };
            let mut headers = HeaderMap::new();
            headers.insert(WWW_AUTHENTICATE, header);
            for challenge in challenges(&headers) {
                if let Challenge::Bearer { realm, .. } = challenge {
                    proptest::prop_assert!(realm.len() <= value.len());
                }
            }
        }
    }
}
