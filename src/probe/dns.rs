//! DNS: the addresses of a name, its aliases, or why there are none.

use super::verdict::{Failure, Reason, Step};
use async_trait::async_trait;
use hickory_resolver::config::ResolveHosts;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::{Hosts, TokioResolver};
use std::net::IpAddr;
use std::time::Duration;

/// What a name resolves to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolved {
    /// Addresses, IPv4 first, each family in the resolver's order.
    pub addresses: Vec<IpAddr>,
    /// The names that this name is an alias for, in order.
    pub cnames: Vec<String>,
}

/// Resolves names.
#[async_trait(?Send)]
pub trait Names {
    /// The addresses of a host.
    ///
    /// # Errors
    /// A [`Failure`] of step `dns`.
    async fn lookup(&self, host: &str) -> Result<Resolved, Failure>;
}

/// Resolves no names: the emulated cloud overrides every host.
#[derive(Debug)]
pub struct NoNames;

#[async_trait(?Send)]
impl Names for NoNames {
    async fn lookup(&self, host: &str) -> Result<Resolved, Failure> {
        Err(not_found(host))
    }
}

fn not_found(host: &str) -> Failure {
    let detail = format!("{host} is not in DNS (NXDOMAIN)");
    Failure::new(Step::Dns, Reason::NameNotFound, detail)
}

/// The system's hosts file and resolver. Search domains are not used: endpoints are fully qualified.
pub struct SystemNames {
    hosts: Hosts,
    resolver: Result<TokioResolver, String>,
    timeout: Duration,
}

impl SystemNames {
    /// Reads the system's configuration. Lookups are not cached.
    ///
    /// # Arguments
    /// * `timeout` - for a whole lookup; each server gets less than half of it, which leaves time for a second one.
    pub fn new(timeout: Duration) -> Self {
        let resolver = TokioResolver::builder_tokio().and_then(|mut builder| {
            let options = builder.options_mut();
            options.timeout = timeout * 2 / 5;
            options.attempts = 1;
            options.cache_size = 0;
            options.use_hosts_file = ResolveHosts::Never;
            builder.build()
        });
        Self {
            hosts: Hosts::from_system().unwrap_or_default(),
            resolver: resolver.map_err(|e| e.to_string()),
            // Some servers never respond to IPv6 queries. The IPv4 response must not be lost then.
            timeout: timeout * 9 / 10,
        }
    }
}

#[async_trait(?Send)]
impl Names for SystemNames {
    async fn lookup(&self, host: &str) -> Result<Resolved, Failure> {
        let failed = |detail: String| Failure::new(Step::Dns, Reason::ResolverFailed, detail);
        let mut name = Name::from_ascii(host).map_err(|e| failed(format!("{host}: {e}")))?;
        name.set_fqdn(true);
        // As in the system's resolver, a name in the hosts file is not looked up in DNS.
        let known = [RecordType::A, RecordType::AAAA]
            .map(|kind| self.hosts.lookup_static_host(&Query::query(name.clone(), kind)));
        let mut found = Resolved::default();
        for lookup in known.iter().flatten() {
            add(&mut found, lookup.answers());
        }
        if !found.addresses.is_empty() {
            return real(host, found);
        }
        let resolver = self
            .resolver
            .as_ref()
            .map_err(|e| failed(format!("this machine has no usable DNS configuration: {e}")))?;
        let ask = async |kind| {
            let asked = resolver.lookup(name.clone(), kind);
            tokio::time::timeout(self.timeout, asked).await.unwrap_or(Err(NetError::Timeout))
        };
        let (v4, v6) = tokio::join!(ask(RecordType::A), ask(RecordType::AAAA));
        let mut failure = None;
        for answer in [v4, v6] {
            match answer {
                Ok(lookup) => add(&mut found, lookup.answers()),
                // An error for one family does not matter if the other has addresses; the IPv4 error takes precedence.
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            _ if !found.addresses.is_empty() => real(host, found),
            Some(error) => Err(why(host, &error)),
            None => Err(no_address(host)),
        }
    }
}

fn add(found: &mut Resolved, records: &[Record]) {
    for record in records {
        match &record.data {
            RData::A(address) => found.addresses.push(IpAddr::V4(address.0)),
            RData::AAAA(address) => found.addresses.push(IpAddr::V6(address.0)),
            RData::CNAME(alias) => {
                let alias = alias.0.to_ascii().trim_end_matches('.').to_lowercase();
                if !found.cnames.contains(&alias) {
                    found.cnames.push(alias);
                }
            }
            _ => {}
        }
    }
}

/// Addresses that a connection can use. 0.0.0.0 and :: would lead to this machine itself.
fn real(host: &str, found: Resolved) -> Result<Resolved, Failure> {
    match found.addresses.first() {
        Some(address) if found.addresses.iter().all(IpAddr::is_unspecified) => {
            let detail = format!("DNS resolves {host} to {address}: a DNS filter blocks it");
            Err(Failure::new(Step::Dns, Reason::Sinkholed, detail))
        }
        _ => Ok(found),
    }
}

fn no_address(host: &str) -> Failure {
    let detail = format!("{host} is in DNS, but has no address");
    Failure::new(Step::Dns, Reason::NoAddress, detail)
}

fn why(host: &str, error: &NetError) -> Failure {
    let failed = |reason, detail: String| Failure::new(Step::Dns, reason, detail);
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => not_found(host),
            ResponseCode::NoError => no_address(host),
            code => failed(Reason::ResolverFailed, format!("the resolver returned {code}")),
        },
        NetError::Dns(DnsError::ResponseCode(ResponseCode::NXDomain)) => not_found(host),
        NetError::Dns(DnsError::ResponseCode(code)) => {
            failed(Reason::ResolverFailed, format!("the resolver returned {code}"))
        }
        NetError::Timeout | NetError::NoConnections => timeout(),
        other => failed(Reason::ResolverFailed, format!("the resolver: {other}")),
    }
}

/// The failure of a lookup that took too long.
pub fn timeout() -> Failure {
    Failure::new(Step::Dns, Reason::ResolverTimeout, "the resolver does not respond")
}

/// Whether an address is private: RFC 1918 or ULA.
pub fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_private(),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

/// Whether a chain of aliases passes through the Private Link zone.
pub fn is_private_link(cnames: &[String]) -> bool {
    cnames.iter().any(|name| name.split('.').any(|label| label == "privatelink"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known() {
        for (address, private) in [
            ("10.1.2.3", true),
            ("172.31.0.1", true),
            ("172.32.0.1", false),
            ("192.168.0.1", true),
            ("127.0.0.1", false),
            ("20.62.128.1", false),
            ("fd12::1", true),
            ("fe80::1", false),
            ("2603:1030::1", false),
            ("::ffff:10.0.0.1", true),
        ] {
            assert_eq!(is_private(address.parse().unwrap()), private, "{address}");
        }
        assert!(is_private_link(&["contoso.privatelink.azurecr.io".to_owned()]));
        assert!(!is_private_link(&["notprivatelink.azurecr.io".to_owned()]));
    }
}
