//! The emulator's certificates: one for each name, issued by an authority that lives as long as the server.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::ResolvesServerCertUsingSni;

/// The names at which clients reach the emulator itself.
const OWN_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate authority and the certificates that it has issued. The keys stay in memory.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    key: KeyPair,
    now: OffsetDateTime,
    given: RefCell<HashMap<String, Arc<ServerConfig>>>,
}

/// The most configurations that are kept for the next handshake.
const MAX_KEPT: usize = 200;

impl Authority {
    /// Creates an authority.
    ///
    /// # Arguments
    /// * `name` - the authority's common name.
    ///
    /// # Errors
    /// Returns an error if a key cannot be generated.
    pub fn new(name: &str, now: OffsetDateTime) -> Result<Self, String> {
        let mut ca = CertificateParams::default();
        ca.distinguished_name = common_name(name);
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        ca.not_before = now - Duration::days(1);
        ca.not_after = now + Duration::days(365);
        let key = KeyPair::generate().map_err(text)?;
        let issuer = CertifiedIssuer::self_signed(ca, key).map_err(text)?;
        let key = KeyPair::generate().map_err(text)?;
        Ok(Self { issuer, key, now, given: RefCell::default() })
    }

    /// The authority's own certificate as PEM.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// The authority's own certificate.
    pub fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// A server configuration for the emulator's own names.
    ///
    /// # Errors
    /// Returns an error if the certificate cannot be created.
    pub fn own(&self) -> Result<Arc<ServerConfig>, String> {
        self.certificate(OWN_NAMES[0], &OWN_NAMES)
    }

    /// A server configuration for a host.
    ///
    /// # Errors
    /// Returns an error if `host` is not a host name.
    pub fn of_host(&self, host: &str) -> Result<Arc<ServerConfig>, String> {
        self.certificate(host, &[host])
    }

    fn certificate(&self, subject: &str, names: &[&str]) -> Result<Arc<ServerConfig>, String> {
        if let Some(known) = self.given.borrow().get(subject) {
            return Ok(Arc::clone(known));
        }
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut leaf = CertificateParams::new(names).map_err(text)?;
        leaf.distinguished_name = common_name(subject);
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        leaf.not_before = self.now - Duration::days(1);
        leaf.not_after = self.now + Duration::days(365);
        let leaf = leaf.signed_by(&self.key, &self.issuer).map_err(text)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .map_err(|e| e.to_string())?;
        let config = Arc::new(config);
        let mut given = self.given.borrow_mut();
        // Any client may ask for any storage account.
        if given.len() >= MAX_KEPT {
            given.clear();
        }
        given.insert(subject.to_owned(), Arc::clone(&config));
        Ok(config)
    }
}

/// A server configuration without a certificate: every handshake ends with an alert.
pub fn nobody() -> Arc<ServerConfig> {
    let none = Arc::new(ResolvesServerCertUsingSni::new());
    Arc::new(ServerConfig::builder().with_no_client_auth().with_cert_resolver(none))
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn text(error: rcgen::Error) -> String {
    error.to_string()
}
