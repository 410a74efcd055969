//! A rule file against what is needed: what is missing, stale, or open too wide.
//!
//! The reader takes any of the formats, and plain text with host names in it: it looks for names, and for the marks by
//! which a format says "and all below". What is no name of this registry and no wildcard that would admit another
//! account is none of its business.

use super::AllowList;
use super::nftables::HOST_MARK;
use crate::domain::{Endpoint, Fqdn, HostPattern, Role};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// A host name or wildcard in a rule file, and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is allowed.
    pub pattern: Pattern,
    /// The file.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
}

/// What a rule allows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pattern {
    /// This host.
    Host(String),
    /// All hosts below this domain; everything when it is empty.
    Below(String),
}

/// The file cannot be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotARuleFile {
    /// It holds a NUL byte.
    #[error("it is binary, not a rule file")]
    Binary,
    /// There is text in it, and no host name.
    #[error("there is no host name in it")]
    NoNames,
}

/// A finding: a host, and the line on which it was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The host or wildcard.
    pub fqdn: String,
    /// What it is for; `null` for a wildcard that is for nothing.
    pub kind: Option<Role>,
    /// The region, where it has one.
    pub region: Option<String>,
    /// The file; `null` when it is missing.
    pub file: Option<Arc<str>>,
    /// The line in the file; `null` when it is missing.
    pub line: Option<usize>,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftReport {
    /// Needed, and not allowed: pulls will fail.
    pub missing: Vec<Finding>,
    /// This registry's own, and no longer in use.
    pub stale: Vec<Finding>,
    /// Wildcards that admit other accounts.
    pub too_broad: Vec<Finding>,
    /// Needed and allowed.
    pub ok: Vec<Finding>,
}

/// Reads the names and wildcards of a rule file.
///
/// # Errors
/// [`NotARuleFile`].
pub fn read(text: &str, file: &Arc<str>) -> Result<Vec<Entry>, NotARuleFile> {
    if text.contains('\0') {
        return Err(NotARuleFile::Binary);
    }
    let mut entries = Vec::new();
    let mut elsewhere = Elsewhere::default();
    for (i, line) in text.lines().enumerate() {
        let mut patterns = patterns(line);
        if elsewhere.is_inside(line) {
            // `*` as a source, or as a name that may be asked for, is not a destination.
            patterns.retain(|pattern| *pattern != Pattern::Below(String::new()));
        }
        let entry = |pattern| Entry { pattern, file: Arc::clone(file), line: i + 1 };
        entries.extend(patterns.into_iter().map(entry));
    }
    let says_something = text.lines().any(|line| !without_comment(line).trim().is_empty());
    if entries.is_empty() && says_something { Err(NotARuleFile::NoNames) } else { Ok(entries) }
}

/// Follows the lists of a file whose items are not destinations: sources, and the names of DNS rules.
#[derive(Default)]
struct Elsewhere {
    sources: bool,
    dns: bool,
}

impl Elsewhere {
    fn is_inside(&mut self, line: &str) -> bool {
        let line = line.trim();
        let began = ["sourceAddresses", "source_addresses"].iter().any(|key| line.contains(key));
        let sources = self.sources || began;
        self.sources = sources && !line.contains(']');
        let dns = self.dns && line.starts_with("- match");
        self.dns = line == "dns:" || dns;
        sources || dns
    }
}

fn patterns(line: &str) -> Vec<Pattern> {
    let trimmed = line.trim();
    // nftables knows addresses alone; its generated file names the hosts in comments.
    let rest = trimmed.strip_prefix(HOST_MARK).unwrap_or_else(|| without_comment(trimmed));
    if let Some(domains) = rest.split_once("=/").filter(|(name, _)| is_word(name)) {
        // dnsmasq: `nftset=/a/b/…`. A name stands for itself and all below it.
        let names = domains.1.rsplit_once('/').map_or(domains.1, |(names, _)| names);
        return names.split('/').filter_map(name).flat_map(and_below).collect();
    }
    rest.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '*')))
        .flat_map(token)
        .collect()
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b.is_ascii_digit())
}

/// A line up to its comment: `#`, `//` or `;` at the start or behind a space.
fn without_comment(line: &str) -> &str {
    let line = line.trim_start();
    if line.starts_with("//") || line.starts_with(';') {
        return "";
    }
    let comment = line
        .match_indices('#')
        .find(|(i, _)| *i == 0 || line[..*i].ends_with(char::is_whitespace))
        .map(|(i, _)| i);
    comment.map_or(line, |i| &line[..i])
}

/// A word of a line, if it is a name or a wildcard.
fn token(word: &str) -> Vec<Pattern> {
    match word {
        "*" => vec![Pattern::Below(String::new())],
        word if word.starts_with('.') => {
            // Squid, and NO_PROXY: the domain and all below it.
            name(&word[1..]).map(and_below).unwrap_or_default()
        }
        word => match word.strip_prefix("*.") {
            Some(rest) => domain(rest).map(Pattern::Below).into_iter().collect(),
            None => name(word).map(Pattern::Host).into_iter().collect(),
        },
    }
}

