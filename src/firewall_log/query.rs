//! Azure Firewall's own logs: the queries, and the rows that the service has summarised.
//!
//! Depending on the firewall's diagnostic setting, rows are in tables of their own or in `AzureDiagnostics`, where one text
//! holds everything. Both are asked in one query.

use super::{Entry, Tally, Verdict, Whose, times};
use serde::Deserialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The most rows of an answer.
pub const MAX_ROWS: usize = 100_000;

/// The query in Azure Resource Graph for firewalls with a name.
pub fn firewalls_named(name: &str) -> String {
    let name = name.replace('\\', "\\\\").replace('\'', "\\'");
    format!(
        "resources\n| where type =~ 'microsoft.network/azurefirewalls'\n| where name =~ '{name}'\n\
         | project id, name\n| order by id asc"
    )
}

/// The queries for a period: rules about applications, and questions to the DNS proxy.
///
/// # Arguments
/// * `registries` - the suffix of login servers, with its dot.
/// * `storage` - the suffix of storage hosts, with its dot.
pub fn texts(
    since: OffsetDateTime,
    until: OffsetDateTime,
    registries: &str,
    storage: Option<&str>,
) -> [String; 2] {
    let moment = |time: OffsetDateTime| {
        time.replace_nanosecond(0).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
    };
    let period = format!(
        "where TimeGenerated >= datetime({}) and TimeGenerated < datetime({})",
        moment(since),
        moment(until)
    );
    let storage = storage.map(|suffix| format!(" or host endswith '{suffix}'")).unwrap_or_default();
    // The row about the log itself tells silence from missing logs.
    let rest = format!(
        ";\nlet found = rows\n| extend host = tolower(trim_end('[.]', host))\n\
         | where host endswith '{registries}'{storage}\n\
         | summarize events=count(), firstSeen=min(TimeGenerated), lastSeen=max(TimeGenerated) by source, host, action\n\
         | top {MAX_ROWS} by events desc;\n\
         union (rows | summarize began=min(TimeGenerated)), found"
    );
    [
        format!(
            "let rows = union isfuzzy=true\n\
             (AZFWApplicationRule | {period} | project TimeGenerated, source=SourceIp, host=Fqdn, action=Action),\n\
             (AzureDiagnostics | {period} | where Category == 'AzureFirewallApplicationRule' \
             | parse msg_s with * ' request from ' source ':' * ' to ' host ':' * '. Action: ' action '.' * \
             | project TimeGenerated, source, host, action){rest}"
        ),
        format!(
            "let rows = union isfuzzy=true\n\
             (AZFWDnsQuery | {period} | project TimeGenerated, source=SourceIp, host=QueryName, action='Query'),\n\
             (AzureDiagnostics | {period} | where Category == 'AzureFirewallDnsProxy' \
             | parse msg_s with 'DNS Request: ' source ':' * ' IN ' host ' ' * \
             | project TimeGenerated, source, host, action='Query'){rest}"
        ),
    ]
}

#[derive(Deserialize)]
struct Row {
    source: Option<String>,
    host: Option<String>,
    action: Option<String>,
    events: Option<u64>,
    #[serde(rename = "firstSeen")]
    first: Option<String>,
    #[serde(rename = "lastSeen")]
    last: Option<String>,
    /// In the row about the log itself: its first event of the period.
    began: Option<String>,
}

/// Counts the rows of an answer. Returns when the log begins within the period, in seconds since 1970; `None` if it has no event.
pub fn count(rows: Vec<Map<String, Value>>, whose: &Whose, tally: &mut Tally) -> Option<i64> {
    let mut began = None;
    for row in rows {
        let Ok(row) = serde_json::from_value::<Row>(Value::Object(row)) else {
            tally.count_bad(1);
            continue;
        };
        if let Some(time) = row.began.as_deref() {
            began = times::rfc3339(time);
            continue;
        }
        let (Some(source), Some(host), Some(events)) = (&row.source, &row.host, row.events) else {
            // The row about a log without events has nothing.
            tally.count_bad(row.events.unwrap_or_default());
            continue;
        };
        let action = row.action.unwrap_or_default().to_lowercase();
        let verdict = match action.as_str() {
            "query" => Verdict::Resolved,
            denied if denied.starts_with("deny") => Verdict::Refused,
            _ => Verdict::Allowed,
        };
        let time = row.first.as_deref().and_then(times::rfc3339);
        let last = row.last.as_deref().and_then(times::rfc3339);
        let entry = Entry { source, host: &host.to_lowercase(), time, verdict };
        tally.add_many(&entry, whose, events, last);
    }
    began
}
