//! The way out of this machine: which certificates are trusted, and through which proxy.

use super::AzureError;
use crate::env::Env;
use azure_core::http::policies::Policy;
use azure_core::http::{HttpClient, Transport, Url};
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{Client, NoProxy, Proxy};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// As azure_core's own client.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// `az` survives a server that stalls for 8 s, and so must we.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Where Linux distributions keep all roots in one file.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// What requests to Azure go through: one client for ARM and Entra, and the policies around it.
#[derive(Debug, Clone)]
pub struct Network {
    client: Arc<dyn HttpClient>,
    per_call_policies: Vec<Arc<dyn Policy>>,
}

impl Network {
    /// A network over HTTPS with the user's roots and proxy.
    ///
    /// # Arguments
    /// * `per_call_policies` - policies that every pipeline on this network gets, e.g. for retries.
    ///
    /// # Errors
    /// [`AzureError`] when a variable for roots or proxies makes no sense.
    pub fn https(env: &Env, per_call_policies: Vec<Arc<dyn Policy>>) -> Result<Self, AzureError> {
        Ok(Self { client: Arc::new(client(env, true)?), per_call_policies })
    }

    /// What carries the requests.
    pub fn transport(&self) -> Transport {
        Transport::new(Arc::clone(&self.client))
    }

    /// The client below the pipelines, for requests that need none.
    pub fn client(&self) -> &dyn HttpClient {
        &*self.client
    }

    /// Policies for each pipeline.
    pub fn per_call_policies(&self) -> Vec<Arc<dyn Policy>> {
        self.per_call_policies.clone()
    }
}

/// A client for hosts that are never behind a proxy (the metadata service of a virtual machine).
///
/// # Errors
/// [`AzureError`] when a variable for roots makes no sense.
pub fn direct_client(env: &Env) -> Result<Client, AzureError> {
    client(env, false)
}

fn client(env: &Env, proxies: bool) -> Result<Client, AzureError> {
    let mut builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy();
    if let Some(proxy) = proxy(env)?.filter(|_| proxies) {
        builder = builder.proxy(proxy);
    }
    if let Some(tls) = tls(env)? {
        builder = builder.tls_backend_preconfigured(tls);
    } else {
        // macOS and Windows: the platform's own verifier, which takes the process's provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    builder.build().map_err(|e| AzureError::Http(format!("cannot make an HTTP client: {e}")))
}

/// A proxy for https, and the hosts that do without.
struct ProxySetting {
    url: Url,
    excluded: Option<String>,
}

/// The proxies as they are asked for each host by name.
///
/// # Arguments
/// * `wanted` - a proxy in place of the variables' one; an empty one is none. `NO_PROXY` holds all the same.
///
/// # Errors
/// [`AzureError`] when the proxy makes no sense.
pub fn proxies(env: &Env, wanted: Option<&str>) -> Result<Option<Matcher>, AzureError> {
    let setting = match wanted {
        Some("") => None,
        Some(text) => Some(proxy_setting(env, "--proxy", text)?),
        None => proxy_of_variables(env)?,
    };
    Ok(setting.map(|setting| {
        let excluded = setting.excluded.unwrap_or_default();
        Matcher::builder().https(setting.url.as_str()).no(excluded).build()
    }))
}

fn proxy(env: &Env) -> Result<Option<Proxy>, AzureError> {
    let Some(ProxySetting { url, excluded }) = proxy_of_variables(env)? else { return Ok(None) };
    let proxy = Proxy::https(url).map_err(|e| AzureError::Http(e.to_string()))?;
    Ok(Some(proxy.no_proxy(excluded.and_then(|list| NoProxy::from_string(&list)))))
}

/// The proxy that the variables name. As in Python, the name in lower case wins.
fn proxy_of_variables(env: &Env) -> Result<Option<ProxySetting>, AzureError> {
    let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    match names.iter().find_map(|name| Some((*name, env.var(name)?))) {
        Some((name, value)) => proxy_setting(env, name, &value).map(Some),
        None => Ok(None),
    }
}

fn proxy_setting(env: &Env, name: &str, value: &str) -> Result<ProxySetting, AzureError> {
    let wrong = || AzureError::Setting {
        name: name.to_owned(),
        // A proxy's URL may hold a password.
        value: value.rsplit_once('@').map_or(value.to_owned(), |(_, host)| format!("…@{host}")),
        expected: "the URL of an http or https proxy, e.g. http://proxy.example:3128".to_owned(),
    };
    let text = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&text).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong());
    }
    Ok(ProxySetting { url, excluded: env.var("no_proxy").or_else(|| env.var("NO_PROXY")) })
}

/// Trusts what clients on this machine may trust: all roots that variables name, otherwise the system's.
///
/// # Errors
/// [`AzureError`] when a variable for roots makes no sense.
pub fn local_trust(env: &Env) -> Result<Arc<dyn ServerCertVerifier>, AzureError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    match named_roots(env, &ROOT_VARIABLES)? {
        Some(roots) => {
            let roots = Arc::new(roots);
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
            Ok(verifier.map_err(|e| AzureError::Http(e.to_string()))?)
        }
        None => Ok(Arc::new(SystemRoots::new(provider))),
    }
}

