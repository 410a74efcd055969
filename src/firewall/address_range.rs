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

    /// Whether a pod's DNS server is likely to be in it: it is a private network, or has Azure's own server or a node's.
    pub fn may_hold_dns_server(&self) -> bool {
        if self.first == self.last {
            let is_of_node = matches!(self.first, IpAddr::V4(address) if address.is_link_local());
            return self.first == AZURE_DNS || is_of_node;
        }
        let begins = private_networks().map(|net| net.network());
        let mut candidates = [self.first, self.last].into_iter().chain(begins);
        self.contains(AZURE_DNS)
            || candidates.any(|address| self.contains(address) && !is_public(address))
    }

    /// Whether no registry is in the range, not even one with a private endpoint: its addresses are local, multicast or reserved.
    pub fn holds_no_registry(&self) -> bool {
        let nets = NOBODY.iter().filter_map(|net| net.parse::<ipnet::IpNet>().ok());
        nets.map(Self::from).any(|net| net.contains(self.first) && net.contains(self.last))
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
            Purpose::Needed if self.holds_no_registry() => Match::No,
            // Needed hosts are reached over IPv4, and strangers still are if only IPv6 is denied.
            Purpose::Needed if self.first.is_ipv6() => Match::No,
            Purpose::Stranger => Match::from_bool(allows && self.may_hold_strangers()),
            Purpose::Needed => Match::Maybe(
                "hosts have no address offline; name it with --resolve HOST:443:ADDRESS".into(),
            ),
        }
    }
}

/// An end of a connection.
#[derive(Debug, Clone, Copy, Default)]
pub struct End<'a> {
    /// Its addresses, as far as they are known.
    pub addresses: &'a [IpAddr],
    /// The host; `None` for a client.
    pub host: Option<&'a str>,
    /// Whether it is somebody else's: it is taken to be where that is worst.
    pub is_stranger: bool,
    /// Whether connections to the addresses are accepted.
    pub allows: bool,
}

/// The domain of a cloud's service: its hosts share addresses, so that a denial of one by address may meet another.
pub fn service(host: &str) -> &str {
    host.rmatch_indices('.').nth(1).map_or(host, |(dot, _)| &host[dot + 1..])
}

/// Why a denial by name may meet another name.
pub const SHARED: &str =
    "the rule is about the addresses of another name, which hosts of a service share";

impl End<'_> {
    /// Whether the host may be refused because a rule names another one, by its addresses.
    ///
    /// # Arguments
    /// * `has_any_below` - whether the rule names a host below a domain.
    pub fn may_share(&self, has_any_below: impl FnOnce(&str) -> bool) -> bool {
        !self.allows
            && !self.is_stranger
            && self.host.is_some_and(|host| has_any_below(service(host)))
    }

    /// Whether the host is in a range that is not everything.
    pub fn is_in(&self, range: AddressRange) -> Match {
        if !self.addresses.is_empty() {
            let is_in = |address: &IpAddr| range.contains(*address);
            return Match::from_bool(self.addresses.iter().any(is_in));
        }
        if self.is_stranger {
            return Match::from_bool(self.allows && range.may_hold_strangers());
        }
        if range.holds_no_registry() {
            return Match::No;
        }
        Match::Maybe("the address of the host is not known; name it with --resolve".into())
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

/// Networks that nobody can route to from elsewhere.
const NOBODY: [&str; 7] = [
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/3",
    "::/127",
    "fe80::/10",
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
    fn no_registry_has_a_local_address() {
        for (text, expected) in [
            ("169.254.169.254", true),
            ("224.0.0.0/4", true),
            ("10.0.0.0/8", false),
            ("0.0.0.0/0", false),
            ("168.0.0.0/6", false),
        ] {
            assert_eq!(AddressRange::parse(text).unwrap().holds_no_registry(), expected, "{text}");
        }
    }

    #[test]
    fn dns_servers_have_private_addresses_or_azures_own() {
        for (text, is_likely) in [
            ("10.96.0.0/16", true),
            ("10.96.0.10/32", false),
            ("169.254.20.10/32", true),
            ("8.0.0.0/6", true),
            ("168.63.129.16/32", true),
            ("20.62.0.0/16", false),
        ] {
            let range = AddressRange::parse(text).unwrap();
            assert_eq!(range.may_hold_dns_server(), is_likely, "{text}");
        }
    }
}
