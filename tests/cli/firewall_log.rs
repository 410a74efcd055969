//! `firewall-log`: who needs the wildcard, by logs of firewalls, proxies and resolvers.

use crate::home::Home;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write as _;

const LOG: &str = "\
1795996000.123    456 10.1.0.4 TCP_TUNNEL/200 5120 CONNECT contoso.azurecr.io:443 - HIER_DIRECT/20.1.2.3 -
1795996001.123    456 10.1.0.4 TCP_DENIED/403 0 CONNECT contoso.eastus.data.azurecr.io:443 - HIER_NONE/- -
1795996002.123    456 10.1.0.4 TCP_DENIED/403 0 CONNECT fabrikam.japaneast.data.azurecr.io:443 - HIER_NONE/- -
1795996003.123    456 10.1.0.5 TCP_TUNNEL/200 5120 CONNECT eastusmanaged1.blob.core.windows.net:443 - HIER_DIRECT/1.2.3.4 -
1795996003.123    456 10.1.0.6 TCP_TUNNEL/200 5120 CONNECT backups.blob.core.windows.net:443 - HIER_DIRECT/1.2.3.4 -
no line of squid
";

fn found(home: &Home, args: &[&str]) -> Value {
    let run = home.run(&[&["firewall-log"], args].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn a_log_says_who_is_refused_who_needs_storage_and_who_asked() {
    let home = Home::new();
    home.write("access.log", LOG);
    let found = found(&home, &["access.log"]);
    let time = "2026-11-29T23:46:41Z";
    assert_eq!(
        found["refused"][0],
        json!({"source": "10.1.0.4", "host": "contoso.eastus.data.azurecr.io", "first": time, "last": time, "count": 1})
    );
    assert_eq!(found["refused"].as_array().unwrap().len(), 2);
    let users = found["wildcardUsers"].as_array().unwrap();
    let owned: Vec<_> = users.iter().map(|user| (&user["host"], &user["registryOwned"])).collect();
    assert_eq!(
        owned,
        [
            (&json!("backups.blob.core.windows.net"), &json!(false)),
            (&json!("eastusmanaged1.blob.core.windows.net"), &json!(true)),
        ]
    );
    assert_eq!(found["resolvers"][0]["host"], json!("contoso.azurecr.io"));
    let run = home.run(&["firewall-log", "access.log", "-o", "table"]);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
    assert!(run.stderr.starts_with("WARNING: 1 line could not be read"), "{}", run.stderr);
}

#[test]
fn endpoints_say_whose_hosts_count() {
    let home = Home::new();
    home.write("access.log", LOG);
    let endpoints = home.emulated(&["show-endpoints", "-n", "contoso"]);
    home.write("endpoints.json", &endpoints.stdout);
    let of_file = found(&home, &["access.log", "--endpoints", "endpoints.json"]);
    assert_eq!(of_file["refused"].as_array().unwrap().len(), 1);
    let run = home.emulated(&[
        "firewall-log",
        "access.log",
        "-n",
        "contoso",
        "--query",
        "refused[].host",
        "-o",
        "tsv",
    ]);
    assert_eq!(run.stdout, "contoso.eastus.data.azurecr.io\n");
}

#[test]
fn compressed_logs_and_standard_input_are_read() {
    let home = Home::new();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(LOG.as_bytes()).unwrap();
    std::fs::write(home.path("access.log.1.gz"), gzip.finish().unwrap()).unwrap();
    home.write("access.log", LOG);
    let found = found(&home, &["access.log", "access.log.1.gz"]);
    assert_eq!(found["refused"][0]["count"], json!(2));
    let output = home.command().args(["firewall-log", "-"]).write_stdin(LOG).output().unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["refused"][0]["count"], json!(1));
}

#[test]
fn another_file_is_an_error_that_lists_the_formats() {
    let home = Home::new();
    home.write("notes.txt", "contoso.azurecr.io is slow\nsince yesterday\n");
    let stderr = home.run(&["firewall-log", "notes.txt"]).fails(1);
    assert!(
        stderr.starts_with("ERROR: notes.txt is not a log that can be read.\nThe formats: squid"),
        "{stderr}"
    );
    let stderr = home.run(&["firewall-log", "missing.log"]).fails(1);
    assert!(stderr.contains("cannot read missing.log"), "{stderr}");
    home.write("empty.log", "");
    assert_eq!(found(&home, &["empty.log"])["refused"], json!([]));
}

#[test]
fn an_azure_firewall_is_asked_through_its_own_tables() {
    let home = Home::new();
    let run = home.emulated(&[
        "firewall-log",
        "--azure-firewall",
        "hub-firewall",
        "-n",
        "contoso",
        "--since",
        "7d",
    ]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(found["refused"][0]["host"], json!("contoso.westus.data.azurecr.io"));
    let users: Vec<_> =
        found["wildcardUsers"].as_array().unwrap().iter().map(|u| &u["registryOwned"]).collect();
    assert_eq!(users, [&json!(true), &json!(false)]);
    assert_eq!(found["resolvers"].as_array().unwrap().len(), 3);
    let stderr = home.emulated(&["firewall-log", "--azure-firewall", "other"]).fails(1);
    assert!(stderr.contains("There is no Azure Firewall 'other'"), "{stderr}");
    let stderr = home.emulated(&["firewall-log", "--azure-firewall", "/x/y"]).fails(2);
    assert!(stderr.contains("not the resource id of an Azure Firewall"), "{stderr}");
}
