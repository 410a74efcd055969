//! The emulator over HTTPS, so that `az`, SDKs and `curl` can also use it.

use super::certificates::{Authority, nobody};
use super::data_plane::{self, DataPlane};
use super::faults::{self, Fault, FaultRule};
use super::logs;
use super::message::{Request, Response};
use super::quota::{self, Quota};
use super::store::{Store, StoreError};
use super::transport::{pairs, percent_decode, timestamp};
use crate::files::{self, Readers};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::server::Acceptor;

/// How long a request's body may take.
const BODY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);
/// The maximum size of a request body, in bytes.
const BODY_LIMIT: usize = 1 << 20;

/// How long a client may take for a TLS handshake.
const HANDSHAKE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);
/// How long a client may take for the headers of a request, and how long a connection may be silent.
const HEADER_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);
/// How long a client may take to read a part of an answer.
const WRITE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);
/// The pause after a failed attempt to accept a connection.
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

/// The server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The port is in use or not allowed.
    #[error("cannot listen on port {} of {}: {source}", .address.port(), .address.ip())]
    Listen {
        /// The requested address.
        address: SocketAddr,
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
    /// Another emulator uses the directory: its clients trust the certificate there.
    #[error("another emulator that is running uses {0}. Use another directory: --cert-dir DIR")]
    InUse(PathBuf),
    /// The certificate could not be created.
    #[error("cannot create a certificate: {0}")]
    Tls(String),
}

/// The options of a server.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The address to listen on. The default is 127.0.0.1 and a free port.
    pub address: Option<SocketAddr>,
    /// A file to which a line of JSON is appended for every request to ARM that
    /// carries a token (method, path, query, body, status, answer).
    /// Headers are left out because they contain tokens.
    pub request_log: Option<PathBuf>,
    /// How the registries themselves are served; `None` if they are not.
    pub data_plane: Option<DataPlaneOptions>,
}

/// How the registries are served.
#[derive(Debug, Clone, Default)]
pub struct DataPlaneOptions {
    /// How long a link to a blob is valid, in seconds. The default is 20 minutes.
    pub link_lifetime: Option<u32>,
    /// The faults to simulate.
    pub faults: Vec<FaultRule>,
}

/// How long the service's links are valid, in seconds.
const LINK_LIFETIME: u32 = 20 * 60;

/// A server that is listening but does not serve requests yet.
pub struct Server {
    listener: TcpListener,
    authority: Authority,
    store: Store,
    clock: fn() -> OffsetDateTime,
    address: SocketAddr,
    request_log: Option<PathBuf>,
    data_plane: Option<DataPlane>,
    faults: Vec<FaultRule>,
    quota: Quota,
    /// The lock of the directory with the CA certificate, held as long as the server lives.
    directory: Option<File>,
}

