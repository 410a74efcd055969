//! A TCP connection, and why there is none.

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
    // Small requests, one after the other.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// The failure of a connection that was not made in time.
pub fn timeout(address: SocketAddr) -> Failure {
    let detail = format!("{address} does not answer: mostly a firewall that drops");
    Failure::new(Step::Tcp, Reason::Timeout, detail)
}

fn failure(address: SocketAddr, error: &io::Error) -> Failure {
    let (reason, what) = match error.kind() {
        ErrorKind::ConnectionRefused => {
            (Reason::Refused, "refuses the connection: nothing listens, or a firewall rejects")
        }
        ErrorKind::TimedOut => (Reason::Timeout, "does not answer: mostly a firewall that drops"),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
            (Reason::Reset, "resets the connection")
        }
        // A firewall or a route of this machine itself.
        ErrorKind::PermissionDenied => (Reason::Unreachable, "is forbidden by a firewall"),
        _ => (Reason::Unreachable, "cannot be reached"),
    };
    Failure::new(Step::Tcp, reason, format!("{address} {what} ({error})"))
}
