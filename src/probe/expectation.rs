//! Hosts that this machine must not be able to reach.

use super::verdict::{Ending, Reason, Step, Verdict};
use super::{Check, CheckedTarget};
use serde::Serialize;
use std::net::IpAddr;

/// A host that is expected to be blocked, and whether it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expectation {
    /// The host.
    pub host: String,
    /// `blocked`.
    pub expected: &'static str,
    /// The result of the check.
    pub verdict: Verdict,
    /// Where the check ended, and why.
    #[serde(flatten)]
    pub ending: Ending,
    /// Whether a firewall or proxy refused the connection.
    pub ok: bool,
}

/// Judges the checks of one host, one for each address family: a firewall or proxy must have refused all of them.
///
/// A name that does not resolve, or a proxy that does not work, proves nothing: the host might be reachable by its
/// address or without the proxy.
pub fn expect_blocked(host: &CheckedTarget) -> Option<Expectation> {
    let checks = &host.families;
    let check = checks.iter().find(|check| !is_refused(check)).or(checks.first())?;
    let ok = is_refused(check);
    let said = check.ending.detail.as_deref();
    let detail = match (ok, check.verdict, check.ending.step) {
        (true, ..) => said.map(str::to_owned),
        (false, verdict, _) if verdict.is_usable() => {
            Some(format!("{} can be reached", check.endpoint))
        }
        (false, _, Some(Step::Dns | Step::Tcp)) => Some(format!(
            "{}. This does not show that a firewall blocks the host: name its address with --resolve",
            said.unwrap_or("no address")
        )),
        (false, ..) => Some(format!(
            "{}. This does not show that the host is blocked",
            said.unwrap_or("the check ended early")
        )),
    };
    Some(Expectation {
        host: check.endpoint.clone(),
        expected: "blocked",
        verdict: check.verdict,
        ending: Ending { detail, ..check.ending.clone() },
        ok,
    })
}

/// Whether a packet filter, a proxy, a TLS server name filter or a block page refused the connection.
fn is_refused(check: &Check) -> bool {
    let (Verdict::Blocked, Some(step), Some(reason)) =
        (check.verdict, check.ending.step, check.ending.reason)
    else {
        return false;
    };
    match step {
        Step::Tcp => !is_this_machine(check),
        Step::Tls => matches!(reason, Reason::Reset | Reason::Timeout | Reason::TlsFailed),
        Step::Proxy | Step::Http => reason == Reason::ProxyDenied,
        _ => false,
    }
}

/// Whether the name resolved to this machine: some DNS filters respond with its address.
fn is_this_machine(check: &Check) -> bool {
    check.trace.proxy.is_none() && check.trace.addresses.iter().any(IpAddr::is_loopback)
}

#[cfg(test)]
mod tests {
    use super::super::{Target, Trace};
    use super::*;
    use crate::domain::{Fqdn, Role};

    fn of_host(families: Vec<Check>) -> CheckedTarget {
        let host = Fqdn::parse("evil.blob.core.windows.net").unwrap();
        let target = Target { host, port: 443, role: Role::Other, region: None, planned: false };
        CheckedTarget { target, families }
    }

    fn check(verdict: Verdict, step: Option<Step>, reason: Option<Reason>) -> Check {
        Check {
            endpoint: "evil.blob.core.windows.net".to_owned(),
            role: Role::Other,
            region: None,
            family: None,
            verdict,
            ending: Ending { step, reason, ..Ending::default() },
            trace: Trace::default(),
        }
    }

    #[test]
    fn only_a_refusal_shows_that_a_host_is_blocked() {
        use Reason::{
            NameNotFound, ProxyDenied, ProxyUnusable, ProxyUpstream, Refused, Reset, Timeout,
            Untrusted,
        };
        for (verdict, step, reason, ok) in [
            (Verdict::Blocked, Step::Tcp, Timeout, true),
            (Verdict::Blocked, Step::Tcp, Refused, true),
            (Verdict::Blocked, Step::Tls, Reset, true),
            (Verdict::Blocked, Step::Proxy, ProxyDenied, true),
            (Verdict::Blocked, Step::Http, ProxyDenied, true),
            (Verdict::Blocked, Step::Dns, NameNotFound, false),
            (Verdict::Blocked, Step::Proxy, ProxyUpstream, false),
            (Verdict::Blocked, Step::Proxy, ProxyUnusable, false),
            (Verdict::Blocked, Step::Http, Timeout, false),
            (Verdict::Intercepted, Step::Tls, Untrusted, false),
        ] {
            let checks = vec![check(verdict, Some(step), Some(reason))];
            assert_eq!(expect_blocked(&of_host(checks)).unwrap().ok, ok, "{step:?} {reason:?}");
        }
        let refused = check(Verdict::Blocked, Some(Step::Tcp), Some(Timeout));
        let open = check(Verdict::Reachable, None, None);
        assert!(
            !expect_blocked(&of_host(vec![refused.clone(), open])).unwrap().ok,
            "one family is open"
        );
        assert!(expect_blocked(&of_host(vec![refused.clone(), refused.clone()])).unwrap().ok);
        let mut here = refused;
        here.trace.addresses = vec!["127.0.0.1".parse().unwrap()];
        assert!(!expect_blocked(&of_host(vec![here])).unwrap().ok, "a filter led back here");
    }
}
