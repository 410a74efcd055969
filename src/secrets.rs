//! Takes secrets out of what others send back: an answer may repeat the request, and its text may reach an error or a report.

use std::borrow::Cow;
use std::ops::Range;

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
    let secrets: Vec<&String> = secrets.iter().filter(|secret| secret.len() >= SHORTEST).collect();
    let plain = without(Cow::Borrowed(bytes), found_in(bytes, &secrets));
    if memchr::memchr(b'\\', &plain).is_none() {
        return plain;
    }
    // Positions take memory, and are needed only if there is something to hide.
    let text = unescaped(&plain, |_| {});
    let ranges = found_in(&text, &secrets);
    if ranges.is_empty() {
        return plain;
    }
    let mut starts = Vec::with_capacity(text.len() + 1);
    unescaped(&plain, |at| starts.push(at));
    starts.push(plain.len());
    let ranges = ranges.into_iter().map(|range| starts[range.start]..starts[range.end]).collect();
    without(plain, ranges)
}

/// Where secrets are in a text, from the start on. Those that overlap are one.
fn found_in(text: &[u8], secrets: &[&String]) -> Vec<Range<usize>> {
    let find = |secret: &&String| {
        let length = secret.len();
        memchr::memmem::find_iter(text, secret.as_bytes())
            .map(|at| at..at + length)
            .collect::<Vec<_>>()
    };
    let mut all: Vec<Range<usize>> = secrets.iter().flat_map(find).collect();
    all.sort_unstable_by_key(|range| range.start);
    let mut found: Vec<Range<usize>> = Vec::new();
    for range in all {
        match found.last_mut().filter(|last| range.start < last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => found.push(range),
        }
    }
    found
}

/// The bytes with `***` in place of ranges.
fn without(bytes: Cow<'_, [u8]>, ranges: Vec<Range<usize>>) -> Cow<'_, [u8]> {
    if ranges.is_empty() {
        return bytes;
    }
    let mut kept = Vec::with_capacity(bytes.len());
    let mut end = 0;
    for range in ranges {
        kept.extend_from_slice(&bytes[end..range.start]);
        kept.extend_from_slice(HIDDEN);
        end = range.end;
    }
    kept.extend_from_slice(&bytes[end..]);
    Cow::Owned(kept)
}

/// A text with characters in place of the escapes of JSON.
///
/// # Arguments
/// * `each` - is told where each byte of the result comes from.
fn unescaped(text: &[u8], mut each: impl FnMut(usize)) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let escape = if *byte == b'\\' { escape(&text[at..]) } else { None };
        let Some((c, length)) = escape else {
            each(at);
            out.push(*byte);
            at += 1;
            continue;
        };
        let mut buffer = [0; 4];
        for byte in c.encode_utf8(&mut buffer).bytes() {
            each(at);
            out.push(byte);
        }
        at += length;
    }
    out
}

/// The character that an escape of JSON stands for, and the length of the escape.
fn escape(text: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let c = match text.get(1)? {
        b'u' => {
            let first = unit(0)?;
            // A character beyond U+FFFF takes two.
            let pair = [first, unit(6).unwrap_or_default()];
            let c = char::decode_utf16(pair).next()?.ok()?;
            return Some((c, if c.len_utf16() == 2 { 12 } else { 6 }));
        }
        b'b' => '\u{8}',
        b't' => '\t',
        b'n' => '\n',
        b'f' => '\u{c}',
        b'r' => '\r',
        c @ (b'"' | b'\\' | b'/') => char::from(*c),
        _ => return None,
    };
    Some((c, 2))
}

/// A text that was cut, with `***` in place of every secret, also of the beginning of one at the end.
pub fn hidden_in_cut(text: &str, secrets: &[String]) -> String {
    let mut text = String::from_utf8_lossy(&hidden(text.as_bytes(), secrets)).into_owned();
    let Some(kept) = text.strip_suffix('…') else { return text };
    let begins = |at: &usize| {
        let rest = &kept[*at..];
        rest.len() >= SHORTEST && secrets.iter().any(|secret| secret.starts_with(rest))
    };
    if let Some(at) = kept.char_indices().map(|(at, _)| at).find(begins) {
        text.truncate(at);
        text.push_str("***…");
    }
    text
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
            (vec!["key-ab".to_owned(), "abab".to_owned()], "key-abab", "***"),
        ] {
            let hidden = hidden(text.as_bytes(), &secrets);
            assert_eq!(String::from_utf8_lossy(&hidden), expected, "{text}");
        }
    }

    #[test]
    fn a_text_that_ends_within_a_secret_does_not_show_its_beginning() {
        let secrets = ["se-cr-et".to_owned()];
        assert_eq!(hidden_in_cut("at se-cr-et/x se-c…", &secrets), "at ***/x ***…");
        assert_eq!(hidden_in_cut("at se…", &secrets), "at se…");
    }
}
