//! The log of unbound: questions and answers (`log-queries`, `log-replies`), refusals by local zones
//! (`log-local-actions`) and by policy zones (`rpz-log`).

use super::{BadLine, Entry, Parsed, Verdict, times};

/// Types of local zones that refuse.
const REFUSING: [&str; 9] = [
    "always_nxdomain",
    "always_refuse",
    "always_null",
    "always_deny",
    "always_nodata",
    "refuse",
    "deny",
    "static",
    "inform_deny",
];

/// A line of unbound, whatever it says.
pub(super) fn is_line(line: &[u8]) -> bool {
    memchr::memmem::find(line, b"unbound[").is_some()
}

pub(super) fn entry(line: &str, now: i64) -> Parsed<'_> {
    let (before, rest) = line.split_once("unbound[").ok_or(BadLine)?;
    let Some((_, message)) = rest.split_once(" info: ").or_else(|| rest.split_once(" reply: "))
    else {
        return Ok(None);
    };
    let time = match before.trim().strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(seconds) => times::epoch(seconds),
        None => times::syslog(before, now).or_else(|| times::rfc3339(before.split(' ').next()?)),
    };
    let words: Vec<&str> = message.split_ascii_whitespace().take(8).collect();
    let found = match words.as_slice() {
        // `rpz: applied [name] host. action address@port host. A IN`
        ["rpz:", "applied", .., action, place, host, _kind, "in"] => {
            let passes = action.contains("passthru");
            (!passes).then_some((*place, *host, Verdict::Refused))
        }
        // `zone. type address@port host. A IN`
        [_zone, kind, place, host, _kind, "in"] if place.contains('@') => {
            let kind = kind.trim_start_matches("inform_").trim_end_matches(',');
            (REFUSING.contains(&kind)).then_some((*place, *host, Verdict::Refused))
        }
        // `address host. A IN`; with an answer, the question was logged or will be counted here.
        [source, host, _kind, "in"] => Some((*source, *host, Verdict::Resolved)),
        _ => None,
    };
    Ok(found.map(|(source, host, verdict)| Entry {
        source: source.split('@').next().unwrap_or(source),
        host: host.trim_end_matches('.'),
        time,
        verdict,
    }))
}
