//! `html`: one page that needs no network, for people.
//!
//! Every value is escaped. Styles and the script are fixed texts, and the page's own policy allows nothing else: even a
//! value that slipped through could not run.

use super::{Entry, RULES, RenderError, Report};
use crate::fleet::{Exposure, NextStep};
use azure_core::base64;
use minijinja::Environment;
use ring::digest;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

const TEMPLATE: &str = include_str!("page.html.j2");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// The most registries in the table, the worst first: beyond that, browsers become slow.
const MAX_ROWS: usize = 5_000;
/// The width of the chart, in its own units.
const CHART: usize = 1_000;

#[derive(Serialize)]
struct Page<'a> {
    style: &'static str,
    script: &'static str,
    style_hash: String,
    script_hash: String,
    version: &'static str,
    read_at: String,
    read_by: &'a str,
    scope: &'a str,
    all: String,
    wildcard: String,
    unknown: usize,
    reasons: Vec<String>,
    chart: usize,
    bars: Vec<Bar>,
    rows: Vec<Row<'a>>,
    shown: String,
    is_cut: bool,
    has_clients: bool,
    regions: Vec<Region>,
    gaps: Vec<String>,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
struct Bar {
    name: &'static str,
    count: String,
    percent: String,
    x: usize,
    width: usize,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    subscription: &'a str,
    group: &'a str,
    location: &'a str,
    sku: String,
    exposure: &'static str,
    /// What the column is sorted by: the worst first.
    exposure_rank: usize,
    findings: Vec<Mark>,
    command: Option<String>,
    step: &'static str,
    tags: Vec<String>,
    clients: Option<Clients<'a>>,
}

/// Who pulls from a registry.
#[derive(Serialize)]
struct Clients<'a> {
    count: String,
    sort: usize,
    /// The day of the last pull.
    last: &'a str,
}

#[derive(Serialize)]
struct Mark {
    rule: &'static str,
    message: String,
    reason: Option<String>,
}

#[derive(Serialize)]
struct Region {
    name: String,
    /// How many hosts the region has, also those of registries that are not in the table.
    count: String,
    hosts: Vec<HostRow>,
}

#[derive(Serialize)]
struct HostRow {
    host: String,
    registry: String,
    subscription: String,
}

#[derive(Serialize)]
struct Rule {
    id: &'static str,
    level: &'static str,
    title: &'static str,
    help: &'static str,
}

/// Renders the report.
pub fn render(report: &Report) -> Result<Vec<u8>, RenderError> {
    let shown = report.entries.len().min(MAX_ROWS);
    let page = Page {
        style: STYLE,
        script: SCRIPT,
        style_hash: hash(STYLE),
        script_hash: hash(SCRIPT),
        version: env!("CARGO_PKG_VERSION"),
        read_at: report.read_at(),
        read_by: &report.read_by,
        scope: &report.scope,
        all: number(report.entries.len()),
        wildcard: number(report.count(Exposure::Wildcard)),
        unknown: report.count(Exposure::Unknown),
        reasons: reasons(report),
        chart: CHART,
        bars: bars(report),
        rows: report.entries.iter().take(MAX_ROWS).map(|entry| row(report, entry)).collect(),
        shown: number(shown),
        is_cut: shown < report.entries.len(),
        has_clients: !report.clients.is_empty(),
        regions: regions(report),
        gaps: report.gaps(),
        rules: rules(report),
    };
    let context = minijinja::Value::from(minijinja::value::Serde(&page));
    // The name's ending makes minijinja escape every value.
    let text = Environment::new().render_named_str("page.html", TEMPLATE, context);
    let text = text.map_err(|e| RenderError { format: "HTML", reason: e.to_string() })?;
    Ok((text + "\n").into_bytes())
}

