//! The emulator's saved state, and its server for other programs.

use crate::home::{Home, binary};
use crate::https::Server;
use serde_json::Value;
use std::process::Command;

#[test]
fn reset_brings_the_first_world_back() {
    let home = Home::new();
    let enabled =
        || home.emulated(&["show", "-n", "contoso", "--query", "dataEndpointEnabled"]).quiet();
    home.switch();
    assert_eq!(enabled(), "true\n");
    assert_eq!(home.run(&["emulator", "reset"]).quiet(), "");
    assert_eq!(enabled(), "false\n");
}

#[test]
fn reading_writes_nothing() {
    let home = Home::new();
    home.emulated(&["show-endpoints", "-n", "contoso", "-g", "contoso-rg", "-o", "none"]);
    assert_eq!(std::fs::read_dir(home.path("")).unwrap().count(), 0);
}

#[test]
fn the_state_is_where_the_variable_says() {
    let home = Home::new();
    let state = home.path("deep/down/state.json");
    let home = home.with("AZ_ACR_EMULATOR_STATE", state.to_str().unwrap());
    home.emulated(&["update", "-n", "contoso", "--admin-enabled", "-o", "none"]).quiet();
    assert!(state.is_file());
}

#[test]
fn a_damaged_state_says_how_to_start_over() {
    let home = Home::new();
    home.write(".local/state/az-acr/emulator.json", "{\"version\": 1");
    let stderr = home.emulated(&["list"]).fails(1);
    assert!(stderr.contains("emulator.json is damaged (EOF"), "{stderr}");
    assert!(stderr.contains("Run 'az-acr emulator reset' to start over"), "{stderr}");
    home.run(&["emulator", "reset"]).quiet();
    home.emulated(&["list"]).quiet();
}

#[test]
fn updates_at_the_same_time_are_all_kept() {
    let home = Home::new();
    let update = |args: &[&str]| {
        Command::new(binary())
            .args(["--cloud", "emulator", "update", "-o", "none"])
            .args(args)
            .env_clear()
            .env("HOME", home.path(""))
            .spawn()
            .unwrap()
    };
    let children = [
        update(&["-n", "contoso", "--data-endpoint-enabled"]),
        update(&["-n", "contoso", "--admin-enabled"]),
        update(&["-n", "contoso", "--anonymous-pull-enabled"]),
        update(&["-n", "contoso", "--tags", "a=b"]),
        update(&["-n", "wingtip", "--data-endpoint-enabled"]),
        update(&["-n", "tailspin", "--admin-enabled"]),
    ];
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let query = "[?dataEndpointEnabled || adminUserEnabled].name";
    assert_eq!(
        home.emulated(&["list", "--query", query, "-o", "tsv"]).quiet(),
        "contoso\nfabrikam\ntailspin\nwingtip\n"
    );
    let query = "[dataEndpointEnabled, adminUserEnabled, anonymousPullEnabled, tags.a]";
    assert_eq!(
        home.emulated(&["show", "-n", "contoso", "--query", query, "-o", "tsv"]).quiet(),
        "true\ntrue\ntrue\nb\n"
    );
}

