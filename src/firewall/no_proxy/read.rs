//! Reads values of NO_PROXY, and decides which hosts bypass the proxy.
//!
//! The reading is that of Go's httpproxy, which Docker, containerd, kubelet and podman use; `tests/judges/no_proxy.py`
//! compares it with skopeo. A name stands for itself and everything below it, a leading dot or `*.` only for what is below.

use crate::domain::Fqdn;
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
    /// Whether the files say that this is a value of NO_PROXY.
    is_named: bool,
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
    /// Whether the setting's name stands before the value.
    is_named: bool,
}

/// Whether a text is nothing but a setting of NO_PROXY: variables, a unit's drop-in, a document with the key, or the value.
pub fn is_setting(text: &str) -> bool {
    let mut lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let is_assignment = |line: &str| {
        let line = line.strip_prefix("export ").unwrap_or(line);
        let key = line.split_once('=').map_or("", |(key, _)| key);
        let is_name = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        is_name || line.starts_with('[') && line.ends_with(']')
    };
    let has_one = text.lines().any(|line| !assigned(line).is_empty());
    has_one && lines.all(is_assignment) || is_value(text) || is_document(text)
}

/// Whether a script sets the variable, and does nothing else but set variables to plain values.
pub fn is_plain_script(text: &str) -> bool {
    let is_plain = |line: &str| {
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (key, value) = line.split_once('=').unwrap_or_default();
        let value = match value.strip_prefix(['"', '\'']) {
            Some(rest) => rest.strip_suffix(['"', '\'']).unwrap_or(" "),
            None => value,
        };
        let is_name = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-*:/[],@%+".contains(c);
        is_name && (is_itself(value) || value.chars().all(is_plain))
    };
    let lines = text.lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.all(is_plain) && text.lines().any(|line| !assigned(line).is_empty())
}

/// Whether a text is JSON or YAML with the setting.
fn is_document(text: &str) -> bool {
    if text.trim_start().starts_with(['{', '[']) {
        return text.split('"').any(is_key);
    }
    text.lines().any(|line| {
        let key = line.split_once(':').map_or("", |(key, _)| key);
        is_key(key.trim_matches([' ', '\t', '-', '{', '"', '\'']))
    })
}

