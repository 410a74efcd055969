//! Rules in a language that cannot be judged: every answer is "unknown", with the lines that name the host.

use super::host_set::HostSet;
use super::policy::{Decision, Flow, Mentions, Outcome, Place, Policy, RuleFile, Scope};
use crate::domain::Fqdn;
use std::sync::Arc;

/// Text that names hosts.
#[derive(Debug)]
pub struct UnjudgedRules {
    named: HostSet,
    first: Option<Place>,
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
    UnjudgedRules { named, first }
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
            Some(_) => "the host is named here, but az-acr cannot judge this language",
            None => "az-acr cannot judge this language",
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
