//! Under the name `az`: what this program answers, and what it hands to the real `az` unchanged.
#![cfg(unix)]

use crate::home::{Home, binary};
use crate::https::Server;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::{Command, Output, Stdio};

/// A home with the shim ahead of a script that plays the real az.
fn installed(home: &Home, script: &str) {
    fs::create_dir_all(home.path("shim")).unwrap();
    symlink(binary(), home.path("shim/az")).unwrap();
    home.write("real/az", script);
    fs::set_permissions(home.path("real/az"), fs::Permissions::from_mode(0o755)).unwrap();
}

fn az(home: &Home, path: &str) -> Command {
    let mut command = Command::new(home.path("shim/az"));
    let directories: Vec<String> =
        path.split(':').map(|d| home.path(d).to_str().unwrap().to_owned()).collect();
    command
        .env_clear()
        .env("HOME", home.path(""))
        .env("PATH", format!("{}:/usr/bin:/bin", directories.join(":")))
        .env("REQUESTS_CA_BUNDLE", home.path("../ca.pem"));
    command
}

fn text(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

const REAL: &str =
    "#!/bin/sh\nprintf 'real'; printf ' <%s>' \"$@\"; cat; echo to-stderr >&2; exit 42\n";

#[test]
fn everything_else_reaches_the_real_az_unchanged() {
    let home = Home::new();
    installed(&home, REAL);
    for args in [
        &["version"][..],
        &["account", "show", "--query", "a b\n"],
        // Not one of this program's commands, or a flag that it does not know, or help.
        &["acr", "login", "-n", "contoso"],
        &["acr", "show", "-n", "contoso", "--new-flag"],
        &["acr", "show", "--help"],
        &["acr", "emulator", "reset"],
        // Nobody is logged in to az.
        &["acr", "list"],
        &[],
    ] {
        let mut child = az(&home, "shim:real")
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(b"\nfrom stdin").unwrap();
        let (code, stdout, stderr) = text(&child.wait_with_output().unwrap());
        // Without arguments, printf prints its format once.
        let shown = format!(" <{}>", args.join("> <"));
        assert_eq!(code, 42);
        assert_eq!(stdout, format!("real{shown}\nfrom stdin"));
        assert_eq!(stderr, "to-stderr\n");
    }
}

#[test]
fn own_commands_are_answered_with_the_login_of_az() {
    let server = Server::start();
    let home = server.login();
    installed(&home, REAL);
    let run = |variables: &[(&str, &str)]| {
        let mut command = az(&home, "shim:real");
        command.env("REQUESTS_CA_BUNDLE", server.home.path("ca.pem"));
        let args = ["acr", "show", "-n", "contoso", "--query", "loginServer", "-o", "tsv"];
        text(
            &command
                .envs(variables.iter().copied())
                .args(args)
                .stdin(Stdio::null())
                .output()
                .unwrap(),
        )
    };
    let answer = (0, "contoso.azurecr.io\n".to_owned(), String::new());
    assert_eq!(run(&[]), answer);
    // az does not look at the variables of SDKs.
    let others = [
        ("AZURE_TOKEN_CREDENTIALS", "prod"),
        ("AZURE_SUBSCRIPTION_ID", "x"),
        ("AZURE_CLIENT_ID", "y"),
    ];
    assert_eq!(run(&others), answer);
    assert_eq!(run(&[("AZ_ACR_SHIM", "off")]).0, 42);
}

#[test]
fn a_token_comes_from_the_real_az_and_not_from_the_shim() {
    let server = Server::start();
    let home = server.login();
    // The cache has no token, so az is asked. A shim that started itself would never end.
    fs::remove_file(home.path(".azure/msal_token_cache.json")).unwrap();
    installed(
        &home,
        "#!/bin/sh\necho '{\"accessToken\": \"x.y.emulated\", \"expires_on\": 4102444800, \
         \"expiresOn\": \"2100-01-01 00:00:00.000000\", \"tokenType\": \"Bearer\", \"tenant\": \"t\", \"subscription\": \"s\"}'\n",
    );
    let mut command = az(&home, "shim:real");
    command.env("REQUESTS_CA_BUNDLE", server.home.path("ca.pem"));
    let output =
        command.args(["acr", "show", "-n", "contoso", "--query", "name", "-o", "tsv"]).output();
    assert_eq!(text(&output.unwrap()), (0, "contoso\n".to_owned(), String::new()));
}

#[test]
fn two_copies_do_not_start_each_other_for_ever() {
    let home = Home::new();
    installed(&home, REAL);
    fs::create_dir_all(home.path("copy")).unwrap();
    fs::copy(binary(), home.path("copy/az")).unwrap();
    let output = az(&home, "shim:copy:real").arg("version").stdin(Stdio::null()).output().unwrap();
    assert_eq!(text(&output), (42, "real <version>".to_owned(), "to-stderr\n".to_owned()));
    let output = az(&home, "copy:shim").arg("version").stdin(Stdio::null()).output().unwrap();
    let (code, _, stderr) = text(&output);
    assert_eq!(code, 127);
    assert!(stderr.starts_with("ERROR: There is no other 'az' in PATH"), "{stderr}");
}

#[test]
fn the_shim_is_installed_and_removed() {
    let home = Home::new();
    let bin = home.path("bin");
    let home = home.with("PATH", format!("{}:/usr/bin", bin.display()));
    home.run(&["shim", "install", "bin"]).quiet();
    // Twice is once.
    home.run(&["shim", "install", "bin"]).quiet();
    assert!(bin.join("az").canonicalize().unwrap().ends_with("az-acr"));
    home.run(&["shim", "remove", "bin"]).quiet();
    assert!(!bin.join("az").exists());
    assert!(home.run(&["shim", "remove", "bin"]).fails(1).contains("there is no bin/az"));
    // Somebody else's az stays.
    home.write("bin/az", "real");
    for command in ["install", "remove"] {
        let error = home.run(&["shim", command, "bin"]).fails(1);
        assert!(error.contains("is not a link to this program, so it stays"), "{error}");
    }
    assert_eq!(fs::read_to_string(bin.join("az")).unwrap(), "real");
    let warned = home.run(&["shim", "install", "elsewhere"]);
    assert!(
        warned.stderr.contains("elsewhere is not ahead of the real az in PATH"),
        "{}",
        warned.stderr
    );
}
