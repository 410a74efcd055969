//! `check-endpoints` against the emulator's registries: what it reports, which hosts it asks, and what a pull shows.

use crate::home::{Home, Run};
use crate::https::{Fault, Server, faulty};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

const DATA: &str = "contoso.eastus.data.azurecr.io";

/// A home whose emulated contoso has dedicated data endpoints.
fn switched() -> Home {
    let home = Home::new();
    home.switch();
    home
}

/// A client that trusts the server's certificate authority, and connects to the server for all hosts.
struct Client<'a>(&'a Server);

impl Client<'_> {
    fn home(&self) -> Home {
        Home::new().with("SSL_CERT_FILE", self.0.home.path("ca.pem").to_str().unwrap())
    }

    /// Checks contoso with its data endpoint in eastus.
    fn check(&self, args: &[&str]) -> Run {
        let usual = ["--login-server", "contoso.azurecr.io", "--region", "eastus"];
        self.run(&[&usual, args].concat(), "")
    }

    fn run(&self, args: &[&str], stdin: &str) -> Run {
        let output = self
            .home()
            .command()
            .arg("check-endpoints")
            .args(args)
            .args(["--connect-to", &self.0.connect_to()])
            .write_stdin(stdin)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Run {
            code: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The `pull` of a run that logs in with a password.
    fn pull(&self, image: &str, args: &[&str]) -> Value {
        let usual = ["--username", "app", "--password-stdin", "--pull", image];
        let server = ["--login-server", "contoso.azurecr.io"];
        let server = if args.contains(&"--endpoints") { &[][..] } else { &server };
        let run = self.run(&[server, &usual, args].concat(), "emulator\n");
        report(&run)["pull"].clone()
    }
}

#[track_caller]
fn report(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}: {}", run.code, run.stderr))
}

/// Host, step and reason of a pull's first failure.
fn failure(pull: &Value) -> [&str; 3] {
    assert_eq!(pull["ok"], false, "{pull:#}");
    ["host", "step", "reason"].map(|key| pull[key].as_str().unwrap_or_default())
}

// In the emulated cloud, without a server.

#[test]
fn the_emulated_cloud_can_be_checked_without_a_server() {
    let run = Home::new().emulated(&["check-endpoints", "-n", "fabrikam", "--pull", "hello"]);
    assert_eq!(run.stderr, "NOTE: ok: 7 of 7 endpoints reachable, the pull works.\n");
    let report = report(&run);
    assert_eq!((run.code, &report["ok"]), (0, &json!(true)));
    assert_eq!(report["loginServer"], "fabrikam.azurecr.io");
    let check = &report["checks"][4];
    assert_eq!(check["endpoint"], "fabrikam.japaneast.data.azurecr.io");
    let keys: Vec<&String> = check.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "addresses",
            "cnames",
            "detail",
            "endpoint",
            "family",
            "kind",
            "proxy",
            "reason",
            "region",
            "step",
            "timings",
            "tls",
            "verdict"
        ]
    );
    assert_eq!(
        report["pull"]["hosts"],
        json!(["fabrikam.azurecr.io", "fabrikam.westeurope.data.azurecr.io"])
    );
}

#[test]
fn a_table_fits_80_columns_with_details_below_the_rows() {
    let check = ["check-endpoints", "-n", "contoso", "--planned", "--expect-no-storage"];
    let run = Home::new().emulated(&[&check[..], &["-o", "table"]].concat());
    assert_eq!(run.code, 1);
    let lines: Vec<&str> = run.stdout.lines().collect();
    for (line, start) in [
        (0, "OK    HOST                             KIND             VERDICT       MS"),
        (2, "✓     contoso.azurecr.io               login            reachable     "),
        (3, "✓     contoso.eastus.data.azurecr.io   data             notPublished  "),
    ] {
        assert!(lines[line].starts_with(start), "{}", run.stdout);
    }
    let at = lines.iter().position(|line| line.starts_with("✗     azcliprod")).unwrap();
    assert!(lines[at + 1].starts_with("      "), "{}", run.stdout);
    for line in lines {
        assert!(line.chars().count() <= 80, "{line:?}");
    }
}

