//! The TLS handshake: the certificate that the host presents, and who trusts it.
//!
//! The verifier rejects a certificate that a client would reject, but it records the certificate first.

use super::verdict::{Failure, Reason, Step, printable};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, ProtocolVersion, RootCertStore,
    SignatureScheme,
};
use serde::Serialize;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Who trusts a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Trust {
    /// Everyone: its root is in Mozilla's list.
    Public,
    /// Only machines like this one: TLS is intercepted, and clients on this machine accept it.
    Local,
    /// No client on this machine.
    Untrusted,
}

/// What the handshake found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsFacts {
    /// `TLS 1.3` or `TLS 1.2`.
    pub version: Option<String>,
    /// The certificate's subject.
    pub subject: Option<String>,
    /// Who issued it.
    pub issuer: Option<String>,
    /// When it expires, RFC 3339 in UTC.
    pub expires: Option<String>,
    /// Whether it is valid for the host.
    pub name_matches: bool,
    /// Who trusts it.
    pub trust: Trust,
}

/// The root certificates for verification: Mozilla's first, then this machine's.
#[derive(Debug, Clone)]
pub struct TrustAnchors {
    provider: Arc<CryptoProvider>,
    public: Arc<dyn ServerCertVerifier>,
    local: Arc<dyn ServerCertVerifier>,
}

impl TrustAnchors {
    /// Mozilla's root certificates, and this machine's.
    ///
    /// # Arguments
    /// * `local` - verifies certificates as clients on this machine do.
    ///
    /// # Errors
    /// Fails if a verifier cannot be built from the root certificates, which does not happen.
    pub fn new(local: Arc<dyn ServerCertVerifier>) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Ok(Self { public: verifier(roots, &provider)?, local, provider })
    }

    /// Only the emulator's certificate authority.
    ///
    /// # Errors
    /// Fails if `authority` is not a certificate.
    pub fn emulated(authority: CertificateDer<'_>) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(authority)?;
        let public = verifier(roots, &provider)?;
        Ok(Self { local: Arc::clone(&public), public, provider })
    }
}

fn verifier(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    let provider = Arc::clone(provider);
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    Ok(verifier.map_err(|e| rustls::Error::General(e.to_string()))?)
}

/// Performs a handshake.
///
/// # Errors
/// A [`Failure`] of step `tls`; the facts are returned as well if the host presented a certificate.
pub async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
    host: &str,
    stream: S,
    anchors: &TrustAnchors,
) -> (Option<TlsFacts>, Result<TlsStream<S>, Failure>) {
    let failed = |detail: String| Failure::new(Step::Tls, Reason::TlsFailed, detail);
    let name = match ServerName::try_from(host.to_owned()) {
        Ok(name) => name,
        Err(e) => return (None, Err(failed(format!("{host}: {e}")))),
    };
    let recorder = Arc::new(Recorder { anchors: anchors.clone(), seen: Mutex::new(None) });
    let config = ClientConfig::builder_with_provider(Arc::clone(&anchors.provider))
        .with_safe_default_protocol_versions()
        .map(|builder| {
            builder
                .dangerous() // in name only: the recorder verifies certificates
                .with_custom_certificate_verifier(Arc::clone(&recorder) as _)
                .with_no_client_auth()
        });
    let mut config = match config {
        Ok(config) => config,
        Err(e) => return (None, Err(failed(e.to_string()))),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let seen = recorder.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (facts, refusal) = seen.map_or((None, None), |seen| (Some(seen.facts), seen.refusal));
    let result = connected.map_err(|error| {
        refusal
            .and_then(|refusal| why_refused(host, &refusal, facts.as_ref()))
            .unwrap_or_else(|| why_failed(&error))
    });
    (facts, result)
}

fn why_refused(host: &str, refusal: &rustls::Error, facts: Option<&TlsFacts>) -> Option<Failure> {
    let rustls::Error::InvalidCertificate(error) = refusal else { return None };
    let subject = facts.and_then(|facts| facts.subject.as_deref()).unwrap_or("unknown");
    let issuer = facts.and_then(|facts| facts.issuer.as_deref()).unwrap_or("an unknown authority");
    let expires = facts.and_then(|facts| facts.expires.as_deref()).unwrap_or("an unknown time");
    let (reason, detail) = match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            Reason::CertificateExpired,
            format!("the certificate expired at {expires}, or this machine's clock is wrong"),
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            Reason::CertificateExpired,
            "the certificate is not valid yet, or this machine's clock is wrong".to_owned(),
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            Reason::NameMismatch,
            format!("the certificate is for {subject}, not for {host}: another host responded"),
        ),
        _ => (
            Reason::Untrusted,
            format!(
                "the certificate was issued by {issuer}, which this machine does not trust: TLS is intercepted"
            ),
        ),
    };
    Some(Failure::new(Step::Tls, reason, detail))
}

