//! The log of unbound: questions and answers (`log-queries`, `log-replies`), refusals by local zones
//! (`log-local-actions`) and by policy zones (`rpz-log`).

use super::{BadLine, Entry, Parsed, Verdict, times};

/// Types of local zones that refuse every name. `static`, `refuse` and `deny` answer names that have data of their own, which the
/// line does not tell, so they do not count.
const REFUSING: [&str; 5] =
    ["always_nxdomain", "always_refuse", "always_null", "always_deny", "always_nodata"];
/// What policy zones do to refuse a name.
const REFUSING_POLICIES: [&str; 3] = ["rpz-nxdomain", "rpz-nodata", "rpz-drop"];
/// How its lines are marked: with a process number, or by syslog without one.
const MARKS: [&str; 2] = ["unbound[", "unbound: ["];
/// More words than a line of interest has.
const MAX_WORDS: usize = 12;

/// A line of unbound, whatever it says.
pub(super) fn is_line(line: &[u8]) -> bool {
    MARKS.iter().any(|mark| memchr::memmem::find(line, mark.as_bytes()).is_some())
}

/// Remembers whether questions are logged: then answers repeat them.
pub(super) struct Reader {
    now: i64,
    /// Whether the log has questions; `None` before the first line that tells.
    has_questions: Option<bool>,
}

impl Reader {
    pub(super) fn new(now: i64) -> Self {
        Self { now, has_questions: None }
    }

    pub(super) fn entry<'a>(&mut self, line: &'a str) -> Parsed<'a> {
        let marked = MARKS.iter().find_map(|mark| line.split_once(mark));
        let (before, rest) = marked.ok_or(BadLine)?;
        let message =
            [" info: ", " query: ", " reply: "].iter().find_map(|tag| rest.split_once(tag));
        let Some((_, message)) = message else { return Ok(None) };
        let time = match before.trim().strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            Some(seconds) => times::epoch(seconds),
            None => times::syslog(before, self.now)
                .or_else(|| times::rfc3339(before.split(' ').next()?)),
        };
        let words: Vec<&str> = message.split_ascii_whitespace().take(MAX_WORDS).collect();
        let found = match words.as_slice() {
            // `rpz: applied [name] host. action address@port host. A IN`
            ["rpz:", "applied", .., action, place, host, _kind, "in"] => {
                let refuses = REFUSING_POLICIES.contains(action);
                refuses.then_some((*place, *host, Verdict::Refused))
            }
            // `zone. type address@port host. A IN`
            [_zone, kind, place, host, _kind, "in"] if place.contains('@') => {
                REFUSING.contains(kind).then_some((*place, *host, Verdict::Refused))
            }
            // `address host. A IN`
            [source, host, _kind, "in"] => {
                self.has_questions = Some(true);
                Some((*source, *host, Verdict::Resolved))
            }
            // The same with an answer: `NOERROR 0.05 0 65`.
            [source, host, _kind, "in", _, ..] => {
                let has_questions = *self.has_questions.get_or_insert(false);
                (!has_questions).then_some((*source, *host, Verdict::Resolved))
            }
            _ => None,
        };
        Ok(found.map(|(source, host, verdict)| Entry {
            source: source.split('@').next().unwrap_or(source),
            host: host.trim_end_matches('.'),
            time,
            verdict,
        }))
    }
}
