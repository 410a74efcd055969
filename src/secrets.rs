//! Takes secrets out of what others send back: an answer may repeat the request, and its text may reach an error or a report.

use std::borrow::Cow;

/// What stands in place of a secret.
const HIDDEN: &[u8] = b"***";
/// Shorter texts are no secrets, and stand in any answer.
const SHORTEST: usize = 4;
/// The fields of forms that hold secrets.
const FIELDS: [&str; 8] = [
    "client_secret",
    "client_assertion",
    "assertion",
    "refresh_token",
    "access_token",
    "password",
    "code",
    "device_code",
];

/// The bytes with `***` in place of every secret.
pub fn hidden<'a>(bytes: &'a [u8], secrets: &[String]) -> Cow<'a, [u8]> {
    let mut hidden = Cow::Borrowed(bytes);
    for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST) {
        let finder = memchr::memmem::Finder::new(secret.as_bytes());
        if finder.find(&hidden).is_none() {
            continue;
        }
        let mut kept = Vec::with_capacity(hidden.len());
        let mut rest: &[u8] = &hidden;
        while let Some(at) = finder.find(rest) {
            kept.extend_from_slice(&rest[..at]);
            kept.extend_from_slice(HIDDEN);
            rest = &rest[at + secret.len()..];
        }
        kept.extend_from_slice(rest);
        hidden = Cow::Owned(kept);
    }
    hidden
}

/// The secrets in the value of an `Authorization` header: a token, or for `Basic` also the password.
pub fn of_header(value: &str) -> Vec<String> {
    let (scheme, credential) = value.split_once(' ').unwrap_or(("", value));
    let mut secrets = vec![credential.to_owned()];
    if scheme.eq_ignore_ascii_case("Basic")
        && let Ok(decoded) = azure_core::base64::decode(credential)
        && let Some((_, password)) = String::from_utf8_lossy(&decoded).split_once(':')
    {
        secrets.push(password.to_owned());
    }
    secrets
}

/// The secrets in a form, as they are and as they are sent.
pub fn of_form(form: &[u8]) -> Vec<String> {
    let form = String::from_utf8_lossy(form);
    let fields = form.split('&').filter_map(|field| field.split_once('='));
    let secret = fields.filter(|(name, _)| FIELDS.contains(name));
    secret
        .flat_map(|(name, value)| {
            let field = format!("{name}={value}");
            let decoded = form_urlencoded::parse(field.as_bytes()).next();
            let decoded = decoded.map(|(_, value)| value.into_owned());
            [Some(value.to_owned()), decoded].into_iter().flatten().collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_hidden_in_what_comes_back() {
        let basic = of_header("Basic dXNlcjpodW50ZXIy");
        let form = of_form(b"client_id=app&client_secret=a%2Bb+c%3D&scope=x");
        for (secrets, text, expected) in [
            (
                of_header("Bearer se.cr.et"),
                "got: Bearer se.cr.et, se.cr.et",
                "got: Bearer ***, ***",
            ),
            (basic.clone(), "bad Basic dXNlcjpodW50ZXIy", "bad Basic ***"),
            (basic, "user: hunter2", "user: ***"),
            (form.clone(), "client_secret=a%2Bb+c%3D", "client_secret=***"),
            (form, "'a+b c=' of app is wrong", "'***' of app is wrong"),
            (of_header("Bearer x"), "x", "x"),
        ] {
            assert_eq!(hidden(text.as_bytes(), &secrets), expected.as_bytes(), "{text}");
        }
    }
}
