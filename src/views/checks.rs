//! The result of `check-endpoints`.

use crate::domain::Fqdn;
use crate::output::{Row, Style};
use crate::probe::pull::Pull;
use crate::probe::{Check, CheckedTarget, Ending, Expectation, Step, Trace, Verdict};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::time::Duration;

/// The result for one registry.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The registry.
    pub login_server: Fqdn,
    /// Whether all endpoints can be used (those of a planned switch may still be missing in DNS), all expectations are met, and the pull works.
    pub ok: bool,
    /// What works now and may not later.
    pub warnings: Vec<Warning>,
    /// The endpoints; in JSON, a flat list of checks.
    #[serde(serialize_with = "flat")]
    pub checks: Vec<CheckedTarget>,
    /// Hosts that must be blocked.
    pub expectations: Vec<Expectation>,
    /// The pull, if one was made.
    pub pull: Option<Pull>,
}

/// Something that does not fail a check, but may fail clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// What kind of warning it is.
    pub code: WarningCode,
    /// A description.
    pub detail: String,
}

/// The kinds of warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum WarningCode {
    /// Some endpoints of the registry are reached through a proxy, others without it or through another one.
    ProxySplit,
    /// The hosts that layers come from were not checked, because they are not known.
    LayersNotChecked,
}

impl Report {
    /// Creates the report on these results.
    pub fn new(
        login_server: Fqdn,
        warnings: Vec<Warning>,
        checks: Vec<CheckedTarget>,
        expectations: Vec<Expectation>,
        pull: Option<Pull>,
    ) -> Self {
        let ok = checks.iter().all(|target| target.is_usable() || target.is_not_published())
            && expectations.iter().all(|expectation| expectation.ok)
            && pull.as_ref().is_none_or(|pull| pull.ok);
        Self { login_server, ok, warnings, checks, expectations, pull }
    }
}

fn flat<S: Serializer>(targets: &[CheckedTarget], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(targets.iter().flat_map(|target| &target.families))
}

/// Reports as rows: endpoints, then hosts that must be blocked, then the pull.
pub fn rows(reports: &[Report]) -> Vec<Row> {
    let checks = reports.iter().flat_map(|report| &report.checks).flat_map(|t| &t.families);
    let mut rows: Vec<Row> = checks.map(check_row).collect();
    // Expectations and the pull are the same in all reports.
    if let Some(report) = reports.first() {
        rows.extend(report.expectations.iter().map(expectation_row));
        rows.extend(report.pull.as_ref().map(pull_row));
    }
    rows
}

fn check_row(check: &Check) -> Row {
    let role = text(&json!(check.role));
    let kind = match check.family {
        Some(family) => format!("{role} {family}"),
        None => role,
    };
    let verdict = text(&json!(check.verdict));
    let ms = Some(total(&check.trace));
    // That a planned endpoint is not in DNS yet is no failure, and the verdict says it.
    if check.verdict == Verdict::NotPublished {
        return row(true, &check.endpoint, &kind, &verdict, &Ending::default(), ms);
    }
    row(check.verdict.is_usable(), &check.endpoint, &kind, &verdict, &check.ending, ms)
}

fn expectation_row(expectation: &Expectation) -> Row {
    let Expectation { ok, host, verdict, ending, .. } = expectation;
    row(*ok, host, "must be blocked", &text(&json!(verdict)), ending, None)
}

fn pull_row(pull: &Pull) -> Row {
    let host = pull.host.as_ref().unwrap_or(&pull.reference);
    row(pull.ok, host, "pull", if pull.ok { "works" } else { "fails" }, &pull.ending, None)
}

fn row(
    ok: bool,
    host: &str,
    kind: &str,
    verdict: &str,
    ending: &Ending,
    ms: Option<String>,
) -> Row {
    Row::new(if ok { Style::Good } else { Style::Bad })
        .cell("OK", if ok { "\u{2713}" } else { "\u{2717}" })
        .cell("HOST", host)
        .cell("KIND", kind)
        .cell("VERDICT", verdict)
        .cell("MS", ms)
        .remark(remark(ok, ending))
}

/// Where and why it failed; a remark on what works only if there is something to say.
fn remark(ok: bool, ending: &Ending) -> Option<String> {
    let place = [ending.step.map(step), ending.reason.map(|reason| text(&json!(reason)))];
    let place = place.into_iter().flatten().collect::<Vec<_>>().join(" ");
    match (&ending.detail, place.is_empty()) {
        (Some(detail), false) if !ok => Some(format!("{place}: {detail}")),
        (Some(detail), _) => Some(detail.clone()),
        (None, false) if !ok => Some(place),
        (None, _) => None,
    }
}

/// The name of a step.
pub fn step(step: Step) -> String {
    text(&json!(step))
}

/// The name of an enum's variant in JSON.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The time that all steps took together, in whole milliseconds.
fn total(trace: &Trace) -> String {
    let t = &trace.timings;
    let total: Duration = [t.dns, t.tcp, t.proxy, t.tls, t.http].into_iter().flatten().sum();
    format!("{:.0}", total.as_secs_f64() * 1000.0)
}
