//! A transport with scripted responses, below azure_core's real pipeline.

use async_trait::async_trait;
use az_acr::arm::{ArmClient, ArmClientOptions};
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request, Transport};
use azure_core::time::{Duration, OffsetDateTime};
use futures::stream;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

pub const ENDPOINT: &str = "https://arm.example";

/// One scripted response.
#[derive(Clone)]
pub enum Reply {
    /// A status, headers and a body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// A body that ends early.
    Truncated,
    /// The connection fails before the request is sent.
    NotConnected(io::ErrorKind),
    /// The connection fails after the request is sent.
    Broken(io::ErrorKind),
}

pub fn ok(body: &str) -> Reply {
    Reply::Answer(200, Vec::new(), body.to_owned())
}

pub fn status(status: u16) -> Reply {
    Reply::Answer(status, Vec::new(), String::new())
}

impl Reply {
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Answer(_, headers, _) = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

/// Answers each request with the next response, and records the request. The test fails if there are more requests
/// than responses, or fewer.
#[derive(Clone)]
pub struct Script {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    seen: Arc<Mutex<Vec<String>>>,
    owner: bool,
}

impl Script {
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Arc::new(Mutex::new(replies.into_iter().collect()));
        Self { replies, seen: Arc::default(), owner: true }
    }

    /// A client that talks to this script.
    pub fn client(&self) -> ArmClient {
        let mut transport = self.clone();
        transport.owner = false;
        let options = ArmClientOptions {
            transport: Some(Transport::new(Arc::new(transport))),
            ..ArmClientOptions::default()
        };
        let endpoint = ENDPOINT.parse().unwrap();
        ArmClient::new(endpoint, Arc::new(Token), "https://arm.example/.default", options).unwrap()
    }

    /// Method, path and body of each request, in order.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        if self.owner && !std::thread::panicking() {
            assert_eq!(self.replies.lock().unwrap().len(), 0, "answers that were not used");
        }
    }
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script")
    }
}

#[async_trait]
impl HttpClient for Script {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let body = match request.body() {
            Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Body::SeekableStream(_) => panic!("no streams"),
        };
        let line = format!("{} {} {body}", request.method(), request.url().path());
        self.seen.lock().unwrap().push(line.trim_end().to_owned());
        let reply = self.replies.lock().unwrap().pop_front();
        let fail = |kind, cause: io::ErrorKind| {
            Err(Error::with_error(kind, io::Error::from(cause), "scripted"))
        };
        match reply {
            None => panic!("an unexpected request: {line}"),
            Some(Reply::NotConnected(cause)) => fail(ErrorKind::Connection, cause),
            Some(Reply::Broken(cause)) => fail(ErrorKind::Io, cause),
            Some(Reply::Truncated) => {
                let end = io::Error::from(io::ErrorKind::UnexpectedEof);
                let body = stream::iter([
                    Ok("{\"value\":".into()),
                    Err(Error::with_error(ErrorKind::Io, end, "scripted")),
                ]);
                Ok(AsyncRawResponse::new(200.into(), Headers::new(), Box::pin(body)))
            }
            Some(Reply::Answer(status, pairs, body)) => {
                let mut headers = Headers::new();
                for (name, value) in pairs {
                    headers.insert(name, value);
                }
                Ok(AsyncRawResponse::from_bytes(status.into(), headers, body))
            }
        }
    }
}

#[derive(Debug)]
struct Token;

#[async_trait]
impl TokenCredential for Token {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        Ok(AccessToken::new("token", OffsetDateTime::now_utc() + Duration::hours(1)))
    }
}
