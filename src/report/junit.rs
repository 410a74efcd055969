//! `xml`: JUnit for CI systems. A registry is a test case, a subscription a suite.
//!
//! Findings of the level `error` are failures. A registry whose errors were all accepted is skipped; other findings are its
//! output. What could not be read is an error.

use super::rules::{Level, NOT_READ};
use super::{Entry, RenderError, Report};
use crate::fleet::FleetRegistry;
use minijinja::Environment;
use serde::Serialize;
use std::collections::BTreeMap;

const TEMPLATE: &str = include_str!("junit.xml.j2");

#[derive(Serialize)]
struct Suites {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    subscriptions: Vec<Suite>,
    gaps: Vec<String>,
    not_read: &'static str,
}

#[derive(Serialize)]
struct Suite {
    name: String,
    failures: usize,
    skipped: usize,
    cases: Vec<Case>,
}

#[derive(Serialize)]
struct Case {
    name: String,
    group: String,
    failures: Vec<Failure>,
    skipped: Option<String>,
    notes: Option<String>,
}

#[derive(Serialize)]
struct Failure {
    rule: &'static str,
    message: String,
}

/// Renders the report.
pub fn render(report: &Report) -> Result<Vec<u8>, RenderError> {
    let mut by_subscription: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in &report.entries {
        by_subscription.entry(&entry.registry.subscription_id).or_default().push(entry);
    }
    let suites: Vec<Suite> = by_subscription.into_values().map(|entries| suite(&entries)).collect();
    let sum = |count: fn(&Suite) -> usize| suites.iter().map(count).sum();
    let gaps: Vec<String> = report.gaps().iter().map(|gap| valid(gap)).collect();
    let context = Suites {
        tests: report.entries.len() + gaps.len(),
        failures: sum(|suite| suite.failures),
        errors: gaps.len(),
        skipped: sum(|suite| suite.skipped),
        subscriptions: suites,
        gaps,
        not_read: NOT_READ.id,
    };
    let context = minijinja::Value::from(minijinja::value::Serde(&context));
    // The name's ending makes minijinja escape every value.
    let text = Environment::new().render_named_str("junit.xml", TEMPLATE, context);
    let text = text.map_err(|e| RenderError { format: "JUnit", reason: e.to_string() })?;
    Ok((text + "\n").into_bytes())
}

fn suite(entries: &[&Entry]) -> Suite {
    let cases: Vec<Case> = entries.iter().map(|entry| case(entry)).collect();
    let of = entries.first().map(|entry| &entry.registry);
    let name = of.map(FleetRegistry::subscription);
    Suite {
        name: valid(name.unwrap_or_default()),
        failures: cases.iter().filter(|case| !case.failures.is_empty()).count(),
        skipped: cases.iter().filter(|case| case.skipped.is_some()).count(),
        cases,
    }
}

fn case(entry: &Entry) -> Case {
    let (errors, notes): (Vec<_>, Vec<_>) =
        entry.findings.iter().partition(|finding| finding.rule.level == Level::Error);
    let open = errors.iter().filter(|finding| finding.exception.is_none());
    let failures: Vec<Failure> = open
        .map(|finding| Failure { rule: finding.rule.id, message: valid(&finding.message) })
        .collect();
    let accepted: Vec<String> = errors
        .iter()
        .filter_map(|finding| Some((finding.rule.id, finding.exception.as_ref()?)))
        .map(|(rule, exception)| format!("{rule} accepted: {}", valid(&exception.reason)))
        .collect();
    let notes: Vec<String> = notes
        .iter()
        .map(|finding| format!("{}: {}", finding.rule.id, valid(&finding.message)))
        .collect();
    let text = |lines: Vec<String>| (!lines.is_empty()).then(|| lines.join("\n"));
    Case {
        name: valid(&entry.registry.name),
        group: valid(&entry.registry.resource_group),
        skipped: if failures.is_empty() { text(accepted) } else { None },
        failures,
        notes: text(notes),
    }
}

/// XML 1.0 has no control characters, not even escaped ones.
fn valid(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || "\u{fffe}\u{ffff}".contains(c) { ' ' } else { c })
        .collect()
}
