//! The commands in README and docs work as written.
//!
//! In a fence marked `console`, a line that begins with `$ ` is a command. All commands of a page run in order, in one
//! home. The lines after a command are its output: standard output, then standard error. `…` stands for anything up to
//! the end.

use crate::home::{Home, binary};
use std::fs;
use std::path::Path;
use std::process::Command;

fn check(page: &str) {
    let home = Home::new();
    let bin = home.path("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(binary(), bin.join("az-acr")).unwrap();
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
    let mut blocks = 0;
    for block in text.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for step in block.split("$ ").skip(1) {
            blocks += 1;
            let (command, expected) = step.split_once('\n').unwrap();
            let output = Command::new("sh")
                .args(["-c", command])
                .env_clear()
                .env("HOME", home.path(""))
                .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
                .current_dir(home.path(""))
                .output()
                .unwrap();
            let said = String::from_utf8(output.stdout).unwrap()
                + &String::from_utf8(output.stderr).unwrap();
            match expected.split_once('…') {
                Some((beginning, _)) => {
                    assert!(said.starts_with(beginning), "{page}: {command}\n{said}");
                }
                None => assert_eq!(said.trim_end(), expected.trim_end(), "{page}: {command}"),
            }
        }
    }
    assert!(blocks > 0, "{page} has no commands");
}

#[test]
fn the_way_to_data_endpoints_works() {
    check("docs/migrate.md");
}

#[test]
fn the_page_about_checks_works() {
    check("docs/check-endpoints.md");
}

#[test]
fn the_page_about_fleets_works() {
    check("docs/fleet.md");
}

#[test]
fn the_page_about_clients_works() {
    check("docs/clients.md");
}

#[test]
fn the_page_about_ci_works() {
    check("docs/ci.md");
}

#[test]
fn the_page_about_firewalls_works() {
    check("docs/firewalls.md");
}

#[test]
fn the_readme_works() {
    check("README.md");
}
