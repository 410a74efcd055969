//! `check-endpoints` against hostile servers: everything that they send is limited, and reported.

use crate::home::{Home, Run, tls_server};
use rustls::{ServerConnection, StreamOwned};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

const LOGIN: &str = "contoso.azurecr.io";
const DATA: &str = "contoso.eastus.data.azurecr.io";

/// The response to a request: its head or all of it, and a piece that follows without end.
struct Answer {
    start: String,
    endless: Option<&'static str>,
}

fn whole(status: &str, headers: &str, body: &str) -> Answer {
    let start =
        format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
    Answer { start, endless: None }
}

fn endless(start: impl Into<String>, piece: &'static str) -> Answer {
    Answer { start: start.into(), endless: Some(piece) }
}

/// A TLS server for all hosts, which records the head of each request and counts the connections.
struct Stranger {
    home: Home,
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

impl Stranger {
    /// Starts a server whose response depends on host and path.
    fn start(answer: impl Fn(&str, &str) -> Answer + Send + Sync + 'static) -> Self {
        let home = Home::new();
        let hosts = [LOGIN, DATA, "contoso.westus.data.azurecr.io", "evil.example"];
        let (config, pem) = tls_server(&hosts);
        home.write("ca.pem", &pem);
        let answer = Arc::new(answer);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heads, connections) = (Arc::default(), Arc::default());
        let stranger =
            Self { home, port, heads: Arc::clone(&heads), connections: Arc::clone(&connections) };
        std::thread::spawn(move || {
            for tcp in listener.incoming() {
                *connections.lock().unwrap() += 1;
                let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
                let (heads, answer) = (Arc::clone(&heads), Arc::clone(&answer));
                std::thread::spawn(move || {
                    serve(StreamOwned::new(tls, tcp.unwrap()), &heads, &*answer);
                });
            }
        });
        stranger
    }

    fn check(&self, args: &[&str]) -> Run {
        let home = Home::new().with("SSL_CERT_FILE", self.home.path("ca.pem").to_str().unwrap());
        let connect_to = format!("::127.0.0.1:{}", self.port);
        let usual = [
            "check-endpoints",
            "--login-server",
            LOGIN,
            "--timeout",
            "2",
            "--connect-to",
            &connect_to,
        ];
        home.run(&[&usual, args].concat())
    }

    /// Returns the report of a pull, and its first failure: host, step, reason, detail.
    fn pull(&self) -> (Value, [String; 4]) {
        let run = self.check(&["--region", "eastus", "--pull", "hello"]);
        let report: Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
        let pull = report["pull"].clone();
        let said = ["host", "step", "reason", "detail"]
            .map(|key| pull[key].as_str().unwrap_or_default().to_owned());
        (pull, said)
    }

    fn asked(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: StreamOwned<ServerConnection, TcpStream>,
    heads: &Mutex<Vec<String>>,
    answer: &dyn Fn(&str, &str) -> Answer,
) {
    let mut buffer = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let end = loop {
            if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            match stream.read(&mut piece) {
                Ok(read) if read > 0 => buffer.extend_from_slice(&piece[..read]),
                _ => return,
            }
        };
        let head: Vec<u8> = buffer.drain(..end).collect();
        let head = String::from_utf8(head).unwrap().to_lowercase();
        heads.lock().unwrap().push(head.clone());
        let path = head.split(' ').nth(1).unwrap();
        let host = head.split("host: ").nth(1).unwrap().lines().next().unwrap();
        let Answer { start, endless } = answer(host, path);
        if stream.write_all(start.as_bytes()).and_then(|()| stream.flush()).is_err() {
            return;
        }
        if let Some(piece) = endless {
            // If the piece is empty, the connection stays open and silent until the client closes it.
            if piece.is_empty() {
                let _ = stream.read(&mut [0]);
                return;
            }
            while stream.write_all(piece.as_bytes()).is_ok() {}
            return;
        }
    }
}

fn challenge(realm: &str) -> Answer {
    let header = format!("www-authenticate: Bearer realm=\"{realm}\",service=\"{LOGIN}\"\r\n");
    whole("401 Unauthorized", &header, "")
}

