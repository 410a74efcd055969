//! `network-rule add --my-address` and `with-access`: a registry opened for the machine that runs the command.

use crate::fake_arm::FakeArm;
use crate::home::{Home, binary};
use crate::https::{SUBSCRIPTION, Server};
use serde_json::{Value, json};
#[cfg(unix)]
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const RULES: [&str; 7] =
    ["network-rule", "list", "-n", "contoso", "--query", "ipRules[].ipAddressOrRange", "-otsv"];

/// A home whose emulated contoso refuses every address.
fn closed() -> Home {
    let home = Home::new();
    let run = home.emulated(&["update", "-n", "contoso", "--default-action", "Deny", "-o", "none"]);
    assert_eq!(run.code, 0);
    home
}

fn rules(home: &Home) -> String {
    home.emulated(&RULES).quiet()
}

#[test]
fn the_registry_says_which_address_it_sees() {
    let home = closed();
    let add = [
        "network-rule",
        "add",
        "-n",
        "contoso",
        "--my-address",
        "--wait",
        "--query",
        "myAddresses",
        "-otsv",
    ];
    let run = home.emulated(&add);
    assert_eq!((run.code, run.stdout.as_str()), (0, "127.0.0.1\n"));
    assert_eq!(run.stderr, "NOTE: 'contoso' lets this machine in, as 127.0.0.1.\n");
    assert_eq!(rules(&home), "127.0.0.1\n");
    // It is open now, so that nothing changes.
    let run = home.emulated(&add);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    assert!(run.stderr.contains("lets this machine in already"), "{}", run.stderr);
    let remove = ["network-rule", "remove", "-n", "contoso", "--my-address"];
    assert_eq!(home.emulated(&remove).code, 0);
    assert_eq!(rules(&home), "");
    let stderr = home.emulated(&remove).fails(1);
    assert!(stderr.contains("No address of this machine is recorded"), "{stderr}");
    assert!(stderr.contains("network-rule remove -n contoso --ip-address ADDRESS"), "{stderr}");
}

#[test]
fn what_cannot_work_is_refused_before_anything_changes() {
    let home = closed();
    let add =
        |name: &str| home.emulated(&["network-rule", "add", "-n", name, "--my-address"]).fails(1);
    let stderr = add("northwind");
    assert!(stderr.contains("only private endpoints reach it"), "{stderr}");
    assert!(add("tailspin").contains("Premium"));
    let rules: Vec<Value> =
        (0..100).map(|n| json!({"action": "Allow", "value": format!("198.51.100.{n}")})).collect();
    let set = format!("networkRuleSet.ipRules={}", Value::from(rules));
    assert_eq!(home.emulated(&["update", "-n", "contoso", "--set", &set, "-o", "none"]).code, 0);
    let stderr = add("contoso");
    assert!(
        stderr.contains("'contoso' has 100 rules for addresses, as many as it may have"),
        "{stderr}"
    );
    let stderr = home.emulated(&["network-rule", "add", "-n", "contoso", "--wait"]).fails(2);
    assert!(stderr.contains("--my-address"), "{stderr}");
}

#[test]
fn a_command_runs_with_access_and_its_exit_code_counts() {
    let home = closed();
    let run =
        home.emulated(&["with-access", "-n", "contoso", "--", "sh", "-c", "echo inside; exit 7"]);
    assert_eq!((run.code, run.stdout.as_str()), (7, "inside\n"));
    assert!(run.stderr.contains("is open for 127.0.0.1 until the command ends"), "{}", run.stderr);
    assert_eq!(rules(&home), "");
    let stderr = home.emulated(&["with-access", "-n", "contoso", "--", "no-such-program"]).fails(1);
    assert!(stderr.contains("cannot start no-such-program"), "{stderr}");
    assert_eq!(rules(&home), "");
}

#[test]
fn a_rule_that_was_there_before_stays() {
    let home = closed();
    home.emulated(&[
        "network-rule",
        "add",
        "-n",
        "contoso",
        "--ip-address",
        "127.0.0.1",
        "-o",
        "none",
    ]);
    let run = home.emulated(&["with-access", "-n", "contoso", "--", "true"]);
    assert_eq!(run.code, 0);
    assert!(run.stderr.contains("nothing was changed"), "{}", run.stderr);
    assert_eq!(rules(&home), "127.0.0.1\n");
}

