//! A row of the answer to a query over logs.

use serde::Deserialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Events of one client, program, identity and region, as the service has summarised them.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct LogRow {
    /// The client's address, perhaps with a port.
    pub client: Option<String>,
    /// The user agent.
    pub agent: Option<String>,
    /// A user name or an object id.
    pub identity: Option<String>,
    /// The region that answered.
    pub region: Option<String>,
    /// The login server that was asked.
    pub server: Option<String>,
    /// The number of events.
    #[serde(deserialize_with = "number")]
    pub pulls: u64,
    /// In how many hours there was one.
    #[serde(deserialize_with = "number")]
    pub hours: u64,
    /// The first event.
    #[serde(rename = "firstSeen", deserialize_with = "moment")]
    pub first: Option<OffsetDateTime>,
    /// The last event.
    #[serde(rename = "lastSeen", deserialize_with = "moment")]
    pub last: Option<OffsetDateTime>,
    /// Repositories, at most 20.
    pub repositories: Option<Vec<String>>,
    /// What the registry answered: HTTP statuses, as text.
    pub reasons: Option<Vec<String>>,
    /// In the row about the table itself: its first event.
    #[serde(deserialize_with = "moment")]
    pub began: Option<OffsetDateTime>,
    /// In the row about the table itself: its last event.
    #[serde(deserialize_with = "moment")]
    pub ended: Option<OffsetDateTime>,
}

/// The first and the last event of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first event.
    pub began: OffsetDateTime,
    /// The last event.
    pub ended: OffsetDateTime,
}

/// A row is not what the query asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a row of the logs cannot be read: {0}")]
pub struct RowError(String);

/// Splits an answer into the span of the table, which is `None` if it has no event, and the rows about clients.
///
/// # Errors
/// A value has the wrong type, or a row has no time.
pub fn read(rows: Vec<Map<String, Value>>) -> Result<(Option<Span>, Vec<LogRow>), RowError> {
    let mut span = None;
    let mut clients = Vec::new();
    for row in rows {
        let row: LogRow =
            serde_json::from_value(Value::Object(row)).map_err(|e| RowError(e.to_string()))?;
        if row.pulls > 0 {
            if row.first.is_none() || row.last.is_none() {
                return Err(RowError("it has no time".to_owned()));
            }
            clients.push(row);
        } else if let (Some(began), Some(ended)) = (row.began, row.ended) {
            span = Some(Span { began, ended });
        }
    }
    Ok((span, clients))
}

/// The row about the table has no numbers.
fn number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

fn moment<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<OffsetDateTime>, D::Error> {
    let text: Option<String> = Option::deserialize(from)?;
    match text.filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => OffsetDateTime::parse(&text, &Rfc3339).map(Some).map_err(|_| {
            serde::de::Error::custom(format!(
                "'{}' is not a time",
                text.chars().take(40).collect::<String>()
            ))
        }),
    }
}
