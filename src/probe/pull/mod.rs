//! A pull as a container client does it, up to the first bytes of each blob.
//!
//! It gets the challenge, a token and the manifest. Then [`blobs`] requests each blob from the registry and fetches it
//! from the host to which the registry redirects. Credentials go only to the login server; [`login`] exchanges them for
//! a token.

mod blobs;
mod login;
mod report;

pub use report::Pull;

use super::http::{Connection, Limit, Request, Response};
use super::image::{self, Blob, MANIFEST_TYPES, Manifest, Platform, Reference};
use super::judge::{denial, throttling};
use super::prober::Prober;
use super::verdict::{Failure, Reason, Step, printable};
use super::{Trace, authority};
use crate::domain::Fqdn;
use crate::secrets::hidden_in_cut;
use azure_core::credentials::Secret;
use azure_core::http::Url;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderValue};
use serde_json::Value;
use std::collections::HashMap;

/// The maximum size of a manifest, in bytes; registries have the same limit.
const MAX_MANIFEST: usize = 4 << 20;
/// The maximum size of a token service's response, in bytes.
const MAX_TOKEN: usize = 64 << 10;

/// How to log in for the pull.
#[derive(Debug, Clone)]
pub enum Login {
    /// Without a login.
    Anonymous,
    /// With a user name and password.
    Password {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// With an Entra token for registries, as `az acr login` does.
    Azure(Secret),
}

/// The hosts that blobs are expected to come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// The data endpoints that clients may reach.
    pub data_hosts: Vec<String>,
    /// Whether they are in use now; otherwise blobs come from storage accounts.
    pub dedicated: bool,
    /// Whether they are planned: then blobs may come from either.
    pub planned: bool,
    /// The suffix of the cloud's storage hosts, e.g. `.blob.core.windows.net`.
    pub storage_suffix: String,
}

/// What to pull, and how.
#[derive(Debug)]
pub struct PullRequest {
    /// The registry's host.
    pub host: Fqdn,
    /// Its port.
    pub port: u16,
    /// The image.
    pub reference: Reference,
    /// The platform, if the image has several.
    pub platform: Platform,
    /// The login.
    pub login: Login,
    /// The expected hosts; `None` if nothing is known about them.
    pub expected: Option<Expected>,
}

/// How long a pull may take, beside the time limit for each step.
const LONGEST_PULL: std::time::Duration = std::time::Duration::from_secs(5 * 60);

/// A failure and its host.
struct PullFailure {
    host: String,
    failure: Failure,
}

type PullResult<T> = Result<T, PullFailure>;

/// Pulls an image as a container client does.
pub async fn pull(prober: &Prober, request: &PullRequest) -> Pull {
    let mut pull = Pull::new(request);
    let mut puller = Puller {
        prober,
        request,
        connections: HashMap::new(),
        hosts: Vec::new(),
        secrets: Vec::new(),
    };
    let pulling = tokio::time::timeout(LONGEST_PULL, async {
        match puller.image(&mut pull).await {
            Ok((blobs, authorization)) => {
                puller.blobs(&blobs, authorization.as_ref(), &mut pull).await
            }
            Err(failure) => Some(failure),
        }
    });
    let failure = if let Ok(failure) = pulling.await {
        failure
    } else {
        let detail = format!("the pull did not end within {} seconds", LONGEST_PULL.as_secs());
        Some(puller.failure(Failure::new(Step::Layer, Reason::Timeout, detail)))
    };
    pull.hosts = std::mem::take(&mut puller.hosts);
    pull.end(failure);
    // A registry may put what it was sent into a link, a header or a manifest.
    pull.hide(&puller.secrets);
    pull
}

struct Puller<'a> {
    prober: &'a Prober,
    request: &'a PullRequest,
    connections: HashMap<(String, u16), Result<Connection, Failure>>,
    hosts: Vec<String>,
    /// What was sent that no message may show.
    secrets: Vec<String>,
}

