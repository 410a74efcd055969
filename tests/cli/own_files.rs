//! The program's own files: damaged ones, locks that others hold, links and pipes in their place.

use crate::home::{Home, binary};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

#[test]
fn a_remembered_group_that_no_request_can_have_is_not_used() {
    let home = Home::new();
    assert_eq!(home.emulated(&["show", "-n", "contoso", "-o", "none"]).code, 0);
    let file = ".cache/az-acr/registries.json";
    let hints = std::fs::read_to_string(home.path(file)).unwrap();
    assert!(hints.contains("contoso-rg"), "{hints}");
    home.write(file, &hints.replace("contoso-rg", ".."));
    assert_eq!(home.emulated(&["show", "-n", "contoso", "-o", "none"]).quiet(), "");
}

#[test]
fn the_record_of_addresses_is_locked_for_a_time_only() {
    let home = Home::new();
    home.emulated(&["update", "-n", "contoso", "--default-action", "Deny", "-o", "none"]);
    let lock = home.path(".local/state/az-acr/my-addresses.lock");
    let lock = std::fs::File::create(lock).unwrap();
    lock.lock().unwrap();
    let stderr = home.emulated(&["network-rule", "add", "-n", "contoso", "--my-address"]).fails(1);
    assert!(stderr.contains("another process holds"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn own_files_are_not_written_through_links_or_pipes() {
    let home = Home::new();
    let state = home.path(".local/state/az-acr");
    std::fs::create_dir_all(state.join("tls")).unwrap();
    home.write("victim", "precious");
    let victim = home.path("victim");
    // What it prints first, or nothing if it ends.
    let start = || {
        let mut command = Command::new(binary());
        command.args(["emulator", "start"]).env_clear().env("HOME", home.path(""));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let _ = child.kill();
        child.wait().unwrap();
        line
    };
    // A link is replaced, or refused where the file must stay.
    std::os::unix::fs::symlink(&victim, state.join("tls/ca.pem")).unwrap();
    assert!(start().contains("https://localhost"));
    std::fs::remove_file(state.join("tls/ca.lock")).unwrap();
    std::os::unix::fs::symlink(&victim, state.join("tls/ca.lock")).unwrap();
    assert_eq!(start(), "");
    std::fs::remove_file(state.join("tls/ca.lock")).unwrap();
    let made = Command::new("mkfifo").arg(state.join("tls/ca.lock")).status().unwrap();
    assert!(made.success());
    assert_eq!(start(), "", "a pipe does not hang");
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
}
