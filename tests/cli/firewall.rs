//! `firewall-rules`: what is written, what its real consumers make of it, and `--check`.

use crate::home::{Home, Run};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const REPLICATED: &str =
    "contoso.azurecr.io\ncontoso.eastus.data.azurecr.io\ncontoso.westus.data.azurecr.io\n";

pub fn rules(home: &Home, args: &[&str]) -> Run {
    home.emulated(&[&["firewall-rules"], args].concat())
}

/// The rules without their header.
fn hosts(run: Run) -> String {
    let text = run.quiet();
    text.split_inclusive('\n').filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn the_list_names_what_clients_need() {
    let home = Home::new();
    assert_eq!(hosts(rules(&home, &["-n", "contoso", "--planned"])), REPLICATED);
    assert_eq!(
        hosts(rules(
            &home,
            &["-n", "wingtip", "--planned", "--with-region", "Japan East", "--regional-endpoints"]
        )),
        "wingtip-abc123def.azurecr.io\nwingtip-abc123def.eastus.geo.azurecr.io\n\
         wingtip-abc123def.japaneast.geo.azurecr.io\nwingtip-abc123def.eastus.data.azurecr.io\n\
         wingtip-abc123def.japaneast.data.azurecr.io\n"
    );
    assert_eq!(
        hosts(rules(
            &home,
            &[
                "-n",
                "fabrikam",
                "--region",
                "japaneast",
                "--include",
                "azure-login",
                "--only-show-errors"
            ]
        )),
        "fabrikam.azurecr.io\nfabrikam.japaneast.geo.azurecr.io\nfabrikam.japaneast.data.azurecr.io\n\
         management.emulator.invalid\n"
    );
}

#[test]
fn what_else_needs_hosts_is_added_on_request() {
    let home = Home::new();
    let include = |what: &str, args: &[&str]| {
        rules(&home, &[&["-n", "contoso", "--planned", "--include", what], args].concat())
    };
    let mcr = "mcr.microsoft.com\n*.data.mcr.microsoft.com\n";
    assert_eq!(hosts(include("mcr", &[])), format!("{REPLICATED}{mcr}"));
    assert_eq!(hosts(include("connected-registry", &[])), REPLICATED);
    let login = hosts(include("azure-login", &[]));
    assert_eq!(hosts(rules(&home, &["-n", "contoso", "--planned", "--with-management"])), login);
    // Agent pools need addresses, which only Azure's own firewalls know by name.
    for (format, rule) in [
        ("azure-firewall", "\"destinationAddresses\": [\n                  \"EventHub\""),
        ("terraform", "destination_addresses = [\"EventHub\"]"),
    ] {
        let text = include("tasks-pool", &["--format", format]).quiet();
        assert!(text.contains(rule) && text.contains("12000"), "{text}");
    }
    let stderr = include("tasks-pool", &["--format", "squid"]).fails(2);
    assert!(
        stderr.contains("Formats that can use it: azure-firewall, terraform, bicep."),
        "{stderr}"
    );
    let connected = ["-n", "contoso", "--include", "connected-registry"];
    let stderr = rules(&home, &connected).fails(2);
    assert!(stderr.contains("contoso.azurecr.io has no dedicated data endpoints"), "{stderr}");
    let run = rules(&home, &["-n", "contoso", "--planned", "--region", "eastus"]);
    assert!(run.stderr.contains("Failover can move clients to any replica"), "{}", run.stderr);
}

#[test]
fn the_storage_wildcard_comes_with_a_warning() {
    let run = rules(&Home::new(), &["-n", "contoso"]);
    assert!(
        run.stdout.ends_with("contoso.azurecr.io\n*.blob.core.windows.net\n"),
        "{}",
        run.stdout
    );
    assert!(
        run.stderr
            .starts_with("WARNING: For contoso.azurecr.io, the rules allow *.blob.core.windows.net, which stands for"),
        "{}",
        run.stderr
    );
}

#[test]
fn no_azure_access_is_needed_with_the_output_of_show_endpoints() {
    let home = Home::new();
    let endpoints =
        home.emulated(&["show-endpoints", "-n", "contoso", "--only-show-errors"]).quiet();
    home.write("endpoints.json", &endpoints);
    let planned = home.run(&["firewall-rules", "--endpoints", "endpoints.json", "--planned"]);
    assert_eq!(hosts(planned), REPLICATED);
    let several = format!("[{endpoints}, {endpoints}]");
    let output = home
        .command()
        .args(["firewall-rules", "--endpoints", "-", "--planned"])
        .write_stdin(several)
        .output()
        .unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().ends_with(REPLICATED));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let home = Home::new();
    for format in
        ["list", "json", "squid", "dnsmasq", "nftables", "azure-firewall", "terraform", "cilium"]
    {
        let write = || {
            rules(&home, &["-n", "fabrikam", "contoso", "--planned", "--format", format]).quiet()
        };
        let first = write();
        assert!(first.contains("fabrikam.azurecr.io"), "{format}");
        assert_eq!(first, write(), "{format}");
    }
}

