//! Pages of Resource Graph: tokens, totals, and the pace that the quota allows. Time is paused, so waits take no time.

use crate::script::{Reply, Script, ok, status};
use az_acr::arm::{ArmError, GraphScope};
use serde_json::{Value, json};
use std::io::ErrorKind::ConnectionReset;

/// A page of `count` rows out of `total`.
fn page(count: usize, total: usize, token: Option<&str>) -> Reply {
    let mut body = json!({
        "totalRecords": total,
        "count": count,
        "data": vec![json!({"id": "/x"}); count],
        "facets": [],
        // The service says so even if there is a token.
        "resultTruncated": "false",
    });
    if let Some(token) = token {
        body["$skipToken"] = json!(token);
    }
    ok(&body.to_string())
}

/// Reads all pages; returns the number of rows on each.
async fn read(replies: impl IntoIterator<Item = Reply>) -> Result<Vec<usize>, ArmError> {
    let script = Script::new(replies);
    let client = script.client();
    let mut pages = client.query_resources::<Value>("resources", GraphScope::Everything);
    let mut rows = Vec::new();
    while let Some(page) = pages.next().await? {
        rows.push(page.rows.len());
    }
    Ok(rows)
}

#[tokio::test(start_paused = true)]
async fn tokens_are_followed_to_the_end() {
    let pages = [page(2, 5, Some("a")), page(2, 5, Some("b")), page(1, 5, None)];
    assert_eq!(read(pages).await.unwrap(), [2, 2, 1]);
    assert_eq!(read([page(0, 0, None)]).await.unwrap(), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_missing_is_an_error() {
    for (pages, expected) in [
        (vec![page(2, 5, Some("a")), page(2, 5, Some("a"))], "the same skip token twice"),
        (vec![page(2, 5, Some("a")), page(2, 5, None)], "sent 4 of 5 rows, and no token"),
    ] {
        let error = read(pages).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_query_is_repeated_like_a_read() {
    for reply in [Reply::Broken(ConnectionReset), Reply::Truncated, status(502), status(429)] {
        assert_eq!(read([reply, page(1, 1, None)]).await.unwrap(), [1]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_on_subscriptions_is_passed_on() {
    for (header, hit) in [(Some("true"), true), (Some("false"), false), (None, false)] {
        let reply = page(0, 0, None);
        let reply = match header {
            Some(value) => reply.header("x-ms-tenant-subscription-limit-hit", value),
            None => reply,
        };
        let script = Script::new([reply]);
        let client = script.client();
        let mut pages = client.query_resources::<Value>("resources", GraphScope::Everything);
        assert_eq!(pages.next().await.unwrap().unwrap().subscription_limit_hit, hit);
        assert!(pages.next().await.unwrap().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_quota_is_waited_for_before_the_next_request() {
    let quota = |reply: Reply, remaining: &str| {
        reply
            .header("x-ms-user-quota-remaining", remaining)
            .header("x-ms-user-quota-resets-after", "00:00:05")
    };
    let start = tokio::time::Instant::now();
    let pages = [
        quota(page(1, 3, Some("a")), "1"),
        quota(page(1, 3, Some("b")), "0"),
        quota(page(1, 3, None), "14"),
    ];
    assert_eq!(read(pages).await.unwrap(), [1, 1, 1]);
    assert_eq!(start.elapsed().as_secs(), 5);
}
