//! `list-clients`: who pulls, by the emulator's 30 days of logs, and by what a fake Azure says.

use crate::fake_arm::{FakeArm, Request};
use crate::home::Home;
use crate::https::Server;
use serde_json::{Value, json};

fn clients(home: &Home, args: &[&str]) -> Vec<Value> {
    let run = home.emulated(&[&["list-clients", "-n", "contoso"], args].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

fn names(clients: &[Value]) -> Vec<&str> {
    clients.iter().map(|client| client["client"].as_str().unwrap()).collect()
}

#[test]
fn a_client_is_an_address_and_a_program_with_the_hosts_it_will_need() {
    let clients = clients(&Home::new(), &[]);
    assert_eq!(clients.len(), 17);
    let busiest = &clients[0];
    for (key, expected) in [
        ("registry", json!("contoso.azurecr.io")),
        ("client", json!("20.50.1.4")),
        ("kind", json!("public")),
        ("program", json!("containerd/1.7.22")),
        ("identity", json!("5d1c0000-0000-4000-8000-00000000a450")),
        ("region", json!("eastus")),
        (
            "hosts",
            json!([
                "contoso.azurecr.io",
                "contoso.eastus.data.azurecr.io",
                "contoso.westus.data.azurecr.io"
            ]),
        ),
        ("repositories", json!(["base/nginx", "shop/cart", "shop/web"])),
    ] {
        assert_eq!(busiest[key], expected, "{key}");
    }
    assert!(busiest["pulls"].as_u64().unwrap() > 600);
    assert!(busiest["first"].as_str().unwrap() < busiest["last"].as_str().unwrap());
    let kind =
        |address: &str| clients.iter().find(|c| c["client"] == address).unwrap()["kind"].clone();
    assert_eq!((kind("10.1.0.4"), kind("40.76.10.1")), (json!("private"), json!("tasks")));
}

#[test]
fn rows_are_put_together_by_what_the_user_names() {
    let home = Home::new();
    assert_eq!(clients(&home, &["--by", "client"]).len(), 15);
    let networks = clients(&home, &["--by", "network"]);
    assert!(names(&networks).contains(&"198.51.100.0/24"), "{networks:?}");
    let regions = clients(&home, &["--by", "region"]);
    assert_eq!(regions.iter().map(|r| &r["region"]).collect::<Vec<_>>(), ["eastus", "westus"]);
    assert_eq!(clients(&home, &["--region", "westus", "--by", "region"]).len(), 1);
    let owners = clients(&home, &["--resolve-owners", "--by", "client"]);
    let owner =
        |address: &str| owners.iter().find(|c| c["client"] == address).unwrap()["owner"].clone();
    assert_eq!((owner("20.50.1.4"), owner("10.1.0.4")), (json!("aks-prod"), json!("build-vm")));
    assert_eq!((owner("203.0.113.10"), owner("52.170.1.1")), (json!("corp-egress"), Value::Null));
}

#[test]
fn tables_fit_80_columns_however_much_is_put_together() {
    for by in ["client", "identity", "region", "network"] {
        let table =
            Home::new().emulated(&["list-clients", "-n", "contoso", "--by", by, "-o", "table"]);
        let widest = table.stdout.lines().max_by_key(|line| line.len()).unwrap();
        assert!(widest.len() <= 80, "--by {by}: {widest}");
    }
}

#[test]
fn clients_of_a_regional_endpoint_need_its_region_only() {
    let run = Home::new().emulated(&["list-clients", "-n", "fabrikam"]);
    let clients: Vec<Value> = serde_json::from_str(&run.stdout).unwrap();
    let hosts =
        |address: &str| clients.iter().find(|c| c["client"] == address).unwrap()["hosts"].clone();
    let regional = hosts("203.0.113.13");
    assert_eq!(regional.as_array().unwrap().len(), 2, "{regional}");
    assert!(regional[0].as_str().unwrap().ends_with(".geo.azurecr.io"), "{regional}");
    assert_eq!(hosts("20.50.1.4").as_array().unwrap().len(), 4);
}

#[test]
fn silence_is_sorted_by_how_unusual_it_is() {
    let home = Home::new();
    let silent = clients(&home, &["--silent-since", "36h"]);
    assert_eq!(names(&silent)[..3], ["198.51.100.20", "198.51.100.22", "198.51.100.21"]);
    assert!(silent.iter().all(|c| c["usualInterval"].is_i64() && c["silentFor"].is_i64()));
    // Every three hours, and silent for ten days; the weekly client comes last.
    assert!(
        (10_000..12_000).contains(&silent[0]["usualInterval"].as_i64().unwrap()),
        "{}",
        silent[0]
    );
    let run = home.emulated(&["list-clients", "-n", "contoso", "--silent-since", "36h"]);
    assert!(run.stderr.contains("fell silent, which may be usual"), "{}", run.stderr);
    let early = ["list-clients", "-n", "contoso", "--since", "2d", "--silent-since", "3d"];
    let stderr = home.emulated(&early).fails(2);
    assert!(stderr.contains("is not between"), "{stderr}");
}

#[test]
fn refusals_name_the_address_and_the_answer() {
    let denied = clients(&Home::new(), &["--denied"]);
    assert_eq!(names(&denied), ["192.0.2.45", "192.0.2.44", "192.0.2.46"]);
    assert_eq!(denied[0]["reasons"], json!(["403"]));
    assert_eq!(denied[1]["identity"], json!("former-team"));
}

#[test]
fn without_logs_nothing_is_printed_that_could_read_as_nobody() {
    let home = Home::new();
    for (name, why, hint) in [
        ("tailspin", "no diagnostic setting collects its logs", true),
        ("northwind", "its logs go to a storage account, which cannot be asked", true),
        ("auditlogs", "its workspace has no ContainerRegistryRepositoryEvents yet", false),
    ] {
        let run = home.emulated(&["list-clients", "-n", name, "-o", "table"]);
        let stderr = run.fails(1);
        assert!(
            stderr.contains(&format!("Nobody can say who pulls from '{name}': {why}")),
            "{stderr}"
        );
        assert_eq!(stderr.contains("az monitor diagnostic-settings create"), hint, "{stderr}");
    }
    let run = home.emulated(&["list-clients", "--all-subscriptions", "--query", "length(@)"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, "34\n"));
    assert!(run.stderr.contains("Nobody can say who pulls from 'wingtip'"), "{}", run.stderr);
}

#[test]
fn a_pull_from_the_emulator_is_in_its_logs() {
    let home = Home::new();
    home.emulated(&[
        "check-endpoints",
        "-n",
        "contoso",
        "--planned",
        "--pull",
        "hello",
        "-o",
        "none",
    ]);
    let clients = clients(&home, &["--since", "1h"]);
    assert_eq!(names(&clients), ["127.0.0.1"]);
    assert_eq!(
        (&clients[0]["repositories"], &clients[0]["kind"]),
        (&json!(["hello"]), &json!("private"))
    );
}

#[test]
fn rules_are_judged_for_each_client() {
    let home = Home::new();
    home.write(
        "all.txt",
        "contoso.azurecr.io\ncontoso.eastus.data.azurecr.io\ncontoso.westus.data.azurecr.io\n",
    );
    home.write(
        "squid.conf",
        "acl build src 10.1.0.4\nacl acr dstdomain .azurecr.io\nhttp_access allow build acr\nhttp_access deny all\n",
    );
    let run = |file: &str| {
        home.emulated(&["list-clients", "-n", "contoso", "--by", "client", "--check", file])
    };
    let all = run("all.txt");
    assert_eq!(all.code, 0, "{}", all.stderr);
    assert!(all.stderr.contains("the rules let each have its hosts"), "{}", all.stderr);
    let one = run("squid.conf");
    assert_eq!(one.code, 1);
    let clients: Vec<Value> = serde_json::from_str(&one.stdout).unwrap();
    let check =
        |address: &str| clients.iter().find(|c| c["client"] == address).unwrap()["check"].clone();
    assert_eq!(check("10.1.0.4")["ok"], json!(true));
    assert_eq!(check("10.1.0.5")["refused"].as_array().unwrap().len(), 3);
    // The firewall sees another address of a public client, so a rule for one address says nothing about it.
    assert_eq!(check("20.50.1.4")["ok"], json!(false));
}

#[test]
fn the_fleet_report_says_how_many_clients_pull() {
    let home = Home::new();
    let run = home.emulated(&["list-clients", "-n", "contoso"]);
    home.write("clients.json", &run.stdout);
    let report = [
        "list-endpoints",
        "-o",
        "none",
        "--clients",
        "clients.json",
        "--report",
        "f.html",
        "f.csv",
        "f.md",
    ];
    assert_eq!(home.emulated(&report).code, 0);
    let read = |name: &str| std::fs::read_to_string(home.path(name)).unwrap();
    assert!(read("f.html").contains("15, last pull 20"));
    assert!(read("f.html").contains("not known"));
    assert!(
        read("f.md")
            .lines()
            .any(|line| line.starts_with("| contoso |") && line.ends_with("| 15 |"))
    );
    let csv = read("f.csv");
    assert!(csv.lines().next().unwrap().ends_with(r#""clients","pulls","lastPull""#), "{csv}");
    home.write("clients.json", "{}");
    let stderr = home.emulated(&report).fails(1);
    assert!(stderr.contains("clients.json is not the JSON of list-clients"), "{stderr}");
}

#[test]
fn a_mask_hides_names_in_every_format() {
    let home = Home::new();
    for format in ["json", "table", "tsv", "yaml"] {
        let args = ["list-clients", "-n", "contoso", "--resolve-owners", "--mask", "-o", format];
        let run = home.emulated(&args);
        assert_eq!(run.code, 0, "{}", run.stderr);
        for name in ["contoso", "20.50.1", "aks-prod", "build-vm", "shop/web", "release@", "10.1.0"]
        {
            assert!(!run.stdout.contains(name), "{format}: {name}");
        }
    }
}

#[test]
fn partial_answers_are_rows_with_warnings() {
    let server =
        |fault: &str| Server::with_registries(Home::new(), &["--fault", &format!("logs={fault}")]);
    let ask = |server: &Server| {
        server.login().run(&["list-clients", "-n", "contoso", "--query", "length(@)"])
    };
    let partial = ask(&server("partial"));
    assert_eq!((partial.code, partial.stdout.as_str()), (0, "17\n"));
    assert!(
        partial.stderr.contains("WARNING: contoso: The answer is partial: Query result"),
        "{}",
        partial.stderr
    );
    let denied = ask(&server("denied"));
    assert!(
        denied.stderr.contains("may not read ContainerRegistryRepositoryEvents"),
        "{}",
        denied.stderr
    );
    let stderr = ask(&server("empty")).fails(1);
    assert!(stderr.contains("Nobody can say who pulls"), "{stderr}");
    let stderr = ask(&server("throttled")).fails(1);
    assert!(stderr.contains("Rate limit is exceeded"), "{stderr}");
}

/// A fake Azure with contoso, whose logs answer so.
fn with_logs(answer: impl Fn(&Request) -> (u16, Value) + Send + Sync + 'static) -> Home {
    let id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/contoso";
    let fake = FakeArm::start(move |request| {
        let setting = json!({"name": "s", "properties": {"workspaceId": "/w", "logs": [
            {"categoryGroup": "allLogs", "enabled": true},
        ]}});
        let (status, body) = match request.path.split('?').next().unwrap() {
            path if path.ends_with("/diagnosticSettings") => (200, json!({"value": [setting]})),
            path if path.ends_with("/logs") => answer(request),
            path if path.ends_with("/replications") => (200, json!({"value": []})),
            _ => (
                200,
                json!({"id": id, "name": "contoso", "location": "eastus", "sku": {"name": "Premium"},
                       "properties": {"loginServer": "contoso.azurecr.io"}}),
            ),
        };
        (status, Vec::new(), body)
    });
    let home = fake.home("token");
    // The server ends with the test's process.
    std::mem::forget(fake);
    home
}

fn table(rows: &Value) -> Value {
    let columns = [
        "began",
        "client",
        "agent",
        "pulls",
        "hours",
        "firstSeen",
        "lastSeen",
        "repositories",
        "ended",
    ];
    let columns: Vec<Value> =
        columns.iter().map(|name| json!({"name": name, "type": "string"})).collect();
    json!({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]})
}

#[test]
fn logs_that_begin_late_and_addresses_with_ports_are_understood() {
    let home = with_logs(|_| {
        let now = "2026-11-29T10:00:00.1234567Z";
        let row = json!([null, "203.0.113.7:50001", "docker/27.3.1", 4, 2, now, now, null, null]);
        (200, table(&json!([[now, null, null, null, null, null, null, null, now], row])))
    });
    let run = home.run(&[
        "list-clients",
        "-n",
        "contoso",
        "-g",
        "rg",
        "--query",
        "[].[client,program]",
        "-o",
        "tsv",
    ]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (0, "203.0.113.7\tdocker/27.3.1\n"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("begin at 2026-11-29T10:00:00Z"), "{}", run.stderr);
}

#[test]
fn answers_that_say_nothing_are_no_empty_list() {
    let semantic = json!({"error": {"code": "BadArgumentError", "message": "no",
                                    "innererror": {"code": "SemanticError", "message": "A semantic error occurred.", "innererror":
                                    {"code": "SEM0100", "message": "Failed to resolve table or column"}}}});
    let mistake = json!({"error": {"code": "BadArgumentError", "message": "no",
                                   "innererror": {"code": "SemanticError", "message": "'x' is no operator"}}});
    let began = json!([[
        "2026-11-01T00:00:00Z",
        null,
        null,
        0,
        0,
        null,
        null,
        null,
        "2026-11-02T00:00:00Z"
    ]]);
    let nothing = json!([[null, null, null, 0, 0, null, null, null, null]]);
    let mut unread = table(&began);
    unread["permissions"] = json!({"dataSources": [{"resourceId": "/w", "denyTables": ["ContainerRegistryRepositoryEvents"]}]});
    for (status, body, says) in [
        (400, mistake, "BadArgumentError"),
        (400, semantic, "has no ContainerRegistryRepositoryEvents yet"),
        (200, table(&nothing), "there is nothing in ContainerRegistryRepositoryEvents since"),
        (200, unread, "The login may not read ContainerRegistryRepositoryEvents in /w"),
        (
            403,
            json!({"error": {"code": "InsufficientAccessError", "message": "no access"}}),
            "may not read its logs",
        ),
    ] {
        let home = with_logs(move |_| (status, body.clone()));
        let stderr = home.run(&["list-clients", "-n", "contoso", "-g", "rg"]).fails(1);
        assert!(stderr.contains(says), "{stderr}");
    }
    // Somebody used it, but nobody pulled in the period.
    let home = with_logs(move |_| (200, table(&began)));
    let run = home.run(&["list-clients", "-n", "contoso", "-g", "rg", "--since", "2026-11-01"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "[]\n"), "{}", run.stderr);
    assert!(
        run.stderr.contains("the last event in ContainerRegistryRepositoryEvents is of 2026-11-02"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_region_without_the_registry_is_refused() {
    let stderr =
        Home::new().emulated(&["list-clients", "-n", "contoso", "--region", "japaneast"]).fails(1);
    assert!(stderr.contains("No registry that is asked about is in japaneast."), "{stderr}");
}
