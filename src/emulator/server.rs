//! The emulator over HTTPS, so that `az`, SDKs and `curl` can use it too.

use super::handler::{Request, Response};
use super::store::Store;
use super::transport::{percent_decode, timestamp};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// The largest request body that is read, in bytes.
const BODY_LIMIT: usize = 1 << 20;

/// The server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The port is taken or not allowed.
    #[error("cannot listen on port {port} of 127.0.0.1: {source}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
    /// The CA certificate could not be written.
    #[error("cannot write {path}: {source}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Making the certificate failed.
    #[error("cannot make a certificate: {0}")]
    Tls(String),
}

/// A server that listens and has not answered yet.
pub struct Server {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    store: Store,
    clock: fn() -> OffsetDateTime,
    port: u16,
    ca_file: PathBuf,
    request_log: Option<PathBuf>,
}

impl Server {
    /// Listens on 127.0.0.1 and writes the CA certificate to `ca.pem` in `certificate_directory`.
    ///
    /// The keys are made now and stay in memory; every start has its own CA.
    ///
    /// # Arguments
    /// * `port` - the port, or 0 for a free one.
    ///
    /// # Errors
    /// [`ServerError`] when the port cannot be used or the certificate cannot be written.
    pub async fn bind(
        store: Store,
        clock: fn() -> OffsetDateTime,
        port: u16,
        certificate_directory: &Path,
    ) -> Result<Self, ServerError> {
        let listen = |source| ServerError::Listen { port, source };
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            .await
            .map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        let (ca_pem, config) = certificates(clock()).map_err(ServerError::Tls)?;
        let ca_file = certificate_directory.join("ca.pem");
        std::fs::create_dir_all(certificate_directory)
            .and_then(|()| std::fs::write(&ca_file, ca_pem))
            .map_err(|source| ServerError::Certificate { path: ca_file.clone(), source })?;
        Ok(Self {
            listener,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            store,
            clock,
            port,
            ca_file,
            request_log: None,
        })
    }

    /// Appends a line of JSON for every request (method, path, query, body, status, answer) to a file. Headers are left
    /// out: they hold tokens.
    #[must_use]
    pub fn with_request_log(mut self, file: Option<PathBuf>) -> Self {
        self.request_log = file;
        self
    }

    /// `https://localhost:port`.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The CA certificate that clients must trust, as a PEM file.
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// Answers requests until `stop` is ready. Must run on a [`tokio::task::LocalSet`].
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let server = Rc::new(self);
        tokio::pin!(stop);
        loop {
            let connection = tokio::select! {
                () = &mut stop => return,
                accepted = server.listener.accept() => accepted,
            };
            // One client's failure (reset, no TLS) is no reason to stop.
            if let Ok((tcp, _)) = connection {
                tokio::task::spawn_local(Rc::clone(&server).connection(tcp));
            }
        }
    }

    async fn connection(self: Rc<Self>, tcp: tokio::net::TcpStream) {
        let Ok(tls) = self.acceptor.accept(tcp).await else {
            return;
        };
        let service = service_fn(|request| {
            let server = Rc::clone(&self);
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        // An error here is the client going away.
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(tls), service)
            .await;
    }

    async fn answer(&self, request: hyper::Request<Incoming>) -> hyper::Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
            return plain(413, "the request body is too large");
        };
        let query = head.uri.query().unwrap_or_default();
        let query = azure_core::http::Url::parse(&format!("https://query.invalid/?{query}"))
            .map(|url| url.query_pairs().into_owned().collect())
            .unwrap_or_default();
        let host = head.headers.get("host").and_then(|h| h.to_str().ok());
        let request = Request {
            method: head.method.as_str().to_owned(),
            origin: host.map_or_else(|| self.url(), |h| format!("https://{h}")),
            path: percent_decode(head.uri.path()),
            query,
            authorization: head
                .headers
                .get("authorization")
                .and_then(|v| v.to_str().ok())
                .map(str::to_owned),
            body: body.to_bytes().to_vec(),
            now: timestamp((self.clock)()),
        };
        match self.store.handle(&request) {
            Ok(answer) => match self.log(&request, &answer) {
                Ok(()) => to_hyper(answer),
                Err(e) => plain(500, &format!("cannot write the request log: {e}")),
            },
            Err(e) => plain(500, &e.to_string()),
        }
    }

    fn log(&self, request: &Request, answer: &Response) -> io::Result<()> {
        // A token request's body is a secret.
        let Some(path) = self.request_log.as_ref().filter(|_| request.authorization.is_some())
        else {
            return Ok(());
        };
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let line = json!({
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "body": body,
            "status": answer.status,
            "answer": answer.body,
        });
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(format!("{line}\n").as_bytes())
    }
}

fn to_hyper(answer: Response) -> hyper::Response<Full<Bytes>> {
    let mut builder = hyper::Response::builder()
        .status(answer.status)
        .header("content-type", "application/json; charset=utf-8");
    for (name, value) in &answer.headers {
        builder = builder.header(*name, value);
    }
    let body = answer.body.map(|b| b.to_string()).unwrap_or_default();
    builder.body(Full::from(body)).unwrap_or_else(|e| plain(500, &e.to_string()))
}

fn plain(status: u16, text: &str) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::from(text.to_owned()));
    *response.status_mut() =
        hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// A CA (as PEM) and a server configuration with a certificate from it for this machine.
fn certificates(now: OffsetDateTime) -> Result<(String, ServerConfig), String> {
    let text = |e: rcgen::Error| e.to_string();
    let name = |common_name: &str| {
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, common_name);
        name
    };
    let mut ca = CertificateParams::default();
    ca.distinguished_name = name("az-acr emulator CA");
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    ca.not_before = now - time::Duration::days(1);
    ca.not_after = now + time::Duration::days(365);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().map_err(text)?).map_err(text)?;

    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut leaf = CertificateParams::new(names).map_err(text)?;
    leaf.distinguished_name = name("localhost");
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    leaf.not_before = now - time::Duration::days(1);
    leaf.not_after = now + time::Duration::days(365);
    let key = KeyPair::generate().map_err(text)?;
    let leaf = leaf.signed_by(&key, &ca).map_err(text)?;

    let chain: Vec<CertificateDer<'static>> = vec![leaf.der().clone()];
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| e.to_string())?;
    Ok((ca.pem(), config))
}