/// Whether a name is one of the setting's: `NO_PROXY`, `noProxy`, `no-proxy`.
fn is_key(name: &str) -> bool {
    ["no_proxy", "noProxy", "no-proxy"].iter().any(|key| name.eq_ignore_ascii_case(key))
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
/// # Arguments
/// * `is_said` - whether the user says that it is one.
///
/// # Errors
/// [`InvalidRules`] if a file of JSON cannot be read.
pub fn read(files: &[RuleFile], is_said: bool) -> Result<Bypass, InvalidRules> {
    let mut bypass = Bypass { is_named: is_said, ..Bypass::default() };
    let mut first: Option<String> = None;
    for file in files {
        let settings = settings(file)?;
        if let Some((line, why)) = overridden(&file.text) {
            let place = Place { file: Arc::clone(&file.name), line };
            bypass.hidden.get_or_insert((place, why.into()));
        }
        if settings.is_empty() {
            let place = Place { file: Arc::clone(&file.name), line: 1 };
            bypass
                .hidden
                .get_or_insert((place, "there is no value of NO_PROXY in the file".into()));
        }
        for setting in settings {
            let place = Place { file: Arc::clone(&file.name), line: setting.line };
            let sorted = sorted(&setting.value);
            if first.get_or_insert_with(|| sorted.clone()) != &sorted {
                let why = "there are several values of NO_PROXY, and which one holds is not known";
                bypass.hidden.get_or_insert((place, why.into()));
                continue;
            }
            bypass.is_named |= setting.is_named;
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

/// The lines of a unit of systemd that are in force: an empty `Environment=` takes back those before it.
fn in_force(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_reset = |line: &str| line.trim() == "Environment=";
    let start =
        text.lines().count() - text.lines().rev().take_while(|line| !is_reset(line)).count();
    text.lines().enumerate().map(|(i, line)| (i + 1, line)).skip(start)
}

/// Why a unit of systemd does not tell what a variable is in the end, and on which line.
fn overridden(text: &str) -> Option<(usize, &'static str)> {
    let mut lines = in_force(text).map(|(number, line)| (number, line.trim()));
    if !text.lines().any(|line| line.trim().starts_with("Environment=")) {
        return None;
    }
    lines.find_map(|(number, line)| {
        if line.strip_prefix("UnsetEnvironment=").is_some_and(|names| {
            names.split_whitespace().any(|name| is_key(name.split('=').next().unwrap_or_default()))
        }) {
            Some((number, "UnsetEnvironment takes the variable back"))
        } else if line.strip_prefix("EnvironmentFile=").is_some_and(|file| !file.is_empty()) {
            Some((number, "EnvironmentFile may set another value, and is not in the files"))
        } else {
            None
        }
    })
}

/// The values in a file: assignments, the key in JSON or YAML, or else the whole text.
fn settings(file: &RuleFile) -> Result<Vec<Setting>, InvalidRules> {
    let lines = || in_force(&file.text);
    let assigned: Vec<Setting> = lines()
        .flat_map(|(line, text)| {
            let values = assigned(text).into_iter();
            values.map(move |value| Setting { value, line, is_named: true })
        })
        .collect();
    // `export no_proxy="$NO_PROXY"` says nothing new, once the other one is set.
    let mut settings: Vec<Setting> = Vec::new();
    for setting in assigned {
        if settings.is_empty() || !is_itself(&setting.value) {
            settings.push(setting);
        }
    }
    if !settings.is_empty() {
        return Ok(settings);
    }
    if is_document(&file.text) {
        let mut found = Vec::new();
        for document in document::read(&file.text, &file.name)? {
            collect(&document, &mut found);
        }
        return Ok(found);
    }
    let is_part = |text: &str| !text.trim().is_empty() && !text.trim().starts_with(['#', '[']);
    let mut lines = lines().filter(|(_, text)| is_part(text) && !text.contains("Environment="));
    Ok(match (lines.next(), lines.next()) {
        (Some((line, text)), None) => {
            let value = text.trim().trim_matches(['"', '\'']).to_owned();
            vec![Setting { value, line, is_named: false }]
        }
        _ => Vec::new(),
    })
}

/// The setting anywhere in a document: a text, a list, or `name` and `value` of a container's variable.
fn collect(node: &Node, found: &mut Vec<Setting>) {
    match &node.value {
        document::Value::List(items) => {
            for item in items {
                collect(item, found);
            }
        }
        document::Value::Object(entries) => {
            if node.text_of("name").is_some_and(is_key)
                && let Some(value) = node.get("value")
            {
                found.push(setting(value));
            }
            for (key, value) in entries {
                if is_key(key) {
                    found.push(setting(value));
                } else {
                    collect(value, found);
                }
            }
        }
        _ => {}
    }
}

/// The value of the key. What is neither a text nor a list of texts becomes a value that cannot be read.
fn setting(node: &Node) -> Setting {
    let texts: Option<Vec<&str>> = match &node.value {
        document::Value::Null => Some(Vec::new()),
        document::Value::Unknown(_) | document::Value::Object(_) => None,
        _ => node.items().iter().map(Node::text).collect(),
    };
    let value = texts.map_or("$".to_owned(), |texts| texts.join(","));
    Setting { value, line: node.line, is_named: true }
}

/// Whether a value is that of the same variable in other letters: `no_proxy=$NO_PROXY`.
fn is_itself(value: &str) -> bool {
    value.strip_prefix('$').is_some_and(|name| is_key(name.trim_matches(['{', '}'])))
}

/// The values in a line such as `NO_PROXY=…`, `export no_proxy="…"`, `Environment="HTTPS_PROXY=…" "NO_PROXY=…"`.
fn assigned(line: &str) -> Vec<String> {
    let line = line.trim();
    let is_unit = line.starts_with("Environment=");
    let line = line.strip_prefix("Environment=").unwrap_or(line);
    // Files of variables, which no shell reads, may have blanks after commas.
    let words = words(line, !is_unit && !line.starts_with("export "));
    let values = words.iter().filter_map(|(word, is_literal)| {
        let (key, value) = word.split_once('=')?;
        // Where nothing replaces a reference, it is a value that cannot be read.
        let is_literal = (*is_literal || is_unit) && value.contains('$');
        is_key(key.trim()).then(|| if is_literal { format!("'{value}'") } else { value.to_owned() })
    });
    values.collect()
}

/// The words of a line before its comment, without the quotes that hold them together, and whether single quotes did.
///
/// # Arguments
/// * `joins` - whether blanks after a comma do not end a word.
fn words(line: &str, joins: bool) -> Vec<(String, bool)> {
    let (mut words, mut word, mut quote, mut is_literal) = (Vec::new(), String::new(), None, false);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '#') if word.is_empty() => break,
            (None, '"' | '\'') => {
                quote = Some(c);
                is_literal |= c == '\'';
            }
            (None, c) if c.is_whitespace() => {
                if !(joins && word.ends_with([',', '='])) {
                    words.push((std::mem::take(&mut word), std::mem::take(&mut is_literal)));
                }
            }
            (_, c) => word.push(c),
        }
    }
    words.push((word, is_literal));
    words
}

impl Bypass {
    fn add(&mut self, value: &str, place: &Place) {
        for entry in value.split(',') {
            let entry = entry.trim().to_ascii_lowercase();
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-*:/[]".contains(c);
            if !entry.chars().all(is_plain) {
                let why = format!("the entry '{entry}' of NO_PROXY cannot be read");
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

    fn if_all_are_left(&self, _: &[Fqdn]) -> Option<Outcome> {
        let why = "one line of hosts may also be a list of hosts to allow: write NO_PROXY= before it, or one host a line";
        Some(if self.is_named { Outcome::Allow } else { Outcome::Unknown(why.into()) })
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
            let bypass = read(&[file], false).unwrap();
            let patterns: Vec<&NamePattern> = bypass.entries.iter().map(|e| &e.pattern).collect();
            let expected = [NamePattern::Tree("a.io".into()), NamePattern::Below("b.io".into())];
            assert_eq!(patterns, expected.iter().collect::<Vec<_>>(), "{text}");
        }
    }
}
