//! Root certificates: those that variables name, otherwise the system's.

use super::NetError;
use crate::env::Env;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Where Linux distributions keep all roots in one file.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Variables that name root certificates. Python's requests, and so `az`, reads the first two; OpenSSL and Go, and so
/// container clients, read the other two.
const ROOT_VARIABLES: [&str; 4] =
    ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// A verifier that trusts every root certificate that a client on this machine may trust.
///
/// These are all root certificates that variables name, otherwise the system's.
///
/// # Errors
/// [`NetError`] if a variable does not name certificates.
pub fn local_verifier(env: &Env) -> Result<Arc<dyn ServerCertVerifier>, NetError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    match from_variables(env, &ROOT_VARIABLES)? {
        Some(roots) => {
            let roots = Arc::new(roots);
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
            Ok(verifier.map_err(|e| NetError::Client(e.to_string()))?)
        }
        None => Ok(Arc::new(SystemRoots::new(provider))),
    }
}

/// The roots that the user chose instead of the system's.
///
/// They come from the first variable, otherwise from the second, otherwise from the last two together.
///
/// # Errors
/// [`NetError`] if a variable does not name certificates.
pub(super) fn chosen(env: &Env) -> Result<Option<RootCertStore>, NetError> {
    let [requests, curl, openssl @ ..] = &ROOT_VARIABLES;
    for names in [std::slice::from_ref(requests), std::slice::from_ref(curl), openssl] {
        if let Some(roots) = from_variables(env, names)? {
            return Ok(Some(roots));
        }
    }
    Ok(None)
}

/// The roots from all of the variables together.
fn from_variables(env: &Env, names: &[&str]) -> Result<Option<RootCertStore>, NetError> {
    let mut chosen: Option<RootCertStore> = None;
    for name in names {
        let Some(value) = env.path(name) else { continue };
        // OpenSSL and Go read SSL_CERT_DIR as a list and use the entries that exist.
        let paths: Vec<PathBuf> = if *name == "SSL_CERT_DIR" {
            let listed: Vec<PathBuf> = std::env::split_paths(&value).collect();
            let existing: Vec<PathBuf> = listed.iter().filter(|p| p.exists()).cloned().collect();
            if existing.is_empty() { listed } else { existing }
        } else {
            vec![value.clone()]
        };
        let mut roots = RootCertStore::empty();
        for path in &paths {
            roots.extend(read(name, path)?.roots);
        }
        if roots.is_empty() {
            return Err(invalid(name, &value, "a file or directory with PEM certificates"));
        }
        chosen.get_or_insert_with(RootCertStore::empty).extend(roots.roots);
    }
    Ok(chosen)
}

fn invalid(variable: &str, path: &Path, expected: &'static str) -> NetError {
    NetError::Setting { name: variable.to_owned(), value: path.display().to_string(), expected }
}

/// The certificates of a PEM file, or of all files in a directory.
fn read(variable: &str, path: &Path) -> Result<RootCertStore, NetError> {
    let files: Vec<PathBuf> = if path.is_dir() {
        let entries =
            std::fs::read_dir(path).map_err(|_| invalid(variable, path, "a readable directory"))?;
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect()
    } else if path.is_file() {
        vec![path.to_owned()]
    } else {
        return Err(invalid(variable, path, "an existing file or directory"));
    };
    let mut roots = RootCertStore::empty();
    for file in files {
        roots.add_parsable_certificates(pem_certificates(&file));
    }
    Ok(roots)
}

/// The certificates of a file. One that cannot be read does not invalidate the others.
fn pem_certificates(file: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(file).into_iter().flatten().flatten().collect()
}

/// The system's roots on Linux.
///
/// The bundle file comes first. The directory of single files is read only for an issuer that the bundle does not
/// know, because reading it takes about 2 ms and it mostly repeats the bundle.
#[derive(Debug)]
pub(super) struct SystemRoots {
    provider: Arc<CryptoProvider>,
    bundle: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
    all: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
    load_all: fn() -> Vec<CertificateDer<'static>>,
}

impl SystemRoots {
    pub(super) fn new(provider: Arc<CryptoProvider>) -> Self {
        let load_all = || rustls_native_certs::load_native_certs().certs;
        Self { provider, bundle: OnceLock::new(), all: OnceLock::new(), load_all }
    }

    fn bundle(&self) -> Option<&Arc<WebPkiServerVerifier>> {
        let load = || {
            let path = BUNDLES.iter().map(Path::new).find(|path| path.is_file())?;
            verifier(pem_certificates(path), &self.provider)
        };
        self.bundle.get_or_init(load).as_ref()
    }

    fn all(&self) -> Option<&Arc<WebPkiServerVerifier>> {
        self.all.get_or_init(|| verifier((self.load_all)(), &self.provider)).as_ref()
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
        match verify(self.any()?) {
            Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
                verify(self.all().map_or_else(|| self.any(), Ok)?)
            }
            result => result,
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
    use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};

    thread_local! {
        static DIRECTORY: std::cell::RefCell<Vec<CertificateDer<'static>>> = const { std::cell::RefCell::new(Vec::new()) };
    }

    #[test]
    fn a_root_that_only_the_directory_has_works_for_every_handshake() {
        let authority = |name: &str| {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            params.distinguished_name.push(rcgen::DnType::CommonName, name);
            CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
        };
        let (bundled, local) = (authority("bundle"), authority("directory"));
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["contoso.azurecr.io".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &local).unwrap();
        DIRECTORY.set(vec![local.der().clone()]);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = SystemRoots {
            bundle: OnceLock::from(verifier(vec![bundled.der().clone()], &provider)),
            all: OnceLock::new(),
            load_all: || DIRECTORY.with_borrow(Clone::clone),
            provider,
        };
        let name = ServerName::try_from("contoso.azurecr.io").unwrap();
        for handshake in 1..=3 {
            let result =
                roots.verify_server_cert(leaf.der(), &[], &name, &[], UnixTime::now()).map(|_| ());
            assert_eq!(result, Ok(()), "handshake {handshake}");
        }
    }

    #[test]
    fn ssl_cert_dir_is_a_list_of_directories() {
        let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        for directory in &directories {
            let key = KeyPair::generate().unwrap();
            let certificate = CertificateParams::default().self_signed(&key).unwrap();
            std::fs::write(directory.path().join("root.pem"), certificate.pem()).unwrap();
        }
        let missing = Path::new("/no/such/directory");
        let paths = [directories[0].path(), missing, directories[1].path()];
        let list = std::env::join_paths(paths).unwrap().into_string().unwrap();
        let roots = chosen(&Env::from_pairs([("SSL_CERT_DIR", list.as_str())])).unwrap().unwrap();
        assert_eq!(roots.len(), 2);
    }

    #[test]
    fn a_bundle_that_does_not_exist_is_an_error() {
        for (name, value) in
            [("REQUESTS_CA_BUNDLE", "/no/such/file.pem"), ("SSL_CERT_DIR", "/no/such/directory")]
        {
            let error = chosen(&Env::from_pairs([(name, value)])).unwrap_err().to_string();
            let expected =
                format!("{name} is set to '{value}', which is not an existing file or directory");
            assert_eq!(error, expected);
        }
    }
}