impl Puller<'_> {
    /// Pulls up to the manifest, and returns the image's blobs and the credential for them.
    async fn image(&mut self, pull: &mut Pull) -> PullResult<(Vec<Blob>, Option<HeaderValue>)> {
        let authorization = self.log_in().await?;
        let reference = &self.request.reference;
        let (bytes, digest) =
            self.manifest(&reference.version, reference.digest(), authorization.as_ref()).await?;
        pull.digest = digest;
        let mut manifest = Manifest::parse(&bytes).map_err(|failure| self.failure(failure))?;
        if let Manifest::Index(entries) = &manifest {
            let platform = &self.request.platform;
            let chosen =
                image::choose(entries, platform).map_err(|failure| self.failure(failure))?;
            let (bytes, digest) =
                self.manifest(chosen, Some(chosen), authorization.as_ref()).await?;
            pull.platform = Some(platform.to_string());
            pull.digest = digest;
            manifest = Manifest::parse(&bytes).map_err(|failure| self.failure(failure))?;
        }
        match manifest {
            Manifest::Image(blobs) => Ok((blobs, authorization)),
            Manifest::Index(_) => Err(self.failure(Failure::new(
                Step::Manifest,
                Reason::BadAnswer,
                "the index refers to another index",
            ))),
        }
    }

    /// A failure of the registry itself.
    fn failure(&self, failure: Failure) -> PullFailure {
        PullFailure { host: authority(self.request.host.as_str(), self.request.port), failure }
    }

    fn bad(&self, step: Step, detail: impl AsRef<str>) -> PullFailure {
        self.failure(Failure::new(step, Reason::BadAnswer, detail))
    }

    /// A manifest's bytes and digest.
    async fn manifest(
        &mut self,
        version: &str,
        digest: Option<&str>,
        authorization: Option<&HeaderValue>,
    ) -> PullResult<(Vec<u8>, Option<String>)> {
        let step = Step::Manifest;
        let path = format!("/v2/{}/manifests/{version}", self.request.reference.repository);
        let request = authorized(Request::get(path), authorization)
            .with(ACCEPT, HeaderValue::from_static(MANIFEST_TYPES))
            .with(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let response = self.request_registry(step, request, MAX_MANIFEST).await?;
        self.refuse_denial(step, &response)?;
        match response.status {
            200 => {}
            401 | 403 => {
                let detail = format!(
                    "this login is not allowed to pull (HTTP {}{})",
                    response.status,
                    message(&response)
                );
                return Err(self.failure(Failure::new(step, Reason::CredentialsRefused, detail)));
            }
            404 => {
                let detail =
                    format!("{} does not exist{}", self.request.reference, message(&response));
                return Err(self.failure(Failure::new(step, Reason::NotFound, detail)));
            }
            status => return Err(self.bad(step, format!("the manifest: HTTP {status}"))),
        }
        if let Some(encoding) = response.header("content-encoding").filter(|e| *e != "identity") {
            let detail = format!(
                "the manifest is compressed ({}), which was not requested: it is not unpacked",
                printable(encoding)
            );
            return Err(self.bad(step, detail));
        }
        let named = response.header("docker-content-digest").map(str::to_owned);
        let digest = digest.map(str::to_owned).or(named);
        if let Some(digest) = &digest {
            image::verify(&response.body, digest).map_err(|failure| self.failure(failure))?;
        }
        Ok((response.body, digest))
    }

    fn refuse_denial(&self, step: Step, response: &Response) -> PullResult<()> {
        if let Some(failure) = throttling(step, response) {
            return Err(self.failure(failure));
        }
        match denial(response) {
            Some(message) => Err(self.failure(Failure::new(
                step,
                Reason::RegistryDenied,
                format!("the registry's network rules deny this client: {message}"),
            ))),
            None => Ok(()),
        }
    }

    fn record_host(&mut self, host: &str) {
        if !self.hosts.iter().any(|known| known == host) {
            self.hosts.push(host.to_owned());
        }
    }

    async fn request_registry(
        &mut self,
        step: Step,
        request: Request,
        most: usize,
    ) -> PullResult<Response> {
        let (host, port) = (self.request.host.to_string(), self.request.port);
        let sent = self.send(step, &host, port, request, Limit::Whole(most)).await;
        sent.map_err(|failure| self.failure(failure))
    }

    /// Sends a request on the host's connection. A host that failed once is not tried again.
    async fn send(
        &mut self,
        step: Step,
        host: &str,
        port: u16,
        request: Request,
        limit: Limit,
    ) -> Result<Response, Failure> {
        self.record_host(&authority(host, port));
        for secret in request.secrets() {
            if !self.secrets.contains(&secret) {
                self.secrets.push(secret);
            }
        }
        let key = (host.to_owned(), port);
        loop {
            let (connection, is_new) = match self.connections.remove(&key) {
                Some(Ok(connection)) if connection.is_open() => (Ok(connection), false),
                Some(Err(failure)) => (Err(failure), false),
                _ => (self.prober.connect(host, port, &mut Trace::default()).await, true),
            };
            let failure = match connection {
                Ok(mut connection) => {
                    (self.prober.progress)(&hidden_in_cut(host, &self.secrets), step);
                    let response = connection.send(request.clone(), limit).await;
                    self.prober.log_request(
                        &authority(host, port),
                        &request,
                        &response,
                        &self.secrets,
                    );
                    match response {
                        Ok(response) => {
                            self.connections.insert(key, Ok(connection));
                            return Ok(response);
                        }
                        // The host closed the connection after its last response: try a new one.
                        Err(failure) if failure.reason == Reason::Reset && !is_new => continue,
                        Err(failure) => Failure { step, ..failure },
                    }
                }
                Err(failure) => failure,
            };
            self.connections.insert(key, Err(failure.clone()));
            return Err(failure);
        }
    }
}

