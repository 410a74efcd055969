//! `access.log` of squid, in its own format and in those of web servers.
//!
//! `TCP_DENIED/403` is a refusal. `TCP_DENIED/407` only asks for a login, which most clients then send, so it is neither.

use super::{BadLine, Entry, Parsed, Verdict, times};

/// A line of squid, in one of its formats.
pub(super) fn is_line(line: &[u8]) -> bool {
    is_native(line) || is_common(line)
}

/// Reads a line in the format that it has.
pub(super) fn entry(line: &str) -> Parsed<'_> {
    match line.as_bytes() {
        bytes if is_native(bytes) => native(line),
        bytes if is_common(bytes) => common(line),
        _ => Err(BadLine),
    }
}

/// `time elapsed client code/status bytes method url …`
fn is_native(line: &[u8]) -> bool {
    line.len() > 14
        && line[..10].iter().all(u8::is_ascii_digit)
        && line[10] == b'.'
        && line.contains(&b'/')
}

/// `client ident user [date] "request" status …`
fn is_common(line: &[u8]) -> bool {
    let Some(bracket) = memchr::memchr(b'[', line) else { return false };
    line.first().is_some_and(u8::is_ascii_hexdigit)
        && memchr::memchr(b'"', &line[bracket..]).is_some()
}

fn native(line: &str) -> Parsed<'_> {
    let mut fields = line.split_ascii_whitespace();
    let mut next = || fields.next().ok_or(BadLine);
    let (time, _elapsed, source, result) = (next()?, next()?, next()?, next()?);
    let (_bytes, method, url) = (next()?, next()?, next()?);
    let (code, status) = result.split_once('/').ok_or(BadLine)?;
    Ok(asked(times::epoch(time), source, method, url, code.contains("denied"), status))
}

fn common(line: &str) -> Parsed<'_> {
    let source = line.split(' ').next().ok_or(BadLine)?;
    let (_, rest) = line.split_once('[').ok_or(BadLine)?;
    let (time, rest) = rest.split_once(']').ok_or(BadLine)?;
    let (_, rest) = rest.split_once('"').ok_or(BadLine)?;
    let (request, rest) = rest.split_once('"').ok_or(BadLine)?;
    let mut request = request.split(' ');
    let (method, url) = (request.next().ok_or(BadLine)?, request.next().ok_or(BadLine)?);
    let status = rest.split_ascii_whitespace().next().unwrap_or_default();
    // Without squid's own code, only the status tells.
    let last = rest.split_ascii_whitespace().next_back().unwrap_or_default();
    let denied = if last.contains(':') { last.contains("denied") } else { status == "403" };
    Ok(asked(times::common(time), source, method, url, denied, status))
}

/// What a request says, if it is for a host.
fn asked<'a>(
    time: Option<i64>,
    source: &'a str,
    method: &str,
    url: &'a str,
    denied: bool,
    status: &str,
) -> Option<Entry<'a>> {
    let host = if method == "connect" {
        url
    } else {
        let (_, rest) = url.split_once("://")?;
        rest.split(['/', '?']).next()?
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_end_matches('.');
    let verdict = match (denied, status) {
        (true, "407") => return None,
        (true, _) => Verdict::Refused,
        (false, _) => Verdict::Allowed,
    };
    Some(Entry { source, host, time, verdict })
}
