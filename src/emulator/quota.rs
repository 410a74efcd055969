//! The quota of Azure Resource Graph: about 15 requests of a user in 5 seconds, counted by the server.

use super::error;
use super::message::Response;
use std::cell::Cell;
use std::time::Duration;
use tokio::time::Instant;

const REQUESTS: u32 = 15;
const WINDOW: Duration = Duration::from_secs(5);

/// Counts requests to Resource Graph.
#[derive(Debug, Default)]
pub struct Quota {
    /// When the window began, and how many requests it has seen.
    window: Cell<Option<(Instant, u32)>>,
}

/// The state of the quota after one more request.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    /// How many requests are left, or that there was none left for this one.
    remaining: Option<u32>,
    resets_after: Duration,
}

/// Whether a path belongs to Resource Graph.
pub fn applies(path: &str) -> bool {
    path.to_lowercase().starts_with("/providers/microsoft.resourcegraph/")
}

impl Quota {
    /// Counts a request.
    pub fn take(&self) -> Used {
        let now = Instant::now();
        let open = self.window.get().filter(|(start, _)| now.duration_since(*start) < WINDOW);
        let (start, used) = open.unwrap_or((now, 0));
        let resets_after = WINDOW.saturating_sub(now.duration_since(start));
        if used == REQUESTS {
            return Used { remaining: None, resets_after };
        }
        self.window.set(Some((start, used + 1)));
        Used { remaining: Some(REQUESTS - used - 1), resets_after }
    }
}

impl Used {
    /// The refusal of a request for which nothing was left.
    pub fn refusal(self) -> Option<Response> {
        self.remaining.is_none().then(|| {
            let message = "Client application has been throttled and should not attempt to repeat the request \
                           until the amount of time has elapsed.";
            let seconds = self.resets_after.as_secs() + 1;
            error::arm(429, "RateLimiting", message).header("retry-after", seconds.to_string())
        })
    }

    /// Adds the headers that every response of Resource Graph has.
    pub fn headers(self, response: Response) -> Response {
        // The service writes whole seconds; rounding up keeps the promise.
        let seconds = self.resets_after.as_millis().div_ceil(1000);
        response
            .header("x-ms-user-quota-remaining", self.remaining.unwrap_or(0).to_string())
            .header("x-ms-user-quota-resets-after", format!("00:00:{seconds:02}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_sixteenth_request_in_five_seconds_is_refused() {
        let quota = Quota::default();
        let header = |response: &Response, name: &str| {
            response
                .headers
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.clone())
        };
        for remaining in (0..REQUESTS).rev() {
            let used = quota.take();
            assert!(used.refusal().is_none());
            let response = used.headers(Response::empty(200));
            let left = header(&response, "x-ms-user-quota-remaining");
            assert_eq!(left, Some(remaining.to_string()));
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        let used = quota.take();
        let refusal = used.headers(used.refusal().unwrap());
        assert_eq!(refusal.status, 429);
        assert_eq!(header(&refusal, "retry-after"), Some("4".to_owned()));
        let resets = header(&refusal, "x-ms-user-quota-resets-after");
        assert_eq!(resets, Some("00:00:04".to_owned()));
        tokio::time::advance(WINDOW).await;
        assert!(quota.take().refusal().is_none());
    }
}
