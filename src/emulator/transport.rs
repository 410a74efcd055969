//! The emulator as an azure_core transport: the client's whole pipeline runs, but without a socket.

use super::entra;
use super::message::{Request, Response};
use super::store::Store;
use async_trait::async_trait;
use azure_core::Bytes;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, StatusCode};
use azure_core::time::{Duration, OffsetDateTime};
use std::collections::HashMap;

/// The ARM endpoint that the transport serves. The name can never exist in DNS (RFC 2606).
pub const ENDPOINT: &str = "https://management.emulator.invalid";

/// An [`HttpClient`] that returns responses from a [`Store`].
#[derive(Debug)]
pub struct EmulatorTransport {
    store: Store,
    clock: fn() -> OffsetDateTime,
}

impl EmulatorTransport {
    /// Creates a transport for the state in `store`. `clock` supplies the time of changes.
    pub fn new(store: Store, clock: fn() -> OffsetDateTime) -> Self {
        Self { store, clock }
    }
}

#[async_trait]
impl HttpClient for EmulatorTransport {
    async fn execute_request(
        &self,
        request: &azure_core::http::Request,
    ) -> azure_core::Result<AsyncRawResponse> {
        let url = request.url();
        let body = match request.body() {
            Body::Bytes(bytes) => bytes.to_vec(),
            Body::SeekableStream(_) => {
                return Err(Error::with_message(
                    ErrorKind::Io,
                    "the emulator does not support streamed request bodies",
                ));
            }
        };
        let answer = self
            .store
            .handle(&Request {
                method: request.method().as_str().to_owned(),
                origin: url.origin().ascii_serialization(),
                path: percent_decode(url.path()),
                query: url.query_pairs().into_owned().collect(),
                authorization: request
                    .headers()
                    .get_optional_string(&HeaderName::from_static("authorization")),
                body,
                now: timestamp((self.clock)()),
            })
            .map_err(|e| Error::new(ErrorKind::Other, e))?;
        Ok(to_azure_core(answer))
    }
}

fn to_azure_core(answer: Response) -> AsyncRawResponse {
    let headers: HashMap<HeaderName, HeaderValue> = answer
        .headers
        .into_iter()
        .chain([("content-type", "application/json; charset=utf-8".to_owned())])
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from(value)))
        .collect();
    let body = answer.body.map(|b| b.to_string()).unwrap_or_default();
    AsyncRawResponse::from_bytes(
        StatusCode::from(answer.status),
        Headers::from(headers),
        Bytes::from(body),
    )
}

/// Decodes `%XX` and replaces invalid UTF-8 in the result.
pub(super) fn percent_decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Returns the name-value pairs of a query or a form, decoded, in order.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

/// Formats a time, which must be in UTC, with seven fractional-second digits (the resolution of the service's clock) and no zone.
pub(super) fn timestamp(time: OffsetDateTime) -> String {
    let format = time::macros::format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]"
    );
    // A fixed format cannot fail if every date has its components.
    time.format(format).unwrap_or_default()
}

/// The credential of `--cloud emulator`: a token that the emulator accepts, obtained without a request.
#[derive(Debug)]
pub struct EmulatorCredential;

#[async_trait]
impl TokenCredential for EmulatorCredential {
    async fn get_token(
        &self,
        _scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        Ok(AccessToken::new(entra::own_token(), OffsetDateTime::now_utc() + Duration::days(1)))
    }
}
