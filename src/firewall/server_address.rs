//! Where a proxy's server leads a connection to a host.

use super::policy::{Flow, Outcome, Purpose};
use std::net::IpAddr;

/// What becomes of a connection to a host that a proxy sends to a server.
///
/// # Arguments
/// * `host` - the name or address of the server; empty, `*` and unspecified addresses mean where the connection went.
/// * `port` - its port; empty and 0 mean the port of the connection.
pub fn leads_to(host: &str, port: &str, flow: &Flow<'_>) -> Outcome {
    let unknown = |why: &str| Outcome::Unknown(why.into());
    if !matches!(port, "" | "0" | "443") {
        return unknown("the server listens on another port");
    }
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() => Outcome::Allow,
        Ok(address) if address.is_loopback() => unknown("the server is on the proxy's own machine"),
        Ok(address) if flow.purpose == Purpose::Stranger || flow.addresses.contains(&address) => {
            Outcome::Allow
        }
        Ok(_) => unknown("whose address the server has is not known; name it with --resolve"),
        Err(_) if host == "*" || host.is_empty() => Outcome::Allow,
        Err(_) if host.eq_ignore_ascii_case(flow.host.as_str()) => Outcome::Allow,
        Err(_) => unknown("the server is another host"),
    }
}

/// What becomes of a connection that one of several servers gets; without any, it is refused.
pub fn all_alike(outcomes: impl Iterator<Item = Outcome>) -> Outcome {
    let outcomes: Vec<Outcome> = outcomes.collect();
    match outcomes.split_first() {
        None => Outcome::Deny,
        Some((first, rest)) if rest.iter().all(|outcome| outcome == first) => first.clone(),
        Some(_) => Outcome::Unknown("the servers lead to different places".into()),
    }
}
