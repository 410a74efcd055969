//! Many registries: `list-endpoints`, and the other commands with `--all-subscriptions`.

use crate::fake_arm::FakeArm;
use crate::home::{Home, Run};
use serde_json::{Value, json};
use std::io::Read as _;
use std::process::Stdio;

const GRAPH: &str = "POST /providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01";

/// A home whose emulated cloud has a fleet beside the six registries of a new one.
fn fleet(size: usize) -> Home {
    Home::new().with("AZ_ACR_EMULATOR_FLEET", size.to_string())
}

fn list(home: &Home, args: &[&str]) -> Run {
    home.emulated(&[&["list-endpoints"], args].concat())
}

fn rows(run: &Run) -> Vec<Value> {
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn a_table_shows_what_to_do_next() {
    let run = list(&Home::new(), &["--all-subscriptions", "-o", "table"]);
    assert_eq!(
        run.stdout,
        "\
Name       ResourceGroup    Location    Sku       Exposure    NextStep
---------  ---------------  ----------  --------  ----------  ----------------
auditlogs  audit-rg         westus      Premium   wildcard    switch
contoso    contoso-rg       eastus      Premium   wildcard    switch
tailspin   contoso-rg       westus2     Standard  wildcard    upgradeToPremium
fabrikam   fabrikam-rg      westeurope  Premium   dedicated   nothing
northwind  fabrikam-rg      westeurope  Premium   private     nothing
wingtip    fabrikam-rg      eastus      Premium   wildcard    switch
"
    );
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (0, "NOTE: 6 registries: 4 wildcard, 1 dedicated, 1 private.\n")
    );
}

#[test]
fn a_row_has_the_endpoints_before_and_after_the_switch() {
    let run = list(&Home::new(), &["-n", "fabrikam", "contoso.azurecr.io"]);
    let rows = rows(&run);
    let endpoints = |hosts: &[(&str, &str)]| {
        let endpoint = |(region, host): &(&str, &str)| json!({"region": region, "endpoint": host});
        hosts.iter().map(endpoint).collect::<Value>()
    };
    assert_eq!(
        rows[0],
        json!({
            "name": "contoso",
            "id": "/subscriptions/00000000-0000-4000-8000-0000000000ac/resourceGroups/contoso-rg/providers/\
                   Microsoft.ContainerRegistry/registries/contoso",
            "subscriptionId": "00000000-0000-4000-8000-0000000000ac",
            "subscriptionName": "Emulator",
            "resourceGroup": "contoso-rg",
            "location": "eastus",
            "sku": "Premium",
            "tags": {},
            "loginServer": "contoso.azurecr.io",
            "dataEndpoints": endpoints(&[
                ("eastus", "*.blob.core.windows.net"), ("westus", "*.blob.core.windows.net"),
            ]),
            // Resource Graph does not have preview properties.
            "regionalEndpoints": null,
            "plannedDataEndpoints": endpoints(&[
                ("eastus", "contoso.eastus.data.azurecr.io"), ("westus", "contoso.westus.data.azurecr.io"),
            ]),
            "publicNetworkAccess": "Enabled",
            "exposure": "wildcard",
            "nextStep": "switch",
        })
    );
    assert_eq!(rows[1]["name"], "fabrikam");
}

#[test]
fn a_fleet_takes_one_request_for_a_thousand_rows() {
    let home = fleet(2_500);
    let run = list(&home, &["--all-subscriptions", "--allow-partial", "--debug"]);
    let registries = rows(&run);
    assert_eq!(registries.len(), 2_506);
    let ids: Vec<String> =
        registries.iter().map(|r| r["id"].as_str().unwrap().to_lowercase()).collect();
    assert!(ids.is_sorted());
    // A registry with replicas has a row for each of them, and one for its home region.
    let replications = |r: &Value| {
        let regions = r["plannedDataEndpoints"].as_array().unwrap().len();
        if regions > 1 { regions } else { 0 }
    };
    let all: usize = registries.iter().map(|r| 1 + replications(r)).sum();
    let queries = run.requests().iter().filter(|request| *request == GRAPH).count();
    // One query more asks for the subscriptions.
    assert_eq!(queries, all.div_ceil(1_000) + 1);
    assert_eq!(run.requests().len(), queries + 1);
}

