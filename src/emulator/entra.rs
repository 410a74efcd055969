//! The part of Microsoft Entra ID that a login needs: endpoint discovery and the token endpoint.

use super::message::{Request, Response};
use super::transport::pairs;
use super::world::{CALLER_OBJECT_ID, TENANT};
use azure_core::base64;
use serde_json::json;

/// The only client secret that the token endpoint accepts.
pub const CLIENT_SECRET: &str = "emulator";
const LIFETIME: u32 = 86399;
const SIGNATURE: &str = "emulated";

/// Handles requests below `/{tenant}/`. Returns `None` if the request is not for Entra.
pub fn handle(request: &Request, segments: &[&str]) -> Option<Response> {
    match (request.method.as_str(), segments) {
        ("GET", [tenant, .., ".well-known", "openid-configuration"]) => {
            Some(openid_configuration(&request.origin, tenant))
        }
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
    Response::json(
        200,
        json!({
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "ext_expires_in": LIFETIME,
            "access_token": access_token(tenant, client_id),
        }),
    )
}

/// Returns an unsigned token in the format of a JWT.
pub fn access_token(tenant: &str, client_id: &str) -> String {
    let part = |value: serde_json::Value| base64::encode_url_safe(value.to_string());
    format!(
        "{}.{}.{SIGNATURE}",
        part(json!({"alg": "none", "typ": "JWT"})),
        part(json!({"tid": tenant, "appid": client_id, "oid": CALLER_OBJECT_ID}))
    )
}

/// Returns the token that the client in this process uses.
pub fn own_token() -> String {
    access_token(TENANT, "az-acr")
}

/// Returns whether an `Authorization` header carries a bearer token that ends as those of [`access_token`] do.
/// The emulator signs nothing, so this tells its tokens from real ones and authenticates nobody.
pub fn is_our_token(authorization: &str) -> bool {
    authorization.split_once(' ').is_some_and(|(scheme, token)| {
        scheme.eq_ignore_ascii_case("bearer") && token.ends_with(SIGNATURE)
    })
}
