//! The emulator's server and misbehaving clients. Time is paused, so waits take no time.

use az_acr::emulator::server::{Options, Server};
use az_acr::emulator::store::Store;
use time::OffsetDateTime;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::task::LocalSet;

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(directory.path().join("emulator.json"));
    let server = Server::bind(store, OffsetDateTime::now_utc, Options::default()).await.unwrap();
    let address = server.address();
    let local = LocalSet::new();
    local.spawn_local(server.serve(std::future::pending()));
    let silent_client = async {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.read(&mut [0; 1]).await.unwrap_or_default()
    };
    let limit = std::time::Duration::from_secs(60);
    let read = local.run_until(tokio::time::timeout(limit, silent_client)).await;
    assert_eq!(read, Ok(0), "the handshake has no time limit");
}