/// A registry that works up to the manifest; `answer` may answer in its place.
fn registry(answer: impl Fn(&str, &str) -> Option<Answer>, host: &str, path: &str) -> Answer {
    if let Some(answer) = answer(host, path) {
        return answer;
    }
    let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    match path {
        "/v2/" => challenge(&format!("https://{LOGIN}/oauth2/token")),
        path if path.starts_with("/oauth2/token") => {
            whole("200 OK", "", r#"{"access_token": "t0ken"}"#)
        }
        path if path.contains("/manifests/") => {
            let blob = json!({"digest": digest, "size": 0, "mediaType": "x"});
            whole("200 OK", "", &json!({"config": blob, "layers": [blob]}).to_string())
        }
        path if path.contains("/blobs/") && host == LOGIN => {
            whole("307 Moved", &format!("location: https://{DATA}/blob?sig=x\r\n"), "")
        }
        "/blob?sig=x" => whole("206 Partial Content", "", "first bytes"),
        _ => whole("404 Not Found", "", ""),
    }
}

fn pulling(answer: impl Fn(&str, &str) -> Option<Answer> + Send + Sync + 'static) -> Stranger {
    Stranger::start(move |host, path| registry(&answer, host, path))
}

#[test]
fn answers_that_never_end_are_cut_off() {
    for (answer, reason) in [
        (
            (
                "HTTP/1.1 401 No\r\n",
                Some("X-Endless: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"),
            ),
            "tooLarge",
        ),
        (
            (
                "HTTP/1.1 401 No\r\nX-Long: ",
                Some("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ),
            "tooLarge",
        ),
        (("", Some("HTTP/1.1 100 Continue\r\n\r\n")), "timeout"),
        (("HTTP/1.1 401 ", Some("")), "timeout"),
        (("SSH-2.0-OpenSSH_9.6\r\n", Some("")), "badAnswer"),
        (
            ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\ncontent-length: 20\r\n\r\n", Some("")),
            "badAnswer",
        ),
        (("HTTP/1.1 200 OK\r\n\r\n", Some("a page without end ")), "notRegistry"),
    ] {
        let (start, piece) = answer;
        let stranger = Stranger::start(move |_, _| endless(start, piece.unwrap()));
        let run = stranger.check(&[]);
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        let check = &report["checks"][0];
        assert_eq!(
            (run.code, &check["step"], &check["reason"]),
            (1, &json!("http"), &json!(reason)),
            "{check:#}"
        );
    }
}

#[test]
fn a_token_service_elsewhere_is_reported_and_not_asked() {
    for realm in [
        "https://evil.example/token",
        "http://contoso.azurecr.io/token",
        "https://contoso.azurecr.io.evil.example/",
        "https://contoso.azurecr.io:8443/oauth2/token",
    ] {
        let stranger = pulling(move |_, path| (path == "/v2/").then(|| challenge(realm)));
        let run = stranger.check(&["--pull", "hello"]);
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(report["checks"][0]["reason"], "foreignRealm", "{realm}");
        assert_eq!(
            (&report["pull"]["step"], &report["pull"]["reason"]),
            (&json!("token"), &json!("foreignRealm"))
        );
        assert!(
            stranger.asked().iter().all(|head| head.starts_with("get /v2/ ")),
            "{:?}",
            stranger.asked()
        );
    }
}

#[test]
fn manifests_are_bounded_and_never_unpacked() {
    let chunk: &str = Box::leak(format!("4000\r\n{}\r\n", "a".repeat(0x4000)).into_boxed_str());
    for (start, piece, reason) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "tooLarge",
        ),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", chunk, "tooLarge"),
        (
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1fbom",
            "",
            "badAnswer",
        ),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[[[[[[[[[", "", "badAnswer"),
        (
            "HTTP/1.1 200 OK\r\ndocker-content-digest: sha256:00\r\ncontent-length: 2\r\n\r\n{}",
            "",
            "digestMismatch",
        ),
    ] {
        let stranger =
            pulling(move |_, path| path.contains("/manifests/").then(|| endless(start, piece)));
        let (_, [host, step, why, detail]) = stranger.pull();
        assert_eq!([&*host, &*step, &*why], [LOGIN, "manifest", reason], "{detail}");
    }
    let nested = "[".repeat(100_000);
    let stranger =
        pulling(move |_, path| path.contains("/manifests/").then(|| whole("200 OK", "", &nested)));
    assert_eq!(stranger.pull().1[2], "badAnswer");
}

#[test]
fn redirects_are_followed_only_so_far() {
    let to = |location: &'static str| {
        pulling(move |host, path| {
            let redirect = path.contains("/blobs/") || host == DATA && path.starts_with("/blob");
            redirect.then(|| whole("307 Moved", &format!("location: {location}\r\n"), ""))
        })
    };
    let stranger = to("https://contoso.eastus.data.azurecr.io/blob");
    let (_, [host, step, reason, _]) = stranger.pull();
    assert_eq!([&*host, &*step, &*reason], [DATA, "redirect", "redirectLoop"]);
    assert!(stranger.asked().len() < 20, "{:?}", stranger.asked());
    for location in
        ["https://evil.example/blob", "https://169.254.169.254/metadata", "https://localhost/"]
    {
        let stranger = to(location);
        let (pull, [_, step, reason, _]) = stranger.pull();
        assert_eq!([&*step, &*reason], ["redirect", "foreignHost"], "{location}");
        // It is listed among the hosts, but was not contacted.
        assert!(location.contains(pull["hosts"][1].as_str().unwrap()), "{pull:#}");
        assert!(
            stranger
                .asked()
                .iter()
                .all(|head| !head.contains("get /metadata") && !head.contains("host: evil"))
        );
    }
    for location in
        ["http://contoso.eastus.data.azurecr.io/", "file:///etc/passwd", "https://", "\u{7f}"]
    {
        assert_eq!(to(location).pull().1[2], "badAnswer", "{location}");
    }
}

#[test]
fn credentials_stay_with_the_registry_and_layers_are_not_read_to_their_end() {
    let stranger = pulling(|_, path| {
        path.starts_with("/blob?").then(|| endless("HTTP/1.1 200 OK\r\n\r\n", "layer "))
    });
    let (pull, _) = stranger.pull();
    assert_eq!((&pull["ok"], &pull["blobs"][0]["fetched"]), (&json!(true), &json!(64)), "{pull:#}");
    for head in stranger.asked() {
        let is_blob = head.starts_with("get /blob?");
        assert!(!is_blob || !head.contains("authorization"), "{head}");
        assert_eq!(
            is_blob,
            head.contains(&format!("host: {DATA}")) && head.contains("range: bytes=0-63"),
            "{head}"
        );
    }
}

#[test]
fn a_registry_that_repeats_a_credential_does_not_get_it_printed() {
    let image = |layer: Value| json!({"config": layer, "layers": [layer]}).to_string();
    let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    // The query of a layer's own link is a signature.
    let elsewhere = json!({"digest": digest, "size": 0, "mediaType": "t0ken", "urls": ["https://evil.example/t0ken?sig=s1gnature"]});
    let manifest = image(elsewhere);
    let strangers = [
        pulling(move |_, path| {
            path.contains("/manifests/").then(|| whole("200 OK", "", &manifest))
        }),
        pulling(|host, path| {
            let redirect = path.contains("/blobs/") && host == LOGIN;
            redirect.then(|| whole("307 Moved", "location: https://t0ken.evil.example/\r\n", ""))
        }),
        pulling(|host, path| {
            let to = format!("location: https://{DATA}/t0ken\r\n");
            (path.contains("/blobs/") && host == LOGIN).then(|| whole("307 Moved", &to, ""))
        }),
        pulling(|_, path| {
            let body = r#"{"errors": [{"message": "who sent t0ken?"}]}"#;
            path.starts_with("/blob?").then(|| whole("403 Forbidden", "x-ms-version: 1\r\n", body))
        }),
    ];
    for stranger in strangers {
        for output in ["json", "table"] {
            let args = ["--region", "eastus", "--pull", "hello", "--debug", "-o", output];
            let run = stranger.check(&args);
            assert_eq!(run.code, 1, "{}", run.stderr);
            assert!(stranger.asked().iter().any(|head| head.contains("bearer t0ken")));
            for secret in ["t0ken", "s1gnature"] {
                assert!(!run.stdout.contains(secret), "{}", run.stdout);
                assert!(!run.stderr.contains(secret), "{}", run.stderr);
            }
        }
    }
}

#[test]
fn a_stranger_cannot_write_on_the_terminal() {
    let stranger = pulling(|_, path| {
        let body =
            r#"{"errors": [{"code": "X", "message": "\u001b[2J\u001b]0;owned\u0007all is well"}]}"#;
        path.contains("/manifests/").then(|| whole("404 Not Found", "", body))
    });
    let run = stranger.check(&["--pull", "hello", "-o", "table"]);
    assert!(run.stdout.contains("all is well"), "{}", run.stdout);
    assert!(!run.stdout.contains('\x1b') && !run.stderr.contains('\x1b'), "{:?}", run.stdout);
}

#[test]
fn a_registry_that_throttles_says_until_when() {
    let stranger = Stranger::start(|_, _| whole("429 Too Many Requests", "retry-after: 7\r\n", ""));
    let run = stranger.check(&[]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let check = &report["checks"][0];
    assert_eq!(
        (&check["reason"], &check["retryAfter"]),
        (&json!("throttled"), &json!(7)),
        "{report:#}"
    );
    let (pull, said) = pulling(|_, path| {
        let throttled = || whole("429 Too Many Requests", "retry-after: 7\r\n", "");
        path.contains("/manifests/").then(throttled)
    })
    .pull();
    assert_eq!((said[2].as_str(), &pull["retryAfter"]), ("throttled", &json!(7)), "{pull:#}");
}

#[test]
fn a_host_that_lets_us_wait_is_not_asked_for_every_layer() {
    let stranger = pulling(|_, path| path.starts_with("/blob?").then(|| endless("", "")));
    let (pull, [host, step, reason, _]) = stranger.pull();
    assert_eq!([&*host, &*step, &*reason], [DATA, "layer", "timeout"]);
    assert_eq!(pull["blobs"][1]["reason"], "timeout");
    let asked = stranger.asked().iter().filter(|head| head.starts_with("get /blob?")).count();
    assert_eq!(asked, 1);
}

#[test]
fn a_host_that_closes_after_each_answer_is_asked_anew() {
    let stranger = pulling(|_, path| {
        let once =
            "HTTP/1.1 206 Partial Content\r\ncontent-length: 5\r\nconnection: close\r\n\r\nbytes";
        path.starts_with("/blob?").then(|| endless(once, ""))
    });
    assert_eq!(stranger.pull().0["ok"], true);
}

#[test]
fn a_proxy_may_speak_tls_itself() {
    let stranger = Stranger::start(|_, _| whole("403 Forbidden", "", ""));
    let proxy = format!("evil.example:{}", stranger.port);
    let resolve = format!("{proxy}:127.0.0.1");
    let run = stranger.check(&["--proxy", &format!("https://{proxy}"), "--resolve", &resolve]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let check = &report["checks"][0];
    assert_eq!((&check["step"], &check["reason"]), (&json!("proxy"), &json!("proxyDenied")));
    assert_eq!(check["proxy"], proxy);
    assert!(stranger.asked()[0].starts_with("connect 127.0.0.1:"), "{:?}", stranger.asked());
}

#[test]
fn no_proxy_is_about_the_host_that_clients_ask_for() {
    let stranger = pulling(|_, _| None);
    let connect_to = format!("::127.0.0.1:{}", stranger.port);
    let args =
        ["check-endpoints", "--login-server", LOGIN, "--connect-to", &connect_to, "-o", "none"];
    let code = |no_proxy: &str| {
        let home = Home::new().with("HTTPS_PROXY", "http://127.0.0.1:9").with("NO_PROXY", no_proxy);
        home.with("SSL_CERT_FILE", stranger.home.path("ca.pem").to_str().unwrap()).run(&args).code
    };
    assert_eq!([code(".azurecr.io"), code("*"), code("127.0.0.1"), code("")], [0, 0, 1, 1]);
}

#[test]
fn an_endpoint_sees_one_connection() {
    let stranger = pulling(|_, _| None);
    let run = stranger.check(&["--region", "eastus", "westus"]);
    assert_eq!((run.code, *stranger.connections.lock().unwrap()), (0, 3), "{}", run.stdout);
    assert_eq!(stranger.asked().len(), 3);
}