/// A command that runs with access until a signal ends it.
#[cfg(unix)]
fn running(home: &Home) -> Child {
    let mut child = Command::new(binary())
        .args(["--cloud", "emulator", "with-access", "-n", "contoso", "--", "sh", "-c"])
        // The shell's own handling would hide the signal: exec makes sleep the command itself.
        .arg("echo ready; exec sleep 20")
        .env_clear()
        .env("HOME", home.path(""))
        .env("PATH", "/usr/bin:/bin")
        // No terminal, which would send some signals to both.
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    assert_eq!(line, "ready\n");
    child
}

#[cfg(unix)]
#[test]
fn signals_reach_the_command_and_the_rule_goes() {
    let home = closed();
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129), ("QUIT", 131)] {
        let mut child = running(&home);
        assert_eq!(rules(&home), "127.0.0.1\n");
        let kill =
            |pid: &str| Command::new("kill").args([&format!("-{signal}"), pid]).status().unwrap();
        let parent = child.id().to_string();
        kill(&parent);
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!(rules(&home), "");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_while_a_rule_is_added_or_removed_leaves_nothing_open() {
    use rustix::process::{Pid, Signal, kill_process};
    use std::sync::mpsc;
    const REFUSAL: &str = "client with IP '203.0.113.7' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.";
    for held in ["added", "removed"] {
        let rules = Arc::new(Mutex::new(json!([])));
        let (sent, arrived) = mpsc::channel();
        let (go, wait) = mpsc::channel::<()>();
        let (known, wait) = (Arc::clone(&rules), Mutex::new(wait));
        let arm = FakeArm::start(move |request| {
            if request.method == "PATCH" {
                let new = request.body["properties"]["networkRuleSet"]["ipRules"].clone();
                if (new == json!([])) == (held == "removed") {
                    sent.send(()).unwrap();
                    let _ = wait.lock().unwrap().recv();
                }
                *known.lock().unwrap() = new;
            }
            let rules = known.lock().unwrap().clone();
            if request.path.starts_with("/v2/") && rules == json!([]) {
                return (
                    403,
                    Vec::new(),
                    json!({"errors": [{"code": "DENIED", "message": REFUSAL}]}),
                );
            } else if request.path.starts_with("/v2/") {
                let realm = "Bearer realm=\"https://contoso.azurecr.io/oauth2/token\",service=\"contoso.azurecr.io\"";
                return (401, vec![("www-authenticate", realm.to_owned())], json!({}));
            }
            let properties = json!({"loginServer": "contoso.azurecr.io", "publicNetworkAccess": "Enabled",
                "networkRuleSet": {"defaultAction": "Deny", "ipRules": rules}});
            (
                200,
                Vec::new(),
                json!({"name": "contoso", "sku": {"name": "Premium"}, "properties": properties}),
            )
        });
        let home = arm.home_with_registry("token");
        let args = ["with-access", "-n", "contoso", "-g", "rg", "--", "true"];
        let mut child = home.command_of(binary()).args(args).spawn().unwrap();
        arrived.recv_timeout(Duration::from_secs(60)).unwrap();
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        drop(go);
        let code = child.wait().unwrap().code();
        assert_eq!(
            (code, &*rules.lock().unwrap()),
            (Some(if held == "added" { 143 } else { 0 }), &json!([])),
            "{held}"
        );
    }
}

#[cfg(unix)]
#[test]
fn what_a_killed_run_has_left_open_is_named_and_can_be_closed() {
    let home = closed();
    let mut child = running(&home);
    child.kill().unwrap();
    child.wait().unwrap();
    let run = home.emulated(&["with-access", "-n", "contoso", "--", "true"]);
    assert_eq!(run.code, 0);
    assert!(
        run.stderr.contains("'contoso' is still open for 127.0.0.1 from an earlier run."),
        "{}",
        run.stderr
    );
    assert_eq!(
        home.emulated(&["network-rule", "remove", "-n", "contoso", "--my-address", "-o", "none"])
            .code,
        0
    );
    assert_eq!(rules(&home), "");
}

#[test]
fn over_the_network_a_refused_command_leaves_nothing_open() {
    let home = closed();
    let server = Server::with_registries(home, &[]);
    // Over the network, contoso.azurecr.io is not this server, so that nothing says which address it sees.
    let login =
        server.login().with("HTTPS_PROXY", "http://127.0.0.1:9").with("NO_PROXY", "localhost");
    let stderr = login.run(&["with-access", "-n", "contoso", "--wait", "1", "--", "true"]).fails(1);
    assert!(stderr.contains("contoso.azurecr.io does not say which address it sees"), "{stderr}");
    assert_eq!(rules(&server.home), "");
}

#[test]
fn a_conflict_is_tried_again_on_the_fresh_state() {
    let rules = |addresses: &[&str]| -> Value {
        let rules: Vec<Value> =
            addresses.iter().map(|address| json!({"action": "Allow", "value": address})).collect();
        json!({"name": "contoso", "location": "eastus", "sku": {"name": "Premium"}, "properties": {
            "loginServer": "contoso.azurecr.io", "provisioningState": "Succeeded",
            "networkRuleSet": {"defaultAction": "Deny", "ipRules": rules}}})
    };
    // Somebody else adds an address between the attempts, which must stay.
    let state = Mutex::new((0, vec!["203.0.113.7", "198.51.100.1"]));
    let fake = FakeArm::start(move |request| {
        let mut state = state.lock().unwrap();
        if request.method != "PATCH" {
            return (200, Vec::new(), rules(&state.1));
        }
        state.0 += 1;
        match state.0 {
            1 => {
                state.1.push("198.51.100.2");
                (409, Vec::new(), json!({"error": {"code": "Conflict", "message": "in use"}}))
            }
            2 => (
                412,
                Vec::new(),
                json!({"error": {"code": "PreconditionFailed", "message": "stale"}}),
            ),
            _ => {
                let sent = &request.body["properties"]["networkRuleSet"]["ipRules"];
                let sent: Vec<&str> =
                    sent.as_array().unwrap().iter().map(|r| r["value"].as_str().unwrap()).collect();
                assert_eq!(sent, ["198.51.100.1", "198.51.100.2"]);
                state.1.retain(|address| *address != "203.0.113.7");
                (200, Vec::new(), rules(&state.1))
            }
        }
    });
    let home = fake.home("token");
    let id = format!(
        "/subscriptions/{SUBSCRIPTION}/resourcegroups/rg/providers/microsoft.containerregistry/registries/contoso"
    );
    let record = ".local/state/az-acr/my-addresses.json";
    home.write(record, &json!({id: ["203.0.113.7"]}).to_string());
    let run = home.run(&[
        "network-rule",
        "remove",
        "-n",
        "contoso",
        "-g",
        "rg",
        "--my-address",
        "-o",
        "none",
    ]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(fake.count("PATCH"), 3);
    assert_eq!(std::fs::read_to_string(home.path(record)).unwrap(), "{}");
}

#[test]
fn where_arm_has_etags_a_stale_list_is_refused_and_made_again() {
    // No recording of ARM has an etag for registries; a cloud that sends one gets it back.
    let state = Mutex::new((1, vec!["198.51.100.1".to_owned()]));
    let fake = FakeArm::start(move |request| {
        let mut state = state.lock().unwrap();
        if request.method == "PATCH" {
            if state.0 == 1 {
                // Somebody else was faster.
                state.0 = 2;
                state.1.push("198.51.100.2".to_owned());
            }
            if request.if_match != format!("\"{}\"", state.0) {
                let error = json!({"error": {"code": "PreconditionFailed", "message": "stale"}});
                return (412, Vec::new(), error);
            }
            let rules = &request.body["properties"]["networkRuleSet"]["ipRules"];
            let rules = rules.as_array().unwrap().iter();
            state.1 = rules.map(|rule| rule["value"].as_str().unwrap().to_owned()).collect();
            state.0 += 1;
        }
        let rules: Vec<Value> =
            state.1.iter().map(|text| json!({"action": "Allow", "value": text})).collect();
        let body = json!({"name": "contoso", "location": "eastus", "sku": {"name": "Premium"},
            "etag": format!("\"{}\"", state.0), "properties": {
            "loginServer": "contoso.azurecr.io", "provisioningState": "Succeeded",
            "networkRuleSet": {"defaultAction": "Deny", "ipRules": rules}}});
        (200, Vec::new(), body)
    });
    let home = fake.home("token");
    let add = ["network-rule", "add", "-n", "contoso", "-g", "rg", "--ip-address", "198.51.100.3"];
    let run =
        home.run(&[&add[..], &["--query", "networkRuleSet.ipRules[].ipAddressOrRange"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let addresses: Vec<String> = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(addresses, ["198.51.100.1", "198.51.100.2", "198.51.100.3"]);
    let patches = fake.requests().into_iter().filter(|request| request.method == "PATCH");
    let sent: Vec<String> = patches.map(|request| request.if_match).collect();
    assert_eq!(sent, ["\"1\"", "\"2\""]);
}
