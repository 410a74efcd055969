//! `update`: what is sent, and the checks before it.

use crate::home::Home;
use crate::https::Server;
use serde_json::{Value, json};

#[test]
fn the_patch_holds_only_what_was_asked() {
    let server = Server::start();
    let home = server.login();
    let properties = |properties: Value| json!({ "properties": properties });
    for (args, body) in [
        (&[][..], json!({})),
        (&["--data-endpoint-enabled"], properties(json!({"dataEndpointEnabled": true}))),
        (&["--data-endpoint-enabled", "FALSE"], properties(json!({"dataEndpointEnabled": false}))),
        (&["--admin-enabled", "true"], properties(json!({"adminUserEnabled": true}))),
        (&["--anonymous-pull-enabled"], properties(json!({"anonymousPullEnabled": true}))),
        (
            &["--default-action", "allow"],
            properties(json!({"networkRuleSet": {"defaultAction": "Allow"}})),
        ),
        (&["--public-network-enabled"], properties(json!({"publicNetworkAccess": "Enabled"}))),
        (
            &["--public-network-enabled", "false"],
            properties(
                json!({"networkRuleSet": {"defaultAction": "Deny"}, "publicNetworkAccess": "Disabled"}),
            ),
        ),
        (
            &["--allow-trusted-services", "false"],
            properties(json!({"networkRuleBypassOptions": "None"})),
        ),
        (
            &["--allow-trusted-services"],
            properties(json!({"networkRuleBypassOptions": "AzureServices"})),
        ),
        (
            &["--allow-exports", "false"],
            properties(json!({"policies": {"exportPolicy": {"status": "disabled"}}})),
        ),
        (&["--allow-metadata-search"], properties(json!({"metadataSearch": "Enabled"}))),
        (
            &["--role-assignment-mode", "rbac-abac"],
            properties(json!({"roleAssignmentMode": "AbacRepositoryPermissions"})),
        ),
        (
            &["--role-assignment-mode", "rbac"],
            properties(json!({"roleAssignmentMode": "LegacyRegistryPermissions"})),
        ),
        (&["--regional-endpoints", "enabled"], properties(json!({"regionalEndpoints": "Enabled"}))),
        (&["--endpoint-protocol", "ipv4"], properties(json!({"endpointProtocol": "IPv4"}))),
        (
            &["--writable-cache-repos", "Enabled"],
            properties(json!({"writableCacheRepos": "Enabled"})),
        ),
        (&["--sku", "premium"], json!({"sku": {"name": "Premium"}})),
        (&["--tags", "a=b", "c", "d=e=f"], json!({"tags": {"a": "b", "c": "", "d": "e=f"}})),
        (&["--tags", ""], json!({"tags": {}})),
        (&["--tags"], json!({"tags": {}})),
    ] {
        let run = home.run(&[&["update", "-n", "contoso", "-o", "none"], args].concat());
        assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
        let patch = server.requests().pop().unwrap();
        assert_eq!((patch["method"].as_str(), &patch["body"]), (Some("PATCH"), &body), "{args:?}");
    }
}

#[test]
fn refusals_send_nothing() {
    let home = Home::new();
    for (args, message) in [
        (
            &["-n", "tailspin", "--default-action", "Deny"][..],
            "Network rules are only supported for managed registries in Premium SKU.",
        ),
        (
            &["-n", "tailspin", "--public-network-enabled", "false"],
            "Network rules are only supported for managed registries in Premium SKU.",
        ),
        (
            &["-n", "tailspin", "--regional-endpoints", "Enabled"],
            "Regional endpoints are only supported for managed registries in Premium SKU.",
        ),
        (
            &["-n", "contoso", "--sku", "Basic", "--regional-endpoints", "Enabled"],
            "Regional endpoints are only supported for managed registries in Premium SKU.",
        ),
    ] {
        let run = home.emulated(&[&["update", "--debug"], args].concat());
        assert_eq!(run.code, 1, "{args:?}");
        assert!(run.stderr.contains(&format!("ERROR: {message}\n")), "{}", run.stderr);
        assert!(run.requests().iter().all(|request| request.starts_with("GET")), "{args:?}");
    }
}

