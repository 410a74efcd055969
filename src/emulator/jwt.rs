//! The tokens of the emulated Entra: JWTs with a signature that clients may verify.
//!
//! The key is public, like every password of the emulator: a signature proves that a token was made for an emulator, and nothing
//! about who holds it. Because it is always the same, tokens outlive the process that made them, as those of Azure do.

use super::world::{CALLER_OBJECT_ID, TENANT};
use azure_core::base64;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};
use serde_json::{Value, json};

/// How long a token lives, in seconds.
pub(super) const LIFETIME: i64 = 86_399;
/// The end of tokens without a signature, which are made where nobody verifies them.
const UNSIGNED: &str = "emulated";
const KEY_ID: &str = "emulator";

const PRIVATE_KEY: [u8; 32] = [
    0xcc, 0x09, 0xcc, 0xe7, 0x2c, 0x62, 0x4f, 0x22, 0xe7, 0x2c, 0x5f, 0xb8, 0xea, 0x60, 0x4f, 0xf7,
    0xdf, 0xcb, 0xd7, 0x4f, 0x6f, 0x52, 0x52, 0x19, 0x99, 0xab, 0xaf, 0x3b, 0x4e, 0x79, 0x03, 0x86,
];
const PUBLIC_KEY: [u8; 65] = [
    0x04, 0x57, 0x60, 0xfb, 0x7e, 0x4e, 0xf4, 0x1d, 0x25, 0x54, 0xce, 0xc3, 0xdd, 0x9a, 0x91, 0xad,
    0x4f, 0x73, 0x54, 0x57, 0x31, 0x50, 0xc0, 0x43, 0x4a, 0x63, 0xf8, 0x70, 0x30, 0x78, 0xbf, 0x1a,
    0xf9, 0x1d, 0xd8, 0x2b, 0x5c, 0x99, 0x37, 0x1a, 0x53, 0xfc, 0xd1, 0x36, 0x3d, 0x6b, 0x0e, 0xb4,
    0x98, 0x38, 0xff, 0x5c, 0xf5, 0xe1, 0xd9, 0xba, 0x34, 0x55, 0x2e, 0x9b, 0xb4, 0xe9, 0x60, 0x17,
    0x59,
];

/// A signed token.
///
/// # Arguments
/// * `issuer` - the URL of the emulated Entra, with the tenant.
/// * `audience` - the resource that the token is for.
/// * `now` - seconds since 1970.
pub(super) fn issue(
    issuer: &str,
    tenant: &str,
    client_id: &str,
    audience: &str,
    now: i64,
) -> String {
    let header = json!({"alg": "ES256", "typ": "JWT", "kid": KEY_ID});
    let claims = json!({
        "aud": audience,
        "iss": issuer,
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
        "tid": tenant,
        "appid": client_id,
        "oid": CALLER_OBJECT_ID,
        "sub": CALLER_OBJECT_ID,
        "ver": "2.0",
    });
    let text = format!("{}.{}", part(&header), part(&claims));
    match sign(text.as_bytes()) {
        Some(signature) => format!("{text}.{}", base64::encode_url_safe(signature)),
        // Without random numbers nothing can be signed.
        None => format!("{text}.{UNSIGNED}"),
    }
}

/// The token of the client in this process: nobody verifies it, and signing takes time.
pub(super) fn unsigned() -> String {
    let claims = json!({"tid": TENANT, "appid": "az-acr", "oid": CALLER_OBJECT_ID});
    format!("{}.{}.{UNSIGNED}", part(&json!({"alg": "none", "typ": "JWT"})), part(&claims))
}

/// Whether a token was made by an emulator.
pub(super) fn is_ours(token: &str) -> bool {
    let Some((text, signature)) = token.rsplit_once('.') else { return false };
    if signature == UNSIGNED {
        return true;
    }
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, PUBLIC_KEY);
    base64::decode_url_safe(signature)
        .is_ok_and(|signature| key.verify(text.as_bytes(), &signature).is_ok())
}

/// The public key as a JSON Web Key Set.
pub(super) fn keys() -> Value {
    let coordinate = |bytes: &[u8]| base64::encode_url_safe(bytes);
    json!({"keys": [{
        "kty": "EC",
        "crv": "P-256",
        "alg": "ES256",
        "use": "sig",
        "kid": KEY_ID,
        // The first byte says that the point is not compressed.
        "x": coordinate(&PUBLIC_KEY[1..33]),
        "y": coordinate(&PUBLIC_KEY[33..]),
    }]})
}

fn part(value: &Value) -> String {
    base64::encode_url_safe(value.to_string())
}

fn sign(text: &[u8]) -> Option<Vec<u8>> {
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &PRIVATE_KEY,
        &PUBLIC_KEY,
        &random,
    );
    pair.ok()?.sign(&random, text).ok().map(|signature| signature.as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tokens_of_emulators_are_accepted() {
        let token = issue("https://localhost/t/v2.0", "t", "app", "https://arm/", 1_000);
        assert!(is_ours(&token));
        assert!(is_ours(&unsigned()));
        assert!(is_ours("x.y.emulated"));
        let (text, signature) = token.rsplit_once('.').unwrap();
        assert!(!is_ours(&format!("{text}x.{signature}")));
        assert!(!is_ours("x.y.revoked"));
        assert!(!is_ours(""));
    }
}