fn and_below(name: String) -> Vec<Pattern> {
    vec![Pattern::Host(name.clone()), Pattern::Below(name)]
}

/// A host name with at least one dot in it.
fn name(text: &str) -> Option<String> {
    domain(text).filter(|name| name.contains('.'))
}

fn domain(text: &str) -> Option<String> {
    Fqdn::parse(text).ok().map(|name| name.to_string()).filter(|name| !name.starts_with('*'))
}

/// Compares what a file allows with what is needed.
///
/// # Arguments
/// * `needed` - the rules as they should be.
/// * `storage_suffix` - the cloud's, e.g. `core.windows.net`: a wildcard over its blob hosts is too broad.
pub fn compare(needed: &AllowList, allowed: &[Entry], storage_suffix: Option<&str>) -> DriftReport {
    let mut hosts: HashMap<&str, &Entry> = HashMap::new();
    let mut below: HashMap<&str, &Entry> = HashMap::new();
    for entry in allowed {
        let (map, name) = match &entry.pattern {
            Pattern::Host(name) => (&mut hosts, name),
            Pattern::Below(name) => (&mut below, name),
        };
        map.entry(name).or_insert(entry);
    }
    let mut report = DriftReport::default();
    let mut needed_names = HashSet::new();
    for endpoint in needed.endpoints() {
        let fqdn = endpoint.host.to_string();
        let entry = allowing(endpoint, &hosts, &below);
        let (role, region) = (Some(endpoint.role), endpoint.region.clone());
        let finding = Finding::new(fqdn.clone(), role, region, entry);
        needed_names.insert(fqdn);
        if entry.is_some() { report.ok.push(finding) } else { report.missing.push(finding) }
    }
    let own: HashSet<(&str, &str)> =
        needed.groups.iter().filter_map(|group| group.title.as_str().split_once('.')).collect();
    let shared: BTreeSet<String> = own
        .iter()
        .map(|(_, domain)| (*domain).to_owned())
        .chain(storage_suffix.map(|suffix| format!("blob.{suffix}")))
        .collect();
    let mut names: Vec<(&str, &Entry)> = hosts.into_iter().collect();
    names.sort_by_key(|(name, _)| *name);
    for (name, entry) in names {
        if let Some((role, region)) = own_role(name, &own).filter(|_| !needed_names.contains(name))
        {
            report.stale.push(Finding::new(name.to_owned(), Some(role), region, Some(entry)));
        }
    }
    let mut wildcards: Vec<(&str, &Entry)> = below.into_iter().collect();
    wildcards.sort_by_key(|(name, _)| *name);
    for (name, entry) in wildcards {
        let fqdn = if name.is_empty() { "*".to_owned() } else { format!("*.{name}") };
        if admits_others(name, &shared, &own) && !needed_names.contains(&fqdn) {
            report.too_broad.push(Finding::new(fqdn, None, None, Some(entry)));
        }
    }
    report
}

impl Finding {
    fn new(
        fqdn: String,
        kind: Option<Role>,
        region: Option<String>,
        entry: Option<&Entry>,
    ) -> Self {
        let file = entry.map(|entry| Arc::clone(&entry.file));
        Self { fqdn, kind, region, file, line: entry.map(|entry| entry.line) }
    }
}

/// The entry that allows a host: by its name, or by a wildcard that covers it.
fn allowing<'a>(
    endpoint: &Endpoint,
    hosts: &HashMap<&str, &'a Entry>,
    below: &HashMap<&str, &'a Entry>,
) -> Option<&'a Entry> {
    let (name, mut rest) = match &endpoint.host {
        // A wildcard is allowed by itself or a wider one.
        HostPattern::Below(domain) => (None, Some(domain.as_str())),
        HostPattern::Exact(host) => (Some(host.as_str()), host.split_label().1),
    };
    if let Some(entry) = name.and_then(|name| hosts.get(name)) {
        return Some(entry);
    }
    while let Some(domain) = rest {
        if let Some(entry) = below.get(domain) {
            return Some(entry);
        }
        rest = domain.split_once('.').map(|(_, rest)| rest);
    }
    below.get("").copied()
}

/// What a host of one of these registries was for: `<label>.<region>.<kind>.<domain>`.
fn own_role(name: &str, own: &HashSet<(&str, &str)>) -> Option<(Role, Option<String>)> {
    let (label, rest) = name.split_once('.')?;
    let (region, rest) = rest.split_once('.')?;
    let (label_of_role, domain) = rest.split_once('.')?;
    let role = match label_of_role {
        "data" => Role::Data,
        "geo" => Role::Regional,
        _ => return None,
    };
    own.contains(&(label, domain)).then(|| (role, Some(region.to_owned())))
}