#[test]
fn names_that_a_format_could_interpret_are_never_written() {
    let home = Home::new();
    for name in ["con\\\"toso.io", "a\\n*.evil.example", "${var.x}.io", "a b.io", "#.io", "*", ""] {
        let text = format!(
            r#"{{"loginServer": "contoso.azurecr.io", "dataEndpoints": [{{"region": "r", "endpoint": "{name}"}}]}}"#
        );
        home.write("endpoints.json", &text);
        for format in ["squid", "terraform", "nftables"] {
            let stderr = home
                .run(&["firewall-rules", "--endpoints", "endpoints.json", "--format", format])
                .fails(1);
            assert!(stderr.contains("is not a host name"), "{name}: {stderr}");
        }
    }
    let stderr = rules(&home, &["-n", "contoso", "--planned", "--source", "\"]; evil"]).fails(2);
    assert!(stderr.contains("expected *, an address"), "{stderr}");
}

#[test]
fn bad_input_is_named() {
    let home = Home::new();
    home.write("half.json", "{\"loginServer\": \"contoso");
    home.write("other.json", "{\"name\": \"contoso\"}");
    for (args, code, message) in [
        (&["--endpoints", "half.json"][..], 1, "half.json is not the JSON of show-endpoints: EOF"),
        (
            &["--endpoints", "other.json"],
            1,
            "other.json is not the JSON of show-endpoints: missing field",
        ),
        (&["--endpoints", "nowhere.json"], 1, "cannot read nowhere.json"),
        (
            &["-n", "contoso", "--planned", "--with-region", "japaneest"],
            1,
            "'japaneest' is not an Azure region. Did you mean 'japaneast'?",
        ),
        (
            &["-n", "fabrikam", "--region", "westus"],
            1,
            "'fabrikam.azurecr.io' has no endpoint in westus.",
        ),
        (&["-n", "contoso", "--with-region", "japaneast"], 2, "the following required arguments"),
        (&["-n", "contoso", "--endpoints", "x"], 2, "the argument '--name"),
        (&["-n", "contoso", "--format", "ipfw"], 2, "invalid value 'ipfw'"),
        (&["-n", "contoso", "--priority", "7"], 2, "invalid value '7'"),
    ] {
        let stderr = rules(&home, args).fails(code);
        assert!(stderr.contains(message), "{args:?}: {stderr}");
    }
}

// --check

pub fn check(home: &Home, file: &str, args: &[&str]) -> (i32, Value) {
    home.write("rules.txt", file);
    let run =
        rules(home, &[&["-n", "contoso", "--planned", "--check", "rules.txt"], args].concat());
    (run.code, serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr)))
}

#[test]
fn rules_that_hold_pass() {
    let (code, report) = check(&Home::new(), REPLICATED, &[]);
    assert_eq!((code, report["ok"].as_array().unwrap().len()), (0, 3));
    assert_eq!(
        report["ok"][1],
        json!({
            "fqdn": "contoso.eastus.data.azurecr.io", "kind": "data", "region": "eastus", "port": 443,
            "file": "rules.txt", "line": 2, "lines": [2], "registries": ["contoso.azurecr.io"],
        })
    );
}

