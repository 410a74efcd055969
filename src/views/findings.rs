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
    let several = report.files.len() > 1;
    let row = |finding: &Finding, shown: &str, style| {
        let host = match finding.port {
            443 => finding.fqdn.clone(),
            port => format!("{}:{port}", finding.fqdn),
        };
        let line = match (finding.line, &finding.file) {
            (Some(line), Some(file)) if several => Some(format!("{file}:{line}")),
            (line, _) => line.map(|line| line.to_string()),
        };
        Row::new(style)
            .cell("FINDING", shown)
            .cell("HOST", host)
            .cell("KIND", finding.kind.and_then(|role| json!(role).as_str().map(str::to_owned)))
            .cell("REGION", finding.region.as_ref())
            .cell("LINE", line)
    };
    kinds
        .into_iter()
        .flat_map(|(findings, shown, style)| findings.iter().map(move |f| row(f, shown, style)))
        .collect()
}