/// Whether all below `domain` includes hosts of other registries or storage accounts.
fn admits_others(domain: &str, shared: &BTreeSet<String>, own: &HashSet<(&str, &str)>) -> bool {
    shared.iter().any(|shared| {
        let over = domain.is_empty() || is_below(shared, domain);
        // Below `azurecr.io` there are regions (`*.eastus.data.azurecr.io`) and registries (`*.contoso.azurecr.io`).
        let under = is_below(domain, shared);
        let registry = domain.split('.').next().unwrap_or_default();
        over || under && !own.contains(&(registry, shared.as_str()))
    })
}

/// Whether `name` is `domain` or below it.
fn is_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::super::{FORMATS, Group, RenderOptions, SourceAddress, example};
    use super::*;
    use crate::domain::Endpoints;

    fn contoso(regions: &[&str]) -> AllowList {
        let login_server = Fqdn::parse("contoso.azurecr.io").unwrap();
        let endpoints = Endpoints::planned(&login_server, regions.iter().copied(), false).unwrap();
        AllowList { groups: vec![Group::of_registry(&endpoints)] }
    }

    fn check(list: &AllowList, file: &str) -> DriftReport {
        compare(list, &read(file, &"rules".into()).unwrap(), Some("core.windows.net"))
    }

    fn names(findings: &[Finding]) -> Vec<(&str, Option<usize>)> {
        findings.iter().map(|finding| (finding.fqdn.as_str(), finding.line)).collect()
    }

    #[test]
    fn every_format_reads_back_as_what_was_written() {
        let options = RenderOptions {
            sources: vec![SourceAddress::any()],
            priority: 500,
            table: super::super::NftTable::default(),
            lockdown: false,
        };
        let (with_wildcard, _) = example();
        for format in FORMATS {
            for rules in [contoso(&["eastus", "westus"]), with_wildcard.clone()] {
                let report = check(&rules, &format.render(&rules, &options));
                let name = format.name();
                assert_eq!(report.missing, [], "{name}");
                assert_eq!(report.stale, [], "{name}");
                assert_eq!(report.too_broad, [], "{name}");
                assert_eq!(report.ok.len(), rules.endpoints().len(), "{name}");
            }
        }
    }

    #[test]
    fn a_replica_that_came_or_went_is_found() {
        let report = check(
            &contoso(&["eastus", "japaneast"]),
            "contoso.azurecr.io\ncontoso.eastus.data.azurecr.io\ncontoso.westus.data.azurecr.io\n",
        );
        assert_eq!(names(&report.missing), [("contoso.japaneast.data.azurecr.io", None)]);
        assert_eq!(names(&report.stale), [("contoso.westus.data.azurecr.io", Some(3))]);
        assert_eq!(names(&report.ok).len(), 2);
        assert_eq!(report.too_broad, []);
    }

    #[test]
    fn wildcards_that_admit_others_are_too_broad() {
        for (pattern, too_broad) in [
            ("*.blob.core.windows.net", true),
            ("*.core.windows.net", true),
            ("*.azurecr.io", true),
            ("*.data.azurecr.io", true),
            ("*.eastus.data.azurecr.io", true),
            ("*.io", true),
            ("*", true),
            (".blob.core.windows.net", true),
            ("nftset=/azurecr.io/4#inet#t#s", true),
            ("*.contoso.azurecr.io", false),
            ("*.example.com", false),
            ("*.file.core.windows.net", false),
            ("nftset=/contoso.azurecr.io/4#inet#t#s", false),
            ("somebody.blob.core.windows.net", false),
        ] {
            let report = check(&contoso(&["eastus"]), pattern);
            assert_eq!(report.too_broad.len(), usize::from(too_broad), "{pattern}: {report:?}");
        }
    }

    #[test]
    fn what_only_a_wide_wildcard_admits_is_not_missing() {
        let report = check(&contoso(&["eastus"]), "*.azurecr.io");
        assert_eq!((report.missing.len(), report.ok.len(), report.too_broad.len()), (0, 2, 1));
    }

    #[test]
    fn case_dots_comments_and_line_ends_do_not_matter() {
        let file = "Contoso.AzureCR.io.\r\n# contoso.westus.data.azurecr.io\r\n// x.y\r\n\
                    allow \"contoso.eastus.data.azurecr.io\"; # comment *\r\nb\u{fc}cher.azurecr.io\r\n";
        let report = check(&contoso(&["eastus"]), file);
        assert_eq!(
            names(&report.ok),
            [("contoso.azurecr.io", Some(1)), ("contoso.eastus.data.azurecr.io", Some(4)),]
        );
        assert_eq!((report.stale.len(), report.too_broad.len()), (0, 0), "{report:?}");
    }

    #[test]
    fn what_is_not_a_rule_file_is_named() {
        let read = |text| read(text, &"rules".into());
        assert_eq!(read("\0\u{1}"), Err(NotARuleFile::Binary));
        assert_eq!(read("hello world"), Err(NotARuleFile::NoNames));
        assert_eq!(read(""), Ok(Vec::new()));
        assert_eq!(read("# nothing yet\n"), Ok(Vec::new()));
    }
}