#[test]
fn start_prints_what_az_needs() {
    let server = Server::start();
    let lines = &server.lines;
    assert!(lines[0].starts_with("# The emulator listens on https://localhost:"), "{}", lines[0]);
    for (line, beginning) in lines[1..].iter().zip([
        "export REQUESTS_CA_BUNDLE='",
        "export AZURE_CONFIG_DIR='",
        "az cloud register --name az-acr-emulator --skip-endpoint-discovery ",
        "az cloud set --name az-acr-emulator",
        "az config set core.instance_discovery=false",
        "az login --service-principal --username emulator --password emulator --tenant ",
    ]) {
        assert!(line.starts_with(beginning), "{line}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let stderr = Home::new().run(&["emulator", "start", "--port", &port]).fails(1);
    assert!(
        stderr.starts_with(&format!("ERROR: cannot listen on port {port} of 127.0.0.1: ")),
        "{stderr}"
    );
}

#[test]
fn what_is_no_address_and_no_region_is_refused() {
    let home = Home::new();
    let add = ["network-rule", "add", "-n", "contoso", "--ip-address", "300.1.1.1"];
    let stderr = home.emulated(&add).fails(1);
    assert!(stderr.contains("300.1.1.1"), "{stderr}");
    let stderr =
        home.emulated(&["replication", "create", "-r", "contoso", "-l", "Atlantis"]).fails(1);
    assert!(stderr.contains("(LocationNotAvailableForResourceType)"), "{stderr}");
}

/// How often a process has waited for something.
#[cfg(target_os = "linux")]
fn waits(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn too_many_connections_do_not_make_the_server_spin() {
    let home = Home::new();
    // With few file descriptors, accepting fails while the connections are open.
    let script = format!(
        "ulimit -n 16; exec '{}' emulator start --cert-dir .",
        crate::home::binary().display()
    );
    let mut child = std::process::Command::new("sh")
        .args(["-c", &script])
        .env_clear()
        .env("HOME", home.path(""))
        .current_dir(home.path(""))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    let port: u16 =
        line.split("localhost:").nth(1).unwrap().split('.').next().unwrap().parse().unwrap();
    let connections: Vec<_> =
        (0..32).filter_map(|_| std::net::TcpStream::connect(("127.0.0.1", port)).ok()).collect();
    // A server that spins never waits.
    let (before, deadline) = (waits(child.id()), std::time::Instant::now());
    while waits(child.id()) < before + 5 {
        assert!(deadline.elapsed().as_secs() < 30, "the server spins");
        std::thread::yield_now();
    }
    drop(connections);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_emulator_runs_in_the_background_until_it_is_stopped() {
    let home = Home::new();
    let started = home.run(&["emulator", "start", "--background", "-o", "json"]).quiet();
    let running: Value = serde_json::from_str(&started).unwrap();
    let address = running["url"].as_str().unwrap().strip_prefix("https://").unwrap();
    assert!(std::net::TcpStream::connect(address).is_ok());
    assert!(std::path::Path::new(running["ca"].as_str().unwrap()).exists());
    let error = home.run(&["emulator", "start", "--background"]).fails(1);
    assert!(error.starts_with("ERROR: The emulator already runs at https://localhost:"), "{error}");
    home.run(&["emulator", "stop"]).quiet();
    assert!(std::net::TcpStream::connect(address).is_err());
    assert_eq!(
        home.run(&["emulator", "stop"]).fails(1),
        "ERROR: No emulator runs in the background.\n"
    );
    // What prevents a start is said.
    home.write("file", "");
    let error = home.run(&["emulator", "start", "--background", "--cert-dir", "file"]).fails(1);
    assert!(
        error.starts_with("ERROR: The emulator did not start: cannot write file/ca.pem"),
        "{error}"
    );
}

#[test]
fn a_body_that_the_state_cannot_hold_is_refused() {
    let home = Home::new();
    let set =
        |value: &str| home.emulated(&["update", "-n", "contoso", "--set", value, "-o", "none"]);
    let deep = format!("identity={}{}", "[".repeat(60), "]".repeat(60));
    assert_ne!(set(&deep).code, 0);
    // The state can be read afterwards.
    home.emulated(&["show", "-n", "contoso", "-o", "none"]).quiet();
}

#[cfg(unix)]
#[test]
fn of_two_starts_in_the_background_one_wins() {
    let home = Home::new();
    let start = || home.command().args(["emulator", "start", "--background"]).output().unwrap();
    let codes = std::thread::scope(|scope| {
        let other = scope.spawn(start);
        let mut codes = [start().status.code(), other.join().unwrap().status.code()];
        codes.sort_unstable();
        codes
    });
    let stopped = home.run(&["emulator", "stop"]);
    assert_eq!(codes, [Some(0), Some(1)]);
    assert_eq!(stopped.code, 0, "{}", stopped.stderr);
}
