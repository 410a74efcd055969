//! The least program that does what `az-acr show-endpoints -n contoso -g contoso-rg` does: the login of `az`, one GET over
//! TLS on a blocking socket, JSON in, JSON out. No options, no redirects, no retries, no proxy, one trusted root.
//!
//! Usage: floor URL SUBSCRIPTION CA, with AZURE_CONFIG_DIR.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut arg = || args.next().ok_or("usage: floor URL SUBSCRIPTION CA");
    let (url, subscription, ca) = (arg()?, arg()?, arg()?);

    let cache = std::env::var("AZURE_CONFIG_DIR")? + "/msal_token_cache.json";
    let cache: Value = serde_json::from_slice(&std::fs::read(cache)?)?;
    let tokens = cache["AccessToken"].as_object().ok_or("no tokens")?;
    let token = tokens.values().next().and_then(|token| token["secret"].as_str()).ok_or("no token")?;

    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let authority = url.strip_prefix("https://").ok_or("not an https URL")?;
    let host = authority.split(':').next().unwrap_or_default().to_owned();
    let connection = rustls::ClientConnection::new(Arc::new(config), ServerName::try_from(host)?)?;
    let mut stream = rustls::StreamOwned::new(connection, TcpStream::connect(authority)?);
    let path = format!(
        "/subscriptions/{subscription}/resourceGroups/contoso-rg/providers/Microsoft.ContainerRegistry/registries/contoso"
    );
    // One write: Nagle's algorithm would hold back the second.
    let request = format!(
        "GET {path}?api-version=2026-09-01-preview HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {token}\r\n\
         Accept: application/json\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let start = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").ok_or("no headers")? + 4;
    let registry: Value = serde_json::from_slice(&answer[start..])?;
    let properties = &registry["properties"];
    let endpoints: Vec<Value> = properties["dataEndpointHostNames"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|host| json!({ "region": host.split('.').nth(1), "endpoint": host }))
        .collect();
    println!("{:#}", json!({ "loginServer": properties["loginServer"], "dataEndpoints": endpoints }));
    Ok(())
}
