//! The emulator's server and misbehaving clients. Time is paused, so waits take no time.

use az_acr::emulator::DEFAULT_SUBSCRIPTION;
use az_acr::emulator::server::{Options, Server};
use az_acr::emulator::store::Store;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Runs a client beside a server, for an hour of the paused clock at most.
async fn with_server<T>(client: impl AsyncFnOnce(std::net::SocketAddr, TlsConnector) -> T) -> T {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(directory.path().join("emulator.json"));
    let server = Server::bind(store, OffsetDateTime::now_utc, Options::default()).await.unwrap();
    let address = server.address();
    let mut roots = RootCertStore::empty();
    roots.add(server.ca()).unwrap();
    let config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    let local = LocalSet::new();
    local.spawn_local(server.serve(std::future::pending()));
    let client = client(address, TlsConnector::from(Arc::new(config)));
    let ended = local.run_until(tokio::time::timeout(Duration::from_secs(3_600), client)).await;
    ended.expect("the server does not wait without limit")
}

async fn connect(address: std::net::SocketAddr, tls: TlsConnector) -> TlsStream<TcpStream> {
    let tcp = TcpStream::connect(address).await.unwrap();
    tls.connect(ServerName::try_from("localhost").unwrap(), tcp).await.unwrap()
}

/// What arrives until the server closes the connection.
async fn rest(stream: &mut TlsStream<TcpStream>) -> String {
    let mut bytes = Vec::new();
    // The server may reset it.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_dropped() {
    let read = with_server(async |address, _| {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.read(&mut [0; 1]).await.unwrap_or_default()
    });
    assert_eq!(read.await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_asks_nothing_is_dropped() {
    let text = with_server(async |address, tls| rest(&mut connect(address, tls).await).await);
    assert_eq!(text.await, "");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_end_is_refused() {
    let text = with_server(async |address, tls| {
        let mut stream = connect(address, tls).await;
        let request =
            "POST /t/oauth2/v2.0/token HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99\r\n\r\nab";
        stream.write_all(request.as_bytes()).await.unwrap();
        rest(&mut stream).await
    });
    let text = text.await;
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_dropped() {
    const REQUESTS: usize = 3_000;
    let text = with_server(async |address, tls| {
        let mut stream = connect(address, tls).await;
        let request = format!(
            "GET /subscriptions/{DEFAULT_SUBSCRIPTION}/providers/Microsoft.ContainerRegistry/registries\
             ?api-version=2026-09-01-preview HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer x.y.emulated\r\n\r\n"
        );
        stream.write_all(request.repeat(REQUESTS).as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(120)).await;
        rest(&mut stream).await
    });
    let answers = text.await.matches("HTTP/1.1 200 ").count();
    assert!((1..REQUESTS).contains(&answers), "{answers} answers");
}
