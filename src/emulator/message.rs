//! Requests and responses of the emulated Azure Resource Manager.

use serde_json::{Map, Value, json};

/// The parts of an HTTP request that ARM looks at.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`, `PUT`, `PATCH`, `POST`, `DELETE`.
    pub method: String,
    /// `https://host:port`, for absolute URLs in responses.
    pub origin: String,
    /// The path, percent-decoded.
    pub path: String,
    /// The query parameters, percent-decoded, in order.
    pub query: Vec<(String, String)>,
    /// The `Authorization` header, if present.
    pub authorization: Option<String>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// The UTC time with seven fractional-second digits and no zone, e.g. `2026-09-10T06:47:33.9366936`.
    pub now: String,
}

/// An HTTP response.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// The HTTP status code.
    pub status: u16,
    /// Headers beyond `content-type`.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON body; `None` means an empty body.
    pub body: Option<Value>,
}

impl Response {
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None }
    }

    pub(super) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl Request {
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// Returns the body as a JSON object, or the response that rejects it.
    pub(super) fn object(&self) -> Result<Map<String, Value>, Box<Response>> {
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(map)) if map.values().all(|value| is_flat(value, MAX_DEPTH)) => {
                Ok(map)
            }
            Ok(Value::Object(_)) => Err(Box::new(invalid_body("it is nested too deeply"))),
            Ok(_) => Err(Box::new(invalid_body("expected a JSON object"))),
            Err(e) => Err(Box::new(invalid_body(e))),
        }
    }
}

/// How deep a body may be. The state holds parts of it, and must be read again.
const MAX_DEPTH: usize = 32;

/// Whether a value has no more levels than that.
fn is_flat(value: &Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else { return false };
    match value {
        Value::Array(items) => items.iter().all(|item| is_flat(item, below)),
        Value::Object(map) => map.values().all(|item| is_flat(item, below)),
        _ => true,
    }
}

/// ARM's response to a body that it cannot use.
pub(super) fn invalid_body(detail: impl std::fmt::Display) -> Response {
    let message =
        format!("The request content was invalid and could not be deserialized: '{detail}'.");
    Response::json(400, json!({"error": {"code": "InvalidRequestContent", "message": message}}))
}

/// The path of a registry, spelled as in the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct RegistryId<'a> {
    pub subscription: &'a str,
    pub group: &'a str,
    pub registry: &'a str,
}
