//! Who pulls: what the logs of registries say about their clients, and what each client needs after a switch.
//!
//! [`query`] writes the queries, [`row`] reads the rows that the service has summarised, [`group`] puts them together,
//! [`hosts`] says what each client needs, [`owners`] whose addresses they are. Everything here is pure.
//!
//! Facts that Microsoft does not document are treated with tolerance: an address may have a port, dynamic columns may be
//! text, a region may have spaces.

mod group;
mod hosts;
pub mod owners;
mod program;
pub mod query;
mod row;

pub use group::{Asked, By, Client, Judged, group, timestamp};
pub use hosts::RegistryHosts;
pub use row::{LogRow, Span, read};

use serde::Serialize;
use std::net::IpAddr;

/// What kind of client an address belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A public address.
    Public,
    /// A private address (RFC 1918, shared, unique local), as behind a private endpoint.
    Private,
    /// ACR Tasks, by the user agent.
    Tasks,
    /// The logs name no address.
    Unknown,
}

/// The address in a log, without a port.
pub fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let plain = bare.parse().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip());
    plain.or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

fn kind(address: Option<IpAddr>, agent: &str) -> Kind {
    if program::is_tasks(agent) {
        return Kind::Tasks;
    }
    match address {
        None => Kind::Unknown,
        Some(IpAddr::V4(v4)) => {
            let shared = v4.octets()[0] == 100 && (64..128).contains(&v4.octets()[1]);
            let private = v4.is_private() || v4.is_loopback() || v4.is_link_local() || shared;
            if private { Kind::Private } else { Kind::Public }
        }
        Some(IpAddr::V6(v6)) => {
            let private = v6.is_unique_local() || v6.is_loopback() || v6.is_unicast_link_local();
            if private { Kind::Private } else { Kind::Public }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_may_have_ports() {
        for (text, expected) in [
            ("203.0.113.7", Some("203.0.113.7")),
            ("203.0.113.7:50412", Some("203.0.113.7")),
            ("[2001:db8::7]:443", Some("2001:db8::7")),
            ("2001:db8::7", Some("2001:db8::7")),
            ("::ffff:10.0.0.4", Some("10.0.0.4")),
            ("", None),
            ("masked", None),
        ] {
            assert_eq!(address(text).map(|a| a.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn kinds_come_from_the_address_and_the_user_agent() {
        for (text, agent, expected) in [
            ("203.0.113.7", "containerd/1.7", Kind::Public),
            ("10.1.2.3", "containerd/1.7", Kind::Private),
            ("100.64.0.9", "", Kind::Private),
            ("fd00::1", "", Kind::Private),
            ("2001:db8::1", "", Kind::Public),
            ("203.0.113.7", "ACR Tasks/1.0", Kind::Tasks),
            ("?", "", Kind::Unknown),
        ] {
            assert_eq!(kind(address(text), agent), expected, "{text} {agent}");
        }
    }
}