#[test]
fn what_could_not_be_read_is_named() {
    let home = fleet(300);
    let run = list(&home, &["--all-subscriptions", "-o", "none"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.stderr,
        "\
WARNING: The subscription 'Production 0002' (00000000-0000-4000-8000-f1ee00000002) could not be read.
NOTE: 306 registries: 243 wildcard, 35 dedicated, 28 private.
"
    );
    let run = list(&home, &["--all-subscriptions", "-o", "none", "--allow-partial"]);
    assert_eq!(run.code, 0);

    // Resource Graph refuses a query if nothing can be read.
    let run = list(&home, &["--subscriptions", "Production 0002"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, "[]\n"));
    assert!(
        run.stderr.starts_with("WARNING: The subscription 'Production 0002'"),
        "{}",
        run.stderr
    );
    let run = list(&home, &["--subscription", "Production 0002"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, "[]\n"), "{}", run.stderr);
}

#[test]
fn scopes_and_filters_choose() {
    let home = fleet(900);
    let count = |args: &[&str]| {
        let run = list(&home, &[args, &["--allow-partial"]].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        rows(&run)
    };
    let names = |rows: &[Value]| -> Vec<String> {
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(count(&["--subscriptions", "production 0000", "emulator"]).len(), 206);
    assert_eq!(count(&["--management-group", "development"]).len(), 400);
    assert_eq!(count(&["-g", "Contoso-RG"]).len(), 2);
    assert_eq!(names(&count(&["--sku", "standard"])), ["tailspin"]);
    assert_eq!(
        names(&count(&["--location", "westeurope", "West US"])),
        ["auditlogs", "fabrikam", "northwind"]
    );
    assert_eq!(names(&count(&["--exposure", "private", "dedicated"])), ["fabrikam", "northwind"]);
    assert_eq!(names(&count(&["--tag", "Environment=production"])), ["fabrikam"]);
    // A registry that was named, and is left out by another filter, is no empty answer.
    for filter in [&["--exposure", "dedicated"][..], &["--tag", "a=b"], &["--sku", "Basic"]] {
        let run = home.emulated(&[&["list-endpoints", "-n", "contoso"][..], filter].concat());
        assert_eq!(run.code, 1, "{filter:?}: {}", run.stderr);
    }
    for row in count(&["--all-subscriptions", "--tag", "team=web", "--sku", "Premium"]) {
        assert_eq!((&row["tags"]["team"], &row["sku"]), (&json!("web"), &json!("Premium")));
    }
    // A value is a value, whatever is in it.
    assert!(count(&["--tag", r"team=\' or true or name == \'"]).is_empty());
    let run = list(&home, &["--tag", "web"]);
    assert!(run.fails(2).contains("expected KEY=VALUE"));
}

#[test]
fn a_name_that_is_not_there_is_reported() {
    let run =
        list(&fleet(300), &["--all-subscriptions", "-n", "fleet000007", "nobody", "-o", "tsv"]);
    assert_eq!(run.code, 1);
    assert_eq!(run.stdout.lines().count(), 1);
    assert!(
        run.stderr.contains("There is no registry 'nobody' in what was read, or"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_unknown_management_group_is_an_error() {
    let error = list(&Home::new(), &["--management-group", "nobody"]).fails(3);
    assert!(error.contains("The management group 'nobody' cannot be found."), "{error}");
}

#[test]
fn lines_of_json_hold_what_the_array_holds() {
    let home = fleet(50);
    let args = ["--all-subscriptions", "--allow-partial"];
    let lines = list(&home, &[&args[..], &["-o", "jsonl"]].concat());
    let lines: Vec<Value> =
        lines.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, rows(&list(&home, &args)));
    let names = list(&home, &[&args[..], &["--query", "[].name", "-o", "tsv"]].concat());
    assert_eq!(names.stdout.lines().count(), 56);
}

#[test]
fn a_reader_that_has_seen_enough_stops_the_reading() {
    let home = fleet(200_000);
    let mut command = std::process::Command::new(crate::home::binary());
    command.args([
        "--cloud",
        "emulator",
        "list-endpoints",
        "--all-subscriptions",
        "-o",
        "jsonl",
        "--debug",
    ]);
    let mut child = command
        .env_clear()
        .env("HOME", home.path(""))
        .env("AZ_ACR_EMULATOR_FLEET", "200000")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 100]).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    let queries = String::from_utf8_lossy(&output.stderr).matches("/resources?").count();
    assert!(queries < 20, "{queries} queries");
}

#[test]
fn verify_asks_for_what_resource_graph_does_not_know() {
    let run = list(&Home::new(), &["--verify"]);
    let rows = rows(&run);
    let next_steps: Vec<_> = rows.iter().map(|row| (&row["name"], &row["nextStep"])).collect();
    let expected = ["unlock", "switch", "upgradeToPremium", "nothing", "nothing", "switch"];
    assert_eq!(
        next_steps.iter().map(|(_, step)| step.as_str().unwrap()).collect::<Vec<_>>(),
        expected
    );
    assert_eq!(rows[1]["regionalEndpoints"], json!([]));
    assert_eq!(rows[3]["regionalEndpoints"].as_array().unwrap().len(), 3);
    assert!(rows.iter().all(|row| row["differences"] == json!([])));
}

#[test]
fn a_lock_and_a_missing_right_both_say_unlock() {
    let home = fleet(80);
    let of = |name: &str| {
        let run = list(&home, &["--all-subscriptions", "--allow-partial", "--verify", "-n", name]);
        rows(&run).remove(0)
    };
    // The fleet's fourth group is locked, and the caller may only read in its eighth.
    for name in ["fleet000031", "fleet000076"] {
        let row = of(name);
        assert_eq!(
            (&row["exposure"], &row["nextStep"]),
            (&json!("wildcard"), &json!("unlock")),
            "{name}"
        );
    }
    let args =
        ["update", "-n", "fleet000031", "--subscription", "Production 0000", "--tags", "a=b"];
    assert!(home.emulated(&args).fails(1).contains("ScopeLocked"));
}

/// A cloud in which Resource Graph lags behind.
fn lagging() -> FakeArm {
    const ID: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries";
    let row = |name: &str| {
        json!({
            "id": format!("{ID}/{name}"), "name": name, "type": "microsoft.containerregistry/registries",
            "subscriptionId": "s", "resourceGroup": "g", "location": "eastus", "sku": "Premium",
            "loginServer": format!("{name}.azurecr.io"), "dataEndpointEnabled": false,
            "publicNetworkAccess": "Enabled",
        })
    };
    FakeArm::start(move |request| {
        let path = request.path.split('?').next().unwrap_or_default();
        let body = match path.rsplit('/').next().unwrap_or_default() {
            "resources" => {
                let rows = [row("deleted"), row("secret"), row("switched")];
                json!({"totalRecords": 3, "count": 3, "data": rows, "resultTruncated": "false"})
            }
            "switched" => json!({
                "name": "switched", "location": "eastus", "sku": {"name": "Premium"},
                "properties": {
                    "loginServer": "switched.azurecr.io", "publicNetworkAccess": "Enabled",
                    "dataEndpointEnabled": true,
                    "dataEndpointHostNames": ["switched.eastus.data.azurecr.io"],
                },
            }),
            "deleted" => {
                return (
                    404,
                    Vec::new(),
                    json!({"error": {"code": "ResourceNotFound", "message": "-"}}),
                );
            }
            "secret" => {
                return (
                    403,
                    Vec::new(),
                    json!({"error": {"code": "AuthorizationFailed", "message": "no"}}),
                );
            }
            _ => json!({"value": []}),
        };
        (200, Vec::new(), body)
    })
}

#[test]
fn verify_notices_where_resource_graph_lags_behind() {
    let home = lagging().home("token");
    let run = home.run(&["list-endpoints", "--verify"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let rows = rows(&run);
    assert_eq!(rows.len(), 2, "the deleted registry is gone");
    assert!(run.stderr.contains("registries/deleted is no longer there"), "{}", run.stderr);
    assert_eq!((&rows[1]["name"], &rows[1]["exposure"]), (&json!("switched"), &json!("dedicated")));
    assert_eq!(
        rows[1]["differences"],
        json!([{"property": "dataEndpointEnabled", "resourceGraph": "false", "resourceManager": "true"}])
    );
    assert!(
        run.stderr.contains("registries/secret could not be verified: (AuthorizationFailed) no")
    );
}

/// Rows as nobody would like them: other spellings, absent and strange values, a repeated row.
fn strange() -> FakeArm {
    const ID: &str =
        "/subscriptions/s/resourceGroups/G/providers/Microsoft.ContainerRegistry/registries";
    let row = |name: &str, kind: &str, more: Value| {
        let mut row = json!({
            "id": format!("{ID}/{name}"), "name": name.split('/').next_back().unwrap(),
            "type": kind, "subscriptionId": "s", "resourceGroup": "g", "location": "East US",
            "sku": "Premium", "loginServer": format!("{name}.azurecr.io"), "dataEndpointEnabled": false,
            "publicNetworkAccess": "Enabled", "tags": null, "regionalEndpoints": null,
        });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    };
    let registry = "Microsoft.ContainerRegistry/Registries";
    let replication = "MICROSOFT.CONTAINERREGISTRY/registries/REPLICATIONS";
    let rows = [
        row("Alpha", registry, json!({"tags": {"n": 7, "x": "\u{1b}[31m<b>"}, "sku": "Ultra"})),
        row("Alpha-eu", registry, json!({"publicNetworkAccess": "SecuredByPerimeter"})),
        row("ALPHA/Replications/WestUS", replication, json!({"location": "West US"})),
        row("beta", registry, json!({"dataEndpointEnabled": "yes", "sku": null})),
        row("beta", registry, json!({})),
        row("gamma", registry, json!({"loginServer": "not a host", "publicNetworkAccess": null})),
    ];
    FakeArm::start(move |_| {
        let page = json!({"totalRecords": 6, "count": 6, "data": rows, "resultTruncated": "false"});
        (200, Vec::new(), page)
    })
}

#[test]
fn strange_rows_are_unknown_and_never_wrong() {
    let home = strange().home("token");
    let files = ["x.html", "x.csv", "x.md", "x.sarif", "x.xml"];
    let run = home.run(&[&["list-endpoints", "--report"], &files[..]].concat());
    let rows = rows(&run);
    let shown: Vec<String> = rows
        .iter()
        .map(|row| {
            let planned = row["plannedDataEndpoints"].as_array();
            let regions = planned
                .map(|list| list.iter().map(|e| e["region"].as_str().unwrap()).collect::<Vec<_>>());
            let text = |key: &str| row[key].as_str().unwrap_or("null").to_owned();
            format!("{} {} {} {regions:?}", text("name"), text("exposure"), text("nextStep"))
        })
        .collect();
    assert_eq!(
        shown,
        [
            // Nobody knows what a SKU that is new can do.
            r#"Alpha wildcard null Some(["eastus", "westus"])"#,
            r#"Alpha-eu wildcard switch Some(["eastus"])"#,
            r#"beta unknown null Some(["eastus"])"#,
            "gamma unknown null None",
        ]
    );
    let [html, csv, markdown, sarif, junit] =
        files.map(|file| std::fs::read_to_string(home.path(file)).unwrap());
    assert!(html.contains("&lt;b&gt;") && !html.contains("<b>"));
    assert!(csv.contains("n=7; x="));
    assert!(!markdown.contains('\u{1b}') && !junit.contains('\u{1b}'));
    assert!(serde_json::from_str::<Value>(&sarif).is_ok());
}

#[test]
fn the_list_is_taken_for_endpoints() {
    let home = Home::new();
    let verified = list(&home, &["--verify"]);
    home.write("fleet.json", &verified.stdout);
    let rules =
        |args: &[&str]| home.emulated(&[&["firewall-rules", "--format", "list"], args].concat());
    let from_file = rules(&["--endpoints", "fleet.json", "--planned"]);
    assert_eq!(from_file.stdout, rules(&["--all-subscriptions", "--verify", "--planned"]).stdout);
    assert!(from_file.stdout.contains("\nfabrikam.japaneast.geo.azurecr.io\n"));
}

#[test]
fn rules_for_a_part_of_the_fleet_are_not_written_by_accident() {
    let home = fleet(300);
    let rules =
        |args: &[&str]| home.emulated(&[&["firewall-rules", "--all-subscriptions"], args].concat());
    let error = rules(&[]).fails(1);
    assert!(error.ends_with("--allow-partial\n"), "{error}");
    let run = rules(&["--allow-partial", "--planned", "--format", "json"]);
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["for"].as_array().unwrap().len(), 306);
    let host = &json["hosts"][0];
    assert_eq!(host["registries"], json!([host["fqdn"]]));
}

#[test]
fn a_check_of_the_fleet_does_not_guess_regional_endpoints() {
    let home = Home::new();
    let args = ["firewall-rules", "--all-subscriptions", "--planned"];
    let rules = home.emulated(&args);
    assert!(
        rules.stderr.contains("whether 5 of 6 registries have regional endpoints"),
        "{}",
        rules.stderr
    );
    home.write("rules.txt", &rules.stdout);
    let check =
        |more: &[&str]| home.emulated(&[&args[..], &["--check", "rules.txt"], more].concat());
    let run = check(&[]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(run.code, 1);
    let why = report["unjudged"][0]["why"].as_str().unwrap();
    assert!(why.starts_with("Resource Graph does not say"), "{why}");
    // Azure Resource Manager knows: three of them exist, and no rule allows them.
    let run = check(&["--verify"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["unjudged"], json!([]));
    assert_eq!(report["missing"].as_array().unwrap().len(), 3);
    assert_eq!(report["missing"][0]["registries"], json!(["fabrikam.azurecr.io"]));
}

#[test]
fn endpoints_of_the_whole_fleet_are_checked() {
    let run = Home::new().emulated(&["check-endpoints", "--all-subscriptions", "--verify"]);
    let reports: Vec<Value> = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(reports.len(), 6);
    // northwind admits private endpoints only.
    let failed: Vec<_> = reports.iter().filter(|r| r["ok"] == json!(false)).collect();
    assert_eq!((run.code, failed.len()), (1, 1), "{}", run.stderr);
    assert_eq!(failed[0]["loginServer"], "northwind.azurecr.io");
}

#[test]
fn options_of_a_fleet_need_a_scope() {
    let home = Home::new();
    for (args, expected) in [
        (&["firewall-rules", "--verify"][..], "--verify: requires --all-subscriptions"),
        (
            &["firewall-rules", "--all-subscriptions", "--endpoints", "x"],
            "--endpoints: not allowed with",
        ),
        (
            &["check-endpoints", "--all-subscriptions", "--login-server", "x.azurecr.io"],
            "cannot be used with",
        ),
        (&["list-endpoints", "--all-subscriptions", "--subscriptions", "x"], "cannot be used with"),
    ] {
        let error = home.emulated(args).fails(2);
        assert!(error.contains(expected), "{error}");
    }
    let error = fleet(5_000_000).emulated(&["list"]).fails(2);
    assert!(error.contains("AZ_ACR_EMULATOR_FLEET"), "{error}");
}