#[test]
fn debug_shows_each_request_without_secrets() {
    let args = ["check-endpoints", "-n", "contoso", "--pull", "hello", "--debug", "-o", "none"];
    let run = Home::new().emulated(&args);
    for line in [
        "GET https://contoso.azurecr.io/v2/ -> 401",
        "POST https://contoso.azurecr.io/oauth2/token -> 200",
        "GET https://contoso.azurecr.io/v2/hello/manifests/latest -> 200",
    ] {
        assert!(run.stderr.contains(&format!("DEBUG: {line}\n")), "{}", run.stderr);
    }
    assert!(!run.stderr.contains("sig=") && !run.stderr.contains("emulated"), "{}", run.stderr);
}

#[test]
fn a_wildcard_is_warned_of() {
    let run =
        Home::new().emulated(&["check-endpoints", "-n", "contoso", "--query", "length(checks)"]);
    assert_eq!(run.stdout, "1\n");
    assert!(
        run.stderr.starts_with("WARNING: Layers of contoso.azurecr.io come from *.blob."),
        "{}",
        run.stderr
    );
}

// Against a server, as on a machine without access to Azure.

#[test]
fn a_file_of_endpoints_is_enough() {
    let server = Server::with_registries(switched(), &[]);
    let file = server.home.emulated(&["show-endpoints", "-n", "contoso"]).quiet();
    server.home.write("endpoints.json", &file);
    let path = server.home.path("endpoints.json");
    let run =
        Client(&server).run(&["--endpoints", path.to_str().unwrap(), "--region", "westus"], "");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report = report(&run);
    let hosts: Vec<&str> = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["endpoint"].as_str().unwrap())
        .collect();
    assert_eq!(hosts, ["contoso.azurecr.io", "contoso.westus.data.azurecr.io"]);
    assert_eq!(report["checks"][0]["tls"]["trust"], "local");
    assert!(run.stderr.contains("WARNING: TLS is intercepted"), "{}", run.stderr);
    assert_eq!(server.requests(), [] as [Value; 0], "Azure Resource Manager was asked");
}

#[test]
fn faults_are_told_apart() {
    for (fault, verdict, step, reason) in [
        ("reset", "blocked", "tls", "reset"),
        ("slow", "blocked", "http", "timeout"),
        ("wrong-certificate", "intercepted", "tls", "nameMismatch"),
        ("untrusted-certificate", "intercepted", "tls", "untrusted"),
    ] {
        let rule = format!("{DATA}={fault}");
        let server = Server::with_registries(switched(), &["--fault", &rule]);
        let run = Client(&server).check(&["--timeout", "2"]);
        let check = report(&run)["checks"][1].clone();
        let said = ["verdict", "step", "reason"]
            .map(|key| check[key].as_str().unwrap_or_default().to_owned());
        assert_eq!((run.code, said), (1, [verdict, step, reason].map(str::to_owned)), "{fault}");
    }
}

#[test]
fn names_that_do_not_exist_are_refused_by_the_data_plane() {
    // Data endpoints are disabled, so the host does not exist.
    let server = Server::with_registries(Home::new(), &[]);
    let run = Client(&server).check(&[]);
    assert_eq!((run.code, &report(&run)["checks"][1]["step"]), (1, &json!("tls")));
}

#[test]
fn the_registrys_own_rules_are_told_from_a_proxys_page() {
    let home = switched();
    home.emulated(&["update", "-n", "contoso", "--default-action", "Deny", "-o", "none"]);
    let server = Server::with_registries(home, &[]);
    let run = Client(&server).check(&[]);
    for check in report(&run)["checks"].as_array().unwrap() {
        assert_eq!((&check["step"], &check["reason"]), (&json!("http"), &json!("registryDenied")));
        assert!(
            check["detail"].as_str().unwrap().contains("client with IP '127.0.0.1'"),
            "{check}"
        );
    }
    let pull = Client(&server).pull("hello", &[]);
    assert_eq!(failure(&pull), ["contoso.azurecr.io", "challenge", "registryDenied"]);
    server.home.emulated(&[
        "network-rule",
        "add",
        "-n",
        "contoso",
        "--ip-address",
        "127.0.0.1",
        "-o",
        "none",
    ]);
    assert_eq!(Client(&server).check(&[]).code, 0);
}

