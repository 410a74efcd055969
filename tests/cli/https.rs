//! The emulator over HTTPS as a stand-in for Azure: real TLS, tokens and logins.

use crate::home::{Home, binary};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

pub const TENANT: &str = "72f988bf-0000-4000-8000-00000000e0e0";
pub const SUBSCRIPTION: &str = "00000000-0000-4000-8000-0000000000ac";

/// A running `az-acr emulator start`, which ends when dropped.
pub struct Server {
    child: Child,
    pub home: Home,
    pub url: String,
    pub lines: Vec<String>,
}

impl Server {
    pub fn start() -> Self {
        Self::of(Home::new(), &[])
    }

    /// A server that also serves the registries of a home's emulated world.
    pub fn with_registries(home: Home, args: &[&str]) -> Self {
        Self::of(home, &[&["--data-plane"], args].concat())
    }

    fn of(home: Home, args: &[&str]) -> Self {
        let mut child = Command::new(binary())
            .args(["emulator", "start", "--cert-dir", ".", "--request-log", "requests.jsonl"])
            .args(args)
            .env_clear()
            .env("HOME", home.path(""))
            .current_dir(home.path(""))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut lines = Vec::new();
        for line in stdout.lines() {
            lines.push(line.unwrap());
            if lines.last().unwrap().starts_with("az login") {
                break;
            }
        }
        let url = lines[0].split_whitespace().nth(5).unwrap().trim_end_matches('.').to_owned();
        Self { child, home, url, lines }
    }

    /// A home after `az cloud register` for this server, with nobody logged in.
    pub fn registered(&self) -> Home {
        let ca = self.home.path("ca.pem");
        let home = Home::new().with("REQUESTS_CA_BUNDLE", ca.to_str().unwrap());
        home.write(".azure/config", "[cloud]\nname = local\n");
        home.write(
            ".azure/clouds.config",
            &format!(
                "[local]\nendpoint_resource_manager = {0}\nendpoint_active_directory = {0}\n\
                 endpoint_active_directory_resource_id = {0}\nsuffix_acr_login_server_endpoint = .azurecr.io\n\
                 suffix_storage_endpoint = core.windows.net\n",
                self.url
            ),
        );
        home
    }

    /// A home with a token, as the real `az login` leaves it.
    pub fn login(&self) -> Home {
        let home = self.registered();
        let user = json!({"name": "app", "type": "servicePrincipal"});
        home.write(
            ".azure/azureProfile.json",
            &format!(
                "\u{feff}{}",
                json!({"subscriptions": [{
                    "id": SUBSCRIPTION, "name": "Emulator", "isDefault": true, "tenantId": TENANT,
                    "environmentName": "local", "user": user,
                }]})
            ),
        );
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let token = |target: &str| {
            json!({
                "secret": "x.y.emulated", "environment": "localhost", "client_id": "app", "realm": TENANT,
                "home_account_id": null, "token_type": "Bearer", "target": target,
                "expires_on": (now + 3600).to_string(),
            })
        };
        let tokens = json!({
            "arm": token(&format!("{}/.default", self.url)),
            "registries": token("https://containerregistry.azure.net/.default"),
        });
        let cache = json!({"AccessToken": tokens});
        home.write(".azure/msal_token_cache.json", &cache.to_string());
        home
    }