/// Why the wildcard is still needed.
fn reasons(report: &Report) -> Vec<String> {
    let what = |step: NextStep| match step {
        NextStep::Switch => "can be switched to dedicated data endpoints",
        NextStep::UpgradeToPremium => "must be upgraded to the Premium SKU first",
        NextStep::Unlock => "cannot be changed by this login, or because of a lock",
        NextStep::Nothing => "",
    };
    let steps = report.steps().into_iter().filter(|(_, count)| *count > 0);
    steps.map(|(step, count)| format!("{} {}", number(count), what(step))).collect()
}

fn bars(report: &Report) -> Vec<Bar> {
    let all = report.entries.len().max(1);
    let mut before = 0;
    let totals = report.totals().into_iter().filter(|(_, count)| *count > 0);
    totals
        .map(|(exposure, count)| {
            let x = before * CHART / all;
            before += count;
            let tenths = count * 1_000 / all;
            Bar {
                name: exposure.name(),
                count: number(count),
                percent: format!("{}.{}", tenths / 10, tenths % 10),
                x,
                // A bar that stands for something can be seen.
                width: (before * CHART / all - x).max(1),
            }
        })
        .collect()
}

fn row<'a>(report: &'a Report, entry: &'a Entry) -> Row<'a> {
    let of = &entry.registry;
    let exposure = of.exposure();
    Row {
        name: &of.name,
        subscription: of.subscription(),
        group: &of.resource_group,
        location: of.location.as_deref().unwrap_or("unknown"),
        sku: of.sku.clone().map_or_else(|| "unknown".to_owned(), String::from),
        exposure: exposure.name(),
        exposure_rank: Exposure::ALL.iter().position(|e| *e == exposure).unwrap_or(0),
        findings: entry
            .findings
            .iter()
            .map(|finding| Mark {
                rule: finding.rule.id,
                message: finding.message.clone(),
                reason: finding.exception.as_ref().map(|exception| exception.reason.clone()),
            })
            .collect(),
        command: entry.command(),
        step: match of.next_step() {
            Some(NextStep::Unlock) => "Ask for the right to change it, or have its lock removed.",
            None => "Ask Azure Resource Manager: --verify.",
            _ => "",
        },
        tags: entry.tags(),
        clients: report.clients_of(entry).map(|uses| Clients {
            count: number(uses.clients),
            sort: uses.clients,
            last: uses.last.get(..10).unwrap_or_default(),
        }),
    }
}

/// The hosts that firewalls must allow, by region: those of the registries in the table, and the number of all.
fn regions(report: &Report) -> Vec<Region> {
    let mut regions: BTreeMap<String, (usize, Vec<HostRow>)> = BTreeMap::new();
    for (i, entry) in report.entries.iter().enumerate() {
        for endpoint in entry.hosts_to_add() {
            let region = regions.entry(endpoint.region.clone().unwrap_or_default()).or_default();
            region.0 += 1;
            if i < MAX_ROWS {
                let of = &entry.registry;
                region.1.push(HostRow {
                    host: endpoint.host.to_string(),
                    registry: of.name.clone(),
                    subscription: of.subscription().to_owned(),
                });
            }
        }
    }
    let region = |(name, (count, hosts))| Region { name, count: number(count), hosts };
    regions.into_iter().map(region).collect()
}

/// The rules that found something.
fn rules(report: &Report) -> Vec<Rule> {
    let findings = report.entries.iter().flat_map(|entry| &entry.findings);
    let mut ids: BTreeSet<&str> = findings.map(|finding| finding.rule.id).collect();
    if !report.coverage.is_complete() {
        ids.insert(super::rules::NOT_READ.id);
    }
    let found = RULES.iter().filter(|rule| ids.contains(rule.id));
    found
        .map(|rule| Rule {
            id: rule.id,
            level: rule.level.name(),
            title: rule.title,
            help: rule.help,
        })
        .collect()
}

/// A number with commas between groups of three digits.
fn number(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The hash of a text for a content security policy.
fn hash(text: &str) -> String {
    base64::encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (count, expected) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(number(count), expected);
        }
    }
}
