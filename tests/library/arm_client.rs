//! How the client handles good, bad and transient responses. Time is paused, so waits take no time.

use crate::script::{Reply, Script, ok, status};
use az_acr::arm::{
    ArmError, RegistryPath, RegistryUpdateParameters, ReplicationCreateParameters,
    ReplicationCreateProperties,
};
use std::io::ErrorKind::{ConnectionRefused, ConnectionReset};

const OF: RegistryPath =
    RegistryPath { subscription: "s", resource_group: "g", registry: "contoso" };
const REGISTRY: &str = r#"{"name":"contoso","properties":{"loginServer":"contoso.azurecr.io"}}"#;

#[tokio::test(start_paused = true)]
async fn reads_survive_what_passes() {
    for (name, failures) in [
        ("429 three times", vec![status(429), status(429), status(429)]),
        ("429 with Retry-After", vec![status(429).header("retry-after", "7")]),
        ("503 twice", vec![status(503), status(503)]),
        ("500, 502, 504", vec![status(500), status(502), status(504)]),
        ("408", vec![status(408)]),
        ("reset twice", vec![Reply::Broken(ConnectionReset), Reply::Broken(ConnectionReset)]),
        ("reset in the handshake", vec![Reply::NotConnected(ConnectionReset)]),
        ("a truncated body", vec![Reply::Truncated]),
    ] {
        let script = Script::new(failures.into_iter().chain([ok(REGISTRY)]));
        let registry = script.client().get_registry(OF).await.expect(name);
        assert_eq!(registry.name.as_deref(), Some("contoso"), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_waited_for_up_to_two_minutes() {
    let start = tokio::time::Instant::now();
    let script = Script::new([status(429).header("retry-after", "7"), ok(REGISTRY)]);
    script.client().get_registry(OF).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 7);

    let script = Script::new([status(429).header("retry-after", "3600")]);
    let error = script.client().get_registry(OF).await.unwrap_err();
    assert_eq!(error.status(), Some(429));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_is_reported_at_once() {
    for (reply, expected) in [
        (status(400), "Operation returned an invalid status 'Bad Request'"),
        (status(403), "Operation returned an invalid status 'Forbidden'"),
        (status(409), "Operation returned an invalid status 'Conflict'"),
        (Reply::NotConnected(ConnectionRefused), "Cannot reach arm.example: connection refused"),
    ] {
        let script = Script::new([reply]);
        let error = script.client().get_registry(OF).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn it_gives_up_after_four_tries_as_az_does() {
    for code in [429, 500, 502, 503, 504] {
        let script = Script::new([code; 4].map(status));
        let error = script.client().get_registry(OF).await.unwrap_err();
        assert_eq!(error.status(), Some(code));
    }
}

/// `az` sends more of these again: a PUT and a DELETE after a broken connection, 408, 500, 502, 503 and 504, and a PATCH after
/// 500, 503 and 504.
#[tokio::test(start_paused = true)]
async fn a_change_is_sent_again_only_if_azure_has_not_made_it() {
    for (name, reply, repeated) in [
        ("a broken connection", Reply::Broken(ConnectionReset), false),
        ("a truncated answer", Reply::Truncated, false),
        ("408", status(408), false),
        ("500", status(500), false),
        ("502", status(502), false),
        ("503", status(503), false),
        ("504", status(504), false),
        ("a redirect", status(307), false),
        ("a reset in the handshake", Reply::NotConnected(ConnectionReset), true),
        ("429", status(429), true),
    ] {
        for method in ["PUT", "PATCH", "DELETE"] {
            let answer = repeated.then(|| ok(REGISTRY));
            let script = Script::new([reply.clone()].into_iter().chain(answer));
            let client = script.client();
            let result = match method {
                "PUT" => {
                    let parameters = ReplicationCreateParameters {
                        location: "westus".to_owned(),
                        tags: None,
                        properties: ReplicationCreateProperties::default(),
                    };
                    client.begin_create_replication(OF, "westus", &parameters).await.map(drop)
                }
                "PATCH" => {
                    let parameters = RegistryUpdateParameters::default();
                    client.begin_update_registry(OF, &parameters, None).await.map(drop)
                }
                _ => client.begin_delete_replication(OF, "westus").await.map(drop),
            };
            assert_eq!(result.is_ok(), repeated, "{method}, {name}");
            let requests = script.seen();
            assert_eq!(requests.len(), if repeated { 2 } else { 1 }, "{method}, {name}");
            assert!(requests.iter().all(|request| request.starts_with(method)), "{requests:?}");
            if let Err(error) = result {
                let unknown = matches!(error, ArmError::Unconfirmed(_));
                assert!(unknown, "{method}, {name}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn arms_error_is_told_in_its_own_words() {
    let body = r#"{"error":{"code":"ResourceGroupNotFound","message":"Resource group 'g' could not be found."}}"#;
    let script = Script::new([Reply::Answer(404, Vec::new(), body.to_owned())]);
    let error = script.client().get_registry(OF).await.unwrap_err();
    assert_eq!(error.status(), Some(404));
    assert_eq!(
        error.to_string(),
        "(ResourceGroupNotFound) Resource group 'g' could not be found.\nCode: ResourceGroupNotFound\n\
         Message: Resource group 'g' could not be found."
    );
}

#[tokio::test]
async fn a_success_that_is_no_registry_says_what_came_from_where() {
    for (body, expected) in [
        (
            "<html>Sign in</html>",
            "arm.example answered 200 with a body that is not JSON: <html>Sign in</html>",
        ),
        ("", "arm.example answered 200 with a body that is not JSON: the body is empty"),
        (
            "{\"name\": \"cont",
            "arm.example answered 200 with a body that is not JSON: {\"name\": \"cont",
        ),
        (
            r#"{"properties":{"adminUserEnabled":"perhaps"}}"#,
            "arm.example answered 200 with a body that is not a registry: invalid type: string \"perhaps\", expected \
             a boolean",
        ),
    ] {
        let script = Script::new([ok(body)]);
        let error = script.client().get_registry(OF).await.unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

#[tokio::test]
async fn all_pages_of_a_list_are_read() {
    let script = Script::new([
        ok(r#"{"value":[{"name":"a"}],"nextLink":"https://arm.example/page2"}"#),
        ok(r#"{"value":[],"nextLink":"https://arm.example/page3"}"#),
        ok(r#"{"value":[{"name":"b"}],"nextLink":""}"#),
    ]);
    let registries = script.client().list_registries("s").await.unwrap();
    let names: Vec<_> = registries.iter().filter_map(|r| r.name.as_deref()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(script.seen()[1..], ["GET /page2", "GET /page3"]);
}

#[tokio::test]
async fn the_token_goes_nowhere_else() {
    for link in [
        "https://evil.example/page2",
        "http://arm.example/page2",
        "https://arm.example:444/page2",
        "https://arm.example@evil.example/page2",
        "//evil.example/page2",
        "https://user@arm.example/page2",
    ] {
        let script = Script::new([ok(&format!(r#"{{"value":[],"nextLink":"{link}"}}"#))]);
        let error = script.client().list_registries("s").await.unwrap_err();
        assert!(matches!(error, ArmError::ForeignLink { .. }), "{link}: {error}");
        assert_eq!(script.seen().len(), 1, "{link}");
    }
}

#[tokio::test]
async fn names_are_found_without_regard_to_case_and_nothing_else_is() {
    let script = Script::new([ok(
        r#"{"value":[{"id":"/1","name":"Contoso"},{"id":"/2","name":"contoso2"}]}"#,
    )]);
    let found = script.client().find_registries("s", "contoso").await.unwrap();
    assert_eq!(found.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["/1"]);
}

#[tokio::test]
async fn odd_names_stay_inside_their_path_segment() {
    let script = Script::new([ok(REGISTRY)]);
    script
        .client()
        .get_registry(RegistryPath { resource_group: "g/../../x?y#z", ..OF })
        .await
        .unwrap();
    assert_eq!(
        script.seen(),
        [
            "GET /subscriptions/s/resourceGroups/g%2F..%2F..%2Fx%3Fy%23z/providers/Microsoft.ContainerRegistry/registries/contoso"
        ]
    );
}

#[tokio::test]
async fn a_401_is_tried_once_more_and_then_told() {
    let script = Script::new([status(401), ok(REGISTRY)]);
    script.client().get_registry(OF).await.unwrap();
    let script = Script::new([401, 401].map(status));
    assert_eq!(script.client().get_registry(OF).await.unwrap_err().status(), Some(401));
}
