//! Answers of Azure with the input as their body.

use async_trait::async_trait;
use az_acr::arm::{ArmClient, ArmClientOptions, RegistryPath};
use azure_core::Bytes;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, HttpClient, Request, Transport};
use azure_core::time::{Duration, OffsetDateTime};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const OF: RegistryPath =
    RegistryPath { subscription: "s", resource_group: "g", registry: "contoso" };

/// Reads an answer: a registry, a page of registries, or rows of logs.
pub fn read(reader: &str, data: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime starts");
    let answers = Answers { body: Bytes::copy_from_slice(data), left: AtomicUsize::new(40) };
    let options = ArmClientOptions {
        transport: Some(Transport::new(Arc::new(answers))),
        ..ArmClientOptions::default()
    };
    let endpoint = "https://arm.example".parse().expect("a URL");
    let client = ArmClient::new(endpoint, Arc::new(Token), "https://arm.example/.default", options)
        .expect("a client");
    runtime.block_on(async {
        match reader {
            "registry" => drop(client.get_registry(OF).await),
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
    left: AtomicUsize,
}

#[async_trait]
impl HttpClient for Answers {
    async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
        let left = self.left.fetch_sub(1, Ordering::Relaxed);
        assert!(left > 0, "more than 40 requests");
        Ok(AsyncRawResponse::from_bytes(200.into(), Headers::new(), self.body.clone()))
    }
}
