//! Before the switch: `show-endpoints --planned` and `update --what-if`.

use crate::fake_arm::FakeArm;
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
            "Dedicated data endpoints need the Premium SKU, not Standard: --sku Premium",
        ),
        (
            &["-n", "contoso", "--endpoint-protocol", "IPv4AndIPv6"],
            "IPv4AndIPv6 needs dedicated data endpoints: --data-endpoint-enabled",
        ),
        (
            &["-n", "contoso", "--sku", "Standard"],
            "Replicas need the Premium SKU, not Standard: --sku Premium",
        ),
        (
            &["-n", "tailspin", "--public-network-enabled", "false"],
            "The default action Deny needs the Premium SKU, not Standard: --sku Premium",
        ),
    ] {
        let (code, plan) = what_if(args);
        assert_eq!((code, &plan["blocked"][0]), (1, &json!(reason)), "{args:?}");
    }
    assert_eq!(what_if(&["-n", "tailspin", "--sku", "Premium", "--data-endpoint-enabled"]).0, 0);
}

#[test]
fn what_if_knows_what_exists_already() {
    let home = Home::new();
    let emulated = |args: &[&str]| home.emulated(args);
    let blocked = |args: &[&str]| {
        let run = home.emulated(&[&["update", "--what-if", "--only-show-errors"], args].concat());
        let plan: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(run.code, 1, "{args:?}: {plan:#}");
        plan["blocked"].to_string()
    };
    let add = ["network-rule", "add", "-n", "wingtip", "--ip-address", "192.0.2.1", "-o", "none"];
    emulated(&add).quiet();
    let reasons = blocked(&["-n", "wingtip", "--sku", "Standard"]);
    assert!(reasons.contains("IP rules need the Premium SKU"), "{reasons}");
    let trust = r#"policies={"trustPolicy": {"type": "Notary", "status": "enabled"}}"#;
    emulated(&["update", "-n", "wingtip", "--set", trust, "-o", "none"]).quiet();
    let reasons = blocked(&["-n", "wingtip", "--regional-endpoints", "enabled"]);
    assert!(
        reasons.contains("Regional endpoints and content trust cannot be used together"),
        "{reasons}"
    );
    let reasons = blocked(&["-n", "wingtip", "--set", "endpointProtocol=ipv4andipv6"]);
    assert!(reasons.contains("IPv4AndIPv6 needs dedicated data endpoints"), "{reasons}");
    let reasons = blocked(&["-n", "auditlogs", "--data-endpoint-enabled"]);
    assert!(reasons.contains("is not allowed to change the registry"), "{reasons}");
}

#[test]
fn rights_that_cannot_be_read_are_not_checked() {
    let arm = FakeArm::start(|request| {
        if request.path.contains("/permissions") {
            let error = json!({"error": {"code": "AuthorizationFailed", "message": "no"}});
            return (403, Vec::new(), error);
        }
        let properties = json!({"loginServer": "contoso.azurecr.io"});
        let registry = json!({
            "name": "contoso", "location": "eastus", "sku": {"name": "Premium"}, "properties": properties,
        });
        let list = request.path.contains("/replications");
        (200, Vec::new(), if list { json!({"value": []}) } else { registry })
    });
    let update = ["update", "-n", "contoso", "-g", "rg", "--data-endpoint-enabled", "--what-if"];
    let plan: Value = serde_json::from_str(&arm.home("token").run(&update).quiet()).unwrap();
    assert_eq!(
        plan["notChecked"][0]["what"],
        "whether this login is allowed to change the registry"
    );
    assert_eq!(plan["notChecked"][0]["why"], "(AuthorizationFailed) no");
}

#[test]
fn what_if_names_locks() {
    let home = Home::new();
    home.switch();
    let state = ".local/state/az-acr/emulator.json";
    let mut world: Value =
        serde_json::from_str(&std::fs::read_to_string(home.path(state)).unwrap()).unwrap();
    for group in world["resourceGroups"].as_array_mut().unwrap() {
        group["locked"] = json!(true);
    }
    home.write(state, &world.to_string());
    let run = home.emulated(&["update", "-n", "contoso", "--tags", "a=b", "--what-if"]);
    let plan: Value = serde_json::from_str(&run.stdout).unwrap();
    let reason = plan["blocked"][0].as_str().unwrap();
    assert!(reason.starts_with("A lock forbids it: /subscriptions/"), "{plan:#}");
    assert_eq!(run.code, 1);
}

#[test]
fn what_if_names_what_else_changes() {
    let (_, plan) = what_if(&["-n", "northwind", "--regional-endpoints", "enabled"]);
    let endpoint = &plan["privateEndpoints"][0];
    assert_eq!(endpoint["members"], json!(["registry_westeurope"]));
    assert_eq!(endpoint["addresses"], 1);
    assert!(endpoint["id"].as_str().unwrap().ends_with("/privateEndpoints/northwind-pe"));
    assert!(plan["notChecked"][0]["why"].as_str().unwrap().contains("Microsoft.Network"));
    let dual_stack =
        ["-n", "wingtip", "--data-endpoint-enabled", "--endpoint-protocol", "IPv4AndIPv6"];
    let (code, plan) = what_if(&dual_stack);
    assert_eq!((code, plan["warnings"][0].as_str().unwrap().contains("ACR Tasks")), (0, true));
}

#[test]
fn what_if_without_a_change_says_so() {
    let run = Home::new().emulated(&["update", "-n", "contoso", "--what-if"]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (0, "NOTE: The update changes nothing: the registry already has these settings.\n")
    );
}

#[test]
fn planned_regional_endpoints_are_in_the_table() {
    let plan =
        ["show-endpoints", "-n", "contoso", "--planned", "--regional-endpoints", "-o", "table"];
    let table = Home::new().emulated(&plan).quiet();
    assert!(table.contains("  contoso.eastus.geo.azurecr.io\n"), "{table}");
    // Existing endpoints are shown as az shows them.
    let table = Home::new().emulated(&["show-endpoints", "-n", "fabrikam", "-o", "table"]).quiet();
    assert!(!table.contains(".geo."), "{table}");
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

#[test]
fn the_detailed_exit_code_tells_changes_from_errors() {
    let home = Home::new();
    let code = |args: &[&str]| {
        let update = ["update", "--what-if", "--detailed-exitcode", "-o", "none"];
        home.emulated(&[&update[..], args].concat()).code
    };
    assert_eq!(code(&["-n", "contoso", "--sku", "Premium"]), 0);
    assert_eq!(code(&["-n", "contoso", "--data-endpoint-enabled"]), 2);
    // The service would refuse it.
    assert_eq!(code(&["-n", "tailspin", "--data-endpoint-enabled"]), 1);
    // Errors in the command line, and resources that do not exist, have other codes elsewhere.
    assert_eq!(code(&["-n", "contoso", "--bogus"]), 1);
    assert_eq!(code(&["-n", "contoso", "-g", "nope"]), 1);
}
