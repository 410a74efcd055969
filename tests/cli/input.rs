//! User input: limits, encodings, several files, and options that cannot be combined.

use crate::firewall::skipped;
use crate::home::{Home, Run, binary};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

const CONTOSO: &str = r#"{"loginServer": "contoso.azurecr.io", "dataEndpoints": [{"region": "eastus", "endpoint": "contoso.eastus.data.azurecr.io"}]}"#;
const FABRIKAM: &str = r#"{"loginServer": "fabrikam.azurecr.io", "dataEndpoints": [{"region": "eastus", "endpoint": "fabrikam.eastus.data.azurecr.io"}]}"#;

/// Runs a command with this standard input.
fn run_with(home: &Home, args: &[&str], stdin: impl Into<Vec<u8>>) -> Run {
    let output = home.command().args(args).write_stdin(stdin).output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn files() -> Home {
    let home = Home::new();
    home.write("contoso.json", CONTOSO);
    home.write("fabrikam.json", FABRIKAM);
    home
}

/// The hosts of a list, without its comments.
fn hosts(run: Run) -> Vec<String> {
    let text = run.quiet();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn input_without_end_is_refused() {
    let home = files();
    for (args, message) in [
        (
            &["firewall-rules", "--endpoints", "contoso.json", "--check", "/dev/zero"][..],
            "/dev/zero is larger than 256 MiB, the limit for a rule file.",
        ),
        (
            &["firewall-rules", "--endpoints", "/dev/zero"],
            "/dev/zero is larger than 512 MiB, the limit for the output of show-endpoints.",
        ),
    ] {
        assert!(home.run(args).fails(1).contains(message), "{args:?}");
    }
    let password = [
        "check-endpoints",
        "--login-server",
        "contoso.azurecr.io",
        "--pull",
        "hello",
        "--username",
        "app",
        "--password-stdin",
    ];
    let stderr = run_with(&home, &password, vec![b'x'; (64 << 10) + 1]).fails(1);
    assert!(stderr.contains("standard input is larger than 64 KiB"), "{stderr}");
}

#[test]
fn a_pipe_that_the_user_names_is_read() {
    let home = files();
    let script = format!(
        "'{}' firewall-rules --endpoints contoso.json --check <(echo contoso.azurecr.io; echo contoso.eastus.data.azurecr.io) -o none",
        binary().display()
    );
    let status = Command::new("bash")
        .args(["-c", &script])
        .current_dir(home.path(""))
        .stderr(Stdio::null())
        .status();
    match status {
        Ok(status) => assert!(status.success()),
        Err(e) => skipped(&format!("no bash ({e})")),
    }
}

#[test]
fn utf_16_as_powershell_writes_it_is_read() {
    let home = Home::new();
    let utf16 = |text: &str, unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(unit).collect()
    };
    for unit in [u16::to_le_bytes, u16::to_be_bytes] {
        std::fs::write(home.path("endpoints.json"), utf16(CONTOSO, unit)).unwrap();
        let rules = "contoso.azurecr.io\r\ncontoso.eastus.data.azurecr.io\r\n";
        std::fs::write(home.path("rules.txt"), utf16(rules, unit)).unwrap();
        let check = [
            "firewall-rules",
            "--endpoints",
            "endpoints.json",
            "--check",
            "rules.txt",
            "-o",
            "none",
        ];
        assert_eq!(home.run(&check).code, 0);
    }
}

#[test]
fn documents_and_files_add_up() {
    let home = files();
    let both = [
        "contoso.azurecr.io",
        "contoso.eastus.data.azurecr.io",
        "fabrikam.azurecr.io",
        "fabrikam.eastus.data.azurecr.io",
    ];
    // A shell loop writes one object after another.
    let loop_output = format!("{CONTOSO}\n{FABRIKAM}\n");
    assert_eq!(hosts(run_with(&home, &["firewall-rules", "--endpoints", "-"], loop_output)), both);
    for args in [
        &["--endpoints", "contoso.json", "--endpoints", "fabrikam.json"][..],
        &["--endpoints", "contoso.json", "fabrikam.json"],
    ] {
        assert_eq!(hosts(home.run(&[&["firewall-rules"], args].concat())), both);
    }
    home.write("login.txt", "contoso.azurecr.io\n");
    home.write("data.txt", "contoso.eastus.data.azurecr.io\n");
    let check = |more: &[&str]| {
        let usual = ["firewall-rules", "--endpoints", "contoso.json", "-o", "none"];
        home.run(&[&usual, more].concat()).code
    };
    assert_eq!(check(&["--check", "login.txt", "--check", "data.txt"]), 0);
    assert_eq!(check(&["--check", "login.txt", "data.txt"]), 0);
    assert_eq!(check(&["--check", "data.txt"]), 1);
}

#[test]
fn a_file_that_names_no_registry_is_an_error() {
    let home = Home::new();
    for text in ["[]", ""] {
        home.write("endpoints.json", text);
        let stderr = home.run(&["firewall-rules", "--endpoints", "endpoints.json"]).fails(1);
        assert!(stderr.starts_with("ERROR: endpoints.json contains no registry."), "{stderr}");
    }
}

#[test]
fn options_that_a_format_cannot_use_are_errors() {
    let home = files();
    for (args, message) in [
        (
            &["--format", "squid", "--source", "10.0.0.0/8"][..],
            "argument --source: the format squid does not support it.",
        ),
        (&["--format", "cilium", "--priority", "200"], "argument --priority: the format cilium"),
        (&["-o", "table"], "argument --output: the format list does not support it."),
        (&["--query", "x", "--format", "terraform"], "argument --query: the format terraform"),
        (&["--check", "-", "--endpoints", "-"], "Standard input can be read only once"),
        (&["--check", "x", "--format", "squid"], "cannot be used with"),
    ] {
        let usual = ["firewall-rules", "--endpoints", "contoso.json"];
        let stderr = home.run(&[&usual, args].concat()).fails(2);
        assert!(stderr.contains(message), "{args:?}: {stderr}");
    }
    // A configured default is not an explicit choice.
    let home = files().with("AZURE_CORE_OUTPUT", "table");
    home.run(&["firewall-rules", "--endpoints", "contoso.json"]).quiet();
}

#[test]
fn regions_and_sources_are_checked_before_azure_is_asked() {
    // Nobody is logged in: a command that asked Azure first would fail with that error.
    let home = Home::new();
    for (args, code, message) in [
        (
            &["firewall-rules", "-n", "contoso", "--region", "mars"][..],
            1,
            "'mars' is not an Azure region.\n",
        ),
        (
            &["show-endpoints", "-n", "contoso", "--planned", "--with-region", "mars"],
            1,
            "'mars' is not",
        ),
        (&["check-endpoints", "-n", "contoso", "--region", "mars"], 1, "'mars' is not"),
        (
            &["firewall-rules", "-n", "contoso", "--format", "terraform", "--source", "deadbeef"],
            2,
            "expected *, an address",
        ),
        (
            &["firewall-rules", "-n", "contoso", "--format", "terraform", "--source", "10.0.0/8"],
            2,
            "expected *, an address",
        ),
    ] {
        let stderr = home.run(args).fails(code);
        assert!(stderr.contains(message), "{args:?}: {stderr}");
    }
}

#[test]
fn no_storage_account_of_a_sovereign_cloud_is_known() {
    let home = Home::new();
    for cloud in ["AzureUSGovernment", "AzureChinaCloud"] {
        let args = [
            "check-endpoints",
            "--cloud",
            cloud,
            "--login-server",
            "contoso.azurecr.us",
            "--expect-no-storage",
        ];
        let stderr = home.run(&args).fails(2);
        assert!(stderr.contains("--expect-blocked HOST"), "{stderr}");
    }
}

#[test]
fn several_registries_are_checked_and_one_failure_fails() {
    let home = Home::new();
    home.write("endpoints.json", &format!("[{CONTOSO}, {FABRIKAM}]"));
    home.switch();
    let check = || home.emulated(&["check-endpoints", "--endpoints", "endpoints.json"]);
    let run = check();
    let reports: Value = serde_json::from_str(&run.stdout).unwrap();
    let ok: Vec<&Value> = reports.as_array().unwrap().iter().map(|report| &report["ok"]).collect();
    // The emulated fabrikam has no data endpoint in eastus.
    assert_eq!((run.code, ok), (1, vec![&json!(true), &json!(false)]));
    home.write("endpoints.json", CONTOSO);
    let run = check();
    assert_eq!((run.code, run.stdout.starts_with('{')), (0, true));
}