fn why_failed(error: &io::Error) -> Failure {
    let (reason, detail) = match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => {
            (Reason::Reset, "the connection was closed during the TLS handshake".to_owned())
        }
        _ => (Reason::TlsFailed, format!("the TLS handshake failed: {error}")),
    };
    Failure::new(Step::Tls, reason, detail)
}

/// What the recorder found in a certificate, and why it rejects the certificate.
#[derive(Debug)]
struct Seen {
    facts: TlsFacts,
    refusal: Option<rustls::Error>,
}

/// Verifies and records certificates. It rejects only at the handshake's signature, when the TLS version is known.
#[derive(Debug)]
struct Recorder {
    anchors: TrustAnchors,
    seen: Mutex<Option<Seen>>,
}

impl Recorder {
    fn finish(&self, version: ProtocolVersion) -> Result<(), rustls::Error> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = || rustls::Error::General("a signature before the certificate".to_owned());
        let seen = seen.as_mut().ok_or_else(missing)?;
        seen.facts.version = match version {
            ProtocolVersion::TLSv1_3 => Some("TLS 1.3".to_owned()),
            ProtocolVersion::TLSv1_2 => Some("TLS 1.2".to_owned()),
            _ => None,
        };
        seen.refusal.clone().map_or(Ok(()), Err)
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verify = |verifier: &Arc<dyn ServerCertVerifier>| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let name_matches = ParsedCertificate::try_from(end_entity)
            .is_ok_and(|certificate| verify_server_name(&certificate, server_name).is_ok());
        // Verifiers check the name last: if only the name is wrong, the issuer is trusted.
        let (trust, refusal) = match verify(&self.anchors.public) {
            Ok(_) => (Trust::Public, None),
            Err(error) if is_about_the_name(&error) => (Trust::Public, Some(error)),
            Err(error) if is_about_time(&error) => (Trust::Untrusted, Some(error)),
            Err(_) => match verify(&self.anchors.local) {
                Ok(_) => (Trust::Local, None),
                Err(error) if is_about_the_name(&error) => (Trust::Local, Some(error)),
                Err(error) => (Trust::Untrusted, Some(error)),
            },
        };
        let facts = facts(end_entity, name_matches, trust);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Seen { facts, refusal });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.finish(ProtocolVersion::TLSv1_2)?;
        self.anchors.public.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.finish(ProtocolVersion::TLSv1_3)?;
        self.anchors.public.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.anchors.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn is_about_the_name(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}

fn is_about_time(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::InvalidCertificate(
            CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. }
        )
    )
}

pub(super) fn facts(
    certificate: &CertificateDer<'_>,
    name_matches: bool,
    trust: Trust,
) -> TlsFacts {
    let parsed = X509Certificate::from_der(certificate).ok().map(|(_, parsed)| parsed);
    let expires = parsed.as_ref().and_then(|parsed| {
        let expires = parsed.validity().not_after.timestamp();
        OffsetDateTime::from_unix_timestamp(expires).ok()?.format(&Rfc3339).ok()
    });
    TlsFacts {
        version: None,
        subject: parsed.as_ref().map(|parsed| printable(&parsed.subject().to_string())),
        issuer: parsed.as_ref().map(|parsed| printable(&parsed.issuer().to_string())),
        expires,
        name_matches,
        trust,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        // A real certificate with bytes changed. A damaged one has no subject, and reading it does not panic.
        #[test]
        fn damaged_certificates_are_read(
            changes in proptest::collection::vec((proptest::num::usize::ANY, proptest::num::u8::ANY), 0..8),
        ) {
            let made = rcgen::generate_simple_self_signed(vec!["contoso.azurecr.io".to_owned()]).unwrap();
            let mut bytes = made.cert.der().to_vec();
            for (at, byte) in changes {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            let facts = facts(&CertificateDer::from(bytes), true, Trust::Untrusted);
            let printable = |text: &Option<String>| {
                text.as_ref().is_none_or(|text| !text.chars().any(char::is_control))
            };
            proptest::prop_assert!(printable(&facts.subject) && printable(&facts.issuer));
        }
    }
}