#[test]
fn a_missing_host_and_an_open_wildcard_fail() {
    let home = Home::new();
    let (code, report) = check(&home, "contoso.azurecr.io\ncontoso.eastus.data.azurecr.io\n", &[]);
    assert_eq!(
        (code, &report["missing"][0]["fqdn"]),
        (1, &json!("contoso.westus.data.azurecr.io"))
    );
    assert_eq!(report["missing"][0]["line"], Value::Null);
    let open = format!("{REPLICATED}*.blob.core.windows.net\n");
    let (code, report) = check(&home, &open, &[]);
    assert_eq!(
        (code, &report["tooBroad"][0]),
        (
            1,
            &json!({
                "fqdn": "someoneelses0.blob.core.windows.net", "kind": null, "region": null, "port": 443,
                "file": "rules.txt", "line": 4, "lines": [4], "registries": [],
            })
        )
    );
    assert_eq!(check(&home, &open, &["--allow-wildcard"]).0, 0);
}

/// The number of findings of each kind that is not empty.
pub fn counts(report: &Value) -> Vec<(&str, usize)> {
    ["missing", "denied", "tooBroad", "unjudged", "ok"]
        .into_iter()
        .map(|kind| (kind, report[kind].as_array().unwrap().len()))
        .filter(|(_, count)| *count > 0)
        .collect()
}

#[test]
fn what_squid_would_do_is_what_counts() {
    let home = Home::new();
    let own = rules(&home, &["-n", "contoso", "--planned", "--format", "squid"]).quiet();
    let close = "http_access deny all\n";
    for (rules, code, expected) in [
        (own.clone(), 0, vec![("ok", 3)]),
        (format!("{own}{close}"), 0, vec![("ok", 3)]),
        (own.replace("http_access allow", "http_access deny"), 1, vec![("denied", 3)]),
        (format!("{close}{own}"), 1, vec![("missing", 3)]),
        // One line lets four strangers through: it is one finding for storage, one for the rest, on each port.
        (format!("{own}http_access allow all\n"), 1, vec![("tooBroad", 4), ("ok", 3)]),
        (
            format!(
                "acl wide dstdom_regex \\.blob\\.core\\.windows\\.net$\n{own}http_access allow wide\n"
            ),
            1,
            vec![("tooBroad", 2), ("ok", 3)],
        ),
        (
            format!(
                "acl eu dstdom_regex ^westeurope.*\\.blob\n{own}http_access allow eu CONNECT\n{close}"
            ),
            1,
            vec![("tooBroad", 2), ("ok", 3)],
        ),
        (
            format!("acl users proxy_auth REQUIRED\nhttp_access deny !users\n{own}{close}"),
            1,
            vec![("unjudged", 3)],
        ),
    ] {
        let (exit, report) = check(&home, &rules, &[]);
        assert_eq!((exit, counts(&report)), (code, expected), "{rules}\n{report:#}");
    }
    home.write(
        "rules.txt",
        "acl h dstdomain contoso.azurecr.io .azurecr.io\nhttp_access allow h\n",
    );
    let stderr = rules(&home, &["-n", "contoso", "--planned", "--check", "rules.txt"]).fails(1);
    assert!(stderr.contains("rules.txt, line 1: '.azurecr.io' and"), "{stderr}");
}

#[test]
fn patterns_that_match_only_some_strangers_are_too_broad() {
    let home = Home::new();
    let own = rules(&home, &["-n", "contoso", "--planned", "--format", "squid"]).quiet();
    for (pattern, rule) in [
        (r"dstdom_regex ^a.*\.data\.azurecr\.io$", "allow open"),
        (r"dstdom_regex ^k.eastus.data.azurecr.io$", "allow open"),
        (r"dstdom_regex ^[0-9]+acct\.blob\.core\.windows\.net$", "allow open"),
        (r"dstdom_regex ^(aaa|bbb)?(ccc|ddd)(eee|fff)\.blob", "allow open"),
        (r"dstdom_regex ^eastusmanaged", "allow open CONNECT"),
        (r"url_regex ^eastusmanaged.*:443$", "allow open CONNECT"),
        (r"dstdom_regex ^[a-y]", "allow !open"),
        (r"dstdom_regex azurecr\.io$", "allow open"),
        ("dstdomain .westus.data.azurecr.io", "allow open"),
    ] {
        let text = format!("acl open {pattern}\n{own}http_access {rule}\nhttp_access deny all\n");
        let (code, report) = check(&home, &text, &[]);
        assert_eq!(code, 1, "{pattern}");
        assert_ne!(report["tooBroad"], json!([]), "{pattern}: {report:#}");
    }
    let exact = r"acl open dstdom_regex ^contoso\.azurecr\.io$";
    let text = format!("{exact}\n{own}http_access allow open\nhttp_access deny all\n");
    assert_eq!(check(&home, &text, &[]).0, 0);
}