/// The TLS configuration; `None` where the platform verifies.
fn tls(env: &Env) -> Result<Option<ClientConfig>, AzureError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| AzureError::Http(e.to_string()))?;
    let mut config = if let Some(roots) = chosen_roots(env)? {
        config.with_root_certificates(roots).with_no_client_auth()
    } else if cfg!(target_os = "linux") {
        config
            .dangerous() // in name only: every certificate is verified by webpki
            .with_custom_certificate_verifier(Arc::new(SystemRoots::new(provider)))
            .with_no_client_auth()
    } else {
        return Ok(None);
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(config))
}

/// Variables that name roots. Python's requests, and so `az`, reads the first two; OpenSSL and Go, and so container
/// clients, the other two.
const ROOT_VARIABLES: [&str; 4] =
    ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The roots that the user chose instead of the system's: by the first variable, the second, or the last two together.
fn chosen_roots(env: &Env) -> Result<Option<RootCertStore>, AzureError> {
    let [requests, curl, ssl @ ..] = &ROOT_VARIABLES;
    for names in [std::slice::from_ref(requests), std::slice::from_ref(curl), ssl] {
        if let Some(roots) = named_roots(env, names)? {
            return Ok(Some(roots));
        }
    }
    Ok(None)
}

/// The roots that any of the variables names, together.
fn named_roots(env: &Env, names: &[&str]) -> Result<Option<RootCertStore>, AzureError> {
    let mut chosen: Option<RootCertStore> = None;
    for name in names {
        if let Some(path) = env.path(name) {
            let roots = read_roots(name, &path)?;
            chosen.get_or_insert_with(RootCertStore::empty).extend(roots.roots);
        }
    }
    Ok(chosen)
}

/// The certificates of a PEM file, or of all files of a directory.
fn read_roots(variable: &str, path: &Path) -> Result<RootCertStore, AzureError> {
    let wrong = |expected: &str| AzureError::Setting {
        name: variable.to_owned(),
        value: path.display().to_string(),
        expected: expected.to_owned(),
    };
    let files: Vec<PathBuf> = if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|_| wrong("a readable directory"))?;
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect()
    } else if path.is_file() {
        vec![path.to_owned()]
    } else {
        return Err(wrong("a file or directory that exists"));
    };
    let mut roots = RootCertStore::empty();
    for file in files {
        roots.add_parsable_certificates(pem_certificates(&file));
    }
    if roots.is_empty() {
        Err(wrong("a file or directory with PEM certificates"))
    } else {
        Ok(roots)
    }
}

/// One certificate that cannot be read is no reason to trust none.
fn pem_certificates(file: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(file).into_iter().flatten().flatten().collect()
}

/// The system's roots on Linux: the bundle file, and only for a certificate that it does not know the directory
/// of single files too. Reading the directory costs some 2 ms, and mostly holds the same again.
#[derive(Debug)]
struct SystemRoots {
    provider: Arc<CryptoProvider>,
    bundle: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
    all: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
}

impl SystemRoots {
    fn new(provider: Arc<CryptoProvider>) -> Self {
        Self { provider, bundle: OnceLock::new(), all: OnceLock::new() }
    }

    fn bundle(&self) -> Option<&Arc<WebPkiServerVerifier>> {
        let load = || {
            let path = BUNDLES.iter().map(Path::new).find(|path| path.is_file())?;
            verifier(pem_certificates(path), &self.provider)
        };
        self.bundle.get_or_init(load).as_ref()
    }

    fn all(&self) -> Option<&Arc<WebPkiServerVerifier>> {
        let load = || verifier(rustls_native_certs::load_native_certs().certs, &self.provider);
        self.all.get_or_init(load).as_ref()
    }

    fn any(&self) -> Result<&Arc<WebPkiServerVerifier>, rustls::Error> {
        let none = || rustls::Error::General("this system has no root certificates".to_owned());
        self.bundle().or_else(|| self.all()).ok_or_else(none)
    }
}

fn verifier(
    certificates: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Option<Arc<WebPkiServerVerifier>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build().ok()
}

impl ServerCertVerifier for SystemRoots {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verify = |verifier: &Arc<WebPkiServerVerifier>| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        match (verify(self.any()?), self.all.get()) {
            (Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)), None) => {
                verify(self.all().map_or_else(|| self.any(), Ok)?)
            }
            (result, _) => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.any()?.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.any()?.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_proxies_are_errors_without_their_passwords() {
        for (value, shown) in [
            ("http://user:secret@", "…@"),
            ("socks5://proxy:1080", "socks5://proxy:1080"),
            ("http://pro xy:1", "http://pro xy:1"),
        ] {
            let error = proxy(&Env::from_pairs([("HTTPS_PROXY", value)])).unwrap_err().to_string();
            assert!(error.starts_with(&format!("HTTPS_PROXY is set to '{shown}'")), "{error}");
        }
        assert!(
            proxy(&Env::from_pairs([("https_proxy", "proxy.example:3128")])).unwrap().is_some()
        );
        assert!(proxy(&Env::from_pairs([])).unwrap().is_none());
    }

    #[test]
    fn a_bundle_that_is_not_there_is_an_error() {
        let env = Env::from_pairs([("REQUESTS_CA_BUNDLE", "/no/such/file.pem")]);
        assert_eq!(
            tls(&env).err().map(|e| e.to_string()).unwrap(),
            "REQUESTS_CA_BUNDLE is set to '/no/such/file.pem', which is not a file or directory that exists"
        );
    }
}
