//! Before the switch: `show-endpoints --planned` and `update --what-if`.

use crate::home::Home;
use serde_json::{Value, json};

#[test]
fn the_plan_is_what_there_will_be() {
    let home = Home::new();
    let plan = home
        .emulated(&[
            "show-endpoints",
            "-n",
            "contoso",
            "--planned",
            "--with-region",
            "japaneast",
            "Japan East",
        ])
        .quiet();
    home.emulated(&["replication", "create", "-r", "contoso", "-l", "japaneast", "-o", "none"])
        .quiet();
    home.switch();
    assert_eq!(home.emulated(&["show-endpoints", "-n", "contoso"]).quiet(), plan);
}

#[test]
fn a_plan_for_another_sku_says_so() {
    let run = Home::new().emulated(&[
        "show-endpoints",
        "-n",
        "tailspin",
        "--planned",
        "--query",
        "dataEndpoints[].endpoint",
        "-o",
        "tsv",
    ]);
    assert_eq!(run.stdout, "tailspin.westus2.data.azurecr.io\n");
    assert!(
        run.stderr.starts_with("WARNING: The registry 'tailspin' has the Standard SKU."),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("--sku Premium"), "{}", run.stderr);
}

#[test]
fn unknown_regions_are_refused_with_the_nearest_one() {
    let stderr = Home::new()
        .emulated(&["show-endpoints", "-n", "contoso", "--planned", "--with-region", "westeurop"])
        .fails(1);
    assert_eq!(stderr, "ERROR: 'westeurop' is not an Azure region. Did you mean 'westeurope'?\n");
    Home::new()
        .emulated(&["show-endpoints", "-n", "contoso", "--with-region", "japaneast"])
        .fails(2);
}

fn what_if(args: &[&str]) -> (i32, Value) {
    let home = Home::new();
    let run = home.emulated(&[&["update", "--what-if", "--only-show-errors"], args].concat());
    assert!(!home.path(".local/state/az-acr").exists(), "something was written");
    (run.code, serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr)))
}

#[test]
fn what_if_shows_the_switch_and_does_nothing() {
    let (code, plan) = what_if(&["-n", "contoso", "--data-endpoint-enabled"]);
    assert_eq!(code, 0);
    assert_eq!(plan["registry"], "contoso");
    assert_eq!(
        plan["changes"],
        json!([{"property": "dataEndpointEnabled", "before": false, "after": true}])
    );
    assert_eq!(
        plan["endpoints"]["added"][0],
        json!({"region": "eastus", "kind": "data", "endpoint": "contoso.eastus.data.azurecr.io"})
    );
    assert_eq!(
        plan["firewall"],
        json!({
            "allow": ["contoso.eastus.data.azurecr.io", "contoso.westus.data.azurecr.io"],
            "remove": ["*.blob.core.windows.net"],
        })
    );
    assert_eq!(plan["blocked"], json!([]));
}

#[test]
fn what_if_shows_what_the_service_would_refuse() {
    for (args, reason) in [
        (
            &["-n", "tailspin", "--data-endpoint-enabled"][..],
            "--data-endpoint-enabled needs the Premium SKU, not Standard: --sku Premium",
        ),
        (
            &["-n", "contoso", "--endpoint-protocol", "IPv4AndIPv6"],
            "IPv4AndIPv6 needs dedicated data endpoints: --data-endpoint-enabled",
        ),
        (
            &["-n", "contoso", "--sku", "Standard"],
            "A registry with replicas needs the Premium SKU, not Standard: --sku Premium",
        ),
        (
            &["-n", "tailspin", "--public-network-enabled", "false"],
            "--default-action Deny needs the Premium SKU, not Standard: --sku Premium",
        ),
    ] {
        let (code, plan) = what_if(args);
        assert_eq!((code, &plan["blocked"][0]), (1, &json!(reason)), "{args:?}");
    }
    assert_eq!(what_if(&["-n", "tailspin", "--sku", "Premium", "--data-endpoint-enabled"]).0, 0);
}

#[test]
fn what_would_not_change_is_not_shown() {
    let (code, plan) =
        what_if(&["-n", "fabrikam", "--data-endpoint-enabled", "--tags", "environment=production"]);
    assert_eq!((code, &plan["changes"], &plan["endpoints"]["added"]), (0, &json!([]), &json!([])));
    let (_, plan) = what_if(&[
        "-n",
        "fabrikam",
        "--regional-endpoints",
        "disabled",
        "--sku",
        "premium",
        "--tags",
    ]);
    assert_eq!(
        plan["changes"][0],
        json!({"property": "tags", "before": {"environment": "production"}, "after": {}})
    );
    assert_eq!(plan["firewall"]["remove"].as_array().unwrap().len(), 3);
}

#[test]
fn what_if_is_a_diff_for_people() {
    let run = Home::new().emulated(&[
        "update",
        "-n",
        "contoso",
        "--data-endpoint-enabled",
        "--what-if",
        "-o",
        "table",
    ]);
    let marks: String = run.stdout.lines().skip(2).filter_map(|line| line.chars().next()).collect();
    assert_eq!(marks, "~++--");
}

#[test]
fn the_switch_itself_names_the_hosts_that_clients_need() {
    let home = Home::new();
    let switch = ["update", "-n", "contoso", "--data-endpoint-enabled", "-o", "none"];
    assert_eq!(
        home.emulated(&switch).stderr,
        "WARNING: Layers now come from dedicated data endpoints. Client firewalls must allow \
         contoso.eastus.data.azurecr.io, contoso.westus.data.azurecr.io.\n"
    );
    assert_eq!(home.emulated(&switch).stderr, "", "it is on already");
}
