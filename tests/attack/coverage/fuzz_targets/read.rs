//! Hands bytes to one reader, as the program would: through its whole command line, in this process.
//!
//! AZ_ACR_READER chooses the reader: a language of firewall rules, or one of the names in [`run`]. A panic, a run of more
//! than 10 s or more than 1 GiB of memory is a finding.
#![no_main]

mod answers;

use az_acr::{Env, Streams};
use libfuzzer_sys::fuzz_target;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// What is asked for, so that a run needs no emulator.
const ENDPOINTS: &str = include_str!("../../corpus/endpoints.json");
const LOGIN: [(&str, &str); 4] = [
    ("config", include_str!("../../corpus/config.ini")),
    ("clouds.config", include_str!("../../corpus/clouds.ini")),
    ("azureProfile.json", include_str!("../../corpus/profile.json")),
    ("msal_token_cache.json", include_str!("../../corpus/tokens.json")),
];

/// A directory of this process, in memory where there is such a file system.
static HOME: LazyLock<PathBuf> = LazyLock::new(|| {
    let shared = Path::new("/dev/shm");
    let root = if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() };
    let home = root.join(format!("az-acr-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(home.join(".azure")).expect("a directory for the input");
    home
});
static READER: LazyLock<String> =
    LazyLock::new(|| std::env::var("AZ_ACR_READER").expect("AZ_ACR_READER names a reader"));

fuzz_target!(|data: &[u8]| read(&READER, data));

fn read(reader: &str, data: &[u8]) {
    let file = HOME.join("input");
    let path = file.to_str().expect("a path of UTF-8");
    let written = std::fs::write(&file, data);
    written.expect("the input can be written");
    match reader {
        "log" => run(&["firewall-log", path, "-o", "none"]),
        "endpoints" => run(&["firewall-rules", "--endpoints", path, "--format", "squid"]),
        "exceptions" => report("--exceptions", path),
        "clients" => report("--clients", path),
        "state" => {
            let state = HOME.join("state.json");
            std::fs::write(&state, data).expect("the state can be written");
            emulated(&["list", "-o", "none"], &[("AZ_ACR_EMULATOR_STATE", &state)]);
        }
        "query" => {
            let Ok(query) = std::str::from_utf8(data) else { return };
            if !query.contains('\0') {
                emulated(&["list", "--query", query, "-o", "yaml"], &[]);
            }
        }
        "config" => login("config", data),
        "clouds" => login("clouds.config", data),
        "profile" => login("azureProfile.json", data),
        "tokens" => login("msal_token_cache.json", data),
        "registry" | "registries" | "rows" | "graph" | "retry-after" => answers::read(reader, data),
        "challenge" => az_acr::fuzzing::challenge(data),
        "certificate" => az_acr::fuzzing::certificate(data),
        language => {
            let endpoints = HOME.join("endpoints.json");
            std::fs::write(&endpoints, ENDPOINTS).expect("the endpoints can be written");
            let endpoints = endpoints.to_str().expect("a path of UTF-8");
            run(&["firewall-rules", "--endpoints", endpoints, "--check", path, "--from", language]);
        }
    }
}

/// Files of `az`: nothing listens where they lead.
fn login(name: &str, data: &[u8]) {
    for (file, text) in LOGIN {
        let bytes = if file == name { data } else { text.as_bytes() };
        std::fs::write(HOME.join(".azure").join(file), bytes).expect("az's files can be written");
    }
    run(&["show", "-n", "contoso", "-g", "rg"]);
}

fn report(option: &str, path: &str) {
    let report = HOME.join("report.html");
    let report = report.to_str().expect("a path of UTF-8");
    emulated(&["list-endpoints", "-o", "none", "--report", report, option, path], &[]);
}

fn emulated(args: &[&str], variables: &[(&str, &Path)]) {
    let mut all = vec!["--cloud", "emulator"];
    all.extend(args);
    run_with(&all, variables);
}

fn run(args: &[&str]) {
    run_with(args, &[]);
}

fn run_with(args: &[&str], variables: &[(&str, &Path)]) {
    let home = HOME.to_str().expect("a path of UTF-8");
    let mut env = Env::from_pairs([("HOME", home), ("HTTPS_PROXY", "http://127.0.0.1:9"), ("PATH", "/nowhere")]);
    for (name, path) in variables {
        env = env.with(name, path.to_str());
    }
    let (streams, _, errors) = Streams::memory("");
    let args = std::iter::once("az-acr").chain(args.iter().copied()).map(Into::into);
    let _ = az_acr::run(args, &env, &streams);
    assert!(errors.text().len() < 200_000, "an error of {} bytes", errors.text().len());
}
