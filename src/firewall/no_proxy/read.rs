//! Reads values of NO_PROXY, and decides which hosts bypass the proxy.
//!
//! The reading is that of Go's httpproxy, which Docker, containerd, kubelet and podman use; `tests/judges/no_proxy.py`
//! compares it with skopeo. A name stands for itself and everything below it, a leading dot or `*.` only for what is below.

use crate::firewall::document::{self, Node};
use crate::firewall::host_set::HostSet;
use crate::firewall::name_pattern::NamePattern;
use crate::firewall::policy::{
    Decision, Flow, InvalidRules, Mentions, Outcome, Place, Policy, RuleFile, Scope,
};
use std::sync::Arc;

/// The hosts that bypass the proxy.
#[derive(Debug, Default)]
pub struct Bypass {
    entries: Vec<Entry>,
    names: HostSet,
    hidden: Option<(Place, Arc<str>)>,
}

#[derive(Debug)]
struct Entry {
    pattern: NamePattern,
    /// `None` for every port.
    port: Option<String>,
    place: Place,
}

/// A value, and the line on which it stands.
#[derive(Debug, PartialEq, Eq)]
struct Setting {
    value: String,
    line: usize,
}

/// Whether a text sets NO_PROXY.
pub fn is_setting(text: &str) -> bool {
    text.lines().any(|line| assigned(line).is_some())
        || is_value(text)
        || (text.trim_start().starts_with('{') && text.contains("\"noProxy\""))
}

/// Whether a text is one line of names and addresses with commas between them.
fn is_value(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let is_entry = |entry: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || ".-:*/[]".contains(c);
        let entry = entry.trim();
        !entry.is_empty() && entry.chars().all(is_part)
    };
    line.contains(',') && line.contains('.') && line.split(',').all(is_entry)
}

/// Reads files as one setting.
///
/// # Errors
/// [`InvalidRules`] if a file of JSON cannot be read.
pub fn read(files: &[RuleFile]) -> Result<Bypass, InvalidRules> {
    let mut bypass = Bypass::default();
    let mut first: Option<String> = None;
    for file in files {
        for setting in settings(file)? {
            let place = Place { file: Arc::clone(&file.name), line: setting.line };
            let sorted = sorted(&setting.value);
            if first.get_or_insert_with(|| sorted.clone()) != &sorted {
                let why = "there are several values of NO_PROXY, and which one holds is not known";
                bypass.hidden.get_or_insert((place, why.into()));
                continue;
            }
            bypass.add(&setting.value, &place);
        }
    }
    Ok(bypass)
}

/// The entries in order, to compare two values.
fn sorted(value: &str) -> String {
    let mut entries: Vec<&str> = value.split(',').map(str::trim).collect();
    entries.sort_unstable();
    entries.join(",")
}

/// The values in a file: assignments, `noProxy` of JSON, or else the whole text.
fn settings(file: &RuleFile) -> Result<Vec<Setting>, InvalidRules> {
    if file.text.trim_start().starts_with('{') {
        let mut found = Vec::new();
        for document in document::read(&file.text, &file.name)? {
            collect(&document, &mut found);
        }
        return Ok(found);
    }
    let lines = || file.text.lines().enumerate().map(|(i, line)| (i + 1, line));
    let assigned: Vec<Setting> =
        lines().filter_map(|(line, text)| Some(Setting { value: assigned(text)?, line })).collect();
    if !assigned.is_empty() {
        return Ok(assigned);
    }
    let mut lines =
        lines().filter(|(_, text)| !text.trim().is_empty() && !text.trim().starts_with('#'));
    Ok(lines
        .next()
        .map(|(line, text)| {
            let rest = lines.map(|(_, text)| text);
            let value =
                std::iter::once(text).chain(rest).map(str::trim).collect::<Vec<_>>().join(",");
            Setting { value: value.trim_matches(['"', '\'']).to_owned(), line }
        })
        .into_iter()
        .collect())
}

