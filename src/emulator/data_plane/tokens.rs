//! Tokens and links, signed with a key that lives as long as the server.

use azure_core::base64;
use ring::hmac;
use ring::rand::SystemRandom;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Signs text and verifies signatures.
pub struct Signer(hmac::Key);

/// The content of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The registry that the token is for.
    pub registry: String,
    /// For access tokens, what the caller asked for, e.g. `repository:hello:pull`; empty for refresh tokens.
    pub scope: String,
    /// The expiration time in Unix time.
    pub expires: i64,
}

impl Token {
    /// Whether the scope has an action. A scope can have several parts, a part several actions.
    pub fn allows(&self, kind: &str, name: &str, action: &str) -> bool {
        let part = |part: &str| {
            let rest = part.strip_prefix(kind)?.strip_prefix(':')?;
            let (of, actions) = rest.rsplit_once(':')?;
            Some(of == name && actions.split(',').any(|held| held == action || held == "*"))
        };
        self.scope == "*" || self.scope.split(' ').any(|text| part(text) == Some(true))
    }
}

impl Signer {
    /// A signer with a new key.
    ///
    /// # Errors
    /// Returns an error if the system cannot provide random numbers.
    pub fn new() -> Result<Self, String> {
        hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map(Self)
            .map_err(|_| "the system cannot provide random numbers".to_owned())
    }

    /// Returns a signed token as text.
    pub fn issue(&self, token: &Token) -> String {
        let body = base64::encode_url_safe(serde_json::to_vec(token).unwrap_or_default());
        let signature = self.sign(&body);
        format!("{body}.{signature}")
    }

    /// Reads a token if this signer issued it and it has not expired.
    pub fn read(&self, text: &str, now: OffsetDateTime) -> Option<Token> {
        let (body, signature) = text.split_once('.')?;
        self.is_signed(body, signature).then_some(())?;
        let token: Token = serde_json::from_slice(&base64::decode_url_safe(body).ok()?).ok()?;
        (token.expires > now.unix_timestamp()).then_some(token)
    }

    /// Returns the signature of a text.
    pub fn sign(&self, text: &str) -> String {
        base64::encode_url_safe(hmac::sign(&self.0, text.as_bytes()))
    }

    /// Returns whether this signer created a signature.
    pub fn is_signed(&self, text: &str, signature: &str) -> bool {
        base64::decode_url_safe(signature)
            .is_ok_and(|signature| hmac::verify(&self.0, text.as_bytes(), &signature).is_ok())
    }
}
