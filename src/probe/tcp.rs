//! TCP: a connection, or why it fails.

use super::verdict::{Failure, Reason, Step};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// Connects.
///
/// # Errors
/// A [`Failure`] of step `tcp`.
pub async fn connect(address: SocketAddr) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect(address).await.map_err(|error| failure(address, &error))?;
    // Requests are small and come one after the other.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// The failure of a connection that was not made in time.
pub fn timeout(address: SocketAddr) -> Failure {
    let detail = format!("{address} does not respond: usually a firewall that drops packets");
    Failure::new(Step::Tcp, Reason::Timeout, detail)
}

fn failure(address: SocketAddr, error: &io::Error) -> Failure {
    let (reason, what) = match error.kind() {
        ErrorKind::ConnectionRefused => (
            Reason::Refused,
            "refuses the connection: nothing listens there, or a firewall rejects it",
        ),
        ErrorKind::TimedOut => {
            (Reason::Timeout, "does not respond: usually a firewall that drops packets")
        }
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
            (Reason::Reset, "resets the connection")
        }
        // A firewall or a route on this machine.
        ErrorKind::PermissionDenied => {
            (Reason::Unreachable, "is blocked by a firewall on this machine")
        }
        _ => (Reason::Unreachable, "cannot be reached"),
    };
    Failure::new(Step::Tcp, reason, format!("{address} {what} ({error})"))
}