/// `noProxy` anywhere in JSON: a text or a list.
fn collect(node: &Node, found: &mut Vec<Setting>) {
    match &node.value {
        document::Value::List(items) => items.iter().for_each(|item| collect(item, found)),
        document::Value::Object(entries) => {
            for (key, value) in entries {
                if key.eq_ignore_ascii_case("noProxy") || key.eq_ignore_ascii_case("no_proxy") {
                    let texts: Vec<&str> = value.items().iter().filter_map(Node::text).collect();
                    found.push(Setting { value: texts.join(","), line: value.line });
                } else {
                    collect(value, found);
                }
            }
        }
        _ => {}
    }
}

/// The value in a line such as `NO_PROXY=…`, `export no_proxy="…"`, `Environment="NO_PROXY=…"`, `noProxy: …`.
fn assigned(line: &str) -> Option<String> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let line = line.strip_prefix("Environment=").unwrap_or(line).trim_start_matches(['"', '\'']);
    let (key, value) = line.split_once(['=', ':'])?;
    let key = key.trim().trim_matches('"');
    let is_it = ["no_proxy", "noProxy"].iter().any(|name| key.eq_ignore_ascii_case(name));
    is_it.then(|| value.trim().trim_matches(['"', '\'', ',']).to_owned())
}

impl Bypass {
    fn add(&mut self, value: &str, place: &Place) {
        for entry in value.split(',') {
            let entry = entry.trim().to_ascii_lowercase();
            if entry.contains(' ') || entry.contains('\t') {
                let why = "entries are separated by commas; programs read spaces differently";
                self.hidden.get_or_insert((place.clone(), why.into()));
                continue;
            }
            if entry == "*" {
                self.push(NamePattern::Any, None, place);
                continue;
            }
            // Addresses and ranges do not bear on names.
            let (host, port) = match entry.rsplit_once(':') {
                Some((host, port)) if !host.contains(':') => (host, Some(port.to_owned())),
                _ => (entry.as_str(), None),
            };
            let pattern = match host.strip_prefix("*.").or_else(|| host.strip_prefix('.')) {
                Some(domain) => crate::firewall::name_pattern::name(domain).map(NamePattern::Below),
                None => crate::firewall::name_pattern::name(host).map(NamePattern::Tree),
            };
            // A star inside an entry matches nothing.
            if let Some(pattern) = pattern {
                self.push(pattern, port, place);
            }
        }
    }

    fn push(&mut self, pattern: NamePattern, port: Option<String>, place: &Place) {
        pattern.mention(&mut self.names, place);
        self.entries.push(Entry { pattern, port, place: place.clone() });
    }
}

impl Policy for Bypass {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        if let Some((place, why)) = &self.hidden {
            return Decision::by(Outcome::Unknown(Arc::clone(why)), place);
        }
        let port = flow.port.to_string();
        let found = self.entries.iter().find(|entry| {
            entry.pattern.matches(flow.host.as_str())
                && entry.port.as_ref().is_none_or(|only| *only == port)
        });
        match found {
            Some(entry) => Decision::by(Outcome::Allow, &entry.place),
            None => Decision::by_default(otherwise.clone()),
        }
    }

    fn mentions(&self) -> Mentions<'_> {
        Mentions { hosts: vec![&self.names], ..Mentions::default() }
    }

    fn scope(&self) -> Scope {
        Scope::Whole
    }

    fn may_leave_all(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_the_files_that_hold_it() {
        for text in [
            "a.io,.b.io\n",
            "# comment\nNO_PROXY=a.io,.b.io\n",
            "export no_proxy=\"a.io,.b.io\"\n",
            "[Service]\nEnvironment=\"NO_PROXY=a.io,.b.io\"\n",
            "spec:\n  noProxy: a.io,.b.io\n",
            "{\"noProxy\": [\"a.io\", \".b.io\"]}",
            "{\"proxies\": {\"default\": {\"noProxy\": \"a.io,.b.io\"}}}",
        ] {
            let file = RuleFile { name: "f".into(), text: text.to_owned() };
            let bypass = read(&[file]).unwrap();
            let patterns: Vec<&NamePattern> = bypass.entries.iter().map(|e| &e.pattern).collect();
            let expected = [NamePattern::Tree("a.io".into()), NamePattern::Below("b.io".into())];
            assert_eq!(patterns, expected.iter().collect::<Vec<_>>(), "{text}");
        }
    }
}
