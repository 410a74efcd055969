//! HTTP/1.1 with limits on headers, bytes and time: the other side may be anyone.

use super::verdict::{Failure, Reason, Step};
use crate::secrets;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION};
use hyper::{Method, Uri};
use hyper_util::rt::TokioIo;
use std::borrow::Cow;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// The maximum number of headers in a response.
const MAX_HEADERS: usize = 100;
/// The maximum size of a response's head, in bytes.
const MAX_HEAD: usize = 64 << 10;

/// The maximum number of bytes read from an error's body.
const MAX_ERROR_TEXT: usize = 16 << 10;

/// A stream to the other side, with or without TLS.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A response, with its body up to the limit.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body's first bytes.
    pub body: Vec<u8>,
}

/// How much of a body is read, in bytes; of an error, enough for its message.
#[derive(Debug, Clone, Copy)]
pub enum Limit {
    /// All of it; a larger body is an error.
    Whole(usize),
    /// Only the first bytes.
    First(usize),
}

impl Response {
    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    method: Method,
    target: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: String,
}

impl Request {
    /// A GET of a path with its query.
    pub fn get(target: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            target: target.into(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// A CONNECT to `host:port`.
    pub fn connect(authority: &str) -> Self {
        Self { method: Method::CONNECT, ..Self::get(authority) }
    }

    /// A POST of a form.
    pub fn post(target: impl Into<String>, form: String) -> Self {
        let value = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = vec![(hyper::header::CONTENT_TYPE, value)];
        Self { method: Method::POST, target: target.into(), headers, body: form }
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path, without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// What it holds that no answer may show.
    pub fn secrets(&self) -> Vec<String> {
        let is_secret = |name: &HeaderName| name == AUTHORIZATION || name == PROXY_AUTHORIZATION;
        let headers = self.headers.iter().filter(|(name, _)| is_secret(name));
        let headers = headers.filter_map(|(_, value)| value.to_str().ok());
        let form = secrets::of_form(self.body.as_bytes());
        headers.flat_map(secrets::of_header).chain(form).collect()
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// A connection for sequential requests. Dropping it closes it.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: AbortHandle,
    host: HeaderValue,
    timeout: Duration,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    /// Starts HTTP on a stream.
    ///
    /// # Arguments
    /// * `authority` - the `Host` header.
    /// * `timeout` - for each request and its response.
    ///
    /// # Errors
    /// A [`Failure`] of step `http`.
    pub async fn new(
        stream: Box<dyn Stream>,
        authority: &str,
        timeout: Duration,
    ) -> Result<Self, Failure> {
        let host = HeaderValue::from_str(authority)
            .map_err(|e| Failure::new(Step::Http, Reason::BadAnswer, e.to_string()))?;
        let (sender, connection) = http1::Builder::new()
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| failure(&error))?;
        // The sender reports errors as well.
        let driver = tokio::spawn(async move {
            let _ = connection.with_upgrades().await;
        });
        Ok(Self { sender, driver: driver.abort_handle(), host, timeout })
    }

    /// Whether another request can be made.
    pub fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Sends a request and reads the response.
    ///
    /// # Errors
    /// A [`Failure`] of step `http`.
    pub async fn send(&mut self, request: Request, limit: Limit) -> Result<Response, Failure> {
        let most = self.timeout;
        let secrets = request.secrets();
        let whole = async {
            let response = self.response(request).await?;
            let mut response = read(response, limit).await?;
            // Messages quote the bodies of errors; other bodies must keep their digests.
            if !(200..300).contains(&response.status)
                && let Cow::Owned(hidden) = secrets::hidden(&response.body, &secrets)
            {
                response.body = hidden;
            }
            Ok(response)
        };
        timeout(most, whole).await.unwrap_or_else(|_| Err(too_slow()))
    }

    /// Sends a request and returns the response with its body unread, e.g. to take over the connection.
    ///
    /// # Errors
    /// A [`Failure`] of step `http`.
    pub async fn response(
        &mut self,
        request: Request,
    ) -> Result<hyper::Response<Incoming>, Failure> {
        let bad = |e: &dyn std::fmt::Display| {
            Failure::new(Step::Http, Reason::BadAnswer, format!("the request cannot be sent: {e}"))
        };
        let uri: Uri = request.target.parse().map_err(|e| bad(&e))?;
        let mut message = hyper::Request::new(Full::from(request.body));
        *message.method_mut() = request.method;
        *message.uri_mut() = uri;
        let headers = message.headers_mut();
        headers.insert(hyper::header::HOST, self.host.clone());
        let agent = concat!("az-acr/", env!("CARGO_PKG_VERSION"));
        headers.insert(hyper::header::USER_AGENT, HeaderValue::from_static(agent));
        headers.extend(request.headers);
        self.sender.ready().await.map_err(|error| failure(&error))?;
        self.sender.send_request(message).await.map_err(|error| failure(&error))
    }
}

/// The failure of a step that took too long.
pub fn too_slow() -> Failure {
    Failure::new(Step::Http, Reason::Timeout, "no response within the timeout")
}

async fn read(response: hyper::Response<Incoming>, limit: Limit) -> Result<Response, Failure> {
    let (head, mut body) = response.into_parts();
    let (most, whole) = match limit {
        _ if !head.status.is_success() => (MAX_ERROR_TEXT, false),
        Limit::Whole(bytes) => (bytes, true),
        Limit::First(bytes) => (bytes, false),
    };
    let too_large = || {
        let detail = format!("the response has more than {most} bytes");
        Failure::new(Step::Http, Reason::TooLarge, detail)
    };
    // An announced length is checked before the body is read.
    if whole && body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while bytes.len() <= most {
        let Some(frame) = body.frame().await else { break };
        if let Ok(data) = frame.map_err(|error| failure(&error))?.into_data() {
            let room = (most + 1).saturating_sub(bytes.len());
            bytes.extend_from_slice(data.get(..room).unwrap_or(&data));
        }
        if !whole && bytes.len() >= most {
            break;
        }
    }
    if whole && bytes.len() > most {
        return Err(too_large());
    }
    bytes.truncate(most);
    Ok(Response { status: head.status.as_u16(), headers: head.headers, body: bytes })
}

fn failure(error: &hyper::Error) -> Failure {
    let io = std::error::Error::source(error).and_then(|e| e.downcast_ref::<std::io::Error>());
    let (reason, detail) = if error.is_parse_too_large() {
        (Reason::TooLarge, format!("the response's headers are larger than {MAX_HEAD} bytes"))
    } else if error.is_parse() {
        (Reason::BadAnswer, "the response is not HTTP".to_owned())
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        (Reason::Reset, "the connection was closed before a response arrived".to_owned())
    } else if io.is_some_and(|io| io.kind() == std::io::ErrorKind::UnexpectedEof) {
        // TLS ends without a goodbye. The text of rustls leads to its manual.
        (Reason::Reset, "the connection was closed before the response was complete".to_owned())
    } else if let Some(io) = io {
        (Reason::Reset, format!("the connection failed: {io}"))
    } else {
        (Reason::BadAnswer, format!("the response is invalid HTTP: {error}"))
    };
    Failure::new(Step::Http, reason, detail)
}
