//! A fake Azure Resource Manager with scripted responses, for what the emulator never does.

use crate::home::{Home, tls_server};
use crate::https::{SUBSCRIPTION, TENANT};
use rustls::{ServerConnection, StreamOwned};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// A request that the server received.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// Path and query.
    pub path: String,
    pub token: String,
    /// The header `If-Match`, empty if there is none.
    pub if_match: String,
    pub body: Value,
}

/// Status, headers and body of a response.
pub type Reply = (u16, Vec<(&'static str, String)>, Value);

/// A `content-length` that makes an answer end in spaces without end.
pub const ENDLESS: &str = "1000000000000";

/// A server whose responses come from a closure.
pub struct FakeArm {
    url: String,
    ca: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl FakeArm {
    pub fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let (config, pem) = tls_server(&["localhost", "contoso.azurecr.io"]);
        let answer = Arc::new(answer);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for tcp in listener.incoming() {
                let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let stream = StreamOwned::new(tls, tcp.unwrap());
                    // The connection ends when the client closes it.
                    let _ = serve(stream, &seen, &*answer);
                });
            }
        });
        Self { url, ca: pem, requests }
    }

    /// A home that is logged in to this server, with this token in az's token cache.
    pub fn home(&self, token: &str) -> Home {
        let home = Home::new();
        home.write("ca.pem", &self.ca);
        home.write(".azure/config", "[cloud]\nname = local\n");
        let clouds = format!(
            "[local]\nendpoint_resource_manager = {0}\nendpoint_active_directory = {0}\n\
             endpoint_active_directory_resource_id = {0}\nsuffix_acr_login_server_endpoint = .azurecr.io\n\
             suffix_storage_endpoint = core.windows.net\n",
            self.url
        );
        home.write(".azure/clouds.config", &clouds);
        let profile = json!({"subscriptions": [{
            "id": SUBSCRIPTION, "name": "One", "isDefault": true, "tenantId": TENANT,
            "environmentName": "local", "user": {"name": "app", "type": "servicePrincipal"},
        }]});
        home.write(".azure/azureProfile.json", &profile.to_string());
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let cache = json!({"AccessToken": {"arm": {
            "secret": token, "environment": "localhost", "client_id": "app", "realm": TENANT,
            "home_account_id": null, "token_type": "Bearer", "target": format!("{}/.default", self.url),
            "expires_on": (now + 3600).to_string(),
        }}});
        home.write(".azure/msal_token_cache.json", &cache.to_string());
        let ca = home.path("ca.pem");
        home.with("REQUESTS_CA_BUNDLE", ca.to_str().unwrap())
    }

    /// A home that also reaches the registry contoso at this server, through a proxy: its requests have paths below `/v2/`.
    pub fn home_with_registry(&self, token: &str) -> Home {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let address = self.url.replace("https://localhost", "127.0.0.1");
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let address = address.clone();
                std::thread::spawn(move || tunnel(client, &address));
            }
        });
        self.home(token).with("HTTPS_PROXY", proxy).with("NO_PROXY", "localhost")
    }

    /// The server's URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The number of requests with a method so far.
    pub fn count(&self, method: &str) -> usize {
        self.requests().iter().filter(|request| request.method == method).count()
    }
}

/// Answers CONNECT, and passes everything on.
fn tunnel(client: TcpStream, address: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut line = String::from("CONNECT");
    while !line.trim_end().is_empty() {
        line.clear();
        reader.read_line(&mut line)?;
    }
    let server = TcpStream::connect(address)?;
    (&client).write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
    let (mut answers, mut to_client) = (server.try_clone()?, client);
    std::thread::spawn(move || std::io::copy(&mut answers, &mut to_client));
    std::io::copy(&mut reader, &mut &server).map(|_| ())
}

fn serve(
    stream: StreamOwned<ServerConnection, TcpStream>,
    seen: &Mutex<Vec<Request>>,
    answer: &dyn Fn(&Request) -> Reply,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut words = line.split_whitespace();
        let method = words.next().unwrap_or_default().to_owned();
        let path = words.next().unwrap_or_default().to_owned();
        let (mut token, mut if_match, mut length) = (String::new(), String::new(), 0);
        loop {
            let mut header = String::new();
            stream.read_line(&mut header)?;
            match header.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                    token = value.to_owned();
                }
                Some((name, value)) if name.eq_ignore_ascii_case("if-match") => {
                    if_match = value.to_owned();
                }
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().unwrap();
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let request = Request { method, path, token, if_match, body };
        seen.lock().unwrap().push(request.clone());
        let (status, headers, body) = answer(&request);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = stream.get_mut();
        write!(answer, "HTTP/1.1 {status} Answer\r\n")?;
        if !headers.iter().any(|(name, _)| *name == "content-length") {
            write!(answer, "content-length: {}\r\n", body.len())?;
        }
        for (name, value) in &headers {
            write!(answer, "{name}: {value}\r\n")?;
        }
        write!(answer, "content-type: application/json\r\n\r\n{body}")?;
        if headers.contains(&("content-length", ENDLESS.to_owned())) {
            loop {
                answer.write_all(&[b' '; 0x4000])?;
            }
        }
        answer.flush()?;
    }
}
