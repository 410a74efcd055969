//! Long-running operations, in each way that ARM may run them. Time is paused, so waits take no time.

use crate::script::{Reply, Script, ok, status};
use az_acr::arm::{ArmError, Registry, RegistryPath, RegistryUpdateParameters};
use std::io;

const OF: RegistryPath =
    RegistryPath { subscription: "s", resource_group: "g", registry: "contoso" };
const DONE: &str = r#"{"name":"contoso","properties":{"provisioningState":"Succeeded"}}"#;
const UPDATING: &str = r#"{"name":"contoso","properties":{"provisioningState":"Updating"}}"#;
const STATUS: &str = "https://arm.example/status?t=1&s=signature";

async fn update(script: &Script) -> Result<Registry, ArmError> {
    let client = script.client();
    client.begin_update_registry(OF, &RegistryUpdateParameters::default(), None).await?.wait().await
}

fn accepted(header: &'static str) -> Reply {
    Reply::Answer(202, Vec::new(), String::new()).header(header, STATUS)
}

#[tokio::test(start_paused = true)]
async fn an_update_that_is_done_at_once_is_not_polled() {
    let script = Script::new([ok(DONE)]);
    assert_eq!(update(&script).await.unwrap().name.as_deref(), Some("contoso"));
}

#[tokio::test(start_paused = true)]
async fn azure_async_operation_is_polled_and_the_registry_is_read_at_the_end() {
    let next = "https://arm.example/status2";
    let script = Script::new([
        accepted("azure-asyncoperation").header("location", "https://arm.example/elsewhere"),
        ok(r#"{"status":"Updating"}"#).header("azure-asyncoperation", next),
        ok(r#"{"status":"SomethingNew"}"#).header("azure-asyncoperation", next),
        ok(r#"{"status":"Succeeded"}"#),
        ok(DONE),
    ]);
    update(&script).await.unwrap();
    let seen = script.seen();
    assert_eq!(seen[1..4], ["GET /status", "GET /status2", "GET /status2"]);
    assert!(seen[4].ends_with("/registries/contoso"), "{}", seen[4]);
}

#[tokio::test(start_paused = true)]
async fn location_is_polled_while_it_answers_202() {
    let script = Script::new([accepted("location"), status(202), ok("{}"), ok(DONE)]);
    update(&script).await.unwrap();
    assert_eq!(script.seen()[1..3], ["GET /status", "GET /status"]);
}

#[tokio::test(start_paused = true)]
async fn without_headers_the_registrys_own_state_is_polled() {
    let script = Script::new([ok(UPDATING), ok(UPDATING), ok(DONE)]);
    update(&script).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn retry_after_sets_the_pace() {
    let start = tokio::time::Instant::now();
    let script = Script::new([
        accepted("azure-asyncoperation").header("retry-after", "5"),
        ok(r#"{"status":"Updating"}"#).header("retry-after", "0"),
        ok(r#"{"status":"Succeeded"}"#),
        ok(DONE),
    ]);
    update(&script).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_in_arms_words() {
    for (body, expected) in [
        (
            r#"{"status":"Failed","error":{"code":"Conflict","message":"busy"}}"#,
            "(Conflict) busy\n",
        ),
        (r#"{"status":"Canceled"}"#, "(OperationCanceled) The operation on /subscriptions/s/"),
    ] {
        let script = Script::new([accepted("azure-asyncoperation"), ok(body)]);
        let error = update(&script).await.unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    let failed = r#"{"properties":{"provisioningState":"Failed"}}"#;
    let script = Script::new([ok(UPDATING), ok(failed)]);
    assert!(update(&script).await.unwrap_err().to_string().starts_with("(OperationFailed)"));
}

#[tokio::test(start_paused = true)]
async fn polling_urls_lead_to_the_host_that_was_asked() {
    for header in ["azure-asyncoperation", "location"] {
        let reply = Reply::Answer(202, Vec::new(), String::new());
        let script = Script::new([reply.header(header, "https://evil.example/status")]);
        let error = update(&script).await.unwrap_err();
        assert!(matches!(error.cause(), ArmError::ForeignLink { .. }), "{error}");
    }
    let script = Script::new([
        accepted("azure-asyncoperation"),
        ok(r#"{"status":"Updating"}"#).header("azure-asyncoperation", "http://arm.example/status"),
    ]);
    let error = update(&script).await.unwrap_err();
    assert!(matches!(error.cause(), ArmError::ForeignLink { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_operation_without_a_status_is_an_error() {
    let script = Script::new([accepted("azure-asyncoperation"), ok("[]")]);
    let error = update(&script).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "arm.example answered 200 with a body that is not the status of an operation: 'status' is missing"
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    // One poll a minute, for an hour.
    let running = || ok(r#"{"status":"Updating"}"#).header("retry-after", "600");
    let begin = accepted("azure-asyncoperation").header("retry-after", "600");
    let script = Script::new([begin].into_iter().chain((0..60).map(|_| running())));
    let error = update(&script).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the operation did not finish within 60 minutes. It continues in Azure"
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_may_have_been_made_if_the_answer_does_not_say() {
    let unconfirmed = |error: &ArmError| matches!(error, ArmError::Unconfirmed(_));
    let conflict = || Reply::Answer(409, Vec::new(), r#"{"error":{"code":"Conflict"}}"#.to_owned());
    for code in [302, 408, 500, 502, 503, 504, 507] {
        let error = update(&Script::new([status(code)])).await.unwrap_err();
        assert!(unconfirmed(&error) && error.status() == Some(code), "{error}");
    }
    // Nothing was sent, or Azure has said that it has not made the change.
    let refused = || Reply::NotConnected(io::ErrorKind::ConnectionRefused);
    for replies in [vec![refused()], vec![status(429), refused()], vec![status(429), conflict()]] {
        let error = delete(&Script::new(replies)).await.unwrap_err();
        assert!(!unconfirmed(&error), "{error}");
    }
    let error = update(&Script::new([conflict()])).await.unwrap_err();
    assert!(!unconfirmed(&error), "{error}");
}

async fn delete(script: &Script) -> Result<(), ArmError> {
    script.client().begin_delete_replication(OF, "westus").await?.wait().await
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_the_resource_tracks_ends_when_it_is_gone() {
    let deleting = r#"{"properties":{"provisioningState":"Deleting"}}"#;
    for end in [status(404), ok(r#"{"properties":{"provisioningState":"Succeeded"}}"#)] {
        let script = Script::new([ok(deleting), ok(deleting), end]);
        delete(&script).await.unwrap();
    }
    let script = Script::new([ok(deleting), status(403)]);
    assert_eq!(delete(&script).await.unwrap_err().status(), Some(403));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_no_pause_is_not_flooded() {
    for value in ["0", "-5", "Tue, 14 Nov 2023 22:13:30 GMT"] {
        let start = tokio::time::Instant::now();
        let running = || ok(r#"{"status":"Updating"}"#).header("retry-after", value);
        let script = Script::new([
            accepted("azure-asyncoperation").header("retry-after", value),
            running(),
            running(),
            ok(r#"{"status":"Succeeded"}"#),
            ok(DONE),
        ]);
        update(&script).await.unwrap();
        assert!(start.elapsed().as_millis() >= 1_500, "{value}: {:?}", start.elapsed());
    }
}