#[test]
fn a_client_behind_a_source_rule_is_judged_by_its_address() {
    let home = Home::new();
    let rules = format!(
        "acl clients src 10.0.0.0/8\nacl h dstdomain {}\nhttp_access allow clients h\nhttp_access deny all\n",
        REPLICATED.replace('\n', " ")
    );
    assert_eq!(check(&home, &rules, &[]).1["unjudged"].as_array().unwrap().len(), 3);
    assert_eq!(check(&home, &rules, &["--source", "10.1.2.3"]).0, 0);
    let (code, report) = check(&home, &rules, &["--source", "192.0.2.1"]);
    assert_eq!((code, counts(&report)), (1, vec![("missing", 3)]));
}

#[test]
fn a_rule_on_addresses_is_judged_where_the_address_is_known() {
    let home = Home::new();
    let hosts = REPLICATED.replace('\n', " ");
    let rules = format!(
        "acl bad dst 192.0.2.0/24\nacl h dstdomain {hosts}\nhttp_access deny bad\nhttp_access allow h\nhttp_access deny all\n"
    );
    let (_, report) = check(&home, &rules, &[]);
    assert_eq!(counts(&report), [("unjudged", 3)]);
    let at = |address: &str| format!("*:443:{address}");
    assert_eq!(check(&home, &rules, &["--resolve", &at("203.0.113.7")]).0, 0);
    let (_, report) = check(&home, &rules, &["--resolve", &at("192.0.2.7")]);
    assert_eq!(counts(&report), [("denied", 3)]);
    let run = self::rules(
        &home,
        &["-n", "contoso", "--check", "rules.txt", "--resolve", "contso.azurecr.io:443:192.0.2.7"],
    );
    assert!(run.fails(2).contains("it names no host that the registries need"));
}

#[test]
fn what_rules_do_not_decide_is_closed_unless_they_are_the_whole() {
    let home = Home::new();
    let rules = "acl evil dstdomain evil.example\nhttp_access deny evil\n";
    let (code, report) = check(&home, rules, &[]);
    assert_eq!((code, counts(&report)), (1, vec![("missing", 3)]));
    assert_eq!(
        report["files"],
        json!([{"file": "rules.txt", "format": "squid", "scope": "part", "assumed": true}])
    );
    // Squid does the opposite of its last rule.
    let (code, report) = check(&home, rules, &["--whole"]);
    assert_eq!((code, counts(&report)), (1, vec![("tooBroad", 4), ("ok", 3)]));
    assert_eq!(report["files"][0]["assumed"], false);
}

#[test]
fn languages_that_cannot_be_judged_are_never_ok() {
    let home = Home::new();
    for text in ["do NOT open contoso.azurecr.io", "iptables -d contoso.azurecr.io -j DROP"] {
        let (code, report) = check(&home, text, &["--only-show-errors"]);
        assert_eq!((code, &report["ok"]), (1, &json!([])), "{text}");
        assert_eq!(report["files"][0]["format"], Value::Null, "{text}");
        let unjudged = report["unjudged"][0].clone();
        assert_eq!(unjudged["fqdn"], "contoso.azurecr.io", "{text}");
        assert!(unjudged["why"].as_str().unwrap().contains("cannot judge"), "{text}");
    }
}

