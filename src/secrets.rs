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

/// The bytes with `***` in place of every secret, also where it is written with the escapes of JSON.
pub fn hidden<'a>(bytes: &'a [u8], secrets: &[String]) -> Cow<'a, [u8]> {
    let mut secrets: Vec<&String> =
        secrets.iter().filter(|secret| secret.len() >= SHORTEST).collect();
    // One secret may be a part of another.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let mut hidden = Cow::Borrowed(bytes);
    for secret in secrets {
        let plain = memchr::memmem::Finder::new(secret.as_bytes());
        let find = |text: &[u8]| plain.find(text).map(|at| (at, secret.len()));
        hidden = replaced(hidden, find);
        hidden = replaced(hidden, |text| find_escaped(text, secret));
    }
    hidden
}

/// Puts `***` in place of what is found.
///
/// # Arguments
/// * `find` - where the first secret begins, and its length.
fn replaced(bytes: Cow<'_, [u8]>, find: impl Fn(&[u8]) -> Option<(usize, usize)>) -> Cow<'_, [u8]> {
    let mut kept = Vec::new();
    let mut rest: &[u8] = &bytes;
    while let Some((at, length)) = find(rest) {
        kept.extend_from_slice(&rest[..at]);
        kept.extend_from_slice(HIDDEN);
        rest = &rest[at + length..];
    }
    if rest.len() == bytes.len() {
        return bytes;
    }
    kept.extend_from_slice(rest);
    Cow::Owned(kept)
}

/// Where a secret begins that is written with at least one escape of JSON, and its length.
fn find_escaped(text: &[u8], secret: &str) -> Option<(usize, usize)> {
    memchr::memchr(b'\\', text)?;
    let first = *secret.as_bytes().first()?;
    let starts = memchr::memchr2_iter(first, b'\\', text);
    starts.into_iter().find_map(|at| Some((at, escaped_length(&text[at..], secret)?)))
}

/// The length of a secret at the start of a text.
fn escaped_length(text: &[u8], secret: &str) -> Option<usize> {
    let mut rest = text;
    let mut units = [0; 2];
    for c in secret.chars() {
        if rest.first() != Some(&b'\\') {
            let mut buffer = [0; 4];
            rest = rest.strip_prefix(c.encode_utf8(&mut buffer).as_bytes())?;
            continue;
        }
        for unit in c.encode_utf16(&mut units) {
            let (escaped, length) = escape(rest)?;
            if escaped != *unit {
                return None;
            }
            rest = &rest[length..];
        }
    }
    Some(text.len() - rest.len())
}

/// The character that an escape of JSON stands for, as a unit of UTF-16, and the length of the escape.
fn escape(text: &[u8]) -> Option<(u16, usize)> {
    let unit = match text.get(1)? {
        b'u' => {
            let digits = std::str::from_utf8(text.get(2..6)?).ok()?;
            return Some((u16::from_str_radix(digits, 16).ok()?, 6));
        }
        b'b' => 8,
        b't' => 9,
        b'n' => 10,
        b'f' => 12,
        b'r' => 13,
        c @ (b'"' | b'\\' | b'/') => u16::from(*c),
        _ => return None,
    };
    Some((unit, 2))
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

    #[test]
    fn escapes_do_not_show_a_secret() {
        let of = |secret: &str| vec![secret.to_owned()];
        for (secrets, text, expected) in [
            (of(r#"hun"ter\2/é"#), r#"{"m":"bad hun\"ter\\2\/\u00e9!"}"#, r#"{"m":"bad ***!"}"#),
            (of("a+b c="), r#""a\u002bb c\u003D""#, r#""***""#),
            (of("key😀"), r#""\u006bey\ud83d\ude00""#, r#""***""#),
            (of("abcd"), r#""\abcd \u00e""#, r#""\*** \u00e""#),
            (vec!["abcd".to_owned(), "abcdef".to_owned()], "abcdef abcd", "*** ***"),
        ] {
            let hidden = hidden(text.as_bytes(), &secrets);
            assert_eq!(String::from_utf8_lossy(&hidden), expected, "{text}");
        }
    }
}
