//! Compares the emulator with response bodies of the real service.
//!
//! `tests/recorded/` holds them with the project's own names and times. Keys, their order, values and types are
//! as recorded (api-version 2026-09-01-preview, September 2026).

use az_acr::emulator::{DEFAULT_SUBSCRIPTION, Request, Response, State, handle};
use serde_json::{Value, json};

const NOW: &str = "2026-09-10T06:47:33.9366936";
const RP: &str = "providers/Microsoft.ContainerRegistry/registries";

/// A world with only the recordings' resource group and registry.
fn adatum() -> State {
    let mut state = State::first_world();
    state.registries.clear();
    state.resource_groups.truncate(1);
    state.resource_groups[0].name = "adatum-rg".to_owned();
    let created = ask(
        &mut state,
        "PUT",
        &group_path(&format!("{RP}/adatum")),
        Some(json!({"location": "westus", "sku": {"name": "Premium"}})),
    );
    assert_eq!(created.status, 201);
    state
}

fn group_path(rest: &str) -> String {
    format!("/subscriptions/{DEFAULT_SUBSCRIPTION}/resourceGroups/adatum-rg/{rest}")
}

fn registry_path(rest: &str) -> String {
    group_path(&format!("{RP}/adatum{rest}"))
}

fn ask(state: &mut State, method: &str, path: &str, body: Option<Value>) -> Response {
    let version =
        if path.contains("ContainerRegistry") { "2026-09-01-preview" } else { "2024-11-01" };
    ask_with(state, method, path, &[("api-version", version)], body)
}

fn ask_with(
    state: &mut State,
    method: &str,
    path: &str,
    query: &[(&str, &str)],
    body: Option<Value>,
) -> Response {
    let request = Request {
        method: method.to_owned(),
        origin: "https://arm.example".to_owned(),
        path: path.to_owned(),
        query: query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        authorization: Some("Bearer x.y.emulated".to_owned()),
        body: body.map(|body| body.to_string().into_bytes()).unwrap_or_default(),
        now: NOW.to_owned(),
    };
    handle(state, &request)
}