impl Server {
    /// Starts to listen.
    ///
    /// The keys are generated now and stay in memory, so every start has its own certificate authority.
    ///
    /// # Errors
    /// [`ServerError`] if the address cannot be used.
    pub async fn bind(
        store: Store,
        clock: fn() -> OffsetDateTime,
        options: Options,
    ) -> Result<Self, ServerError> {
        let address = options.address.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into());
        let listen = |source| ServerError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let authority = Authority::new("az-acr emulator CA", clock()).map_err(ServerError::Tls)?;
        let (data_plane, faults) = match options.data_plane {
            Some(of) => {
                let lifetime = Duration::seconds(of.link_lifetime.unwrap_or(LINK_LIFETIME).into());
                (Some(DataPlane::new(lifetime).map_err(ServerError::Tls)?), of.faults)
            }
            None => (None, Vec::new()),
        };
        Ok(Self {
            listener,
            authority,
            store,
            clock,
            address,
            request_log: options.request_log,
            data_plane,
            faults,
            quota: Quota::default(),
            directory: None,
        })
    }

    /// Writes the CA certificate, which clients must trust, to `ca.pem` in a directory. Returns the path.
    ///
    /// # Errors
    /// [`ServerError::Certificate`].
    pub fn write_ca(&mut self, directory: &Path) -> Result<PathBuf, ServerError> {
        let path = directory.join("ca.pem");
        let failed = |source| ServerError::Certificate { path: path.clone(), source };
        std::fs::create_dir_all(directory).map_err(failed)?;
        let lock = match files::lock(&directory.join("ca.lock"), std::time::Duration::ZERO) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                return Err(ServerError::InUse(directory.to_owned()));
            }
            lock => lock.map_err(failed)?,
        };
        files::replace(&path, self.authority.pem().as_bytes(), Readers::All).map_err(failed)?;
        self.directory = Some(lock);
        Ok(path)
    }

    /// The CA certificate that clients must trust.
    pub fn ca(&self) -> CertificateDer<'static> {
        self.authority.der()
    }

    /// `https://localhost:port`.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// The address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves requests until `stop` is ready. Must run on a [`tokio::task::LocalSet`].
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let server = Rc::new(self);
        tokio::pin!(stop);
        loop {
            let connection = tokio::select! {
                () = &mut stop => return,
                accepted = server.listener.accept() => accepted,
            };
            match connection {
                Ok((tcp, _)) => {
                    tokio::task::spawn_local(Rc::clone(&server).connection(tcp));
                }
                // If too many files are open, for example, the listener would fail again at once.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    async fn connection(self: Rc<Self>, tcp: TcpStream) {
        let Ok(client) = tcp.peer_addr() else { return };
        // Handshakes and responses are small: waiting for more data would delay each of them by 40 ms.
        let _ = tcp.set_nodelay(true);
        let acceptor = LazyConfigAcceptor::new(Acceptor::default(), tcp);
        let Ok(Ok(start)) = timeout(HANDSHAKE_TIMEOUT, acceptor).await else { return };
        let host = start.client_hello().server_name().unwrap_or_default().to_owned();
        if faults::of(&self.faults, &host).any(|fault| fault == Fault::Reset) {
            // With a linger time of zero, closing resets the connection.
            let _ = start.io.set_zero_linger();
            return;
        }
        let Ok(config) = self.certificate(&host) else { return };
        let handshake = timeout(HANDSHAKE_TIMEOUT, start.into_stream(config));
        let Ok(Ok(tls)) = handshake.await else { return };
        let service = service_fn(|request| {
            let server = Rc::clone(&self);
            async move { Ok::<_, Infallible>(server.answer(request, client.ip()).await) }
        });
        let mut stream = TimeoutStream::new(tls);
        stream.set_write_timeout(Some(WRITE_TIMEOUT));
        let stream = TokioIo::new(Box::pin(stream));
        // An error here means that the client has disconnected, or does not read.
        let _ = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(stream, service)
            .await;
    }

    /// Returns the certificate for the host that a client requests. Without a data plane, there is only one.
    fn certificate(&self, host: &str) -> Result<Arc<ServerConfig>, String> {
        for fault in faults::of(&self.faults, host) {
            match fault {
                Fault::WrongCertificate => return self.authority.of_host("wrong.example"),
                Fault::UntrustedCertificate => {
                    return Authority::new("Intercepting proxy", (self.clock)())?.of_host(host);
                }
                _ => {}
            }
        }
        if self.data_plane.is_none() || matches!(host, "" | "localhost") {
            return self.authority.own();
        }
        let state = self.store.load().map_err(|e| e.to_string())?;
        if data_plane::serves(&state, host) { self.authority.of_host(host) } else { Ok(nobody()) }
    }

    async fn answer(
        &self,
        request: hyper::Request<Incoming>,
        client: IpAddr,
    ) -> hyper::Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let body = match timeout(BODY_TIMEOUT, Limited::new(body, BODY_LIMIT).collect()).await {
            Ok(Ok(body)) => body,
            Ok(Err(_)) => return plain(413, "the request body is too large"),
            Err(_) => return plain(408, "the request body did not arrive in time"),
        };
        let body = body.to_bytes();
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let query = pairs(head.uri.query().unwrap_or_default());
        let path = percent_decode(head.uri.path());
        if let Some(plane) = &self.data_plane {
            let authority = header("host").unwrap_or_default();
            for fault in faults::of(&self.faults, data_plane::host(authority)) {
                if let Fault::Slow(time) = fault {
                    tokio::time::sleep(time).await;
                }
            }
            let state = match self.store.load() {
                Ok(state) => state,
                Err(e) => return plain(500, &e.to_string()),
            };
            let call = data_plane::Request {
                method: head.method.as_str(),
                authority,
                path: &path,
                query: &query,
                authorization: header("authorization"),
                range: header("range"),
                body: &body,
                client,
                now: (self.clock)(),
            };
            if let Some(answer) = plane.handle(&state, &call) {
                let agent = header("user-agent").unwrap_or_default();
                if let Some(event) = data_plane::event(&state, &call, agent, answer.status)
                    && let Err(e) = self.store.record(event)
                {
                    return plain(500, &e.to_string());
                }
                return to_hyper(answer.status, &answer.headers, answer.body);
            }
        }
        let request = Request {
            method: head.method.as_str().to_owned(),
            origin: header("host").map_or_else(|| self.url(), |host| format!("https://{host}")),
            path,
            query,
            authorization: header("authorization").map(str::to_owned),
            body: body.to_vec(),
            now: timestamp((self.clock)()),
        };
        match self.of_arm(&request) {
            Ok(answer) => match self.log(&request, &answer) {
                Ok(()) => arm_to_hyper(answer),
                Err(e) => plain(500, &format!("cannot write the request log: {e}")),
            },
            Err(e) => plain(500, &e.to_string()),
        }
    }

    /// The answer of Azure Resource Manager, within the quota of Resource Graph.
    fn of_arm(&self, request: &Request) -> Result<Response, StoreError> {
        if logs::applies(&request.path) {
            let answer = self.store.handle(request)?;
            let faults = faults::of(&self.faults, faults::LOGS);
            return Ok(faults.fold(answer, |answer, fault| logs::disturbed(fault, answer)));
        }
        if !quota::applies(&request.path) {
            return self.store.handle(request);
        }
        let used = self.quota.take();
        let answer = match used.refusal() {
            Some(refusal) => refusal,
            None => self.store.handle(request)?,
        };
        Ok(used.headers(answer))
    }

    fn log(&self, request: &Request, answer: &Response) -> io::Result<()> {
        // The body of a token request is secret.
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
        files::append(path, format!("{line}\n").as_bytes(), Readers::Owner)
    }
}

fn arm_to_hyper(mut answer: Response) -> hyper::Response<Full<Bytes>> {
    answer.headers.insert(0, ("content-type", "application/json; charset=utf-8".to_owned()));
    let body = answer.body.map(|b| b.to_string()).unwrap_or_default();
    to_hyper(answer.status, &answer.headers, body.into_bytes())
}

fn to_hyper(
    status: u16,
    headers: &[(&'static str, String)],
    body: Vec<u8>,
) -> hyper::Response<Full<Bytes>> {
    let mut builder = hyper::Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, value);
    }
    builder.body(Full::from(body)).unwrap_or_else(|e| plain(500, &e.to_string()))
}

fn plain(status: u16, text: &str) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::from(text.to_owned()));
    *response.status_mut() =
        hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    response
}
