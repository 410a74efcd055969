//! Entries of URL categories and external dynamic lists (PAN-OS, "Guidelines for URL Category Exceptions").

use crate::firewall::policy::Match;

/// An entry: labels separated by dots. `*` stands for one or more labels, `^` for exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    labels: Vec<String>,
    /// The port, if the entry names one.
    port: Option<u16>,
    /// Whether a slash ends the host.
    is_closed: bool,
    /// Why the entry may stand for something else.
    unknown: Option<&'static str>,
}

impl Entry {
    /// Reads a line of a list; `None` for what stands for no host, such as an address.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let (scheme, text) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, text.as_str()),
        };
        let (authority, path) = match text.split_once('/') {
            Some((authority, path)) => (authority, Some(path)),
            None => (text, None),
        };
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (authority, None),
        };
        let labels: Vec<String> = host.split('.').map(str::to_owned).collect();
        if labels.last().is_none_or(|last| last.parse::<u32>().is_ok()) || host.is_empty() {
            return None;
        }
        // Without decryption, the firewall sees the host alone.
        let has_path = path.is_some_and(|path| !matches!(path, "" | "*"));
        let partial = labels.iter().any(|label| label.len() > 1 && label.contains(['*', '^']));
        let unknown = if scheme.is_some() {
            Some("PAN-OS takes entries without http:// and https://")
        } else if has_path {
            Some("an entry with a path is not judged")
        } else if partial {
            Some("a wildcard must be a whole label")
        } else {
            None
        };
        Some(Self { labels, port, is_closed: path.is_some(), unknown })
    }

    /// Whether a host is among those that the entry stands for.
    pub fn matches(&self, host: &str, port: u16) -> Match {
        if self.port.is_some_and(|only| only != port) {
            return Match::No;
        }
        let host: Vec<&str> = host.split('.').collect();
        let pattern: Vec<&str> = self.labels.iter().map(String::as_str).collect();
        if self.unknown.is_none() && stands_for(&pattern, &host) {
            return Match::Yes;
        }
        if let Some(why) = self.unknown {
            // A path narrows the entry, a wildcard inside a label is refused: more than the host it cannot be.
            let loose: Vec<&str> = pattern
                .iter()
                .map(|label| if label.contains(['*', '^']) { "*" } else { label })
                .collect();
            return if stands_for(&loose, &host) { Match::Maybe(why.into()) } else { Match::No };
        }
        let open =
            !self.is_closed && (1..host.len()).any(|length| stands_for(&pattern, &host[..length]));
        if open || (pattern.last() == Some(&"*") && !self.is_closed) {
            return Match::Maybe(
                "without a slash at its end, PAN-OS 10.1 and older read the entry as the start of a name".into(),
            );
        }
        Match::No
    }

    /// The host, if the entry stands for one.
    pub fn host(&self) -> Option<String> {
        let is_host = !self.labels.iter().any(|label| label.contains(['*', '^']));
        is_host.then(|| self.labels.join("."))
    }

    /// The domain below which the entry stands for hosts.
    pub fn domain(&self) -> Option<String> {
        let at = self.labels.iter().rposition(|label| label.contains(['*', '^']))?;
        Some(self.labels[at + 1..].join("."))
    }
}

/// Whether labels with wildcards stand for the labels of a host.
fn stands_for(pattern: &[&str], host: &[&str]) -> bool {
    match (pattern.split_first(), host.split_first()) {
        (None, None) => true,
        (Some((&"*", rest)), Some((_, after))) => {
            stands_for(rest, after) || stands_for(pattern, after)
        }
        (Some((&"^", rest)), Some((_, after))) => stands_for(rest, after),
        (Some((label, rest)), Some((first, after))) => label == first && stands_for(rest, after),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cases are those of the guidelines.
    #[test]
    fn wildcards_stand_for_whole_labels() {
        let (yes, no) = (Match::Yes, Match::No);
        for (entry, host, expected) in [
            ("example.com/", "example.com", &yes),
            ("example.com/", "www.example.com", &no),
            ("example.com/", "example.com.other.xyz", &no),
            ("*.example.com/", "example.com", &no),
            ("*.example.com/", "www.docs.example.com", &yes),
            ("^.example.com/", "www.example.com", &yes),
            ("^.example.com/", "www.docs.example.com", &no),
            ("*.com/", "example.com", &yes),
            ("mail.*.com/", "mail.example.com", &yes),
            ("EXAMPLE.com/", "example.com", &yes),
            ("example.com:80/", "example.com", &no),
        ] {
            assert_eq!(
                &Entry::parse(entry).unwrap().matches(host, 443),
                expected,
                "{entry} {host}"
            );
        }
        let open = Entry::parse("example.com").unwrap();
        assert_eq!(open.matches("example.com", 443), Match::Yes);
        assert!(matches!(open.matches("example.com.other.xyz", 443), Match::Maybe(_)));
        let path = Entry::parse("example.com/v2").unwrap();
        assert!(matches!(path.matches("example.com", 443), Match::Maybe(_)));
        assert_eq!(Entry::parse("192.0.2.1/"), None);
    }
}
