//! Checks the answers of token services before azure_identity reads them.
//!
//! azure_identity 1.0 aborts on a lifetime of thousands of years, garbles errors that contain JSON escapes ("expected a borrowed
//! string"), says nothing about 429, and reports a redirect as "EOF while parsing". This policy shows the service's own words.

use crate::secrets;
use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::HeaderName;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{AsyncRawResponse, Body, Context, Request};
use serde_json::Value;
use std::sync::Arc;

/// No token lives longer, in seconds.
const LONGEST_LIFE: f64 = 10.0 * 366.0 * 86_400.0;
/// How many characters of a message are shown.
const SHOWN: usize = 2_000;

/// Checks answers to requests for tokens.
#[derive(Debug)]
struct Answers;

/// The policy, for pipelines of logins. It must come before the retries.
pub fn policy() -> Arc<dyn Policy> {
    Arc::new(Answers)
}

#[async_trait]
impl Policy for Answers {
    async fn send(
        &self,
        ctx: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        let host = request.url().host_str().unwrap_or_default().to_owned();
        let response = next[0].send(ctx, request, &next[1..]).await?;
        let (status, headers, body) = response.try_into_raw_response().await?.deconstruct();
        let bytes: &[u8] = body.as_ref();
        if let Some(wrong) = wrong(u16::from(status), &secrets::hidden(bytes, &secrets_of(request)))
        {
            return Err(Error::with_message(ErrorKind::Credential, format!("{host}: {wrong}")));
        }
        Ok(AsyncRawResponse::from_bytes(status, headers, bytes.to_vec()))
    }
}

/// What a request holds that an answer must not show.
fn secrets_of(request: &Request) -> Vec<String> {
    let mut secrets = match request.body() {
        Body::Bytes(bytes) => secrets::of_form(bytes),
        Body::SeekableStream(_) => Vec::new(),
    };
    for name in ["authorization", "x-identity-header"] {
        let value = request.headers().get_optional_str(&HeaderName::from_static(name));
        secrets.extend(value.into_iter().flat_map(secrets::of_header));
    }
    secrets
}

/// What is wrong with an answer; `None` if azure_identity can read it.
fn wrong(status: u16, body: &[u8]) -> Option<String> {
    let json = serde_json::from_slice::<Value>(body).ok();
    if (201..300).contains(&status) {
        // azure_identity would quote headers of such an answer.
        return Some(format!("it answers with HTTP {status} in place of 200"));
    }
    if status == 200 {
        // azure_identity skips what it does not need, so it may read what is not quite JSON.
        let Some(json) = json.as_ref().filter(|json| json.is_object()) else {
            // Without the answer, which may hold a token.
            return Some(format!("its answer is not JSON (HTTP {status})"));
        };
        return wrong_token(json);
    }
    if (300..400).contains(&status) {
        return Some(format!("it redirects (HTTP {status}), which token services never do"));
    }
    let json = json.unwrap_or_default();
    let texts = [
        &json["error_description"],
        &json["error"]["message"],
        &json["message"],
        &json["error"]["code"],
        &json["error"],
    ];
    let text = texts.into_iter().filter_map(Value::as_str).find(|text| !text.trim().is_empty());
    Some(match text {
        Some(text) => format!("{} (HTTP {status})", start(text.as_bytes())),
        None if status == 429 => "too many requests (HTTP 429)".to_owned(),
        None if body.is_empty() => format!("its answer is empty (HTTP {status})"),
        // Nobody knows what else is in it.
        None if json.is_object() => format!("it gives no reason (HTTP {status})"),
        None => format!("{} (HTTP {status})", start(body)),
    })
}

/// What is wrong with the answer that should hold a token.
fn wrong_token(json: &Value) -> Option<String> {
    for (name, now) in [("expires_in", 0.0), ("expires_on", now())] {
        let life = match &json[name] {
            Value::Null => continue,
            Value::Number(number) if number.is_i64() || number.is_u64() => number.as_f64(),
            // Managed identities send a number in a text, and some of them a date, which azure_identity reads.
            Value::String(text) => match text.parse::<i64>() {
                Ok(_) => text.parse().ok(),
                Err(_) if name == "expires_on" => continue,
                Err(_) => None,
            },
            _ => None,
        };
        let Some(life) = life else {
            return Some(format!("{name} of the token is no whole number of seconds"));
        };
        let life = life - now;
        if !(-LONGEST_LIFE..=LONGEST_LIFE).contains(&life) || name == "expires_in" && life < 0.0 {
            return Some(format!("the token claims to live {life:.0} seconds"));
        }
    }
    match &json["access_token"] {
        Value::String(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => None,
        Value::String(_) => Some("the token has characters that no token has".to_owned()),
        Value::Null if json.get("access_token").is_none() => None,
        _ => Some("the token is no text".to_owned()),
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact for millions of years")]
    let now = azure_core::time::OffsetDateTime::now_utc().unix_timestamp() as f64;
    now
}

/// The start of a text.
fn start(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.trim().chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_own_words_are_shown() {
        for (status, body, expected) in [
            (200, r#"{"access_token": "x", "expires_in": 3600}"#, None),
            (200, r#"{"access_token": "x", "expires_in": "3600"}"#, None),
            (200, r#"{"access_token": "x"}"#, None),
            (200, r#"{"access_token": "x", "expires_on": "12/01/2026 03:00:00"}"#, None),
            (
                200,
                r#"{"expires_in": 3600.5}"#,
                Some("expires_in of the token is no whole number of seconds"),
            ),
            (200, r#"{"access_token": null}"#, Some("the token is no text")),
            (
                200,
                r#"{"access_token": "a\r\nb"}"#,
                Some("the token has characters that no token has"),
            ),
            (
                200,
                r#"{"expires_in": 300000000000}"#,
                Some("the token claims to live 300000000000 seconds"),
            ),
            (302, "", Some("it redirects (HTTP 302), which token services never do")),
            (
                401,
                r#"{"error": "invalid_client", "error_description": "AADSTS7000215: \"wrong\" secret.\r\nTrace"}"#,
                Some("AADSTS7000215: \"wrong\" secret.\r\nTrace (HTTP 401)"),
            ),
            (429, "", Some("too many requests (HTTP 429)")),
            (201, r#"{"access_token": "x"}"#, Some("it answers with HTTP 201 in place of 200")),
            (
                200,
                r#"{"x": "\ud800", "expires_in": 300000000000}"#,
                Some("its answer is not JSON (HTTP 200)"),
            ),
            (400, r#"{"error": "invalid_client"}"#, Some("invalid_client (HTTP 400)")),
            (
                400,
                r#"{"error": "invalid_grant", "error_description": null}"#,
                Some("invalid_grant (HTTP 400)"),
            ),
            (503, "<html>Service unavailable", Some("<html>Service unavailable (HTTP 503)")),
            (400, "", Some("its answer is empty (HTTP 400)")),
        ] {
            assert_eq!(wrong(status, body.as_bytes()).as_deref(), expected, "{status} {body}");
        }
    }
}
