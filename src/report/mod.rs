//! Reports on a fleet, for people and for programs: HTML, CSV, Markdown, SARIF and JUnit. Pure.
//!
//! A format is one file, and a row in [`FORMATS`].

pub mod clients;
mod csv;
mod exceptions;
mod html;
mod junit;
mod markdown;
mod mask;
mod rules;
mod sarif;

pub use clients::ClientUse;
pub use exceptions::Exceptions;
pub use mask::Mask;
pub use rules::{Finding, RULES, Rule};

use crate::domain::{Endpoint, Endpoints, Role};
use crate::fleet::{Coverage, Exposure, FleetRegistry, NextStep};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use time::OffsetDateTime;
use time::macros::format_description;

/// A registry and what was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The registry.
    pub registry: FleetRegistry,
    /// The findings, by rule.
    pub findings: Vec<Finding>,
}

/// Everything that a report shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The registries, the worst first, then by id.
    pub entries: Vec<Entry>,
    /// What could not be read.
    pub coverage: Coverage,
    /// When the data was read, in UTC.
    pub read_at: OffsetDateTime,
    /// Who pulls, by login server; empty if nobody asked.
    pub clients: HashMap<String, ClientUse>,
    /// By whom the data was read.
    pub read_by: String,
    /// Where it was read, e.g. `all subscriptions`.
    pub scope: String,
}

/// A report cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the report cannot be written as {format}: {reason}")]
pub struct RenderError {
    format: &'static str,
    reason: String,
}

/// Renders a report in one format.
type Render = fn(&Report) -> Result<Vec<u8>, RenderError>;

/// The formats, by the ending of the file.
pub const FORMATS: [(&str, Render); 5] = [
    ("html", html::render),
    ("csv", csv::render),
    ("md", markdown::render),
    ("sarif", sarif::render),
    ("xml", junit::render),
];

impl Report {
    /// Judges the registries of a fleet.
    ///
    /// # Arguments
    /// * `registries` - in any order.
    /// * `exceptions` - findings that were accepted.
    /// * `read_at` - when the data was read, in UTC; decides which exceptions have expired.
    pub fn new(
        registries: Vec<FleetRegistry>,
        coverage: Coverage,
        exceptions: &Exceptions,
        read_at: OffsetDateTime,
    ) -> Self {
        let mut entries: Vec<Entry> = registries
            .into_iter()
            .map(|registry| {
                let findings = rules::judge(&registry, exceptions, read_at.date());
                Entry { registry, findings }
            })
            .collect();
        entries.sort_by_cached_key(|entry| {
            let open = entry.findings.iter().filter(|finding| finding.exception.is_none());
            let worst = open.map(|finding| finding.rule.level).min();
            let exposure = entry.registry.exposure();
            // A registry without an open finding comes last.
            (worst.is_none(), worst, exposure, entry.registry.id.to_lowercase())
        });
        Self {
            entries,
            coverage,
            read_at,
            clients: HashMap::new(),
            read_by: String::new(),
            scope: String::new(),
        }
    }

    /// Who pulls from a registry; `None` if the user's list does not say.
    fn clients_of(&self, entry: &Entry) -> Option<&ClientUse> {
        let login_server = entry.registry.login_server.as_ref()?;
        self.clients.get(&login_server.as_str().to_lowercase())
    }

    /// What is missing, one sentence each.
    fn gaps(&self) -> Vec<String> {
        self.coverage.gaps()
    }

    /// When the data was read, e.g. `2026-11-27 18:26 UTC`.
    fn read_at(&self) -> String {
        let format = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
        // Every time has these components.
        self.read_at.format(format).unwrap_or_default()
    }

    /// How many registries there are with each exposure, the worst first.
    fn totals(&self) -> Vec<(Exposure, usize)> {
        let mut totals: BTreeMap<Exposure, usize> = BTreeMap::new();
        for entry in &self.entries {
            *totals.entry(entry.registry.exposure()).or_default() += 1;
        }
        Exposure::ALL.map(|exposure| (exposure, totals.remove(&exposure).unwrap_or(0))).to_vec()
    }

    fn count(&self, exposure: Exposure) -> usize {
        self.totals().into_iter().find(|(of, _)| *of == exposure).map_or(0, |(_, count)| count)
    }

    /// How many of the registries that need the wildcard need each next step.
    fn steps(&self) -> Vec<(NextStep, usize)> {
        [NextStep::Switch, NextStep::UpgradeToPremium, NextStep::Unlock]
            .map(|step| {
                let count = self.entries.iter().filter(|e| e.registry.next_step() == Some(step));
                (step, count.count())
            })
            .to_vec()
    }
}

impl Entry {
    /// The command that comes next, if there is one.
    fn command(&self) -> Option<String> {
        let of = &self.registry;
        let what = match of.next_step()? {
            NextStep::Switch => "--data-endpoint-enabled",
            NextStep::UpgradeToPremium => "--sku Premium",
            NextStep::Unlock | NextStep::Nothing => return None,
        };
        Some(format!(
            "az-acr update -n {} -g {} --subscription {} {what}",
            of.name,
            quoted(&of.resource_group),
            of.subscription_id
        ))
    }

    /// The hosts that client firewalls must allow before the wildcard can be closed.
    fn hosts_to_add(&self) -> Vec<Endpoint> {
        if self.registry.exposure() != Exposure::Wildcard {
            return Vec::new();
        }
        let planned = self.registry.planned();
        let endpoints = planned.iter().flat_map(Endpoints::iter);
        endpoints.filter(|endpoint| endpoint.role == Role::Data).collect()
    }

    /// The tags, as `name=value`.
    fn tags(&self) -> Vec<String> {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.registry.tags.iter().map(|(name, value)| format!("{name}={}", text(value))).collect()
    }

    /// The rules of the findings, e.g. `ACR001 ACR003`, those with an exception in brackets.
    fn rules(&self) -> String {
        let rules: Vec<String> = self
            .findings
            .iter()
            .map(|finding| match finding.exception {
                None => finding.rule.id.to_owned(),
                Some(_) => format!("({})", finding.rule.id),
            })
            .collect();
        rules.join(" ")
    }
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A resource group may contain parentheses and dots; a shell needs quotes for the former.
fn quoted(text: &str) -> String {
    if text.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
