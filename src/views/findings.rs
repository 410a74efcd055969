//! The findings of `firewall-rules --check`.

use crate::firewall::audit::{Finding, Report};
use crate::output::{Row, Style};
use serde_json::json;

/// Findings as rows, failures first.
pub fn rows(report: &Report) -> Vec<Row> {
    let kinds: [(&[Finding], &str, Style); 6] = [
        (&report.missing, "missing", Style::Bad),
        (&report.denied, "denied", Style::Bad),
        (&report.too_broad, "too broad", Style::Bad),
        (&report.unjudged, "not judged", Style::Bad),
        (&report.stale, "stale", Style::Notice),
        (&report.ok, "ok", Style::Good),
    ];
    let row = |finding: &Finding, shown: &str, style| {
        Row::new(style)
            .cell("FINDING", shown)
            .cell("HOST", &finding.fqdn)
            .cell("KIND", finding.kind.and_then(|role| json!(role).as_str().map(str::to_owned)))
            .cell("REGION", finding.region.as_ref())
            .cell("LINE", finding.line)
    };
    kinds
        .into_iter()
        .flat_map(|(findings, shown, style)| findings.iter().map(move |f| row(f, shown, style)))
        .collect()
}
