//! Rules in a language that cannot be judged: every answer is "unknown", with the lines that name the host, and where in the
//! file hosts stand, so that a person can go on.

use super::host_set::HostSet;
use super::policy::{Decision, Flow, Mentions, Outcome, Place, Policy, RuleFile, Scope};
use super::{bicep, list};
use crate::domain::Fqdn;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most lines or columns that a reason lists.
const MOST: usize = 8;

/// Text that names hosts.
#[derive(Debug)]
pub struct UnjudgedRules {
    named: HostSet,
    first: Option<Place>,
    /// What the files are, and where hosts stand in them.
    about: String,
}

/// Reads the host names in files.
pub fn read(files: &[RuleFile]) -> UnjudgedRules {
    let mut named = HostSet::default();
    for file in files {
        for (i, line) in file.text.lines().enumerate() {
            let place = Place { file: Arc::clone(&file.name), line: i + 1 };
            for name in names(line) {
                named.insert_host(&name, &place);
            }
        }
    }
    let first = files.first().map(|file| Place { file: Arc::clone(&file.name), line: 1 });
    let about = files.iter().map(about).collect::<Vec<_>>().join("; ");
    UnjudgedRules { named, first, about }
}

/// What a file is, and where hosts stand in it.
fn about(file: &RuleFile) -> String {
    if bicep::is_source(&file.text) {
        return "Bicep is judged once it is built: az bicep build --file FILE --stdout".to_owned();
    }
    if is_script(&file.text) {
        return "a script is judged by what it makes: iptables-save, ip6tables-save and ipset save, or nft list ruleset"
            .to_owned();
    }
    if let Some(columns) = columns(&file.text) {
        return format!("az-acr cannot judge a spreadsheet; hosts stand in {columns}");
    }
    match list::odd_line(&file.text) {
        Some(line) => format!(
            "line {line} of {} is neither a host nor a URL; if the file is a list: --from list",
            file.name
        ),
        None => format!("az-acr cannot judge this language; hosts stand in {}", lines(&file.text)),
    }
}

/// Whether a text is a script of a shell.
pub fn is_script(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let shell = first.split(['/', ' ']).find(|word| word.ends_with("sh"));
    first.starts_with("#!") && shell.is_some()
}

/// The columns of a spreadsheet (CSV) with hosts, by their titles; `None` if the text is none.
fn columns(text: &str) -> Option<String> {
    let first = text.lines().next()?;
    let delimiter =
        [b',', b';', b'\t'].into_iter().max_by_key(|c| first.bytes().filter(|b| b == c).count())?;
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let titles = reader.headers().ok()?.clone();
    if titles.len() < 2 || titles.iter().any(|title| title.contains('{')) {
        return None;
    }
    let mut found = BTreeSet::new();
    for record in reader.records() {
        // Every row of a spreadsheet has as many cells as the first.
        let record = record.ok()?;
        found.extend((0..record.len()).filter(|column| names(&record[*column]).next().is_some()));
    }
    let list: Vec<String> =
        found.iter().take(MOST).map(|column| format!("'{}'", titles[*column].trim())).collect();
    let noun = if list.len() == 1 { "the column" } else { "the columns" };
    (!list.is_empty()).then(|| format!("{noun} {}", list.join(", ")))
}

/// The lines with hosts.
fn lines(text: &str) -> String {
    let numbers = text.lines().enumerate().filter(|(_, line)| names(line).next().is_some());
    let numbers: Vec<usize> = numbers.map(|(i, _)| i + 1).collect();
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match ranges.last_mut().filter(|(_, last)| last + 1 == number) {
            Some((_, last)) => *last = number,
            None => ranges.push((number, number)),
        }
    }
    let text = |(first, last): &(usize, usize)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    let list: Vec<String> = ranges.iter().take(MOST).map(text).collect();
    let rest = if ranges.len() > MOST { ", …" } else { "" };
    match (ranges.as_slice(), list.as_slice()) {
        ([], _) => "no line".to_owned(),
        ([_], [one]) if !one.contains('-') => format!("line {one}"),
        _ => format!("lines {}{rest}", list.join(", ")),
    }
}

/// The host names in a line: words with a dot and a letter in their last label.
fn names(line: &str) -> impl Iterator<Item = String> {
    let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')));
    words.filter(|word| word.contains('.')).filter_map(|word| {
        let name = Fqdn::parse(word.trim_start_matches('.')).ok()?.to_string();
        let top = name.rsplit('.').next()?;
        top.starts_with(|c: char| c.is_ascii_alphabetic()).then_some(name)
    })
}

/// Whether there is a host name in a text.
pub fn names_any(text: &str) -> bool {
    text.lines().any(|line| names(line).next().is_some())
}

impl Policy for UnjudgedRules {
    fn decide(&self, flow: &Flow<'_>, _: &Outcome) -> Decision {
        let named = self.named.find(flow.host.as_str());
        let why = match named {
            Some(_) => format!("the host is named here, but {}", self.about),
            None => self.about.clone(),
        };
        let places = named.or(self.first.as_ref()).cloned().into_iter().collect();
        Decision { outcome: Outcome::Unknown(why.into()), places }
    }

    fn mentions(&self) -> Mentions<'_> {
        Mentions::default()
    }

    fn scope(&self) -> Scope {
        Scope::Part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_learns_where_hosts_stand() {
        for (text, expected) in [
            (
                "Ticket,FQDN,Port\n1,contoso.azurecr.io,443\n2,\"*.data.azurecr.io\",443\n",
                "az-acr cannot judge a spreadsheet; hosts stand in the column 'FQDN'",
            ),
            (
                "a;Source host;Destination\n1;a.example;contoso.azurecr.io\n",
                "az-acr cannot judge a spreadsheet; hosts stand in the columns 'Source host', 'Destination'",
            ),
            (
                "Dear team,\nplease open contoso.azurecr.io\nand a.io.\n\nAlso b.io.\n",
                "az-acr cannot judge this language; hosts stand in lines 2-3, 5",
            ),
            (
                "contoso.azurecr.io\n*.data.azurecr.io\n*azurecr.io\n",
                "line 3 of f is neither a host nor a URL; if the file is a list: --from list",
            ),
            (
                "#!/bin/sh\nset -eu\nipset create s hash:ip\n",
                "a script is judged by what it makes: iptables-save, ip6tables-save and ipset save, or nft list ruleset",
            ),
            (
                "resource a 'Microsoft.Network/firewallPolicies@2023-11-01' = {\n}\n",
                "Bicep is judged once it is built: az bicep build --file FILE --stdout",
            ),
        ] {
            let file = RuleFile { name: "f".into(), text: text.to_owned() };
            assert_eq!(about(&file), expected);
        }
    }
}
