//! A pull as a container client makes it, up to the first bytes of each blob.
//!
//! Challenge, token, manifest; then each blob is requested from the registry, and fetched from where the registry sends
//! the client. Credentials go to the login server alone; [`login`] has how they are turned into a token.

mod login;

use super::http::{Answer, Ask, Connection, Limit};
use super::image::{self, Blob, MANIFEST_TYPES, Manifest, Platform, Reference};
use super::judge::{denial, is_azure};
use super::verdict::{Failure, Reason, Step, printable};
use super::{HTTPS, Prober, Trace, authority};
use azure_core::credentials::Secret;
use azure_core::http::Url;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderValue, RANGE};
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;

/// The most redirects that are followed for a blob.
const MOST_REDIRECTS: usize = 5;
/// The most bytes that are read of a blob.
const FIRST_BYTES: usize = 64;
/// The largest manifest, in bytes: the limit that registries set themselves.
const LARGEST_MANIFEST: usize = 4 << 20;
/// The largest answer of a token service, in bytes.
const LARGEST_TOKEN: usize = 64 << 10;

/// As whom to pull.
#[derive(Debug, Clone)]
pub enum Login {
    /// As nobody.
    Anonymous,
    /// By name and password.
    Password {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// By a token of Entra for registries, as `az acr login` does.
    Azure(Secret),
}

/// Where blobs are expected to come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// The data endpoints that clients may reach.
    pub data_hosts: Vec<String>,
    /// Whether they are in use now; otherwise blobs come from the storage wildcard.
    pub dedicated: bool,
    /// Whether they are planned: then both are right.
    pub planned: bool,
    /// How the cloud's storage hosts end, e.g. `.blob.core.windows.net`.
    pub storage_suffix: String,
}

/// What to pull.
#[derive(Debug)]
pub struct Request {
    /// The registry's host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The image.
    pub reference: Reference,
    /// The platform, where the image has several.
    pub platform: Platform,
    /// As whom.
    pub login: Login,
    /// Where blobs may come from; `None` when nothing is known about that.
    pub expected: Option<Expected>,
}

/// What a pull showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pull {
    /// The image with its registry.
    pub reference: String,
    /// Whether a client would get the whole image from where it is expected to come.
    pub ok: bool,
    /// `anonymous`, `password` or `azure`.
    pub login: &'static str,
    /// The platform that was chosen from an index.
    pub platform: Option<String>,
    /// The digest of the image's manifest.
    pub digest: Option<String>,
    /// The hosts that a client contacts, in the order in which it meets them.
    pub hosts: Vec<String>,
    /// The config and the layers.
    pub blobs: Vec<BlobReport>,
    /// Of the first failure: the host.
    pub host: Option<String>,
    /// Of the first failure: the step.
    pub step: Option<Step>,
    /// Of the first failure: why.
    pub reason: Option<Reason>,
    /// Of the first failure: in words.
    pub detail: Option<String>,
}

/// What became of a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BlobReport {
    /// The digest.
    pub digest: String,
    /// `config` or `layer`.
    pub kind: &'static str,
    /// Media type.
    pub media_type: String,
    /// Size in bytes, as the manifest has it.
    pub size: Option<u64>,
    /// The host that it comes from.
    pub host: Option<String>,
    /// How many bytes were fetched.
    pub fetched: usize,
    /// Whether it came, and from where it should.
    pub ok: bool,
    /// Where it ended, if it did.
    pub step: Option<Step>,
    /// Why.
    pub reason: Option<Reason>,
    /// In words.
    pub detail: Option<String>,
}

/// A failure and the host at which it happened.
struct At {
    host: String,
    failure: Failure,
}

type Walked<T> = Result<T, At>;

/// Walks a pull.
pub async fn walk(prober: &Prober, request: &Request) -> Pull {
    let registry = authority(&request.host, request.port);
    let mut pull = Pull {
        reference: format!("{registry}/{}", request.reference),
        ok: false,
        login: match request.login {
            Login::Anonymous => "anonymous",
            Login::Password { .. } => "password",
            Login::Azure(_) => "azure",
        },
        platform: None,
        digest: None,
        hosts: Vec::new(),
        blobs: Vec::new(),
        host: None,
        step: None,
        reason: None,
        detail: None,
    };
    let mut walk = Walk { prober, request, connections: HashMap::new(), hosts: Vec::new() };
    let failed = match walk.image(&mut pull).await {
        Ok(blobs) => walk.blobs(blobs, &mut pull).await,
        Err(at) => Some(at),
    };
    pull.hosts = walk.hosts;
    pull.ok = failed.is_none();
    if let Some(At { host, failure }) = failed {
        pull.host = Some(host);
        pull.step = Some(failure.step);
        pull.reason = Some(failure.reason);
        pull.detail = Some(failure.detail);
    }
    pull
}

