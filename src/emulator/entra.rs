//! The part of Microsoft Entra ID that a login needs: endpoint discovery and the token endpoint.

use super::jwt;
use super::message::{Request, Response};
use super::transport::pairs;
use serde_json::json;
use time::PrimitiveDateTime;
use time::macros::format_description;

/// The only client secret that the token endpoint accepts.
pub const CLIENT_SECRET: &str = "emulator";

/// Handles requests below `/{tenant}/`. Returns `None` if the request is not for Entra.
pub fn handle(request: &Request, segments: &[&str]) -> Option<Response> {
    match (request.method.as_str(), segments) {
        ("GET", [tenant, .., ".well-known", "openid-configuration"]) => {
            Some(openid_configuration(&request.origin, tenant))
        }
        ("GET", [_, "discovery", "v2.0", "keys"]) => Some(Response::json(200, jwt::keys())),
        ("POST", [tenant, "oauth2", "v2.0", "token"]) => Some(token(request, tenant)),
        _ => None,
    }
}

fn openid_configuration(origin: &str, tenant: &str) -> Response {
    let base = format!("{origin}/{tenant}");
    Response::json(
        200,
        json!({
            "token_endpoint": format!("{base}/oauth2/v2.0/token"),
            "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
            "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
            "issuer": format!("{base}/v2.0"),
            "jwks_uri": format!("{base}/discovery/v2.0/keys"),
            "id_token_signing_alg_values_supported": ["ES256"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
        }),
    )
}

fn token(request: &Request, tenant: &str) -> Response {
    let form = pairs(&String::from_utf8_lossy(&request.body));
    let field = |name: &str| form.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    let refuse = |error: &str, description: &str| {
        Response::json(400, json!({"error": error, "error_description": description}))
    };
    let Some(client_id) = field("client_id") else {
        return refuse(
            "invalid_request",
            "AADSTS900144: The request body must contain the following parameter: 'client_id'.",
        );
    };
    match field("grant_type") {
        Some("client_credentials") => {}
        other => {
            return refuse(
                "unsupported_grant_type",
                &format!(
                    "AADSTS70003: The app requested an unsupported grant type '{}'.",
                    other.unwrap_or_default()
                ),
            );
        }
    }
    let known = field("client_assertion").is_some_and(|a| !a.is_empty())
        || field("client_secret") == Some(CLIENT_SECRET);
    if !known {
        let mut answer = refuse(
            "invalid_client",
            &format!("AADSTS7000215: Invalid client secret provided for app '{client_id}'."),
        );
        answer.status = 401;
        return answer;
    }
    let scope = field("scope").or_else(|| field("resource")).unwrap_or_default();
    let audience = scope.split(' ').next().unwrap_or_default().trim_end_matches(".default");
    let issuer = format!("{}/{tenant}/v2.0", request.origin);
    let token = jwt::issue(&issuer, tenant, client_id, audience, seconds(&request.now));
    Response::json(
        200,
        json!({
            "token_type": "Bearer",
            "expires_in": jwt::LIFETIME,
            "ext_expires_in": jwt::LIFETIME,
            "access_token": token,
        }),
    )
}

/// Seconds since 1970.
fn seconds(now: &str) -> i64 {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    let time = now.get(..19).and_then(|text| PrimitiveDateTime::parse(text, format).ok());
    time.map_or(0, |time| time.assume_utc().unix_timestamp())
}

/// Returns the token that the client in this process uses.
pub fn own_token() -> String {
    jwt::unsigned()
}

/// Returns whether an `Authorization` header carries a bearer token of an emulator. This tells its tokens from real ones and
/// authenticates nobody.
pub fn is_our_token(authorization: &str) -> bool {
    authorization
        .split_once(' ')
        .is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && jwt::is_ours(token))
}
