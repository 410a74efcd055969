//! `md`: for pull requests, wikis and step summaries.

use super::{Entry, RenderError, Report};
use crate::fleet::{Exposure, NextStep};
use crate::output::markdown::escaped;
use std::fmt::Write as _;

/// The most registries that are listed; GitHub cuts step summaries at 1 MiB.
const MAX_ROWS: usize = 1_000;

/// Renders the report.
#[allow(clippy::unnecessary_wraps, reason = "all formats have the same signature")]
pub fn render(report: &Report) -> Result<Vec<u8>, RenderError> {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text, report);
    Ok(text.into_bytes())
}

fn write(text: &mut String, report: &Report) -> std::fmt::Result {
    let all = report.entries.len();
    let wildcard = report.count(Exposure::Wildcard);
    writeln!(text, "# Registries that need the storage wildcard: {wildcard} of {all}\n")?;
    writeln!(
        text,
        "Read {} by {}: {}.\n",
        report.read_at(),
        escaped(&report.read_by),
        escaped(&report.scope)
    )?;
    writeln!(text, "| exposure | registries |\n|---|---:|")?;
    for (exposure, count) in report.totals() {
        writeln!(text, "| {} | {count} |", exposure.name())?;
    }
    let gaps = report.gaps();
    if !gaps.is_empty() {
        writeln!(text, "\n## Not read\n")?;
        for gap in &gaps {
            writeln!(text, "- {}", escaped(gap))?;
        }
    }
    writeln!(text, "\n## Registries\n")?;
    writeln!(
        text,
        "| registry | resource group | subscription | exposure | next step | findings | clients |"
    )?;
    writeln!(text, "|---|---|---|---|---|---|---:|")?;
    for entry in report.entries.iter().take(MAX_ROWS) {
        row(text, report, entry)?;
    }
    if all > MAX_ROWS {
        writeln!(text, "\nThe worst {MAX_ROWS} of {all} registries are listed.")?;
    }
    Ok(())
}

fn row(text: &mut String, report: &Report, entry: &Entry) -> std::fmt::Result {
    let of = &entry.registry;
    writeln!(
        text,
        "| {} | {} | {} | {} | {} | {} | {} |",
        escaped(&of.name),
        escaped(&of.resource_group),
        escaped(of.subscription()),
        of.exposure().name(),
        of.next_step().map(NextStep::name).unwrap_or_default(),
        entry.rules(),
        report.clients_of(entry).map(|uses| uses.clients.to_string()).unwrap_or_default()
    )
}
