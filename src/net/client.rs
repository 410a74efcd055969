//! The HTTP client below azure_core's pipelines: root certificates, proxy, timeouts.

use super::resolver::SystemResolver;
use super::roots::{self, SystemRoots};
use super::{NetError, proxy};
use crate::env::Env;
use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::policies::Policy;
use azure_core::http::{AsyncRawResponse, HttpClient, Request, Transport};
use futures::TryStreamExt as _;
use reqwest::Client;
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;

/// The same limit as in azure_core's own client.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a server may stall. `az` tolerates 8 s, so this must be longer.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// The most that a server may send in one answer, decoded, in bytes.
const MAX_ANSWER: usize = 64 << 20;
/// The kind of the errors for answers beyond a limit. No policy of azure_core's returns it; it is for models, which are read outside.
pub const LIMIT: ErrorKind = ErrorKind::DataConversion;
/// How long one answer may take, from the request to its last byte.
pub const LONGEST_ANSWER: Duration = Duration::from_secs(5 * 60);
/// The same for queries over logs, which ask Azure to end after 590 seconds.
pub const LONGEST_QUERY: Duration = Duration::from_secs(10 * 60);

/// A client whose answers have bounds. They must be here: azure_core's pipelines read an answer to its end before a
/// policy sees any of it.
#[derive(Debug)]
struct BoundedClient {
    client: Client,
    longest: Duration,
}

#[async_trait]
impl HttpClient for BoundedClient {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        within(self.longest, async {
            let response = self.client.execute_request(request).await?;
            let (status, headers, mut body) = response.deconstruct();
            let mut bytes = Vec::new();
            while let Some(part) = body.try_next().await? {
                if bytes.len() + part.len() > MAX_ANSWER {
                    let message = format!("the answer is larger than {} MiB", MAX_ANSWER >> 20);
                    return Err(Error::with_message(LIMIT, message));
                }
                bytes.extend_from_slice(&part);
            }
            Ok(AsyncRawResponse::from_bytes(status, headers, bytes))
        })
        .await
    }
}

/// Waits for an answer, but no longer than `most`.
///
/// # Errors
/// Those of the answer, or one of the kind [`LIMIT`].
pub async fn within<T>(
    most: Duration,
    answer: impl Future<Output = azure_core::Result<T>>,
) -> azure_core::Result<T> {
    tokio::time::timeout(most, answer).await.unwrap_or_else(|_| {
        let message = format!("the answer was not complete after {} seconds", most.as_secs());
        Err(Error::with_message(LIMIT, message))
    })
}

/// One HTTP client for Azure Resource Manager and Microsoft Entra, and the policies around it.
#[derive(Debug, Clone)]
pub struct Network {
    client: Arc<dyn HttpClient>,
    per_call_policies: Vec<Arc<dyn Policy>>,
}

impl Network {
    /// A network over HTTPS with the user's root certificates and proxy.
    ///
    /// # Arguments
    /// * `per_call_policies` - policies for every pipeline on this network, e.g. for retries.
    /// * `patient` - whether answers may take as long as queries over logs do.
    ///
    /// # Errors
    /// [`NetError`] if a variable for root certificates or proxies is invalid.
    pub fn https(
        env: &Env,
        per_call_policies: Vec<Arc<dyn Policy>>,
        patient: bool,
    ) -> Result<Self, NetError> {
        let (read_timeout, longest) =
            if patient { (LONGEST_QUERY, LONGEST_QUERY) } else { (READ_TIMEOUT, LONGEST_ANSWER) };
        let client = BoundedClient { client: client(env, true, read_timeout)?, longest };
        Ok(Self { client: Arc::new(client), per_call_policies })
    }

    /// The transport for a pipeline.
    pub fn transport(&self) -> Transport {
        Transport::new(Arc::clone(&self.client))
    }

    /// The policies for a pipeline.
    pub fn per_call_policies(&self) -> Vec<Arc<dyn Policy>> {
        self.per_call_policies.clone()
    }
}

/// A transport that never uses a proxy, for the metadata service of a virtual machine.
///
/// # Errors
/// [`NetError`] if a variable for root certificates is invalid.
pub fn direct_transport(env: &Env) -> Result<Transport, NetError> {
    let client = client(env, false, READ_TIMEOUT)?;
    Ok(Transport::new(Arc::new(BoundedClient { client, longest: LONGEST_ANSWER })))
}

fn client(env: &Env, with_proxy: bool, read_timeout: Duration) -> Result<Client, NetError> {
    let mut builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(read_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .dns_resolver(SystemResolver::default())
        .no_proxy();
    if let Some(proxy) = proxy::for_client(env)?.filter(|_| with_proxy) {
        builder = builder.proxy(proxy);
    }
    if let Some(tls) = tls(env)? {
        builder = builder.tls_backend_preconfigured(tls);
    } else {
        // macOS and Windows: the platform's own verifier, which uses the process's provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    builder.build().map_err(|e| NetError::Client(e.to_string()))
}

/// The TLS configuration; `None` if the platform verifies certificates.
fn tls(env: &Env) -> Result<Option<ClientConfig>, NetError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| NetError::Client(e.to_string()))?;
    let mut config = if let Some(roots) = roots::chosen(env)? {
        config.with_root_certificates(roots).with_no_client_auth()
    } else if cfg!(target_os = "linux") {
        config
            .dangerous() // in name only: webpki verifies every certificate
            .with_custom_certificate_verifier(Arc::new(SystemRoots::new(provider)))
            .with_no_client_auth()
    } else {
        return Ok(None);
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(config))
}

#[cfg(test)]
mod tests {
    use super::*;
    use azure_core::http::Method;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::time::Instant;

    /// A server that answers with a byte every 20 seconds, without end.
    async fn endless_server() -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut client, _) = listener.accept().await.unwrap();
            assert_ne!(client.read(&mut [0; 4096]).await.unwrap(), 0);
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            while client.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(20)).await;
            }
        });
        address
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_never_ends_is_given_up() {
        for (patient, longest, seconds) in
            [(false, LONGEST_ANSWER, 300), (true, LONGEST_QUERY, 600)]
        {
            let url = format!("http://{}/", endless_server().await).parse().unwrap();
            let network = Network::https(&Env::from_pairs([]), Vec::new(), patient).unwrap();
            let started = Instant::now();
            let answer = network.client.execute_request(&Request::new(url, Method::Get)).await;
            let error = answer.err().unwrap();
            let expected = format!("the answer was not complete after {seconds} seconds");
            assert_eq!(error.to_string(), expected);
            assert_eq!(started.elapsed().as_secs(), longest.as_secs());
        }
    }
}
