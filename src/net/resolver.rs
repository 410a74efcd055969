//! Names become addresses on the thread that asks: a thread of its own, which the HTTP client would start, takes as long
//! as the rest of a start. While the system looks, which its own settings bound, this program has nothing else to do.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::collections::HashMap;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long addresses are used. Requests to the same host at the same time then ask once.
const LIFETIME: Duration = Duration::from_secs(30);

/// The system's resolver (`getaddrinfo`), with a short memory.
#[derive(Debug, Default)]
pub struct SystemResolver {
    known: Mutex<HashMap<String, (Instant, Vec<SocketAddr>)>>,
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.addresses(name.as_str());
        Box::pin(std::future::ready(match addresses {
            Ok(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
            Err(error) => Err(error.into()),
        }))
    }
}

impl SystemResolver {
    fn addresses(&self, name: &str) -> std::io::Result<Vec<SocketAddr>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((since, addresses)) = known.get(name)
            && since.elapsed() < LIFETIME
        {
            return Ok(addresses.clone());
        }
        // The client replaces the port.
        let addresses: Vec<SocketAddr> = (name, 0).to_socket_addrs()?.collect();
        known.insert(name.to_owned(), (Instant::now(), addresses.clone()));
        Ok(addresses)
    }
}
