//! Checks, step by step, which of a registry's endpoints this machine can use, and where and why the others fail.
//!
//! [`Prober`] makes the connections: [`dns`], [`tcp`], a [`proxy`] if there is one, [`tls`], [`http`]. [`judge`]
//! decides what a response means; [`pull`] does what a container client does. Only the endpoints
//! to check are contacted, the hosts that must be blocked, the proxy and, during a pull, the hosts to which the registry
//! redirects clients, if they are hosts that layers can come from.

mod dns;
mod expectation;
mod http;
mod image;
mod judge;
mod prober;
mod proxy;
pub mod pull;
mod route;
mod tcp;
mod tls;
mod verdict;

pub use dns::{Names, NoNames, SystemNames};
pub use expectation::{Expectation, expect_blocked};
pub use image::{Platform, Reference};
pub use judge::denied_address;
pub use prober::{OnStep, Prober};
pub use route::{ConnectTo, Resolve, Route};
pub use tls::{TlsFacts, Trust, TrustAnchors};
pub use verdict::{Ending, Reason, Step, Verdict};

/// Readers of foreign bytes, for tests/attack/coverage.
#[cfg(fuzzing)]
pub mod fuzzing {
    use hyper::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};

    /// Reads a header `WWW-Authenticate`.
    pub fn challenge(data: &[u8]) {
        if let Ok(value) = HeaderValue::from_bytes(data) {
            super::judge::challenges(&HeaderMap::from_iter([(WWW_AUTHENTICATE, value)]));
        }
    }

    /// Reads a certificate in DER.
    pub fn certificate(data: &[u8]) {
        super::tls::facts(&data.into(), true, super::Trust::Untrusted);
    }
}

use crate::domain::{Fqdn, Role};
use serde::{Serialize, Serializer};
use std::net::IpAddr;
use std::time::Duration;

/// The port of all endpoints.
pub const HTTPS: u16 = 443;

/// An endpoint to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The host.
    pub host: Fqdn,
    /// The port.
    pub port: u16,
    /// What clients use it for.
    pub role: Role,
    /// Its region, if it has one.
    pub region: Option<String>,
    /// Whether it is planned, and therefore may not be in DNS yet.
    pub planned: bool,
}

impl Target {
    /// The host, with its port unless that is 443.
    pub fn authority(&self) -> String {
        authority(self.host.as_str(), self.port)
    }
}

/// How long each step took, in milliseconds; `None` for a step that did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Timings {
    /// Resolving the name.
    #[serde(serialize_with = "milliseconds")]
    pub dns: Option<Duration>,
    /// Connecting, to the proxy if there is one.
    #[serde(serialize_with = "milliseconds")]
    pub tcp: Option<Duration>,
    /// The proxy's response to CONNECT.
    #[serde(serialize_with = "milliseconds")]
    pub proxy: Option<Duration>,
    /// The TLS handshake.
    #[serde(serialize_with = "milliseconds")]
    pub tls: Option<Duration>,
    /// A request and its response.
    #[serde(serialize_with = "milliseconds")]
    pub http: Option<Duration>,
}

/// Milliseconds with one decimal digit.
#[expect(clippy::ref_option, reason = "serde hands in a reference")]
fn milliseconds<S: Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => to.serialize_f64((time.as_secs_f64() * 10_000.0).round() / 10.0),
        None => to.serialize_none(),
    }
}

/// What the steps of a check found.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Trace {
    /// The addresses of the host, or of the proxy if there is one.
    pub addresses: Vec<IpAddr>,
    /// The names that this host is an alias for.
    pub cnames: Vec<String>,
    /// How long the steps took, in milliseconds.
    pub timings: Timings,
    /// The TLS handshake.
    pub tls: Option<TlsFacts>,
    /// The proxy, `host:port`.
    pub proxy: Option<String>,
}

/// The check of an endpoint over one of its address families, or over its only one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The host.
    pub endpoint: String,
    /// What clients use it for.
    #[serde(rename = "kind")]
    pub role: Role,
    /// Its region, if it has one.
    pub region: Option<String>,
    /// `IPv4` or `IPv6` if the endpoint has both, which are checked separately.
    pub family: Option<&'static str>,
    /// The verdict.
    pub verdict: Verdict,
    /// Where and why it failed, or a remark.
    #[serde(flatten)]
    pub ending: Ending,
    /// What the steps found.
    #[serde(flatten)]
    pub trace: Trace,
}

/// An endpoint with its checks: one, or one for each address family.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedTarget {
    /// The endpoint.
    pub target: Target,
    /// The checks.
    pub families: Vec<Check>,
}

impl CheckedTarget {
    /// Whether clients can use the endpoint over at least one address family; they try both.
    pub fn is_usable(&self) -> bool {
        self.families.iter().any(|check| check.verdict.is_usable())
    }

    /// Whether the endpoint is planned and not in DNS yet.
    pub fn is_not_published(&self) -> bool {
        self.families.iter().any(|check| check.verdict == Verdict::NotPublished)
    }
}

/// `host`, or `host:port` unless the port is 443.
pub fn authority(host: &str, port: u16) -> String {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    if port == HTTPS { host } else { format!("{host}:{port}") }
}