#[test]
fn lists_and_our_own_json_are_judged() {
    let home = Home::new();
    let json = rules(&home, &["-n", "contoso", "--planned", "--format", "json"]).quiet();
    assert_eq!(check(&home, &json, &[]).0, 0);
    let urls = REPLICATED.replace(".io\n", ".io/ # ours\n");
    assert_eq!(check(&home, &urls, &[]).0, 0);
    // Some firewalls compare paths, others cannot see them.
    let paths = REPLICATED.replace(".io\n", ".io/v2/shop/*\n");
    let (code, report) = check(&home, &paths, &[]);
    assert_eq!((code, counts(&report)), (1, vec![("unjudged", 3)]));
    // That a host was left over does not depend on its path.
    let left = format!("{REPLICATED}contoso.ukwest.data.azurecr.io/v2/*\n");
    let (code, report) = check(&home, &left, &["--fail-on", "stale"]);
    assert_eq!((code, &report["stale"][0]["fqdn"]), (1, &json!("contoso.ukwest.data.azurecr.io")));
    let (code, report) = check(&home, &REPLICATED.replace(".io\n", ".io:80\n"), &[]);
    assert_eq!((code, counts(&report)), (1, vec![("missing", 3)]));
    let (code, report) = check(&home, &format!("{REPLICATED}*.azurecr.io:80\n"), &[]);
    assert_eq!((code, counts(&report)), (1, vec![("tooBroad", 1), ("ok", 3)]));
    // One line of hosts may be a list, or a value of NO_PROXY that bypasses none of these.
    let (code, report) = check(&home, "example.com,example.org\n", &[]);
    assert_eq!((code, counts(&report)), (1, vec![("unjudged", 3)]));
    assert_eq!(check(&home, "NO_PROXY=example.com,example.org\n", &[]).0, 0);
    // A line that is no host may stand for any.
    let (code, report) = check(&home, &format!("{REPLICATED}10.0.0.0/8\n"), &["--from", "list"]);
    assert_eq!((code, counts(&report)), (1, vec![("unjudged", 2), ("ok", 3)]));
}

#[test]
fn files_of_one_check_make_one_policy() {
    let home = Home::new();
    std::fs::create_dir(home.path("conf.d")).unwrap();
    let own = rules(&home, &["-n", "contoso", "--planned", "--format", "squid"]).quiet();
    home.write("conf.d/10-acr.conf", &own);
    home.write("conf.d/90-deny.conf", "http_access deny all\n");
    home.write("squid.conf", "include conf.d/*.conf\nhttp_access allow all\n");
    home.write("list.txt", REPLICATED);
    let check = |files: &[&str]| {
        let args = ["-n", "contoso", "--planned", "-o", "json", "--check"];
        rules(&home, &[&args[..], files].concat())
    };
    let report: Value = serde_json::from_str(&check(&["conf.d"]).stdout).unwrap();
    assert_eq!(report["files"][0]["scope"], "whole");
    assert_eq!(counts(&report), [("ok", 3)]);
    let report: Value = serde_json::from_str(&check(&["squid.conf"]).stdout).unwrap();
    assert_eq!(counts(&report), [("ok", 3)]);
    assert_eq!(report["ok"][0]["file"], "conf.d/10-acr.conf");
    assert_eq!(report["files"].as_array().unwrap().len(), 3);
    let stderr = check(&["conf.d", "list.txt"]).fails(1);
    assert!(stderr.contains("conf.d/10-acr.conf is squid, list.txt is list"), "{stderr}");
}

#[test]
fn a_stale_host_fails_on_request() {
    let home = Home::new();
    let stale = format!("{REPLICATED}contoso.japaneast.data.azurecr.io\n");
    let (code, report) = check(&home, &stale, &[]);
    assert_eq!((code, &report["stale"][0]["region"]), (0, &json!("japaneast")));
    assert_eq!(check(&home, &stale, &["--fail-on", "stale"]).0, 1);
}

#[test]
fn a_new_replica_is_found_by_the_job_that_checks() {
    let home = Home::new();
    home.switch();
    home.write("rules.txt", &rules(&home, &["-n", "contoso", "--format", "squid"]).quiet());
    let check = || rules(&home, &["-n", "contoso", "--check", "rules.txt", "-o", "none"]).code;
    assert_eq!(check(), 0);
    home.emulated(&["replication", "create", "-r", "contoso", "-l", "japaneast", "-o", "none"]);
    assert_eq!(check(), 1);
}

