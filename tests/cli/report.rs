//! `list-endpoints --report`: files for people and programs. `tests/report/` opens them in a browser.

use crate::fake_arm::FakeArm;
use crate::home::{Home, Run};
use serde_json::{Value, json};
use std::fs;

fn report(home: &Home, args: &[&str]) -> Run {
    home.emulated(
        &[&["list-endpoints", "-o", "none", "--only-show-errors", "--report"], args].concat(),
    )
}

fn read(home: &Home, file: &str) -> String {
    fs::read_to_string(home.path(file)).unwrap()
}

#[test]
fn the_ending_chooses_the_format() {
    let home = Home::new();
    let files = ["a.html", "b.csv", "c.md", "d.sarif", "e.xml"];
    report(&home, &files).quiet();
    for (file, beginning) in [
        ("a.html", "<!doctype html>"),
        ("b.csv", "\"name\",\"id\",\"subscriptionId\""),
        ("c.md", "# Registries that need the storage wildcard: 4 of 6"),
        ("d.sarif", "{\n  \"$schema\""),
        ("e.xml", "<?xml"),
    ] {
        assert!(read(&home, file).starts_with(beginning), "{file}");
    }
    let error = report(&home, &["f.pdf"]).fails(2);
    assert!(error.contains("must end with one of .html, .csv, .md, .sarif, .xml"), "{error}");
}

#[test]
fn the_list_is_written_as_well() {
    let home = Home::new();
    let run = home.emulated(&["list-endpoints", "--report", "fleet.md", "-o", "tsv"]);
    assert_eq!((run.code, run.stdout.lines().count()), (0, 6), "{}", run.stderr);
    assert!(home.path("fleet.md").exists());
}

#[test]
fn an_exception_holds_until_it_expires() {
    let home = Home::new();
    home.write(
        "exceptions.csv",
        "registry,rule,reason,expires\n\
         contoso.azurecr.io,ACR001,legacy firewall,2099-12-31\n\
         wingtip,ACR001,was legacy,2020-01-31\n",
    );
    report(&home, &["fleet.sarif", "--exceptions", "exceptions.csv"]).quiet();
    let sarif: Value = serde_json::from_str(&read(&home, "fleet.sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let of = |name: &str| -> Vec<&Value> {
        let names = |r: &&Value| r["message"]["text"].as_str().unwrap().starts_with(name);
        results.iter().filter(names).collect()
    };
    let contoso = of("contoso:");
    assert_eq!(contoso[0]["ruleId"], "ACR001");
    assert_eq!(contoso[0]["suppressions"][0]["justification"], "legacy firewall");
    let wingtip: Vec<_> = of("wingtip:").iter().map(|result| &result["ruleId"]).collect();
    assert_eq!(wingtip, [&json!("ACR001"), &json!("ACR003"), &json!("ACR008")]);
    assert!(of("wingtip:").iter().all(|result| result.get("suppressions").is_none()));
}

#[test]
fn a_bad_file_is_reported_before_anything_is_asked() {
    let home = Home::new();
    home.write("bad.csv", "registry,rule,reason,expires\ncontoso,ACR999,x,\n");
    home.write("short.key", "secret");
    for (args, expected) in [
        (&["r.md", "--exceptions", "bad.csv"][..], "bad.csv, line 2: 'ACR999' cannot be accepted"),
        (&["r.md", "--exceptions", "missing.csv"], "cannot read missing.csv"),
        (&["r.md", "--mask", "--mask-key", "short.key"], "short.key is shorter than 16 bytes."),
    ] {
        let run = report(&home, &[args, &["--debug"]].concat());
        assert_eq!((run.code, run.requests().len()), (1, 0), "{}", run.stderr);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
    assert!(!home.path("r.md").exists());
    let error = home.emulated(&["list-endpoints", "--mask"]).fails(2);
    assert!(error.contains("--report"), "{error}");
}

#[test]
fn a_masked_report_names_nothing() {
    let home = Home::new().with("AZ_ACR_EMULATOR_FLEET", "300");
    home.write("mask.key", "0123456789abcdef0123456789abcdef");
    home.write(
        "exceptions.csv",
        "registry,rule,reason,expires\ncontoso,ACR001,contoso's reason,\n",
    );
    let all = ["--all-subscriptions", "--allow-partial", "--exceptions", "exceptions.csv"];
    let files = ["r.html", "r.csv", "r.md", "r.sarif", "r.xml"];
    let masked = |more: &[&str]| -> Vec<String> {
        report(&home, &[&files[..], &all, &["--mask"], more].concat()).quiet();
        files.iter().map(|file| read(&home, file)).collect()
    };
    let first = masked(&["--mask-key", "mask.key"]);
    for (file, text) in files.iter().zip(&first) {
        for secret in
            ["contoso", "fleet0", "fleet-0", "8000-f1ee", "Production 0", "0000-0000", "emulator's"]
        {
            assert!(!text.contains(secret), "{file} contains {secret}");
        }
        assert!(text.contains("reg-"), "{file}");
    }
    let csv = |texts: &[String]| texts[1].clone();
    assert_eq!(csv(&first), csv(&masked(&["--mask-key", "mask.key"])));
    assert_ne!(csv(&first), csv(&masked(&[])));
}

#[test]
fn an_incomplete_list_leaves_the_old_report_alone() {
    let fake = FakeArm::start(|request| {
        let body = if request.path.contains("ResourceGraph") {
            json!({"totalRecords": 2, "count": 0, "data": [], "resultTruncated": "false"})
        } else {
            json!({"value": []})
        };
        (200, Vec::new(), body)
    });
    let home = fake.home("token");
    home.write("r.md", "old");
    let run = home.run(&["list-endpoints", "--report", "r.md"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("sent 0 of 2 rows, and no token"), "{}", run.stderr);
    assert_eq!(read(&home, "r.md"), "old");
    // Nothing that could pass for a list.
    assert_eq!(run.stdout, "");
}

#[test]
fn the_report_says_who_read_it_where() {
    let fake = FakeArm::start(|_| {
        (
            200,
            Vec::new(),
            json!({"totalRecords": 0, "count": 0, "data": [], "resultTruncated": "false"}),
        )
    });
    let home = fake.home("token");
    home.run(&["list-endpoints", "--report", "r.md", "-o", "none", "--sku", "Basic"]);
    let text = read(&home, "r.md");
    assert!(text.contains("by app (AzureCliCredential"), "{text}");
    assert!(text.contains("one subscription, from Azure Resource Graph, filtered."), "{text}");
}
