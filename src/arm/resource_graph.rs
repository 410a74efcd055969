//! Azure Resource Graph: a query over everything that the caller can read, page by page, at the pace of its quota.
//!
//! As measured by users of the service: `resultTruncated` says "false" on pages that have a skip token, so only the
//! token counts; subscriptions that the caller may not read are left out without a word.

use super::client::ArmClient;
use super::error::ArmError;
use super::http::parse;
use azure_core::http::headers::{HeaderName, Headers};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const API_VERSION: &str = "2024-04-01";
/// The most rows that the service sends on one page.
const ROWS_PER_PAGE: u32 = 1_000;
/// More pages than ten million rows have.
const MAX_PAGES: usize = 10_000;
/// The shortest wait if nothing is left of the quota, whatever the service says.
const SHORTEST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait for the quota. The service's window is 5 seconds.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Where a query looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GraphScope {
    /// Everything that the caller can read; the service looks at 10,000 subscriptions at most.
    Everything,
    /// Subscriptions, by GUID.
    Subscriptions(Vec<String>),
    /// All subscriptions below a management group.
    ManagementGroup(String),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    query: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscriptions: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    management_groups: Option<[&'a str; 1]>,
    options: Options<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Options<'a> {
    #[serde(rename = "$top")]
    top: u32,
    #[serde(rename = "$skipToken", skip_serializing_if = "Option::is_none")]
    skip_token: Option<&'a str>,
    result_format: &'static str,
    /// Management groups may hold more subscriptions than a query covers.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    allow_partial_scopes: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<T> {
    total_records: u64,
    data: Vec<T>,
    #[serde(rename = "$skipToken", default)]
    skip_token: Option<String>,
}

/// One page of rows.
#[derive(Debug)]
pub struct GraphPage<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// The number of rows on all pages.
    pub total: u64,
    /// Whether the service looked at a part of the subscriptions only, because there are too many.
    pub subscription_limit_hit: bool,
}

/// The pages of a query that has begun.
#[derive(Debug)]
pub struct GraphPages<'a, T> {
    client: &'a ArmClient,
    query: String,
    scope: GraphScope,
    /// The token for the next page; `None` for the first one.
    token: Option<String>,
    tokens: HashSet<String>,
    rows: u64,
    done: bool,
    row: PhantomData<fn() -> T>,
}

impl ArmClient {
    /// Begins a query. No request is sent before the first page is asked for.
    ///
    /// # Arguments
    /// * `query` - in Kusto Query Language; it must be sorted, so that pages do not overlap.
    /// * `scope` - where to look.
    pub fn query_resources<T: DeserializeOwned>(
        &self,
        query: impl Into<String>,
        scope: GraphScope,
    ) -> GraphPages<'_, T> {
        GraphPages {
            client: self,
            query: query.into(),
            scope,
            token: None,
            tokens: HashSet::new(),
            rows: 0,
            done: false,
            row: PhantomData,
        }
    }
}

impl<T: DeserializeOwned> GraphPages<'_, T> {
    /// The next page; `None` after the last one.
    ///
    /// # Errors
    /// [`ArmError`]; [`ArmError::Incomplete`] if the service repeats a token or sends fewer rows than it counted.
    pub async fn next(&mut self) -> Result<Option<GraphPage<T>>, ArmError> {
        if self.done {
            return Ok(None);
        }
        let http = self.client.http();
        let url = http.url(&["providers", "Microsoft.ResourceGraph", "resources"], API_VERSION)?;
        let body = serde_json::to_vec(&self.body()).map_err(|e| ArmError::Unsent(e.to_string()))?;
        self.client.graph_pace().wait().await;
        let response = http.send_read(url.clone(), body, None).await?;
        self.client.graph_pace().note(response.headers());
        let limit = HeaderName::from_static("x-ms-tenant-subscription-limit-hit");
        let limit = response.headers().get_optional_str(&limit);
        let answer: Answer<T> = parse(&url, &response, "a page of Resource Graph")?;
        self.rows += answer.data.len() as u64;
        let incomplete = |detail: String| {
            let host = url.host_str().unwrap_or_default().to_owned();
            Err(ArmError::Incomplete { host, detail })
        };
        match answer.skip_token.filter(|token| !token.is_empty()) {
            None if self.rows < answer.total_records => {
                return incomplete(format!(
                    "Resource Graph sent {} of {} rows, and no token for the others",
                    self.rows, answer.total_records
                ));
            }
            None => self.done = true,
            Some(token) => {
                if !self.tokens.insert(token.clone()) {
                    return incomplete("Resource Graph sent the same skip token twice".to_owned());
                }
                if self.tokens.len() > MAX_PAGES {
                    return incomplete(format!("Resource Graph sent more than {MAX_PAGES} pages"));
                }
                self.token = Some(token);
            }
        }
        Ok(Some(GraphPage {
            rows: answer.data,
            total: answer.total_records,
            subscription_limit_hit: limit.is_some_and(|text| text.eq_ignore_ascii_case("true")),
        }))
    }

    fn body(&self) -> Body<'_> {
        let (subscriptions, management_groups) = match &self.scope {
            GraphScope::Everything => (None, None),
            GraphScope::Subscriptions(ids) => (Some(ids.as_slice()), None),
            GraphScope::ManagementGroup(group) => (None, Some([group.as_str()])),
        };
        Body {
            query: &self.query,
            subscriptions,
            management_groups,
            options: Options {
                top: ROWS_PER_PAGE,
                skip_token: self.token.as_deref(),
                result_format: "objectArray",
                allow_partial_scopes: management_groups.is_some(),
            },
        }
    }
}

/// The pace of requests to Resource Graph: when a response says that nothing is left of the user's quota, the next
/// request waits until the quota begins anew.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Option<Instant>>);

impl Pace {
    async fn wait(&self) {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = until {
            tokio::time::sleep_until(until).await;
        }
    }

    fn note(&self, headers: &Headers) {
        let header = |name: &'static str| headers.get_optional_str(&HeaderName::from_static(name));
        let remaining =
            header("x-ms-user-quota-remaining").and_then(|text| text.trim().parse::<i64>().ok());
        let resets_after = header("x-ms-user-quota-resets-after").and_then(duration);
        if let Some(..=0) = remaining {
            let wait = resets_after.unwrap_or_default().clamp(SHORTEST_WAIT, LONGEST_WAIT);
            let until = Instant::now() + wait;
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        }
    }
}

/// `hh:mm:ss`.
fn duration(text: &str) -> Option<Duration> {
    let mut seconds = 0;
    let mut parts = 0;
    for part in text.trim().split(':') {
        seconds = seconds * 60 + part.parse::<u32>().ok().filter(|n| *n < 100).map(u64::from)?;
        parts += 1;
    }
    (parts == 3).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_resets_after_hours_minutes_and_seconds() {
        assert_eq!(duration("00:00:05"), Some(Duration::from_secs(5)));
        assert_eq!(duration("01:02:03"), Some(Duration::from_secs(3723)));
        for text in ["", "5", "00:05", "0:0:-1", "1:2:3:4", "00:00:9999999999999"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
