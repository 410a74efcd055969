//! Ranges of addresses in rules: hosts have no address offline, so that most rules on addresses cannot be judged.

use super::policy::{Flow, Match, Purpose};
use std::net::IpAddr;

/// The addresses from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    /// The first one.
    pub first: IpAddr,
    /// The last one.
    pub last: IpAddr,
}

impl AddressRange {
    /// Reads an address, a network (`10.0.0.0/8`) or two addresses (`10.0.0.1-10.0.0.9`).
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(net) = text.parse::<ipnet::IpNet>() {
            return Some(Self { first: net.network(), last: net.broadcast() });
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

    /// Whether somebody else's host may be in it: it is public, and wider than one address.
    pub fn may_hold_strangers(&self) -> bool {
        self.first != self.last && is_public(self.last)
    }

    /// Whether a host is in the range.
    ///
    /// A stranger is taken to be where that is worst: in an allowed range that may hold strangers, in no denied one.
    pub fn matches(&self, flow: &Flow<'_>, allows: bool) -> Match {
        if !flow.addresses.is_empty() {
            return Match::from_bool(flow.addresses.iter().any(|address| self.contains(*address)));
        }
        match flow.purpose {
            _ if self.is_everything() => Match::Yes,
            Purpose::Stranger => Match::from_bool(allows && self.may_hold_strangers()),
            Purpose::Needed => Match::Maybe(
                "hosts have no address offline; name it with --resolve HOST:443:ADDRESS".into(),
            ),
        }
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let is_shared = first == 100 && second & 0xc0 == 64;
            let is_reserved = v4.is_multicast() || first >= 240 || is_shared;
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || is_reserved)
        }
        IpAddr::V6(v6) => {
            let first = v6.segments()[0];
            // Unique local, link-local and multicast addresses, and those of this machine.
            let is_local = first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80;
            !(is_local || first & 0xff00 == 0xff00 || v6.is_loopback())
        }
    }
}