/// Returns a recorded body as text, because the order of the keys matters.
fn recorded(file: &str) -> String {
    let path = format!("{}/tests/recorded/{file}", env!("CARGO_MANIFEST_DIR"));
    let value: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

fn body(answer: &Response) -> String {
    serde_json::to_string_pretty(answer.body.as_ref().unwrap()).unwrap()
}

#[track_caller]
fn assert_recorded(answer: &Response, status: u16, file: &str) {
    assert_eq!(answer.status, status);
    assert_eq!(body(answer), recorded(file));
}

#[test]
fn a_registry_is_changed_and_replicated_as_in_the_recordings() {
    let state = &mut adatum();
    let patch = |body: Value| Some(json!({ "properties": body }));

    assert_recorded(&ask(state, "GET", &registry_path(""), None), 200, "registry-disabled.json");
    let list = ask(state, "GET", &registry_path("/replications"), None);
    assert_recorded(&list, 200, "replications-none.json");

    let dual_stack = patch(json!({"endpointProtocol": "IPv4AndIPv6"}));
    let refused = ask(state, "PATCH", &registry_path(""), dual_stack);
    assert_recorded(&refused, 400, "dual-stack-refused.json");

    let enabled =
        ask(state, "PATCH", &registry_path(""), patch(json!({"dataEndpointEnabled": true})));
    assert_recorded(&enabled, 200, "registry-enabled.json");
    assert_eq!(enabled.headers, [], "the service answers at once");

    let replica = registry_path("/replications/southcentralus");
    let put = Some(json!({"location": "southcentralus", "properties": {}}));
    let created = ask(state, "PUT", &replica, put);
    assert_recorded(&created, 201, "replication-creating.json");
    poll_to_the_end(state, &created);

    let list = ask(state, "GET", &registry_path("/replications"), None);
    assert_recorded(&list, 200, "replications-two.json");
    assert_recorded(&ask(state, "GET", &registry_path(""), None), 200, "registry-replicated.json");
}

/// Polls an operation as a client does. Its URL is about 5 KB long and changes with every response.
fn poll_to_the_end(state: &mut State, begin: &Response) {
    let link = |answer: &Response| {
        let header = answer.headers.iter().find(|(name, _)| *name == "azure-asyncoperation");
        header.map(|(_, url)| url.clone())
    };
    let mut url = link(begin).unwrap();
    for _ in 0..10 {
        assert!((4_000..6_000).contains(&url.len()), "{} characters", url.len());
        let path = url.strip_prefix("https://arm.example").unwrap().split('?').next().unwrap();
        let answer = ask(state, "GET", path, None);
        if answer.body == Some(json!({"status": "Succeeded"})) {
            return;
        }
        let next = link(&answer).unwrap();
        assert_ne!(next, url);
        url = next;
    }
    panic!("the operation did not finish");
}

#[test]
fn an_operation_says_creating_first() {
    let state = &mut adatum();
    let put = Some(json!({"location": "East US"}));
    let created = ask(state, "PUT", &registry_path("/replications/eastus"), put);
    let (_, url) = &created.headers[0];
    let path = url.strip_prefix("https://arm.example").unwrap().split('?').next().unwrap();
    assert_recorded(&ask(state, "GET", path, None), 200, "operation-creating.json");
    let registry = ask(state, "GET", &registry_path(""), None);
    assert_eq!(registry.body.unwrap()["properties"]["dataEndpointHostNames"], json!([]));
}

#[test]
fn the_home_region_goes_with_the_last_replica() {
    let state = &mut adatum();
    let replica = registry_path("/replications/eastus");
    let created = ask(state, "PUT", &replica, Some(json!({"location": "eastus"})));
    poll_to_the_end(state, &created);
    let home = ask(state, "DELETE", &registry_path("/replications/westus"), None);
    assert_eq!(home.status, 400);
    let deleted = ask(state, "DELETE", &replica, None);
    assert_eq!((deleted.status, deleted.body.clone()), (202, None));
    poll_to_the_end(state, &deleted);
    let list = ask(state, "GET", &registry_path("/replications"), None);
    assert_recorded(&list, 200, "replications-none.json");
    assert_eq!(ask(state, "DELETE", &replica, None).status, 204);
}

#[test]
fn resources_are_listed_by_both_filters() {
    let state = &mut adatum();
    let path = format!("/subscriptions/{DEFAULT_SUBSCRIPTION}/resources");
    let kind = "resourceType eq 'Microsoft.ContainerRegistry/registries'";
    for (filter, status, found) in [
        (kind.to_owned(), 200, true),
        (format!("{kind} and name eq 'ADATUM'"), 200, true),
        (format!("name eq 'adatum' and {kind}"), 200, true),
        (format!("{kind} and name eq 'contoso'"), 200, false),
        ("resourceType eq 'Microsoft.Web/sites'".to_owned(), 200, false),
        ("location eq 'westus'".to_owned(), 400, false),
    ] {
        let query = [("api-version", "2024-11-01"), ("$filter", filter.as_str())];
        let answer = ask_with(state, "GET", &path, &query, None);
        assert_eq!(answer.status, status, "{filter}");
        if found {
            assert_recorded(&answer, 200, "resources.json");
        } else if status == 200 {
            assert_eq!(answer.body, Some(json!({"value": []})), "{filter}");
        }
    }
}

#[test]
fn errors_are_arms_own() {
    let state = &mut State::first_world();
    let registry = |group: &str, name: &str| {
        format!("/subscriptions/{DEFAULT_SUBSCRIPTION}/resourceGroups/{group}/{RP}/{name}")
    };
    let enable = || Some(json!({"properties": {"dataEndpointEnabled": true}}));
    for (method, path, body, status, code) in [
        ("GET", registry("nope", "contoso"), None, 404, "ResourceGroupNotFound"),
        ("GET", registry("contoso-rg", "nope"), None, 404, "ResourceNotFound"),
        ("PATCH", registry("contoso-rg", "nope"), enable(), 404, "ResourceNotFound"),
        ("PATCH", registry("audit-rg", "auditlogs"), enable(), 403, "AuthorizationFailed"),
        ("PATCH", registry("contoso-rg", "tailspin"), enable(), 400, "DataEndpointNotSupported"),
        (
            "PUT",
            registry("contoso-rg", "tailspin/replications/westus"),
            Some(json!({"location": "westus"})),
            400,
            "ReplicationNotSupported",
        ),
        (
            "PUT",
            registry("contoso-rg", "contoso/replications/eastus"),
            Some(json!({"location": "eastus", "properties": {}})),
            200,
            "",
        ),
        (
            "PUT",
            registry("contoso-rg", "contoso/replications/other1"),
            Some(json!({"location": "eastus"})),
            400,
            "ReplicationLocationInUse",
        ),
        (
            "GET",
            "/subscriptions/nope/resourceGroups/x".to_owned(),
            None,
            404,
            "SubscriptionNotFound",
        ),
        ("GET", "/nonsense".to_owned(), None, 404, "InvalidResourceType"),
    ] {
        let answer = ask(state, method, &path, body);
        assert_eq!(answer.status, status, "{method} {path}");
        if !code.is_empty() {
            assert_eq!(answer.body.unwrap()["error"]["code"], code, "{method} {path}");
        }
    }
}

#[test]
fn nobody_is_let_in_without_a_token_and_a_version() {
    let state = &mut State::first_world();
    let mut request = Request {
        method: "GET".to_owned(),
        path: "/subscriptions".to_owned(),
        ..Request::default()
    };
    assert_eq!(handle(state, &request).status, 401);
    request.authorization = Some("Bearer somebody else's".to_owned());
    assert_eq!(handle(state, &request).status, 401);
    request.authorization = Some("Bearer x.y.emulated".to_owned());
    assert_eq!(
        handle(state, &request).body.unwrap()["error"]["code"],
        "MissingApiVersionParameter"
    );
}

#[test]
fn a_body_that_is_no_json_changes_nothing() {
    let state = &mut adatum();
    let before = state.clone();
    for body in [json!([]), json!("text"), json!({"properties": {"dataEndpointEnabled": "yes"}})] {
        assert_eq!(ask(state, "PATCH", &registry_path(""), Some(body)).status, 400);
    }
    assert_eq!(ask(state, "PATCH", &registry_path(""), None).status, 400);
    assert_eq!(*state, before);
}
