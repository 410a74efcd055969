//! The other half of a proof: hosts that this machine must not reach.

use super::Check;
use super::verdict::{Reason, Step, Verdict};
use serde::Serialize;
use std::net::IpAddr;

/// A host that is expected to be blocked, and whether that has been shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expectation {
    /// The host.
    pub host: String,
    /// `blocked`.
    pub expected: &'static str,
    /// What the check said.
    pub verdict: Verdict,
    /// Where it ended.
    pub step: Option<Step>,
    /// Why.
    pub reason: Option<Reason>,
    /// In words.
    pub detail: Option<String>,
    /// Whether a firewall or proxy has been seen to refuse.
    pub ok: bool,
}

/// Judges the checks of one host (one for each family of addresses): all of them must have been refused.
///
/// A name that does not resolve, or a proxy that is not there, proves nothing: with an address or without the proxy the
/// way might be open.
pub fn expect_blocked(checks: &[Check]) -> Option<Expectation> {
    let check = checks.iter().find(|check| !is_refused(check)).or(checks.first())?;
    let ok = is_refused(check);
    let detail = match (ok, check.verdict, check.step) {
        (true, ..) => check.detail.clone(),
        (false, verdict, _) if verdict.is_usable() => {
            Some(format!("{} can be reached: the way is open", check.endpoint))
        }
        (false, _, Some(Step::Dns | Step::Tcp)) => Some(format!(
            "{}: that proves nothing about a firewall; give its address by --resolve",
            check.detail.as_deref().unwrap_or("no address")
        )),
        (false, ..) => Some(format!(
            "{}: the way is not closed",
            check.detail.as_deref().unwrap_or("it ended otherwise")
        )),
    };
    Some(Expectation {
        host: check.endpoint.clone(),
        expected: "blocked",
        verdict: check.verdict,
        step: check.step,
        reason: check.reason,
        detail,
        ok,
    })
}

/// Whether somebody on the way refused: a packet filter, a proxy, a filter on the names in TLS, or a refusal's page.
fn is_refused(check: &Check) -> bool {
    let (Verdict::Blocked, Some(step), Some(reason)) = (check.verdict, check.step, check.reason)
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

/// Whether the name led back to this machine, as some filters on names answer.
fn is_this_machine(check: &Check) -> bool {
    check.trace.proxy.is_none() && check.trace.addresses.iter().any(IpAddr::is_loopback)
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Trace};
    use super::*;

    fn check(verdict: Verdict, step: Option<Step>, reason: Option<Reason>) -> Check {
        Check {
            endpoint: "evil.blob.core.windows.net".to_owned(),
            kind: Kind::Other,
            region: None,
            family: None,
            verdict,
            step,
            reason,
            detail: None,
            trace: Trace::default(),
        }
    }

    #[test]
    fn only_a_refusal_proves_that_a_way_is_closed() {
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
            let checks = [check(verdict, Some(step), Some(reason))];
            assert_eq!(expect_blocked(&checks).unwrap().ok, ok, "{step:?} {reason:?}");
        }
        let refused = check(Verdict::Blocked, Some(Step::Tcp), Some(Timeout));
        let open = check(Verdict::Reachable, None, None);
        assert!(!expect_blocked(&[refused.clone(), open]).unwrap().ok, "one family is open");
        assert!(expect_blocked(&[refused.clone(), refused.clone()]).unwrap().ok);
        let mut here = refused;
        here.trace.addresses = vec!["127.0.0.1".parse().unwrap()];
        assert!(!expect_blocked(&[here]).unwrap().ok, "a filter led back here");
    }
}
