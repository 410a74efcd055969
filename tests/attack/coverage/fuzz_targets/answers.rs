//! Answers of Azure with the input as their body, or as a header.

use async_trait::async_trait;
use az_acr::arm::{ArmClient, ArmClientOptions, GraphScope, RegistryPath, ResourceRow};
use azure_core::Bytes;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, HttpClient, Request, Transport};
use azure_core::time::{Duration, OffsetDateTime};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const OF: RegistryPath =
    RegistryPath { subscription: "s", resource_group: "g", registry: "contoso" };

/// Reads an answer: a registry, a page of registries, rows of logs, a page of Resource Graph, or when to ask again.
pub fn read(reader: &str, data: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime starts");
    let retry_after = (reader == "retry-after").then(|| String::from_utf8_lossy(data).into_owned());
    let body = Bytes::copy_from_slice(data);
    let answers = Answers { body, retry_after, left: AtomicUsize::new(40) };
    let options = ArmClientOptions {
        transport: Some(Transport::new(Arc::new(answers))),
        ..ArmClientOptions::default()
    };
    let endpoint = "https://arm.example".parse().expect("a URL");
    let client = ArmClient::new(endpoint, Arc::new(Token), "https://arm.example/.default", options)
        .expect("a client");
    runtime.block_on(async {
        match reader {
            "registry" | "retry-after" => drop(client.get_registry(OF).await),
            "graph" => {
                let mut pages = client.query_resources::<ResourceRow>("resources", GraphScope::Everything);
                while let Ok(Some(_)) = pages.next().await {}
            }
            "registries" => drop(client.list_registries("s").await),
            _ => drop(client.query_logs("/subscriptions/s", "T").await),
        }
    });
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
        Ok(AccessToken::new("token", OffsetDateTime::now_utc() + Duration::HOUR))
    }
}

#[derive(Debug)]
struct Answers {
    body: Bytes,
    /// The first answer is a 429 with this header.
    retry_after: Option<String>,
    left: AtomicUsize,
}

#[async_trait]
impl HttpClient for Answers {
    async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
        let left = self.left.fetch_sub(1, Ordering::Relaxed);
        assert!(left > 0, "more than 40 requests");
        if let Some(wait) = self.retry_after.as_ref().filter(|_| left == 40) {
            let mut headers = Headers::new();
            headers.insert("retry-after", wait.clone());
            return Ok(AsyncRawResponse::from_bytes(429.into(), headers, Vec::new()));
        }
        Ok(AsyncRawResponse::from_bytes(200.into(), Headers::new(), self.body.clone()))
    }
}