    /// The value of `--connect-to` for all hosts.
    pub fn connect_to(&self) -> String {
        format!("::{}", self.url.replace("https://localhost", "127.0.0.1"))
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.home.path("requests.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What happens to a connection between client and server.
#[derive(Clone, Copy)]
pub enum Fault {
    /// It is reset before any response.
    Reset,
    /// It ends after this many bytes of the response: in the body, after handshake and headers.
    CutAfter(usize),
    None,
}

/// Starts a relay to the server that applies these faults to the first connections. Returns its port.
pub fn faulty(server: &Server, faults: &'static [Fault]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let target = server.url.replace("https://localhost", "127.0.0.1");
    std::thread::spawn(move || {
        for (i, client) in listener.incoming().enumerate() {
            let Ok(mut client) = client else { return };
            let fault = faults.get(i).copied().unwrap_or(Fault::None);
            let limit = match fault {
                Fault::Reset => continue, // closed with the client's hello unread, so the system sends a reset
                Fault::CutAfter(bytes) => bytes as u64,
                Fault::None => u64::MAX,
            };
            let upstream = TcpStream::connect(&target).unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut upstream.take(limit), &mut client);
                let _ = client.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    port
}

#[test]
fn connections_that_break_are_made_again() {
    const FAULTS: [&[Fault]; 4] = [
        &[Fault::Reset, Fault::Reset],
        &[Fault::CutAfter(1500)],
        &[Fault::CutAfter(0), Fault::CutAfter(100)],
        &[Fault::Reset, Fault::CutAfter(1500), Fault::CutAfter(900)],
    ];
    let server = Server::start();
    for faults in FAULTS {
        let home = server.login();
        let port = faulty(&server, faults);
        let clouds = std::fs::read_to_string(home.path(".azure/clouds.config")).unwrap();
        let own = format!("endpoint_resource_manager = {}", server.url);
        let through = format!("endpoint_resource_manager = https://localhost:{port}");
        home.write(".azure/clouds.config", &clouds.replace(&own, &through));
        let run = home.run(&["show", "-n", "contoso", "-g", "contoso-rg", "--query", "name"]);
        assert_eq!(run.quiet(), "\"contoso\"\n");
    }
}

#[test]
fn azs_login_is_used_without_az() {
    let server = Server::start();
    let run = server.login().run(&["show-endpoints", "-n", "fabrikam", "-o", "tsv", "--debug"]);
    assert_eq!(run.stdout, "3\tfabrikam.azurecr.io\t3\n", "{}", run.stderr);
    assert!(run.stderr.contains("INFO: credential: AzureCliCredential (token from az's cache)\n"));
    assert_eq!(run.requests().len(), 2, "{:?}", run.requests());
    assert!(!run.stderr.contains("x.y.emulated"), "a token in the log");
}

#[test]
fn a_name_is_not_there_in_the_words_of_az() {
    let stderr = Server::start().login().run(&["show", "-n", "nopenope"]).fails(1);
    assert_eq!(
        stderr,
        format!(
            "ERROR: The resource with name 'nopenope' and type 'Microsoft.ContainerRegistry/registries' could not be \
             found in subscription 'Emulator ({SUBSCRIPTION})'.\n"
        )
    );
}

#[test]
fn an_untrusted_certificate_is_reported_at_once() {
    let server = Server::start();
    let other = Server::start();
    let home =
        server.login().with("REQUESTS_CA_BUNDLE", other.home.path("ca.pem").to_str().unwrap());
    let run = home.run(&["list", "--debug"]);
    assert_eq!((run.code, run.requests().len()), (1, 1), "it was retried: {}", run.stderr);
    let stderr = home.run(&["list"]).fails(1);
    assert!(
        stderr.starts_with("ERROR: Cannot reach localhost: its certificate is not trusted ("),
        "{stderr}"
    );
    assert!(stderr.contains("REQUESTS_CA_BUNDLE"), "{stderr}");
}

#[test]
fn the_systems_roots_do_not_hold_the_emulators_ca() {
    let server = Server::start();
    let home = server.login().with("REQUESTS_CA_BUNDLE", "");
    let stderr = home.run(&["list"]).fails(1);
    assert!(stderr.contains("localhost"), "{stderr}");
    let ca = server.home.path("ca.pem");
    home.with("SSL_CERT_FILE", ca.to_str().unwrap()).run(&["list"]).quiet();
}

#[test]
fn refused_connections_and_unknown_hosts_are_reported_at_once() {
    let server = Server::start();
    let home = server.login();
    let clouds = std::fs::read_to_string(home.path(".azure/clouds.config")).unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (endpoint, expected) in [
        (
            format!("https://localhost:{closed}"),
            "ERROR: Cannot reach localhost: Connection refused",
        ),
        (
            "https://arm.invalid".to_owned(),
            "ERROR: Cannot reach arm.invalid: the host name cannot be resolved (",
        ),
    ] {
        let own = format!("endpoint_resource_manager = {}", server.url);
        let other = clouds.replace(&own, &format!("endpoint_resource_manager = {endpoint}"));
        home.write(".azure/clouds.config", &other);
        let run = home.run(&["list", "--debug"]);
        assert_eq!(run.requests().len(), 1, "it was retried: {}", run.stderr);
        let stderr = home.run(&["list"]).fails(1);
        assert!(stderr.starts_with(expected), "{stderr}");
    }
}

#[test]
fn malformed_proxies_and_bundles_are_errors() {
    let server = Server::start();
    for (name, value, expected) in [
        (
            "HTTPS_PROXY",
            "http://",
            "ERROR: HTTPS_PROXY is set to 'http://', which is not the URL of an http",
        ),
        (
            "https_proxy",
            "socks5://localhost:1080",
            "ERROR: https_proxy is set to 'socks5://localhost:1080'",
        ),
        (
            "REQUESTS_CA_BUNDLE",
            "/no/such.pem",
            "ERROR: REQUESTS_CA_BUNDLE is set to '/no/such.pem', which is not an existing",
        ),
        (
            "REQUESTS_CA_BUNDLE",
            "/dev/null",
            "ERROR: REQUESTS_CA_BUNDLE is set to '/dev/null', which is not",
        ),
    ] {
        let stderr = server.login().with(name, value).run(&["list"]).fails(1);
        assert!(stderr.starts_with(expected), "{stderr}");
    }
}

#[test]
fn proxies_are_used_and_left_out_as_the_variables_say() {
    let server = Server::start();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let home = server.login().with("HTTPS_PROXY", format!("127.0.0.1:{closed}"));
    let stderr = home.run(&["list"]).fails(1);
    assert!(stderr.starts_with("ERROR: Cannot reach localhost: "), "{stderr}");
    home.with("NO_PROXY", "localhost").run(&["list"]).quiet();
}
