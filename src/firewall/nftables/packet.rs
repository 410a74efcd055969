//! A packet of a connection, with what is known of it.

use crate::firewall::dnsmasq::FilledSet;
use std::net::IpAddr;

/// What is known of the address of a host.
#[derive(Debug, Clone, Copy)]
pub(super) enum HostAddress {
    /// All of it.
    Is(IpAddr),
    /// It is not one that the rules name.
    Elsewhere,
    /// Nothing.
    Unknown,
}

/// A protocol with ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Tcp,
    /// For DNS.
    Udp,
}

impl Protocol {
    /// The name in rules.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }

    /// IANA's number.
    pub fn number(self) -> u16 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
        }
    }
}

/// What a set that forgets addresses does with one that dnsmasq has added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    /// It still has it, or not any more: nobody knows.
    Uncertain,
    /// It still has it.
    Has,
    /// It has it no more.
    Lost,
}

/// A packet of a connection.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Packet<'a> {
    /// `4` or `6`.
    pub version: char,
    pub protocol: Protocol,
    /// The server's port.
    pub port: u16,
    pub host: HostAddress,
    pub client: Option<IpAddr>,
    /// Whether the server sent it.
    pub is_reply: bool,
    /// Whether it is the first one.
    pub is_first: bool,
    /// Whether the chain comes after connection tracking: before it, every packet is invalid.
    pub is_tracked: bool,
    /// The sets that dnsmasq adds the host's address to; `None` without its configuration.
    pub filled: Option<&'a [FilledSet]>,
    /// Whether it stays on this machine.
    pub is_local: bool,
    /// What sets that forget addresses do with the host's.
    pub memory: Memory,
}
