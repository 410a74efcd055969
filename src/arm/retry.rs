//! Pipeline policies that send a request again: after transient failures, and with a new token after a 401.

use crate::net::client::{LIMIT, LONGEST_ANSWER, LONGEST_QUERY, within};
use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::HeaderName;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{AsyncRawResponse, Context, Method, Request};
use azure_core::time::{Duration, OffsetDateTime};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// `az` sends a request at most four times (azure-core for Python, `retry_status=3`).
const RETRIES: u32 = 3;
/// The shortest pause between two requests, whatever the server asks for.
pub(super) const SHORTEST_WAIT: Duration = Duration::milliseconds(500);
/// If a server asks for a longer wait, its response is returned at once.
const LONGEST_WAIT: Duration = Duration::seconds(120);

/// Retries requests after transient failures.
///
/// What is retried depends on what a second request can do ([`Kind`]). For all but changes, these are the rules of azure-core
/// for Python, which `az` uses. `az` also sends a change again when it does not know whether Azure has accepted it (PUT and
/// DELETE after a broken connection, 408, 500, 502, 503 and 504; PATCH after 500, 503 and 504). az-acr does not: it says that the change may have been
/// made. A refused connection, an unknown host and an untrusted certificate are never retried, because they do not go
/// away within seconds.
#[derive(Debug)]
pub(super) struct RetryPolicy;

/// What a request does, which decides when it may be sent again. A reset before it was sent is always a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It only reads: retried after resets, truncated bodies and read timeouts, and after 408, 429, 500, 502, 503 and 504.
    Read,
    /// It asks for something new, e.g. a token: retried after 429, 500, 503 and 504.
    Issue,
    /// It changes a resource: retried only where the service says that it has not made the change, after 429.
    Change,
}

impl Kind {
    fn of(request: &Request, ctx: &Context<'_>) -> Self {
        if ctx.value::<MayHaveArrived>().is_some() {
            Self::Change
        } else if request.method() == Method::Post && ctx.value::<ReadOnly>().is_none() {
            Self::Issue
        } else {
            Self::Read
        }
    }
}

/// Marks the context of a POST that only reads: it is repeated as a GET is.
#[derive(Debug)]
pub(super) struct ReadOnly;

/// Marks the context of a change, and tells whether Azure may have received a try that did not end with its answer.
#[derive(Debug, Default)]
pub(super) struct MayHaveArrived(pub AtomicBool);

impl MayHaveArrived {
    /// Notes how a try ended. An answer speaks for itself, unless the service failed, or something before it sent it.
    fn note(&self, result: &PolicyResult) {
        let uncertain = match result {
            Ok(response) => matches!(u16::from(response.status()), 300..=399 | 408 | 500..=599),
            Err(error) => was_sent(error),
        };
        self.0.fetch_or(uncertain, Ordering::Relaxed);
    }
}

/// Whether a request was sent before it failed.
fn was_sent(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Io) || *error.kind() == LIMIT
}

/// Marks the context of a query over logs, which may take long.
#[derive(Debug)]
pub(super) struct Patient;

/// The retry rules of this client, for pipelines that are created elsewhere (logins).
pub fn retry_policy() -> Arc<dyn Policy> {
    Arc::new(RetryPolicy)
}

#[async_trait]
impl Policy for RetryPolicy {
    async fn send(
        &self,
        ctx: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        let kind = Kind::of(request, ctx);
        let mut tries = 0;
        loop {
            let result = try_once(ctx, request, next).await;
            let wait = match &result {
                _ if tries == RETRIES => None,
                Ok(response) => wait_after_answer(response, kind, tries),
                Err(error) => wait_after_error(error, kind, tries),
            };
            if let Some(change) = ctx.value::<MayHaveArrived>() {
                change.note(&result);
            }
            let Some(wait) = wait else { return result };
            azure_core::sleep::sleep(wait).await;
            tries += 1;
        }
    }
}

/// Sends a request once more after a 401.
///
/// By then, the policy behind this one has dropped the refused token, and it asks the credential for another. The
/// service does not act on a request that it refuses with 401, so it is safe to repeat writes as well.
#[derive(Debug)]
pub(super) struct RenewTokenPolicy;

#[async_trait]
impl Policy for RenewTokenPolicy {
    async fn send(
        &self,
        ctx: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        let response = next[0].send(ctx, request, &next[1..]).await?;
        if u16::from(response.status()) != 401 {
            return Ok(response);
        }
        match next[0].send(ctx, request, &next[1..]).await {
            Err(error) if was_sent(&error) => Err(error),
            // No other token is available.
            Err(_) => Ok(response),
            repeated => repeated,
        }
    }
}

