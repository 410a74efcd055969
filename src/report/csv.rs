//! `csv`: every registry, and what could not be read, for spreadsheets.

use super::{ClientUse, RenderError, Report};
use crate::domain::{Endpoint, Regional};
use crate::fleet::NextStep;

const COLUMNS: [&str; 20] = [
    "name",
    "id",
    "subscriptionId",
    "subscriptionName",
    "resourceGroup",
    "location",
    "sku",
    "loginServer",
    "exposure",
    "nextStep",
    "command",
    "publicNetworkAccess",
    "dataEndpoints",
    "plannedDataEndpoints",
    "regionalEndpoints",
    "findings",
    "tags",
    "clients",
    "pulls",
    "lastPull",
];

/// Renders the report: a line for each registry; then one for each gap, whose exposure is `unread`.
pub fn render(report: &Report) -> Result<Vec<u8>, RenderError> {
    let error = |e: &dyn std::fmt::Display| RenderError { format: "CSV", reason: e.to_string() };
    // Quotes everywhere: a spreadsheet that splits at another character sees whole cells.
    let mut writer =
        csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(|e| error(&e))?;
    for line in report
        .entries
        .iter()
        .map(|entry| line(report, entry))
        .chain(report.gaps().iter().map(|gap| unread(gap)))
    {
        writer.write_record(line.iter().map(|cell| safe(cell))).map_err(|e| error(&e))?;
    }
    writer.into_inner().map_err(|e| error(&e))
}

fn line(report: &Report, entry: &super::Entry) -> [String; COLUMNS.len()] {
    let of = &entry.registry;
    let hosts = |endpoints: &[Endpoint]| {
        endpoints.iter().map(|e| e.host.to_string()).collect::<Vec<_>>().join(" ")
    };
    let uses = report.clients_of(entry);
    let cell = |what: &dyn Fn(&ClientUse) -> String| uses.map(what).unwrap_or_default();
    [
        of.name.clone(),
        of.id.clone(),
        of.subscription_id.clone(),
        of.subscription_name.clone().unwrap_or_default(),
        of.resource_group.clone(),
        of.location.clone().unwrap_or_default(),
        of.sku.clone().map(String::from).unwrap_or_default(),
        of.login_server.as_ref().map(ToString::to_string).unwrap_or_default(),
        of.exposure().name().to_owned(),
        of.next_step().map(NextStep::name).unwrap_or_default().to_owned(),
        entry.command().unwrap_or_default(),
        of.public_network_access.clone().map(String::from).unwrap_or_default(),
        of.data.as_deref().map(hosts).unwrap_or_default(),
        of.planned().map(|planned| hosts(&planned.data)).unwrap_or_default(),
        match &of.regional {
            Regional::Unknown => "unknown".to_owned(),
            known => hosts(known.hosts()),
        },
        entry.rules(),
        entry.tags().join("; "),
        cell(&|uses| uses.clients.to_string()),
        cell(&|uses| uses.pulls.to_string()),
        cell(&|uses| uses.last.clone()),
    ]
}

fn unread(gap: &str) -> [String; COLUMNS.len()] {
    COLUMNS.map(|column| match column {
        "name" => gap.to_owned(),
        "exposure" => "unread".to_owned(),
        "findings" => super::rules::NOT_READ.id.to_owned(),
        _ => String::new(),
    })
}

/// A cell that no spreadsheet takes for a formula.
fn safe(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2", "'-2"),
            ("*.blob.core.windows.net", "*.blob.core.windows.net"),
        ] {
            assert_eq!(safe(cell), expected);
        }
    }
}