#[test]
fn ports_and_addresses_can_be_overridden() {
    let server = Server::with_registries(switched(), &[]);
    let port = server.url.rsplit(':').next().unwrap();
    let home = Client(&server).home();
    let login = format!("contoso.azurecr.io:{port}");
    let run = home.run(&[
        "check-endpoints",
        "--login-server",
        &login,
        "--resolve",
        &format!("{login}:127.0.0.1"),
        &format!("{DATA}:{port}:127.0.0.1"),
        "--pull",
        "hello",
        "--auth",
        "anonymous",
    ]);
    assert_eq!(report(&run)["checks"][0]["endpoint"], login.as_str());
    assert_eq!(report(&run)["checks"][0]["verdict"], "reachable", "{}", run.stdout);
}

#[test]
fn watching_ends_when_all_is_well_or_the_time_is_over() {
    const FAULTS: [Fault; 2] = [Fault::Reset, Fault::Reset];
    let server = Server::with_registries(Home::new(), &[]);
    let port = faulty(&server, &FAULTS);
    let check = |seconds: &str| {
        Client(&server).home().run(&[
            "check-endpoints",
            "--login-server",
            "contoso.azurecr.io",
            "--watch",
            seconds,
            "--connect-to",
            &format!("::127.0.0.1:{port}"),
        ])
    };
    assert_eq!(check("5").code, 0);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let run = Client(&server).home().run(&[
        "check-endpoints",
        "--login-server",
        "contoso.azurecr.io",
        "--watch",
        "0.05",
        "--connect-to",
        &format!("::127.0.0.1:{closed}"),
    ]);
    assert_eq!((run.code, &report(&run)["checks"][0]["reason"]), (1, &json!("refused")));
}

#[test]
fn ci_systems_get_a_line_a_finding() {
    let server = Server::with_registries(switched(), &["--fault", &format!("{DATA}=reset")]);
    for (variable, start) in [
        ("GITHUB_ACTIONS", "::error::contoso.eastus.data.azurecr.io: the connection was closed"),
        (
            "TF_BUILD",
            "##vso[task.logissue type=error;]contoso.eastus.data.azurecr.io: the connection",
        ),
    ] {
        let run = Client(&server).home().with(variable, "true").run(&[
            "check-endpoints",
            "--login-server",
            "contoso.azurecr.io",
            "--region",
            "eastus",
            "--connect-to",
            &server.connect_to(),
            "--expect-blocked",
            "auditlogs.azurecr.io",
            "-o",
            "none",
        ]);
        assert!(run.stderr.contains(start), "{}", run.stderr);
        assert!(run.stderr.contains("auditlogs.azurecr.io may not be blocked"), "{}", run.stderr);
        let summary =
            "NOTE: failed: 1 of 2 endpoints reachable, 0 of 1 hosts blocked as expected.\n";
        assert!(run.stderr.ends_with(summary), "{}", run.stderr);
    }
}

// Pulls.

