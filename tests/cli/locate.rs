//! Finding a registry and acting on it: hints are confirmed, and nothing is sent twice.

use crate::fake_arm::{FakeArm, Reply, Request};
use crate::home::Home;
use serde_json::{Value, json};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

const REGISTRY: &str = "/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/";

fn ok(body: Value) -> Reply {
    (200, Vec::new(), body)
}

fn not_found(what: &str) -> Reply {
    let message = format!("The Resource '{what}' was not found.");
    (404, Vec::new(), json!({"error": {"code": "ResourceNotFound", "message": message}}))
}

fn registry(name: &str) -> Value {
    json!({
        "name": name, "location": "eastus", "sku": {"name": "Premium"},
        "properties": {"loginServer": format!("{name}.azurecr.io"), "dataEndpointEnabled": true,
            "dataEndpointHostNames": [format!("{name}.eastus.data.azurecr.io")]},
    })
}

/// ARM's responses to reads of registries, and to searches for them.
fn reads(request: &Request) -> Option<Reply> {
    if request.method != "GET" {
        return None;
    }
    if request.path.contains("/resources?") {
        let name = request.path.split("%27").nth(3)?;
        let id = format!("/subscriptions/s{REGISTRY}{name}");
        return Some(ok(json!({"value": [{"id": id, "name": name}]})));
    }
    let rest = request.path.split(REGISTRY).nth(1)?.split('?').next()?;
    (!rest.contains('/')).then(|| ok(registry(rest)))
}

/// Runs a first command, so that a hint exists.
fn with_hint(arm: &FakeArm) -> Home {
    let home = arm.home("token");
    home.run(&["show", "-n", "contoso", "-o", "none"]).quiet();
    home
}

#[test]
fn a_404_below_the_registry_sends_the_change_once() {
    let arm = FakeArm::start(|request| {
        reads(request).unwrap_or_else(|| not_found("registries/contoso/replications/nowhere"))
    });
    let home = with_hint(&arm);
    let update = ["replication", "update", "-r", "contoso", "-n", "nowhere", "--tags", "x=y"];
    let stderr = home.run(&update).fails(3);
    assert!(stderr.contains("replications/nowhere"), "{stderr}");
    assert_eq!(arm.count("PATCH"), 1, "{:#?}", arm.requests());
}

#[test]
fn a_404_while_an_operation_is_polled_sends_the_change_once() {
    let arm = FakeArm::start(|request| match request.method.as_str() {
        "PUT" => {
            let url = ("azure-asyncoperation", "/lost-operation?api-version=1".to_owned());
            let wait = ("x-ms-retry-after-ms", "0".to_owned());
            let body =
                json!({"name": "japaneast", "properties": {"provisioningState": "Creating"}});
            (201, vec![url, wait], body)
        }
        _ => reads(request).unwrap_or_else(|| not_found("the operation")),
    });
    let home = with_hint(&arm);
    let stderr = home.run(&["replication", "create", "-r", "contoso", "-l", "japaneast"]).fails(3);
    assert!(stderr.contains("Azure may have made the change"), "{stderr}");
    assert_eq!(arm.count("PUT"), 1, "{:#?}", arm.requests());
}

#[test]
fn a_token_that_is_refused_in_the_middle_is_renewed_once() {
    let arm = FakeArm::start(|request| {
        if request.method == "PATCH" && request.token != "Bearer second" {
            let error = json!({"error": {"code": "ExpiredAuthenticationToken", "message": "old"}});
            return (401, Vec::new(), error);
        }
        reads(request).unwrap_or_else(|| ok(registry("contoso")))
    });
    let home = arm.home("first");
    home.write(
        "bin/az",
        "#!/bin/sh\necho '{\"accessToken\": \"second\", \"expires_on\": 4000000000, \"tokenType\": \"Bearer\"}'\n",
    );
    let az = home.path("bin/az");
    std::process::Command::new("chmod").arg("+x").arg(&az).status().unwrap();
    let path = format!("{}:/usr/bin:/bin", az.parent().unwrap().display());
    let home = home.with("PATH", path);
    home.run(&["update", "-n", "contoso", "--tags", "a=b", "-o", "none"]).quiet();
    let tokens: Vec<String> = arm.requests().into_iter().map(|request| request.token).collect();
    assert_eq!(tokens, ["Bearer first", "Bearer first", "Bearer second"]);
}

#[test]
fn network_rules_go_back_as_they_came() {
    let rules = json!({
        "defaultAction": "Deny",
        "virtualNetworkRules": [{"id": "/subscriptions/s/subnets/a", "action": "Allow", "new": 1}],
        "tomorrow": [2],
    });
    let answer = rules.clone();
    let arm = FakeArm::start(move |request| {
        let mut body = registry("contoso");
        body["properties"]["networkRuleSet"] = answer.clone();
        if request.path.contains("/resources?") { reads(request).unwrap() } else { ok(body) }
    });
    let home = arm.home("token");
    let run = |verb: &str, address: &str| {
        let rule = ["network-rule", verb, "-n", "contoso", "--ip-address", address, "-o", "none"];
        home.run(&rule).quiet();
        let patch = arm.requests().into_iter().rfind(|request| request.method == "PATCH").unwrap();
        patch.body["properties"]["networkRuleSet"].clone()
    };
    assert_eq!(run("remove", "192.0.2.1"), rules);
    let mut expected = rules.clone();
    expected["ipRules"] = json!([{"action": "Allow", "value": "192.0.2.0/24"}]);
    assert_eq!(run("add", "192.0.2.0/24"), expected);
}

#[test]
fn unknown_properties_are_shown_raw_only() {
    let arm = FakeArm::start(|request| {
        let mut body = registry("contoso");
        body["properties"]["tomorrow"] = json!([1]);
        body["aNewOne"] = json!("x");
        if request.path.contains("/resources?") { reads(request).unwrap() } else { ok(body) }
    });
    let home = arm.home("token");
    let shown = home.run(&["show", "-n", "contoso"]).quiet();
    assert!(!shown.contains("tomorrow") && !shown.contains("aNewOne"), "{shown}");
    let raw: Value =
        serde_json::from_str(&home.run(&["show", "-n", "contoso", "--raw"]).quiet()).unwrap();
    assert_eq!((&raw["properties"]["tomorrow"][0], &raw["aNewOne"]), (&json!(1), &json!("x")));
}

#[test]
fn several_registries_are_asked_for_side_by_side() {
    // Searches are answered only after three have arrived; sent one after another, they would wait in vain.
    let waiting = (Mutex::new(0), Condvar::new());
    let arm = FakeArm::start(move |request| {
        if request.path.contains("/resources?") {
            let (count, changed) = &waiting;
            let mut count = count.lock().unwrap();
            *count += 1;
            changed.notify_all();
            let limit = Duration::from_secs(20);
            let waited = changed.wait_timeout_while(count, limit, |count| *count < 3).unwrap();
            if waited.1.timed_out() {
                return not_found("the others");
            }
        }
        reads(request).unwrap_or_else(|| not_found("anything else"))
    });
    let home = arm.home("token");
    let shown = home.run(&["show-endpoints", "-n", "contoso", "fabrikam", "wingtip"]).quiet();
    let registries: Value = serde_json::from_str(&shown).unwrap();
    let servers: Vec<&str> = registries
        .as_array()
        .unwrap()
        .iter()
        .map(|registry| registry["loginServer"].as_str().unwrap())
        .collect();
    assert_eq!(servers, ["contoso.azurecr.io", "fabrikam.azurecr.io", "wingtip.azurecr.io"]);
}
