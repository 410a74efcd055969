//! A clean home for each test, the binary in it, and the result of a run.

use assert_cmd::Command;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// An empty home directory, and only the environment variables that a test needs.
pub struct Home {
    directory: TempDir,
    variables: BTreeMap<String, String>,
}

/// The exit code and output of a run.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The configuration of a TLS server with a certificate of its own for these hosts, and the certificate in PEM.
pub fn tls_server(hosts: &[&str]) -> (Arc<ServerConfig>, String) {
    let names: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let certificate = CertificateParams::new(names).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    (Arc::new(config), certificate.pem())
}

impl Home {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().to_str().unwrap().to_owned();
        let variables = BTreeMap::from([
            ("HOME".to_owned(), home),
            // A run without a login must fail; without this, it would ask for the machine's managed identity.
            ("AZURE_TOKEN_CREDENTIALS".to_owned(), "dev".to_owned()),
        ]);
        Self { directory, variables }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.directory.path().join(relative)
    }

    /// Writes a file, and creates its directory.
    pub fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn command(&self) -> Command {
        Command::from_std(self.command_of(binary()))
    }

    /// Another program, in the same environment.
    pub fn command_of(&self, program: impl AsRef<OsStr>) -> std::process::Command {
        let mut command = std::process::Command::new(program);
        command.env_clear().envs(&self.variables).current_dir(self.directory.path());
        command
    }

    pub fn run(&self, args: &[&str]) -> Run {
        let output = self.command().args(args).output().unwrap();
        Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Switches the emulated contoso to dedicated data endpoints.
    pub fn switch(&self) {
        let switch = ["update", "-n", "contoso", "--data-endpoint-enabled"];
        self.emulated(&[&switch[..], &["-o", "none", "--only-show-errors"]].concat()).quiet();
    }

    /// Runs a command in the emulated cloud.
    pub fn emulated(&self, args: &[&str]) -> Run {
        self.run(&[&["--cloud", "emulator"], args].concat())
    }
}

pub fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_az-acr"))
}

impl Run {
    /// Asserts success without any message, and returns standard output.
    #[track_caller]
    pub fn quiet(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{}", self.stdout);
        self.stdout
    }

    /// Asserts a failure without standard output, and returns standard error.
    #[track_caller]
    pub fn fails(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{}", self.stderr);
        self.stderr
    }

    /// Returns the requests to ARM, from a run with `--debug`.
    pub fn requests(&self) -> Vec<String> {
        let lines = self.stderr.lines().filter_map(|line| line.strip_prefix("DEBUG: "));
        lines
            .filter(|line| line.contains(" https://"))
            .filter_map(|line| line.split_once(" -> "))
            .map(|(request, _)| {
                let (method, url) = request.split_once(' ').unwrap();
                let path = url.splitn(4, '/').nth(3).unwrap_or_default();
                format!("{method} /{}", path.split("&$filter").next().unwrap())
            })
            .collect()
    }
}