struct Walk<'a> {
    prober: &'a Prober,
    request: &'a Request,
    connections: HashMap<(String, u16), Result<Connection, Failure>>,
    hosts: Vec<String>,
}

impl Walk<'_> {
    /// Up to the manifest: the image's blobs, and the credential for them.
    async fn image(&mut self, pull: &mut Pull) -> Walked<(Vec<Blob>, Option<HeaderValue>)> {
        let authorization = self.log_in().await?;
        let reference = &self.request.reference;
        let (bytes, digest) =
            self.manifest(&reference.version, reference.digest(), authorization.as_ref()).await?;
        pull.digest = digest;
        let mut manifest = Manifest::parse(&bytes).map_err(|failure| self.at(failure))?;
        if let Manifest::Index(entries) = &manifest {
            let platform = &self.request.platform;
            let chosen = image::choose(entries, platform).map_err(|failure| self.at(failure))?;
            let (bytes, digest) =
                self.manifest(chosen, Some(chosen), authorization.as_ref()).await?;
            pull.platform = Some(platform.to_string());
            pull.digest = digest;
            manifest = Manifest::parse(&bytes).map_err(|failure| self.at(failure))?;
        }
        match manifest {
            Manifest::Image(blobs) => Ok((blobs, authorization)),
            Manifest::Index(_) => Err(self.at(Failure::new(
                Step::Manifest,
                Reason::BadAnswer,
                "the index leads to another index",
            ))),
        }
    }

    /// All blobs, one after the other; the first failure.
    async fn blobs(
        &mut self,
        (blobs, authorization): (Vec<Blob>, Option<HeaderValue>),
        pull: &mut Pull,
    ) -> Option<At> {
        let mut first = None;
        for blob in blobs {
            let mut report = BlobReport {
                digest: blob.digest.clone(),
                kind: if blob.is_config { "config" } else { "layer" },
                media_type: blob.media_type.clone(),
                size: blob.size,
                host: None,
                fetched: 0,
                ok: false,
                step: None,
                reason: None,
                detail: None,
            };
            let result = self.blob(&blob, authorization.as_ref(), &mut report).await;
            report.ok = result.is_ok();
            if let Err(at) = result {
                report.step = Some(at.failure.step);
                report.reason = Some(at.failure.reason);
                report.detail = Some(at.failure.detail.clone());
                report.host = Some(at.host.clone());
                first.get_or_insert(at);
            }
            pull.blobs.push(report);
        }
        first
    }

    /// A failure at the registry itself.
    fn at(&self, failure: Failure) -> At {
        At { host: authority(&self.request.host, self.request.port), failure }
    }

    fn bad(&self, step: Step, detail: impl AsRef<str>) -> At {
        self.at(Failure::new(step, Reason::BadAnswer, detail))
    }

    /// A manifest's bytes and digest.
    async fn manifest(
        &mut self,
        version: &str,
        digest: Option<&str>,
        authorization: Option<&HeaderValue>,
    ) -> Walked<(Vec<u8>, Option<String>)> {
        let step = Step::Manifest;
        let path = format!("/v2/{}/manifests/{version}", self.request.reference.repository);
        let ask = authorized(Ask::get(path), authorization)
            .with(ACCEPT, HeaderValue::from_static(MANIFEST_TYPES))
            .with(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let answer = self.ask_registry(step, ask, LARGEST_MANIFEST).await?;
        self.refuse_denial(step, &answer)?;
        match answer.status {
            200 => {}
            401 | 403 => {
                let detail =
                    format!("the login may not pull (HTTP {}{})", answer.status, message(&answer));
                return Err(self.at(Failure::new(step, Reason::CredentialsRefused, detail)));
            }
            404 => {
                let detail = format!("there is no {}{}", self.request.reference, message(&answer));
                return Err(self.at(Failure::new(step, Reason::NotFound, detail)));
            }
            status => return Err(self.bad(step, format!("the manifest: HTTP {status}"))),
        }
        if let Some(encoding) = answer.header("content-encoding").filter(|e| *e != "identity") {
            let detail = format!(
                "the manifest came compressed ({}), though nobody asked for that: not unpacked",
                printable(encoding)
            );
            return Err(self.bad(step, detail));
        }
        let named = answer.header("docker-content-digest").map(str::to_owned);
        let digest = digest.map(str::to_owned).or(named);
        if let Some(digest) = &digest {
            image::verify(&answer.body, digest).map_err(|failure| self.at(failure))?;
        }
        Ok((answer.body, digest))
    }

    /// A blob: where the registry sends a client, and the first bytes from there.
    async fn blob(
        &mut self,
        blob: &Blob,
        authorization: Option<&HeaderValue>,
        report: &mut BlobReport,
    ) -> Walked<()> {
        if let Some(url) = blob.urls.first() {
            return Err(self.elsewhere(url));
        }
        let registry = authority(&self.request.host, self.request.port);
        let path = format!("/v2/{}/blobs/{}", self.request.reference.repository, blob.digest);
        let mut url = Url::parse(&format!("https://{registry}{path}"))
            .map_err(|e| self.bad(Step::Redirect, e.to_string()))?;
        let mut finding = None;
        for hop in 0..=MOST_REDIRECTS {
            let step = if hop == 0 { Step::Redirect } else { Step::Layer };
            let host = url.host_str().unwrap_or_default().to_owned();
            let port = url.port_or_known_default().unwrap_or(HTTPS);
            let name = authority(&host, port);
            let at = |failure| At { host: name.clone(), failure };
            report.host = Some(name.clone());
            if name != registry {
                finding = finding.or(self.finding(&host));
                if let Some(Failure { reason: Reason::ForeignHost, .. }) = &finding {
                    self.meet(&name);
                    return finding.map_or(Ok(()), |failure| Err(at(failure)));
                }
            }
            let range = HeaderValue::from_static("bytes=0-63");
            let ask = Ask::get(target(&url, &[])).with(RANGE, range);
            // The credential is the registry's alone; the link to a blob carries its own signature.
            let ask = authorized(ask, authorization.filter(|_| hop == 0));
            let sent = self.send(step, &host, port, ask, Limit::First(FIRST_BYTES)).await;
            let answer = match (sent, finding.clone()) {
                (Ok(answer), _) => answer,
                (Err(failure), None) => return Err(at(failure)),
                (Err(failure), Some(finding)) => {
                    let detail = format!(
                        "{}; this machine does not reach it: {}",
                        finding.detail, failure.detail
                    );
                    return Err(at(Failure::new(finding.step, finding.reason, detail)));
                }
            };
            match answer.status {
                200 | 206 => {
                    report.fetched = answer.body.len();
                    return finding.map_or(Ok(()), |failure| Err(at(failure)));
                }
                301 | 302 | 303 | 307 | 308 => {
                    let location = answer.header("location").and_then(|to| url.join(to).ok());
                    let next =
                        location.filter(|to| to.scheme() == "https" && to.host_str().is_some());
                    url = next.ok_or_else(|| {
                        let detail = "the redirect leads to no https URL";
                        at(Failure::new(Step::Redirect, Reason::BadAnswer, detail))
                    })?;
                }
                status => return Err(at(refused_blob(step, status, &answer))),
            }
        }
        let detail = format!("more than {MOST_REDIRECTS} redirects");
        let host = report.host.clone().unwrap_or_default();
        Err(At { host, failure: Failure::new(Step::Redirect, Reason::RedirectLoop, detail) })
    }

    /// A layer that clients fetch from somewhere else altogether. Named, and not contacted.
    fn elsewhere(&mut self, url: &str) -> At {
        let parsed = Url::parse(url).ok();
        let host = parsed.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        self.meet(&host);
        let detail =
            format!("the image takes a layer from {}, outside the registry", printable(url));
        At { host, failure: Failure::new(Step::Redirect, Reason::ForeignHost, detail) }
    }

    /// Whether a blob's host is one that the firewall's list does not have.
    fn finding(&self, host: &str) -> Option<Failure> {
        let expected = self.request.expected.as_ref()?;
        if expected.data_hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
            return None;
        }
        let found = |reason, detail: String| Some(Failure::new(Step::Redirect, reason, detail));
        let own = host.to_lowercase();
        if !expected.storage_suffix.is_empty() && own.ends_with(&expected.storage_suffix) {
            if !expected.dedicated || expected.planned {
                return None;
            }
            return found(
                Reason::StorageRedirect,
                format!("the registry sends clients to {host}: its data endpoints are not in use"),
            );
        }
        let (label, rest) = self.request.host.split_once('.').unwrap_or_default();
        if own.starts_with(&format!("{label}.")) && own.ends_with(&format!(".data.{rest}")) {
            return found(
                Reason::UnlistedHost,
                format!(
                    "the registry sends clients to {host}, which is not among the expected data endpoints"
                ),
            );
        }
        found(
            Reason::ForeignHost,
            format!("the registry sends clients to {host}, which is not its own: not contacted"),
        )
    }

    fn refuse_denial(&self, step: Step, answer: &Answer) -> Walked<()> {
        match denial(answer) {
            Some(message) => Err(self.at(Failure::new(
                step,
                Reason::RegistryDenied,
                format!("the registry's network rules refuse this client: {message}"),
            ))),
            None => Ok(()),
        }
    }

    fn meet(&mut self, host: &str) {
        if !self.hosts.iter().any(|known| known == host) {
            self.hosts.push(host.to_owned());
        }
    }

    async fn ask_registry(&mut self, step: Step, ask: Ask, most: usize) -> Walked<Answer> {
        let (host, port) = (self.request.host.clone(), self.request.port);
        let sent = self.send(step, &host, port, ask, Limit::Whole(most)).await;
        sent.map_err(|failure| self.at(failure))
    }

    /// Sends a request on the host's only connection. A host that failed once is not tried again.
    async fn send(
        &mut self,
        step: Step,
        host: &str,
        port: u16,
        ask: Ask,
        limit: Limit,
    ) -> Result<Answer, Failure> {
        self.meet(&authority(host, port));
        let key = (host.to_owned(), port);
        loop {
            let (connection, is_new) = match self.connections.remove(&key) {
                Some(Ok(connection)) if connection.is_open() => (Ok(connection), false),
                Some(Err(failure)) => (Err(failure), false),
                _ => (self.prober.connect(host, port, &mut Trace::default()).await, true),
            };
            let failure = match connection {
                Ok(mut connection) => {
                    let answer = connection.send(ask.clone(), limit).await;
                    self.prober.note(&authority(host, port), &ask, &answer);
                    match answer {
                        Ok(answer) => {
                            self.connections.insert(key, Ok(connection));
                            return Ok(answer);
                        }
                        // The host has closed the connection after its last answer: once more on a new one.
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

fn authorized(ask: Ask, authorization: Option<&HeaderValue>) -> Ask {
    match authorization {
        Some(value) => ask.with(AUTHORIZATION, value.clone()),
        None => ask,
    }
}

/// Path and query of a URL, with more pairs.
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

fn refused_blob(step: Step, status: u16, answer: &Answer) -> Failure {
    if let Some(message) = denial(answer) {
        let detail = format!("the registry's network rules refuse this client: {message}");
        return Failure::new(step, Reason::RegistryDenied, detail);
    }
    let message = message(answer);
    match (status, step) {
        (403 | 407, _) if !is_azure(&answer.headers) => Failure::new(
            step,
            Reason::ProxyDenied,
            format!("HTTP {status} without Azure's headers: the page of a proxy or firewall"),
        ),
        (401 | 403, Step::Redirect) => Failure::new(
            step,
            Reason::CredentialsRefused,
            format!("the login may not pull (HTTP {status}{message})"),
        ),
        (401 | 403, _) => Failure::new(
            step,
            Reason::LinkRefused,
            format!(
                "the registry's link is refused: expired, or this machine's clock is wrong (HTTP {status}{message})"
            ),
        ),
        (404, _) => Failure::new(step, Reason::NotFound, format!("the blob is not there{message}")),
        _ => Failure::new(step, Reason::BadAnswer, format!("HTTP {status}{message}")),
    }
}

/// What a registry's error says, behind a colon.
fn message(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = body["errors"][0]["message"].as_str().or_else(|| body["error_description"].as_str());
    text.map(|text| format!(": {}", printable(text))).unwrap_or_default()
}
