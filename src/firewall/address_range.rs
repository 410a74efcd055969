//! Ranges of addresses in rules: hosts have no address offline, so that most rules on addresses cannot be judged.

use super::policy::{Flow, Match, Purpose};
use std::net::{IpAddr, Ipv4Addr};

/// The addresses from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    /// The first one.
    pub first: IpAddr,
    /// The last one.
    pub last: IpAddr,
}

impl From<ipnet::IpNet> for AddressRange {
    fn from(net: ipnet::IpNet) -> Self {
        Self { first: net.network(), last: net.broadcast() }
    }
}

impl AddressRange {
    /// Reads an address, a network (`10.0.0.0/8`) or two addresses (`10.0.0.1-10.0.0.9`).
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(net) = text.parse::<ipnet::IpNet>() {
            return Some(net.into());
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some(Self { first: first.trim().parse().ok()?, last: last.trim().parse().ok()? })
    }

    /// Whether an address is in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.first <= address && address <= self.last
    }

    /// Whether it is all addresses of a family.
    pub fn is_everything(&self) -> bool {
        self.first.is_unspecified()
            && match self.last {
                IpAddr::V4(last) => last.is_broadcast(),
                IpAddr::V6(last) => last.segments() == [u16::MAX; 8],
            }
    }

    /// Whether somebody else's host may be in it: it is wider than one address, and not within a private network.
    pub fn may_hold_strangers(&self) -> bool {
        self.first != self.last && self.public_address().is_some()
    }

    /// A public address in the range.
    pub fn public_address(&self) -> Option<IpAddr> {
        let beyond = private_networks().filter_map(|net| next(net.broadcast()));
        let mut candidates = [self.first, self.last].into_iter().chain(beyond);
        candidates.find(|address| self.contains(*address) && is_public(*address))
    }

    /// Whether a client's DNS server is likely to be in it: it has private addresses, or Azure's own server.
    pub fn may_hold_dns_server(&self) -> bool {
        let begins = private_networks().map(|net| net.network());
        let mut candidates = [self.first, self.last].into_iter().chain(begins);
        self.contains(AZURE_DNS)
            || candidates.any(|address| self.contains(address) && !is_public(address))
    }

    /// Whether a host is in the range.
    ///
    /// A stranger is taken to be where that is worst: in an allowed range that may hold strangers, in no denied one.
    pub fn matches(&self, flow: &Flow<'_>, allows: bool) -> Match {
        if !flow.addresses.is_empty() {
            return Match::from_bool(flow.addresses.iter().any(|address| self.contains(*address)));
        }
        match flow.purpose {
            _ if self.is_everything() && self.first.is_ipv4() => Match::Yes,
            // Needed hosts are reached over IPv4, and strangers still are if only IPv6 is denied.
            Purpose::Needed if self.first.is_ipv6() => Match::No,
            Purpose::Stranger => Match::from_bool(allows && self.may_hold_strangers()),
            Purpose::Needed => Match::Maybe(
                "hosts have no address offline; name it with --resolve HOST:443:ADDRESS".into(),
            ),
        }
    }
}

/// The DNS server of every virtual network in Azure (Microsoft Learn, "What is IP address 168.63.129.16?").
const AZURE_DNS: IpAddr = IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16));

/// Networks that no host of the Internet is in (RFC 6890).
const PRIVATE: [&str; 13] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
    "::/127",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

fn private_networks() -> impl Iterator<Item = ipnet::IpNet> {
    PRIVATE.iter().filter_map(|net| net.parse().ok())
}

fn is_public(address: IpAddr) -> bool {
    !private_networks().any(|net| net.contains(&address))
}

/// The address after another one, of the same family.
fn next(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => v4.to_bits().checked_add(1).map(|bits| IpAddr::V4(bits.into())),
        IpAddr::V6(v6) => v6.to_bits().checked_add(1).map(|bits| IpAddr::V6(bits.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_with_public_addresses_may_hold_strangers() {
        for (text, open) in [
            ("0.0.0.0/1", true),
            ("128.0.0.0/1", true),
            ("96.0.0.0/3", true),
            ("172.16.0.0/11", true),
            ("1.0.0.0-255.255.255.254", true),
            ("20.1.2.3", false),
            ("10.0.0.0/8", false),
            ("172.16.0.0/12", false),
            ("::/0", true),
            ("fd00::/8", false),
        ] {
            assert_eq!(AddressRange::parse(text).unwrap().may_hold_strangers(), open, "{text}");
        }
    }

    #[test]
    fn dns_servers_have_private_addresses_or_azures_own() {
        for (text, is_likely) in [
            ("10.96.0.10/32", true),
            ("8.0.0.0/6", true),
            ("168.63.129.16/32", true),
            ("20.62.0.0/16", false),
        ] {
            let range = AddressRange::parse(text).unwrap();
            assert_eq!(range.may_hold_dns_server(), is_likely, "{text}");
        }
    }
}
