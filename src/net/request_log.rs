//! What `--debug` shows of each request: a pipeline policy that logs one line for it.

use crate::secrets;
use async_trait::async_trait;
use azure_core::http::headers::HeaderName;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{AsyncRawResponse, Context, Request, StatusCode, Url};
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// Receives one line for each request; `--debug` shows them.
#[derive(Clone)]
pub struct RequestLog(Arc<dyn Fn(&str) + Send + Sync>);

impl RequestLog {
    /// A log that hands each line to `sink`.
    pub fn new(sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Adds a line.
    pub fn line(&self, text: &str) {
        (self.0)(text);
    }

    /// Adds the line of a request: method, URL, status and time, but never headers or bodies.
    ///
    /// # Arguments
    /// * `status` - the answer's; `None` if there was none.
    pub fn request(&self, request: &Request, status: Option<StatusCode>, start: Instant) {
        let answer = status.map_or("no response".to_owned(), |s| u16::from(s).to_string());
        let (method, url) = (request.method(), shown(request.url()));
        // A link from an answer may repeat the token that was sent.
        let token = request.headers().get_optional_str(&HeaderName::from_static("authorization"));
        let secrets: Vec<String> = token.into_iter().flat_map(secrets::of_header).collect();
        let line = format!("{method} {url} -> {answer} ({} ms)", start.elapsed().as_millis());
        self.line(&secrets::hidden_in_cut(&line, &secrets));
    }
}

impl fmt::Debug for RequestLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestLog")
    }
}

/// Adds a line for each request of a pipeline.
#[derive(Debug)]
pub struct LogPolicy(pub RequestLog);

#[async_trait]
impl Policy for LogPolicy {
    async fn send(
        &self,
        ctx: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        let start = Instant::now();
        let result = next[0].send(ctx, request, &next[1..]).await;
        self.0.request(request, result.as_ref().ok().map(AsyncRawResponse::status), start);
        result
    }
}

/// A URL without the values of query parameters that may hold a secret; polling URLs contain signatures.
fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    let query: Vec<String> = url
        .query_pairs()
        .map(|(name, value)| match &*name {
            "api-version" | "$filter" => format!("{name}={value}"),
            _ => format!("{name}=REDACTED"),
        })
        .collect();
    if query.is_empty() { shown.to_string() } else { format!("{shown}?{}", query.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_in_urls_are_not_shown() {
        let url = Url::parse("https://h/p?api-version=1&t=2&c=secret").unwrap();
        assert_eq!(shown(&url), "https://h/p?api-version=1&t=REDACTED&c=REDACTED");
    }
}