fn authorized(request: Request, authorization: Option<&HeaderValue>) -> Request {
    match authorization {
        Some(value) => request.with(AUTHORIZATION, value.clone()),
        None => request,
    }
}

/// The path and query of a URL, with more query parameters.
fn target(url: &Url, pairs: &[(&str, &str)]) -> String {
    let mut url = url.clone();
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// The message of a registry's error, after a colon.
fn message(response: &Response) -> String {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let text = body["errors"][0]["message"].as_str().or_else(|| body["error_description"].as_str());
    text.map(|text| format!(": {}", printable(text))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{ConnectTo, NoNames, Route, TrustAnchors};
    use std::time::Duration;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    const HOST: &str = "contoso.azurecr.io";
    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// Serves an image of 100 layers, and takes 9 seconds for each answer. Returns the port, and who trusts the certificate.
    async fn slow_registry() -> (u16, TrustAnchors) {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new([HOST.to_owned()]).unwrap();
        let certificate = certificate.self_signed(&key).unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into())
            .unwrap();
        let tls = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let blob = serde_json::json!({"digest": DIGEST, "size": 0, "mediaType": "x"});
        let manifest = serde_json::json!({"config": blob, "layers": vec![blob; 100]}).to_string();
        tokio::spawn(async move {
            let (tcp, _) = listener.accept().await.unwrap();
            let mut client = tls.accept(tcp).await.unwrap();
            // Each request arrives in one piece.
            while client.read(&mut [0; 4096]).await.is_ok_and(|length| length > 0) {
                tokio::time::sleep(Duration::from_secs(9)).await;
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{manifest}",
                    manifest.len()
                );
                if client.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        });
        (port, TrustAnchors::emulated(certificate.der().clone()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_pull_whose_steps_are_all_slow_ends() {
        let (port, anchors) = slow_registry().await;
        let connect_to: ConnectTo = format!("::127.0.0.1:{port}").parse().unwrap();
        let prober = Prober {
            names: Box::new(NoNames),
            route: Route { connect_to: vec![connect_to], ..Route::default() },
            anchors,
            timeout: Duration::from_secs(10),
            log: Box::new(|_| {}),
            progress: Box::new(|_, _| {}),
        };
        let request = PullRequest {
            host: HOST.parse().unwrap(),
            port: 443,
            reference: Reference::parse("hello", HOST).unwrap(),
            platform: Platform::default(),
            login: Login::Anonymous,
            expected: None,
        };
        let started = tokio::time::Instant::now();
        let pull = pull(&prober, &request).await;
        assert_eq!(started.elapsed().as_secs(), 300);
        assert_eq!(pull.ending.reason, Some(Reason::Timeout));
        let detail = pull.ending.detail.unwrap();
        assert_eq!(detail, "the pull did not end within 300 seconds");
        assert!(!pull.ok && (1..100).contains(&pull.blobs.len()), "{} blobs", pull.blobs.len());
    }
}