#[test]
fn findings_are_a_table_on_request() {
    let home = Home::new();
    home.write("rules.txt", "*.azurecr.io");
    let run = rules(&home, &["-n", "contoso", "--planned", "--check", "rules.txt", "-o", "table"]);
    assert!(
        run.stdout
            .starts_with("FINDING    HOST                            KIND    REGION    LINE\n"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("\ntoo broad  someoneelses0.azurecr.io                          1\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn ci_systems_get_a_line_a_finding() {
    let annotations = |variable: &str| {
        let home = Home::new().with(variable, "True");
        home.write("rules.txt", "contoso.azurecr.io\ncontoso.eastus.data.azurecr.io\n*.azurecr.io\ncontoso.ukwest.geo.azurecr.io\n");
        let args = [
            "-n",
            "contoso",
            "--planned",
            "--check",
            "rules.txt",
            "-o",
            "none",
            "--only-show-errors",
        ];
        rules(&home, &args).fails(1)
    };
    assert_eq!(
        annotations("GITHUB_ACTIONS"),
        "::error file=rules.txt,line=3::someoneelses0.azurecr.io is somebody else's, and passes\n\
         ::warning file=rules.txt,line=4::contoso.ukwest.geo.azurecr.io is not needed after the change: left over\n"
    );
    assert_eq!(
        annotations("TF_BUILD"),
        "##vso[task.logissue type=error;sourcepath=rules.txt;linenumber=3;]someoneelses0.azurecr.io is somebody else's, and passes\n\
         ##vso[task.logissue type=warning;sourcepath=rules.txt;linenumber=4;]contoso.ukwest.geo.azurecr.io is not needed after the change: left over\n"
    );
}

#[test]
fn what_is_no_rule_file_is_refused() {
    let home = Home::new();
    for (bytes, message) in [
        (&b"\x7fELF\x00\x00"[..], "it is binary, not a rule file"),
        (b"hello world", "there is no host name in it"),
    ] {
        std::fs::write(home.path("rules.txt"), bytes).unwrap();
        let stderr = rules(&home, &["-n", "contoso", "--planned", "--check", "rules.txt"]).fails(1);
        assert!(
            stderr.starts_with(&format!("ERROR: rules.txt cannot be checked: {message}")),
            "{stderr}"
        );
    }
}

// The real consumers.

/// Runs a consumer, or says why not. What is installed must work.
fn consumer(program: &str, args: &[&str]) -> Option<Output> {
    let found = ["/usr/sbin", "/usr/bin", "/sbin", "/usr/local/bin"]
        .iter()
        .map(|directory| Path::new(directory).join(program))
        .find(|path| path.is_file());
    let Some(path) = found else {
        skipped(&format!("{program} is not installed"));
        return None;
    };
    Some(Command::new(path).args(args).output().unwrap())
}

pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

fn written(home: &Home, format: &str) -> String {
    let text =
        rules(home, &["-n", "contoso", "fabrikam", "--format", format, "--only-show-errors"])
            .quiet();
    home.write("rules", &text);
    home.path("rules").to_str().unwrap().to_owned()
}

#[test]
fn squid_dnsmasq_and_nftables_take_their_rules() {
    let home = Home::new();
    for (format, program, arguments) in [
        ("squid", "squid", &["-k", "parse", "-f"][..]),
        ("dnsmasq", "dnsmasq", &["--test", "--conf-file"]),
        ("nftables", "nft", &["-c", "-f"]),
    ] {
        let file = written(&home, format);
        let joined = arguments.iter().chain([&file.as_str()]).copied().collect::<Vec<_>>();
        let joined = if program == "dnsmasq" {
            vec!["--test".to_owned(), format!("--conf-file={file}")]
        } else {
            joined.iter().map(|argument| (*argument).to_owned()).collect()
        };
        let joined: Vec<&str> = joined.iter().map(String::as_str).collect();
        let Some(output) = consumer(program, &joined) else { continue };
        let said = String::from_utf8_lossy(&output.stderr);
        if program == "nft" && said.contains("Operation not permitted") {
            skipped("nft -c needs root");
            continue;
        }
        assert!(output.status.success(), "{program}: {said}");
        assert!(!said.contains("ERROR") && !said.contains("WARNING"), "{program}: {said}");
    }
}

#[test]
fn templates_read_back_as_the_same_hosts_in_their_own_languages() {
    let home = Home::new();
    let python = std::env::var("AZ_ACR_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let modules = Command::new(&python).args(["-c", "import hcl2, jsonschema, yaml"]).output();
    if !modules.is_ok_and(|output| output.status.success()) {
        skipped("no python3 with python-hcl2, jsonschema and PyYAML (AZ_ACR_PYTHON)");
        return;
    }
    let expected: Value = serde_json::from_str(
        &rules(&home, &["-n", "contoso", "fabrikam", "--format", "json", "--only-show-errors"])
            .quiet(),
    )
    .unwrap();
    let mut expected: Vec<&str> = expected["hosts"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|host| host["fqdn"].as_str())
        .collect();
    expected.sort_unstable();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/firewall/consume.py");
    for format in ["azure-firewall", "terraform", "cilium"] {
        let file = written(&home, format);
        let output = Command::new(&python).arg(&script).args([format, &file]).output().unwrap();
        assert!(output.status.success(), "{format}: {}", String::from_utf8_lossy(&output.stderr));
        let read = String::from_utf8(output.stdout).unwrap();
        let mut read: Vec<&str> = read.lines().collect();
        read.sort_unstable();
        assert_eq!(read, expected, "{format}");
    }
}

/// The status of squid's answer to a CONNECT.
fn connect(squid: u16, host: &str, port: u16) -> String {
    // Squid needs a moment before it listens.
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut proxy = loop {
        match TcpStream::connect(("127.0.0.1", squid)) {
            Ok(proxy) => break proxy,
            Err(e) => assert!(Instant::now() < deadline, "squid does not listen: {e}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    write!(proxy, "CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n").unwrap();
    let mut status = [0; 12];
    proxy.read_exact(&mut status).unwrap();
    String::from_utf8_lossy(&status[9..]).into_owned()
}

#[test]
fn squid_lets_the_registry_through_and_nobody_else() {
    let home = Home::new();
    if consumer("squid", &["-v"]).is_none() {
        return;
    }
    home.write(
        "acr.conf",
        &rules(&home, &["-n", "contoso", "--planned", "--format", "squid"]).quiet(),
    );
    // The internet is a parent proxy that lets everybody through.
    let internet = TcpListener::bind("127.0.0.1:0").unwrap();
    let parent = internet.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for connection in internet.incoming() {
            let mut connection = connection.unwrap();
            let mut request = [0; 4096];
            if connection.read(&mut request).is_ok_and(|read| read > 0) {
                let _ = connection.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
            }
        }
    });
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    home.write(
        "squid.conf",
        &format!(
            "http_port 127.0.0.1:{port}\ninclude {}\ncache_peer 127.0.0.1 parent {parent} 0 no-query no-digest default\n\
             never_direct allow all\nvisible_hostname localhost\npid_filename none\naccess_log none\n\
             cache_log /dev/null\nnetdb_filename none\nshutdown_lifetime 0 seconds\npinger_enable off\n",
            home.path("acr.conf").display()
        ),
    );
    let mut squid = Command::new("/usr/sbin/squid")
        .args(["-N", "-f", home.path("squid.conf").to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let answers = [
        ("contoso.azurecr.io", 443),
        ("contoso.eastus.data.azurecr.io", 443),
        ("evil.blob.core.windows.net", 443),
        ("evil.azurecr.io", 443),
        ("contoso.japaneast.data.azurecr.io", 443),
        ("contoso.azurecr.io", 22),
    ]
    .map(|(host, wanted)| connect(port, host, wanted));
    squid.kill().unwrap();
    squid.wait().unwrap();
    assert_eq!(answers, ["200", "200", "403", "403", "403", "403"]);
}
