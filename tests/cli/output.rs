//! `--output` and `--query`, on a terminal and in a pipe.

use crate::home::{Home, binary};
use std::io::Read as _;
use std::process::{Command, Stdio};

#[test]
fn each_format_has_azs_bytes() {
    let home = Home::new();
    for (format, expected) in [
        ("json", "{\n  \"name\": \"Premium\",\n  \"tier\": \"Premium\"\n}\n"),
        ("jsonc", "{\n  \"name\": \"Premium\",\n  \"tier\": \"Premium\"\n}\n"),
        ("YAML", "name: Premium\ntier: Premium\n"),
        ("yamlc", "name: Premium\ntier: Premium\n"),
        ("tsv", "Premium\tPremium\n"),
        ("table", "Name     Tier\n-------  -------\nPremium  Premium\n"),
        ("none", ""),
    ] {
        let shown =
            home.emulated(&["show", "-n", "contoso", "--query", "sku", "-o", format]).quiet();
        assert_eq!(shown, expected, "{format}");
    }
}

#[test]
fn tsv_shows_lists_as_their_length_and_objects_as_nothing() {
    let home = Home::new();
    let shown =
        home.emulated(&["show-endpoints", "-n", "contoso", "-o", "tsv", "--only-show-errors"]);
    assert_eq!(shown.quiet(), "2\tcontoso.azurecr.io\n");
    let query = "[name, sku, tags, adminUserEnabled, status]";
    let shown = home.emulated(&["show", "-n", "contoso", "--query", query, "-o", "tsv"]).quiet();
    assert_eq!(shown, "contoso\nPremium\tPremium\n\nfalse\nNone\n");
}

#[test]
fn a_result_of_null_prints_nothing() {
    for format in ["json", "yaml", "tsv", "table"] {
        let shown = Home::new().emulated(&["list", "--query", "nothing", "-o", format]).quiet();
        assert_eq!(shown, "");
    }
}

#[test]
fn a_query_keeps_the_order_of_its_columns() {
    let shown = Home::new()
        .emulated(&[
            "list",
            "-g",
            "contoso-rg",
            "--query",
            "[].{z: name, a: location}",
            "-o",
            "table",
        ])
        .quiet();
    assert_eq!(shown, "Z         A\n--------  -------\ncontoso   eastus\ntailspin  westus2\n");
}

#[test]
fn a_bad_query_is_a_usage_error_and_costs_no_request() {
    let home = Home::new();
    let run = home.emulated(&["list", "--debug", "--query", "[?name=="]);
    assert_eq!((run.code, run.stdout.as_str(), run.requests().len()), (2, "", 0));
    assert!(
        run.stderr
            .starts_with("ERROR: argument --query: invalid jmespath_type value: '[?name=='\n"),
        "{}",
        run.stderr
    );
    let stderr = home.emulated(&["list", "--query", "foo(@)"]).fails(1);
    assert!(stderr.contains("Unknown function: foo()"), "{stderr}");
}

#[test]
fn the_default_format_comes_from_the_settings() {
    let home = Home::new();
    home.write(".azure/config", "[core]\noutput = tsv\n");
    let query = ["show", "-n", "contoso", "--query", "name"];
    assert_eq!(home.emulated(&query).quiet(), "contoso\n");
    let home = home.with("AZURE_CORE_OUTPUT", "yaml");
    assert_eq!(home.emulated(&query).quiet(), "contoso\n...\n");
    let stderr = home.with("AZURE_CORE_OUTPUT", "xml").emulated(&query).fails(2);
    assert!(stderr.contains("'xml' is not an output format"), "{stderr}");
}

#[test]
fn a_reader_that_closes_the_pipe_ends_the_program_quietly() {
    let home = Home::new();
    let mut child = Command::new(binary())
        .args(["--cloud", "emulator", "list"])
        .env_clear()
        .env("HOME", home.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}

/// Runs the emulated command on a terminal (util-linux's `script`), or reports why it cannot.
fn on_a_terminal(command: &str, no_colour: bool) -> Option<String> {
    let home = Home::new();
    let mut script = Command::new("script");
    let command = format!("'{}' --cloud emulator {command}", binary().display());
    script
        .args(["-qec", &command, "/dev/null"])
        .env_clear()
        .env("HOME", home.path(""))
        .env("TERM", "xterm");
    script.env("PATH", std::env::var_os("PATH").unwrap_or_default()).stdin(Stdio::null());
    if no_colour {
        script.env("NO_COLOR", "1");
    }
    match script.output() {
        Ok(output) => Some(String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n")),
        Err(e) => {
            // Not an assertion: `script` belongs to another package.
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "skipped: cannot run 'script': {e}");
            None
        }
    }
}

#[test]
fn colours_are_for_terminals_and_for_those_who_want_them() {
    let jsonc = "show -n contoso --query sku -o jsonc";
    let Some(shown) = on_a_terminal(jsonc, false) else { return };
    assert!(shown.contains("\x1b["), "{shown:?}");
    let shown = on_a_terminal(jsonc, true).unwrap();
    assert_eq!(shown, "{\n  \"name\": \"Premium\",\n  \"tier\": \"Premium\"\n}\n");
    let warning = on_a_terminal("show-endpoints -n contoso -o none", false).unwrap();
    assert!(warning.starts_with("\x1b[33mWARNING: To configure"), "{warning:?}");
    let warning = on_a_terminal("show-endpoints -n contoso -o none", true).unwrap();
    assert!(warning.starts_with("WARNING: To configure"), "{warning:?}");
}
