//! The log of dnsmasq with `log-queries`, or `log-queries=extra`.
//!
//! `query[A] host from address` is a question; `config host is NXDOMAIN` (or 0.0.0.0, 127.…, NODATA) right after it is a refusal by the
//! configuration. Only the question names the client. Questions of other types (`query[AAAA]`) are refused by NXDOMAIN alone:
//! a host with an IPv4 address need not have anything else.

use super::{BadLine, Entry, Parsed, Verdict, times};

/// A line of dnsmasq, whatever it says.
pub(super) fn is_line(line: &[u8]) -> bool {
    memchr::memmem::find(line, b"dnsmasq[").is_some() || line.starts_with(b"dnsmasq: ")
}

/// Remembers the last question, since refusals do not name the client.
pub(super) struct Reader {
    now: i64,
    source: String,
    host: String,
    /// Whether it was for an IPv4 address.
    is_v4: bool,
}

impl Reader {
    pub(super) fn new(now: i64) -> Self {
        Self { now, source: String::new(), host: String::new(), is_v4: false }
    }

    pub(super) fn entry<'a>(&'a mut self, line: &'a str) -> Parsed<'a> {
        let (before, message) = line.split_once("dnsmasq").ok_or(BadLine)?;
        let (_, message) = message.split_once(": ").ok_or(BadLine)?;
        let time =
            times::syslog(before, self.now).or_else(|| times::rfc3339(before.split(' ').next()?));
        let mut words = message.split_ascii_whitespace().peekable();
        // `12 10.1.0.4/40000` of log-queries=extra.
        if words.next_if(|word| word.bytes().all(|byte| byte.is_ascii_digit())).is_some() {
            words.next_if(|word| word.contains('/'));
        }
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some(query), Some(host), Some("from"), Some(source))
                if query.starts_with("query[") =>
            {
                source.clone_into(&mut self.source);
                host.clone_into(&mut self.host);
                self.is_v4 = query.eq_ignore_ascii_case("query[a]");
                Ok(Some(Entry { source, host, time, verdict: Verdict::Resolved }))
            }
            (Some("config"), Some(host), Some("is"), Some(answer)) if host == self.host => {
                let no_address = ["nodata", "nodata-ipv4", "0.0.0.0"].contains(&answer)
                    || answer.starts_with("127.");
                let refused = answer == "nxdomain" || self.is_v4 && no_address;
                let entry = Entry { source: &self.source, host, time, verdict: Verdict::Refused };
                Ok(refused.then_some(entry))
            }
            (Some(_), Some(_), Some(_), _) => Ok(None),
            _ => Err(BadLine),
        }
    }
}
