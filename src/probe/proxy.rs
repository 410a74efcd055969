//! CONNECT: a tunnel through a proxy, or the proxy's answer as evidence.

use super::http::{Ask, Connection, Stream, too_slow};
use super::verdict::{Failure, Reason, Step, printable};
use hyper::StatusCode;
use hyper::header::{HeaderMap, PROXY_AUTHORIZATION};
use hyper_util::rt::TokioIo;
use std::time::Duration;

/// Headers by which proxies say more about a refusal.
const EXPLANATIONS: [&str; 4] =
    ["x-squid-error", "x-proxy-error", "proxy-status", "proxy-authenticate"];

/// Asks a proxy for a tunnel.
///
/// # Arguments
/// * `proxy` - the proxy, for what is said about it.
/// * `authority` - `host:port` at the tunnel's end.
///
/// # Errors
/// A [`Failure`] of step `proxy`.
pub async fn tunnel(
    stream: Box<dyn Stream>,
    proxy: &super::route::Proxy,
    authority: &str,
    limit: Duration,
) -> Result<Box<dyn Stream>, Failure> {
    let name = format!("{}:{}", proxy.host, proxy.port);
    let unusable = |failure: Failure| {
        let detail = format!("the proxy {name}: {}", failure.detail);
        Failure::new(Step::Proxy, Reason::ProxyUnusable, detail)
    };
    let asked = async {
        let mut connection = Connection::new(stream, authority, limit).await?;
        let mut ask = Ask::connect(authority);
        if let Some(authorization) = &proxy.authorization {
            ask = ask.with(PROXY_AUTHORIZATION, authorization.clone());
        }
        let response = connection.response(ask).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        if !status.is_success() {
            return Ok(Err(refusal(&name, status, &headers)));
        }
        let upgraded = hyper::upgrade::on(response)
            .await
            .map_err(|e| Failure::new(Step::Proxy, Reason::BadAnswer, format!("no tunnel: {e}")))?;
        Ok(Ok(Box::new(TokioIo::new(upgraded)) as Box<dyn Stream>))
    };
    match tokio::time::timeout(limit, asked).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(failure)) => Err(unusable(failure)),
        Err(_) => Err(Failure::new(
            Step::Proxy,
            Reason::Timeout,
            format!("the proxy {name}: {}", too_slow().detail),
        )),
    }
}

/// What squid says in `X-Squid-Error` when it cannot go on by itself. Squid 5.7 answers 500 with the last one where its
/// DNS does not know the host.
const SQUID_UPSTREAM: [&str; 3] = ["ERR_DNS_FAIL", "ERR_CONNECT_FAIL", "ERR_CANNOT_FORWARD"];

fn refusal(proxy: &str, status: StatusCode, headers: &HeaderMap) -> Failure {
    let squid = headers.get("x-squid-error").and_then(|value| value.to_str().ok());
    let squid_upstream =
        squid.is_some_and(|error| SQUID_UPSTREAM.iter().any(|known| error.starts_with(known)));
    let (reason, what) = match status.as_u16() {
        403 => (Reason::ProxyDenied, "refuses this host by its rules"),
        407 => (Reason::ProxyDenied, "wants a login of its own"),
        status if squid_upstream || (502..=504).contains(&status) => (
            Reason::ProxyUpstream,
            "lets this host through, and cannot reach it: its DNS, or the way beyond",
        ),
        _ => (Reason::ProxyUnusable, "does not make a tunnel"),
    };
    let said = EXPLANATIONS.iter().filter_map(|name| {
        let value = headers.get(*name)?.to_str().ok()?;
        Some(format!(", {name}: {}", printable(value)))
    });
    let said: String = said.collect();
    let detail = format!("the proxy {proxy} {what} (HTTP {}{said})", status.as_u16());
    Failure::new(Step::Proxy, reason, detail)
}