#[test]
fn the_service_has_the_last_word() {
    let stderr =
        Home::new().emulated(&["update", "-n", "tailspin", "--data-endpoint-enabled"]).fails(1);
    assert!(
        stderr.starts_with("ERROR: (DataEndpointNotSupported) Data endpoint is not supported"),
        "{stderr}"
    );
    let stderr = Home::new().emulated(&["update", "-n", "auditlogs", "--admin-enabled"]).fails(1);
    assert!(stderr.starts_with("ERROR: (AuthorizationFailed)"), "{stderr}");
}

#[test]
fn generic_steps_are_taken_in_the_order_in_which_they_were_typed() {
    let server = Server::start();
    let home = server.login();
    for (args, body) in [
        (
            &["--tags", "a=b", "--set", "tags.c=d", "--remove", "tags.a"][..],
            json!({"tags": {"c": "d"}}),
        ),
        (
            &["--set", "adminUserEnabled=true", "--set", "adminUserEnabled=false"],
            json!({"properties": {"adminUserEnabled": false}}),
        ),
        (
            &[
                "--set",
                "networkRuleSet.ipRules=[]",
                "--add",
                "networkRuleSet.ipRules",
                "value=192.0.2.1",
                "--remove",
                "networkRuleSet.ipRules",
                "-1",
            ],
            json!({"properties": {"networkRuleSet": {"ipRules": []}}}),
        ),
        (&["--force-string", "--set", "tags.n=5"], json!({"tags": {"n": "5"}})),
    ] {
        home.run(&[&["update", "-n", "contoso", "-o", "none"], args].concat()).quiet();
        assert_eq!(server.requests().pop().unwrap()["body"], body, "{args:?}");
    }
}

#[test]
fn warnings_come_in_the_order_of_the_flags() {
    let run = Home::new().emulated(&[
        "update",
        "-n",
        "contoso.azurecr.io",
        "--regional-endpoints",
        "enabled",
        "--allow-exports",
        "false",
        "--public-network-enabled",
        "false",
        "-o",
        "none",
    ]);
    let warnings: Vec<&str> = run.stderr.lines().map(|line| &line[..60.min(line.len())]).collect();
    assert_eq!(
        warnings,
        [
            "WARNING: Argument '--regional-endpoints' is in preview and u",
            "WARNING: Argument '--allow-exports' is in preview and under ",
            "WARNING: Registry name is 'contoso'. The following suffix '.",
            "WARNING: Disabling the public endpoint overrides all firewal",
            "WARNING: It is recommended to also enable dedicated data end",
        ]
    );
}

#[test]
fn an_update_costs_one_request_and_a_look_where_a_check_needs_it() {
    let home = Home::new();
    let requests = |args: &[&str]| {
        let args = [&["update", "-n", "contoso", "-g", "contoso-rg", "--debug"], args].concat();
        let requests = home.emulated(&args).requests();
        requests[1..].iter().map(|r| r.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(requests(&["--admin-enabled"]), ["PATCH"]);
    // A read before the change shows whether it is a switch, and so what clients need to know.
    assert_eq!(requests(&["--data-endpoint-enabled"]), ["GET", "PATCH"]);
    assert_eq!(requests(&["--data-endpoint-enabled", "false"]), ["PATCH"]);
    assert_eq!(requests(&["--default-action", "Allow"]), ["GET", "PATCH"]);
}

#[test]
fn no_path_ends_the_process() {
    let home = Home::new();
    for (steps, parent) in [
        (&["sku=Premium", "sku.name=Premium"][..], "sku"),
        (&["properties=5", "adminUserEnabled=true"], ""),
        (&["networkRuleSet=Deny", "networkRuleSet.defaultAction=Deny"], "networkRuleSet"),
    ] {
        let update = [&["update", "-n", "contoso", "--set"], steps].concat();
        let stderr = home.emulated(&update).fails(1);
        let expected = format!("'{parent}' does not support further indexing.\n");
        assert!(stderr.ends_with(&expected), "{steps:?}: {stderr}");
    }
}
