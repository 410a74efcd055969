//! `list`: one name a line, for Palo Alto external dynamic lists, FortiGate threat feeds, pfSense aliases.

use super::host_set::HostSet;
use super::name_pattern::NamePattern;
use super::policy::{Decision, Flow, Mentions, Outcome, Place, Policy, RuleFile, Scope};
use super::{AllowList, Format, RenderOptions};
use crate::domain::Fqdn;
use std::fmt::Write as _;
use std::sync::Arc;

/// The port of an entry that names none.
const HTTPS: u16 = 443;
const HTTP: u16 = 80;

/// The format.
pub struct List;

impl Format for List {
    fn name(&self) -> &'static str {
        "list"
    }

    fn about(&self) -> &'static str {
        "a host a line, for external lists and feeds"
    }

    fn render(&self, list: &AllowList, _: &RenderOptions) -> String {
        let mut text = list.header("#");
        for endpoint in list.endpoints() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}", endpoint.host);
        }
        text
    }
}

/// Hosts and URLs, one a line.
#[derive(Debug, Default)]
pub struct HostList {
    /// On port 443.
    hosts: HostSet,
    /// On port 80.
    plain: HostSet,
    /// Only with a path, which some firewalls compare and others cannot see.
    with_path: HostSet,
    /// Lines that may stand for any host, and why.
    unjudged: Vec<(Place, Arc<str>)>,
}

/// An entry of a list.
struct Entry {
    pattern: NamePattern,
    port: u16,
    has_path: bool,
}

/// Whether a text has only entries of a list, and comments.
pub fn is_list(text: &str) -> bool {
    let mut items = text.lines().filter_map(item).peekable();
    items.peek().is_some() && items.all(|item| entry(item).is_some())
}

/// The first line that is no entry, in a text that is a list otherwise.
pub fn odd_line(text: &str) -> Option<usize> {
    let items: Vec<(usize, &str)> =
        text.lines().enumerate().filter_map(|(i, line)| Some((i + 1, item(line)?))).collect();
    let (entries, odd): (Vec<_>, Vec<_>) =
        items.into_iter().partition(|(_, item)| entry(item).is_some());
    odd.first().filter(|_| odd.len() < entries.len()).map(|(line, _)| *line)
}

/// Reads lists as one.
pub fn read(files: &[RuleFile]) -> HostList {
    let mut list = HostList::default();
    for file in files {
        for (i, line) in file.text.lines().enumerate() {
            let Some(item) = item(line) else { continue };
            let place = Place { file: Arc::clone(&file.name), line: i + 1 };
            let Some(entry) = entry(item) else {
                let why = "the line is neither a host nor a URL".into();
                list.unjudged.push((place, why));
                continue;
            };
            let names = match (entry.port, entry.has_path) {
                (HTTPS, true) => &mut list.with_path,
                (HTTPS, false) => &mut list.hosts,
                (HTTP, _) => &mut list.plain,
                _ => continue,
            };
            entry.pattern.mention(names, &place);
        }
    }
    list
}

/// A line without its comment, if anything is left.
fn item(line: &str) -> Option<&str> {
    let line = line.trim();
    let is_comment = line.starts_with('#') || line.starts_with("//") || line.starts_with(';');
    let comment = line.find(" #").or_else(|| line.find("\t#"));
    let item = if is_comment { "" } else { line[..comment.unwrap_or(line.len())].trim() };
    (!item.is_empty()).then_some(item)
}

/// Reads a host, a wildcard or a URL.
fn entry(item: &str) -> Option<Entry> {
    let (item, port) = match item.split_once("://") {
        Some(("https", rest)) => (rest, HTTPS),
        Some(("http", rest)) => (rest, HTTP),
        Some(_) => return None,
        None => (item, HTTPS),
    };
    let (authority, path) = item.split_once('/').unwrap_or((item, ""));
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (authority, port),
    };
    let named = |name: &str| {
        let host = Fqdn::parse(name).ok().filter(|host| host.split_label().1.is_some());
        // An address is not a host.
        host.filter(|host| !host.as_str().ends_with(|c: char| c.is_ascii_digit()))
    };
    let pattern = if host == "*" {
        NamePattern::Any
    } else if let Some(domain) = host.strip_prefix("*.").or_else(|| host.strip_prefix('.')) {
        NamePattern::Below(Fqdn::parse(domain).ok()?.to_string())
    } else {
        NamePattern::Exact(named(host)?.to_string())
    };
    Some(Entry { pattern, port, has_path: !matches!(path, "" | "*") })
}

impl Policy for HostList {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        let host = flow.host.as_str();
        let names = if flow.port == HTTP { &self.plain } else { &self.hosts };
        if let Some(place) = names.find(host) {
            return Decision::by(Outcome::Allow, place);
        }
        if let Some(place) = self.with_path.find(host).filter(|_| flow.port == HTTPS) {
            let why = "the entry has a path, which some firewalls compare and others cannot see";
            return Decision::by(Outcome::Unknown(why.into()), place);
        }
        match self.unjudged.first() {
            Some((place, why)) => Decision::by(Outcome::Unknown(Arc::clone(why)), place),
            None => Decision::by_default(otherwise.clone()),
        }
    }

    fn mentions(&self) -> Mentions<'_> {
        let hosts = vec![&self.hosts, &self.plain, &self.with_path];
        Mentions { hosts, ..Mentions::default() }
    }

    fn scope(&self) -> Scope {
        Scope::Part
    }

    fn filters_port_80(&self) -> bool {
        !self.plain.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn one_name_a_line() {
        let (list, options) = example();
        assert_eq!(
            List.render(&list, &options),
            "\
# Hosts that clients of Azure container registries need, port 443/TCP:
#   contoso.azurecr.io
#   tailspin.azurecr.io
# Written by az-acr firewall-rules.
contoso.azurecr.io
contoso.eastus.data.azurecr.io
contoso.westus.data.azurecr.io
tailspin.azurecr.io
*.blob.core.windows.net
"
        );
    }
}