#[test]
fn a_pull_names_every_host_and_fetches_first_bytes_alone() {
    let server = Server::with_registries(switched(), &[]);
    let pull =
        Client(&server).pull("hello:docker", &["--region", "eastus", "--platform", "linux/arm64"]);
    assert_eq!(pull["ok"], true, "{pull:#}");
    assert_eq!(pull["hosts"], json!(["contoso.azurecr.io", DATA]));
    assert_eq!((&pull["login"], &pull["platform"]), (&json!("password"), &json!("linux/arm64")));
    let blobs = pull["blobs"].as_array().unwrap();
    let kinds: Vec<&str> = blobs.iter().map(|blob| blob["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["config", "layer"]);
    assert!(blobs.iter().all(|blob| blob["fetched"] == 64 && blob["host"] == DATA), "{pull:#}");
    // The same image, by its digest.
    let digest = pull["digest"].as_str().unwrap();
    let same = Client(&server).pull(&format!("hello@{digest}"), &[]);
    assert_eq!((&same["ok"], &same["platform"]), (&json!(true), &Value::Null));
    assert_eq!(same["blobs"], pull["blobs"]);
}

#[test]
fn layers_from_the_storage_wildcard_are_a_finding() {
    let server = Server::with_registries(Home::new(), &[]);
    let pull = Client(&server).pull("hello", &["--region", "eastus"]);
    let storage = "eastusmanaged1.blob.core.windows.net";
    assert_eq!(failure(&pull), [storage, "redirect", "storageRedirect"]);
    // Before the switch this is expected. Without a list of hosts, it cannot be judged.
    assert_eq!(Client(&server).pull("hello", &["--region", "eastus", "--planned"])["ok"], true);
    let unknown = Client(&server).pull("hello", &[]);
    assert_eq!((&unknown["ok"], &unknown["hosts"][1]), (&json!(true), &json!(storage)));
}

#[test]
fn a_region_that_the_list_lacks_is_a_finding() {
    let server = Server::with_registries(switched(), &[]);
    let pull = Client(&server).pull("hello", &["--region", "westus"]);
    assert_eq!(failure(&pull), [DATA, "redirect", "unlistedHost"]);
    let file = json!({"loginServer": "contoso.azurecr.io", "dataEndpoints": [
        {"region": "eastus", "endpoint": "*.blob.core.windows.net"}
    ]});
    server.home.write("old.json", &file.to_string());
    let path = server.home.path("old.json");
    let pull = Client(&server).pull("hello", &["--endpoints", path.to_str().unwrap()]);
    assert_eq!(
        failure(&pull),
        [DATA, "redirect", "unlistedHost"],
        "the list is from before the switch"
    );
}

#[test]
fn a_pull_ends_where_it_ends() {
    let server = Server::with_registries(switched(), &["--link-lifetime", "0"]);
    let client = Client(&server);
    let registry = "contoso.azurecr.io";
    assert_eq!(failure(&client.pull("hello", &[])), [DATA, "layer", "linkRefused"]);
    assert_eq!(failure(&client.pull("nothing", &[])), [registry, "manifest", "notFound"]);
    assert_eq!(failure(&client.pull("hello:v9", &[])), [registry, "manifest", "notFound"]);
    let platform = client.pull("hello", &["--platform", "linux/s390x"]);
    assert_eq!(failure(&platform), [registry, "manifest", "noPlatform"]);
    assert!(
        platform["detail"].as_str().unwrap().ends_with("linux/amd64, linux/arm64"),
        "{platform}"
    );
    let anonymous = report(&client.check(&["--pull", "hello"]))["pull"].clone();
    assert_eq!(failure(&anonymous), [registry, "token", "credentialsRefused"]);
    let wrong = ["--login-server", registry, "--pull", "hello", "-u", "app", "--password-stdin"];
    let run = client.run(&wrong, "secret-and-wrong");
    assert_eq!(failure(&report(&run)["pull"]), [registry, "token", "credentialsRefused"]);
    assert!(!format!("{}{}", run.stdout, run.stderr).contains("secret-and-wrong"));
}

#[test]
fn anonymous_pulls_work_where_they_are_allowed() {
    let home = switched();
    home.emulated(&["update", "-n", "contoso", "--anonymous-pull-enabled", "-o", "none"]);
    let server = Server::with_registries(home, &[]);
    let run = Client(&server).check(&["--pull", "hello"]);
    let pull = &report(&run)["pull"];
    assert_eq!((run.code, &pull["login"], &pull["ok"]), (0, &json!("anonymous"), &json!(true)));
}

#[test]
fn azs_login_pulls_too() {
    let server = Server::with_registries(switched(), &[]);
    let run = server.login().run(&[
        "check-endpoints",
        "-n",
        "contoso",
        "--pull",
        "hello",
        "--connect-to",
        &server.connect_to(),
    ]);
    let pull = &report(&run)["pull"];
    assert_eq!(
        (run.code, &pull["login"], &pull["ok"]),
        (0, &json!("azure"), &json!(true)),
        "{}",
        run.stderr
    );
    // Its token goes to Azure's hosts only.
    let stderr = server
        .login()
        .run(&[
            "check-endpoints",
            "--login-server",
            "registry.example",
            "--pull",
            "hello",
            "--auth",
            "azure",
        ])
        .fails(2);
    assert!(stderr.contains("registry.example is not a registry in this cloud"), "{stderr}");
}

#[test]
fn bad_input_is_named() {
    let home = Home::new();
    let of = |name: &str| {
        let data = format!("{name}.eastus.data.azurecr.io");
        json!({"loginServer": format!("{name}.azurecr.io"), "dataEndpoints": [{"region": "eastus", "endpoint": data}]})
    };
    home.write("two.json", &json!([of("contoso"), of("fabrikam")]).to_string());
    home.write("none.json", r#"{"loginServer": "contoso.azurecr.io", "dataEndpoints": []}"#);
    let shown = home.run(&["--cloud", "emulator", "show", "-n", "contoso"]).quiet();
    home.write("show.json", &shown);
    home.write("empty.json", "[]");
    home.write("evil.json", r#"{"loginServer": "a.io\u001b[2J", "dataEndpoints": []}"#);
    let server = ["--login-server", "contoso.azurecr.io"];
    let with = |more: &[&'static str]| [&server[..], more].concat();
    for (args, code, message) in [
        (vec!["--login-server", "not a host"], 2, "expected HOST or HOST:PORT"),
        (vec!["--login-server", "contoso"], 2, "For example: --login-server contoso.azurecr.io"),
        (vec!["-n", "contoso", "--regional-endpoints"], 2, "requires --login-server or --planned"),
        (vec![], 2, "Without access to Azure: --endpoints FILE or --login-server HOST."),
        (vec!["--login-server", "*.azurecr.io"], 2, "expected HOST or HOST:PORT"),
        (vec!["--endpoints", "two.json", "--pull", "hello"], 2, "requires exactly one registry"),
        (vec!["--endpoints", "empty.json"], 1, "empty.json contains no registry"),
        (vec!["--endpoints", "none.json"], 1, "names no host that layers come from"),
        (vec!["--endpoints", "show.json"], 1, "it is what show and list write"),
        (vec!["--endpoints", "evil.json"], 1, "is not a host name"),
        (with(&["--region", "estus"]), 1, "'estus' is not an Azure region. Did you mean 'eastus'?"),
        (with(&["--pull", "Hello World"]), 2, "'Hello World' is not an image"),
        (with(&["--pull", "hello", "-u", "app"]), 2, "--password-stdin"),
        (with(&["--pull", "hello", "--auth", "password"]), 2, "password needs --username"),
        (with(&["--resolve", "contoso"]), 2, "expected HOST:PORT:ADDRESS"),
        (with(&["--connect-to", "a:b"]), 2, "expected HOST1:PORT1:HOST2:PORT2"),
        (with(&["--timeout", "0"]), 2, "expected a number of seconds"),
        (with(&["--expect-blocked", "*.blob.core.windows.net"]), 2, "expected HOST or HOST:PORT"),
        (with(&["--proxy", "socks5://x:1"]), 1, "--proxy is set to 'socks5://x:1'"),
        (with(&["-n", "contoso"]), 2, "cannot be used with"),
    ] {
        let stderr = home.run(&[&["check-endpoints"][..], &args].concat()).fails(code);
        assert!(stderr.contains(message), "{args:?}: {stderr}");
    }
}

// Behind a proxy.

/// Starts a proxy that sends this response to every CONNECT. Returns its port, and the requests that it receives.
fn answering_proxy(answer: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let heads = Arc::clone(&asked);
    std::thread::spawn(move || {
        for tcp in listener.incoming() {
            let mut tcp = tcp.unwrap();
            let mut head = [0; 4096];
            let read = tcp.read(&mut head).unwrap();
            heads.lock().unwrap().push(String::from_utf8_lossy(&head[..read]).into_owned());
            let _ = tcp.write_all(answer.as_bytes());
        }
    });
    (port, asked)
}

#[test]
fn a_proxys_answer_is_the_evidence() {
    for (answer, planned, verdict, step, reason) in [
        ("HTTP/1.1 403 Forbidden\r\n\r\n", true, "blocked", "proxy", "proxyDenied"),
        ("HTTP/1.1 407 Who\r\n\r\n", true, "blocked", "proxy", "proxyDenied"),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", false, "blocked", "proxy", "proxyUpstream"),
        ("HTTP/1.1 503 No\r\n\r\n", true, "notPublished", "proxy", "proxyUpstream"),
        ("HTTP/1.1 504 Late\r\n\r\n", true, "notPublished", "proxy", "proxyUpstream"),
        ("HTTP/1.1 404 Not Found\r\n\r\n", true, "blocked", "proxy", "proxyUnusable"),
        ("SSH-2.0\r\n", true, "blocked", "proxy", "proxyUnusable"),
        ("", true, "blocked", "proxy", "proxyUnusable"),
        ("HTTP/1.1 200 OK\r\n\r\n", false, "blocked", "tls", "reset"),
    ] {
        let (port, _) = answering_proxy(answer);
        let home = Home::new().with("HTTPS_PROXY", format!("127.0.0.1:{port}"));
        let server =
            ["check-endpoints", "--login-server", "contoso.azurecr.io", "--region", "eastus"];
        let planned = if planned { &["--planned"][..] } else { &[] };
        let report = report(&home.run(&[&server, planned].concat()));
        let said =
            ["verdict", "step", "reason"].map(|key| report["checks"][1][key].as_str().unwrap());
        assert_eq!(said, [verdict, step, reason], "{answer}: {report:#}");
        assert_eq!(report["ok"], false, "the login server is not planned");
    }
}

#[test]
fn hosts_of_layers_that_were_not_checked_are_a_warning() {
    let home = Home::new();
    for (args, is_warning) in [
        (&["-n", "contoso"][..], true),
        (&["--login-server", "contoso.azurecr.io"], true),
        (&["-n", "contoso", "--planned"], false),
        (&["-n", "contoso", "--pull", "hello"], false),
    ] {
        let run = home.emulated(&[&["check-endpoints"][..], args].concat());
        let warnings = report(&run)["warnings"].clone();
        let codes: Vec<&Value> =
            warnings.as_array().unwrap().iter().map(|warning| &warning["code"]).collect();
        assert_eq!(codes == ["layersNotChecked"], is_warning, "{args:?}: {warnings}");
        let summary = run.stderr.lines().last().unwrap();
        assert_eq!(summary.contains("the hosts of layers not checked"), is_warning, "{summary}");
    }
}

#[test]
fn endpoints_on_different_ways_are_a_warning() {
    let (port, _) = answering_proxy("HTTP/1.1 403 Forbidden\r\n\r\n");
    let home = Home::new()
        .with("HTTPS_PROXY", format!("127.0.0.1:{port}"))
        .with("NO_PROXY", "contoso.azurecr.io");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let connect_to = format!("contoso.azurecr.io:443:{closed}");
    let usual =
        ["check-endpoints", "--login-server", "contoso.azurecr.io", "--connect-to", &connect_to];
    let run = home.run(&[&usual[..], &["--region", "eastus"]].concat());
    let warnings = report(&run)["warnings"].clone();
    assert_eq!(warnings[0]["code"], "proxySplit");
    let detail = warnings[0]["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("contoso.azurecr.io is reached without a proxy, contoso.eastus."),
        "{detail}"
    );
    assert!(run.stderr.contains(&format!("WARNING: {detail}")), "{}", run.stderr);
    // With one way for all there is nothing to say.
    let proxy = ["--region", "eastus", "--proxy", ""];
    assert_eq!(
        report(&home.run(&[&usual[..], &proxy].concat()))["warnings"].as_array().unwrap().len(),
        0
    );
}

#[test]
fn a_proxys_password_is_the_proxys_alone() {
    let (port, asked) = answering_proxy(
        "HTTP/1.1 407 Who\r\nproxy-authenticate: Basic\r\nx-proxy-error: no YXBwOnByMHh5, no pr0xy\r\n\r\n",
    );
    let proxy = format!("http://app:pr0xy@127.0.0.1:{port}");
    let args =
        ["check-endpoints", "--login-server", "contoso.azurecr.io", "--debug", "--proxy", &proxy];
    let run = Home::new().run(&args);
    let heads = asked.lock().unwrap().clone();
    assert_eq!(heads.len(), 1);
    assert!(heads[0].starts_with("CONNECT contoso.azurecr.io:443 HTTP/1.1\r\n"), "{heads:?}");
    assert!(heads[0].contains("proxy-authorization: Basic YXBwOnByMHh5"), "{heads:?}");
    let shown = format!("{}{}", run.stdout, run.stderr);
    assert!(!shown.contains("pr0xy") && !shown.contains("YXBwOnByMHh5"), "{shown}");
    assert!(shown.contains("x-proxy-error: no ***, no ***"), "{shown}");
    // Hosts in NO_PROXY do not use the proxy, and no host does if --proxy is empty.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let connect_to = format!("::{closed}");
    let direct = ["check-endpoints", "--login-server", "localhost", "--connect-to", &connect_to];
    let excluded = Home::new().with("HTTPS_PROXY", &proxy).with("NO_PROXY", "localhost");
    let none = Home::new().with("HTTPS_PROXY", &proxy);
    for run in [excluded.run(&direct), none.run(&[&direct[..], &["--proxy", ""]].concat())] {
        assert_eq!(report(&run)["checks"][0]["step"], "tcp");
    }
    assert_eq!(asked.lock().unwrap().len(), 1);
}
