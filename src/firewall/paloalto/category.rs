//! Entries of URL categories and external dynamic lists (PAN-OS, "Guidelines for URL Category Exceptions").

use crate::firewall::policy::{Match, Place};
use std::collections::HashMap;

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

    /// A host of somebody else's domain, if there is a wildcard after the first label.
    ///
    /// # Arguments
    /// * `site` - a site that is nobody's registry.
    pub fn example(&self, site: &str) -> Option<String> {
        let is_wild = |label: &String| label.contains(['*', '^']);
        if !self.labels.iter().skip(1).any(is_wild) {
            return None;
        }
        let last = self.labels.len() - 1;
        let example = |(at, label): (usize, &String)| match label.as_str() {
            "*" if at == last => site.to_owned(),
            wild if wild.contains(['*', '^']) => "someoneelses0".to_owned(),
            label => label.to_owned(),
        };
        Some(self.labels.iter().enumerate().map(example).collect::<Vec<_>>().join("."))
    }

    /// The domain below which the entry stands for hosts.
    pub fn domain(&self) -> Option<String> {
        let at = self.labels.iter().rposition(|label| label.contains(['*', '^']))?;
        Some(self.labels[at + 1..].join("."))
    }
}

/// Entries with their lines, found by the names that they begin with.
#[derive(Debug, Default)]
pub struct Entries {
    all: Vec<(Entry, Place)>,
    /// Where the entries without wildcards are, by their name.
    by_name: HashMap<String, Vec<usize>>,
    /// Where the other entries are.
    wild: Vec<usize>,
}

impl Entries {
    /// All entries, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &(Entry, Place)> {
        self.all.iter()
    }

    /// The entries that may stand for a host, in their order: an open one is the beginning of a name.
    pub fn about(&self, host: &str) -> Vec<&(Entry, Place)> {
        let ends = host.match_indices('.').map(|(at, _)| at).chain([host.len()]);
        let named = ends.filter_map(|end| self.by_name.get(&host[..end])).flatten();
        let mut found: Vec<usize> = named.chain(&self.wild).copied().collect();
        found.sort_unstable();
        found.into_iter().map(|at| &self.all[at]).collect()
    }
}

impl Extend<(Entry, Place)> for Entries {
    fn extend<T: IntoIterator<Item = (Entry, Place)>>(&mut self, entries: T) {
        for (entry, place) in entries {
            let at = self.all.len();
            match entry.host() {
                Some(name) => self.by_name.entry(name).or_default().push(at),
                None => self.wild.push(at),
            }
            self.all.push((entry, place));
        }
    }
}

impl FromIterator<(Entry, Place)> for Entries {
    fn from_iter<T: IntoIterator<Item = (Entry, Place)>>(entries: T) -> Self {
        let mut collected = Self::default();
        collected.extend(entries);
        collected
    }
}

/// Whether labels with wildcards stand for the labels of a host.
fn stands_for(pattern: &[&str], host: &[&str]) -> bool {
    let (mut at, mut label) = (0, 0);
    // Where the last `*` ends, in the pattern and in the host: it takes one label more if the rest does not match.
    let mut star: Option<(usize, usize)> = None;
    while label < host.len() {
        match (pattern.get(at), star) {
            (Some(&"*"), _) => {
                (at, label) = (at + 1, label + 1);
                star = Some((at, label));
            }
            (Some(wanted), _) if *wanted == "^" || *wanted == host[label] => {
                (at, label) = (at + 1, label + 1);
            }
            (_, Some((after, end))) => {
                (at, label) = (after, end + 1);
                star = Some((after, end + 1));
            }
            (_, None) => return false,
        }
    }
    at == pattern.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entries_about_a_host_are_all_that_match_it() {
        let place = |line| Place { file: "f".into(), line };
        let texts =
            ["b.com/", "www.a.com", "*.a.com/", "www.a.com:80/", "www", "a.com", "www.a.com/x"];
        let entries: Entries = texts
            .iter()
            .zip(1..)
            .map(|(text, line)| (Entry::parse(text).unwrap(), place(line)))
            .collect();
        for host in ["www.a.com", "www.a.com.other.xyz", "b.com", "a.com", "www.b.com"] {
            let lines = |found: &mut dyn Iterator<Item = &(Entry, Place)>| -> Vec<usize> {
                let matching = found.filter(|(entry, _)| entry.matches(host, 443) != Match::No);
                matching.map(|(_, place)| place.line).collect()
            };
            let found = lines(&mut entries.about(host).into_iter());
            assert_eq!(found, lines(&mut entries.iter()), "{host}");
        }
    }

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
