//! Login with a client certificate: the signed assertion that Entra accepts instead of a secret.
//!
//! azure_identity reads PKCS#12 files through the system's OpenSSL. `az` logins and CI systems have PEM files,
//! and ring is already linked.

use super::{AzureError, read_text};
use azure_core::base64;
use azure_core::http::ClientMethodOptions;
use azure_core::time::OffsetDateTime;
use azure_identity::ClientAssertion;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use std::fmt;
use std::path::Path;

/// Entra accepts assertions that are valid for up to a day; this one is used at once.
const LIFETIME_SECONDS: i64 = 600;

/// Signs assertions with a certificate's key.
pub struct CertificateAssertion {
    key: RsaKeyPair,
    thumbprint: String,
    client_id: String,
    audience: String,
}

impl CertificateAssertion {
    /// Reads a PEM file with a certificate and its RSA key.
    ///
    /// # Arguments
    /// * `path` - the file.
    /// * `client_id` - the application.
    /// * `audience` - the token endpoint.
    ///
    /// # Errors
    /// [`AzureError`] if the file lacks one of the two, or if the key is encrypted or not RSA.
    pub fn load(path: &Path, client_id: &str, audience: String) -> Result<Self, AzureError> {
        let wrong = |detail: &str| AzureError::Damaged {
            path: path.to_owned(),
            detail: detail.to_owned(),
            remedy: "AZURE_CLIENT_CERTIFICATE_PATH must name a PEM file that contains a certificate and its unencrypted RSA key",
        };
        let text = read_text(path)?.ok_or_else(|| wrong("it does not exist"))?;
        let certificate = CertificateDer::from_pem_slice(text.as_bytes())
            .map_err(|_| wrong("it contains no certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes())
            .map_err(|_| wrong("it contains no unencrypted key"))?;
        let key = match &key {
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err(wrong("its key is not an RSA key")),
        };
        let key = key.map_err(|_| wrong("its key is not an RSA key of 2048 bits or more"))?;
        let digest = ring::digest::digest(&ring::digest::SHA256, &certificate);
        Ok(Self {
            key,
            thumbprint: base64::encode_url_safe(digest.as_ref()),
            client_id: client_id.to_owned(),
            audience,
        })
    }

    fn sign(&self, now: OffsetDateTime) -> Option<String> {
        let part = |value: serde_json::Value| base64::encode_url_safe(value.to_string());
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let claims = json!({
            "aud": self.audience,
            "iss": self.client_id,
            "sub": self.client_id,
            "jti": azure_core::Uuid::new_v4().to_string(),
            "nbf": now.unix_timestamp(),
            "exp": now.unix_timestamp() + LIFETIME_SECONDS,
        });
        let statement = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PSS_SHA256, &SystemRandom::new(), statement.as_bytes(), &mut signature)
            .ok()?;
        Some(format!("{statement}.{}", base64::encode_url_safe(signature)))
    }
}

impl fmt::Debug for CertificateAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateAssertion")
    }
}

#[async_trait::async_trait]
impl ClientAssertion for CertificateAssertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        self.sign(OffsetDateTime::now_utc()).ok_or_else(|| {
            let message = "the certificate's key cannot sign";
            azure_core::Error::with_message(azure_core::error::ErrorKind::Credential, message)
        })
    }
}