/// Sends a request once. The answer is whole: a truncated body fails here, where it can be retried.
async fn try_once(
    ctx: &Context<'_>,
    request: &mut Request,
    next: &[Arc<dyn Policy>],
) -> PolicyResult {
    let most = if ctx.value::<Patient>().is_some() { LONGEST_QUERY } else { LONGEST_ANSWER };
    within(most, next[0].send(ctx, request, &next[1..])).await
}

fn wait_after_answer(response: &AsyncRawResponse, kind: Kind, tries: u32) -> Option<Duration> {
    let status = u16::from(response.status());
    let passing = match status {
        429 => true,
        500 | 503 | 504 => kind != Kind::Change,
        408 | 502 => kind == Kind::Read,
        _ => false,
    };
    if !passing {
        return None;
    }
    let asked = retry_after(response.headers(), OffsetDateTime::now_utc());
    let wait = asked.unwrap_or_else(|| backoff(tries));
    (wait <= LONGEST_WAIT).then_some(wait.max(SHORTEST_WAIT))
}

fn wait_after_error(error: &Error, kind: Kind, tries: u32) -> Option<Duration> {
    let reset = sources(error).any(|source| {
        source.downcast_ref::<std::io::Error>().is_some_and(|e| {
            use std::io::ErrorKind as Io;
            matches!(
                e.kind(),
                Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe | Io::UnexpectedEof
            )
        })
    });
    let passing = match error.kind() {
        // The request was never sent. A reset during the handshake is transient; other errors are not.
        ErrorKind::Connection => reset,
        ErrorKind::Io => kind == Kind::Read,
        _ => false,
    };
    passing.then(|| backoff(tries))
}

/// 0.5, 1 and 2 s, plus up to a quarter, so that many clients do not retry at the same moment.
fn backoff(tries: u32) -> Duration {
    let wait = SHORTEST_WAIT * (1 << tries);
    let jitter = i32::from(azure_core::Uuid::new_v4().as_bytes()[0]);
    wait + wait * jitter / 1024
}

/// `Retry-After` in seconds or as a date, or Azure's own headers in milliseconds.
pub(super) fn retry_after(
    headers: &azure_core::http::headers::Headers,
    now: OffsetDateTime,
) -> Option<Duration> {
    let header = |name: &'static str| headers.get_optional_str(&HeaderName::from_static(name));
    let milliseconds = header("x-ms-retry-after-ms")
        .or_else(|| header("retry-after-ms"))
        .and_then(|text| text.trim().parse::<i64>().ok());
    if let Some(milliseconds) = milliseconds {
        return Some(Duration::milliseconds(milliseconds.max(0)));
    }
    let text = header("retry-after")?.trim();
    match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() => Some(Duration::seconds_f64(seconds.clamp(0.0, 1e9))),
        Ok(_) => None,
        Err(_) => {
            let date = azure_core::time::parse_rfc7231(text).ok()?;
            Some((date - now).max(Duration::ZERO))
        }
    }
}

/// An error and its sources.
pub(super) fn sources<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |e| {
        // An io::Error that wraps another error hides it from `source`.
        match e.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn std::error::Error + 'static)),
            None => e.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_all_its_forms() {
        use azure_core::http::headers::Headers;
        let now = OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
        for (name, value, expected) in [
            ("retry-after", "3", Some(Duration::seconds(3))),
            ("retry-after", "0", Some(Duration::ZERO)),
            ("retry-after", "Tue, 14 Nov 2023 22:13:30 GMT", Some(Duration::seconds(10))),
            ("retry-after", "soon", None),
            ("x-ms-retry-after-ms", "250", Some(Duration::milliseconds(250))),
        ] {
            let mut headers = Headers::new();
            headers.insert(name, value);
            assert_eq!(retry_after(&headers, now), expected, "{name}: {value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_wait_is_never_negative(name in "retry-after(-ms)?|x-ms-retry-after-ms", value in "\\PC{0,40}|-?[0-9]{1,25}") {
            let mut headers = azure_core::http::headers::Headers::new();
            headers.insert(name, value);
            let wait = retry_after(&headers, OffsetDateTime::UNIX_EPOCH);
            proptest::prop_assert!(wait.is_none_or(|wait| wait >= Duration::ZERO));
        }
    }
}
