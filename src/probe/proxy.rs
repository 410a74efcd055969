//! CONNECT: a tunnel through a proxy, or the reason why the proxy refuses it.

use super::http::{Connection, Request, Stream, too_slow};
use super::verdict::{Failure, Reason, Step, printable};
use crate::secrets;
use hyper::StatusCode;
use hyper::header::{HeaderMap, PROXY_AUTHORIZATION};
use hyper_util::rt::TokioIo;
use std::time::Duration;

/// Headers in which proxies explain a refusal.
const EXPLANATIONS: [&str; 4] =
    ["x-squid-error", "x-proxy-error", "proxy-status", "proxy-authenticate"];

/// Opens a tunnel through a proxy.
///
/// # Arguments
/// * `proxy` - the proxy, for messages.
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
    let opened = async {
        let mut connection = Connection::new(stream, authority, limit).await?;
        let mut request = Request::connect(authority);
        if let Some(authorization) = &proxy.authorization {
            request = request.with(PROXY_AUTHORIZATION, authorization.clone());
        }
        let secrets = request.secrets();
        let response = connection.response(request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        if !status.is_success() {
            return Ok(Err(refusal(&name, status, &headers, &secrets)));
        }
        let upgraded = hyper::upgrade::on(response)
            .await
            .map_err(|e| Failure::new(Step::Proxy, Reason::BadAnswer, format!("no tunnel: {e}")))?;
        Ok(Ok(Box::new(TokioIo::new(upgraded)) as Box<dyn Stream>))
    };
    match tokio::time::timeout(limit, opened).await {
        Ok(Ok(tunnel)) => tunnel,
        Ok(Err(failure)) => Err(unusable(failure)),
        Err(_) => Err(Failure::new(
            Step::Proxy,
            Reason::Timeout,
            format!("the proxy {name}: {}", too_slow().detail),
        )),
    }
}

/// Values of `X-Squid-Error` if Squid allows a host but cannot reach it. Squid 5.7 sends the last one, with a 500, if
/// its DNS cannot resolve the host.
const SQUID_UPSTREAM: [&str; 3] = ["ERR_DNS_FAIL", "ERR_CONNECT_FAIL", "ERR_CANNOT_FORWARD"];

/// Why a proxy opens no tunnel.
///
/// # Arguments
/// * `secrets` - what the request held that no message may show.
fn refusal(proxy: &str, status: StatusCode, headers: &HeaderMap, secrets: &[String]) -> Failure {
    let squid = headers.get("x-squid-error").and_then(|value| value.to_str().ok());
    let squid_upstream =
        squid.is_some_and(|error| SQUID_UPSTREAM.iter().any(|known| error.starts_with(known)));
    let (reason, what) = match status.as_u16() {
        403 => (Reason::ProxyDenied, "denies this host"),
        407 => (Reason::ProxyDenied, "requires authentication"),
        status if squid_upstream || (502..=504).contains(&status) => (
            Reason::ProxyUpstream,
            "allows this host but cannot reach it: check its DNS and its route",
        ),
        _ => (Reason::ProxyUnusable, "does not open a tunnel"),
    };
    let said = EXPLANATIONS.iter().filter_map(|name| {
        let value = secrets::hidden(headers.get(*name)?.as_bytes(), secrets);
        Some(format!(", {name}: {}", printable(std::str::from_utf8(&value).ok()?)))
    });
    let said: String = said.collect();
    let detail = format!("the proxy {proxy} {what} (HTTP {}{said})", status.as_u16());
    Failure::new(Step::Proxy, reason, detail)
}
