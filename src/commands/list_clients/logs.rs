//! The logs of one registry: whether there are any, and what they say.

use crate::arm::{ArmClient, ArmError, DiagnosticSetting};
use crate::clients::query::{self, Events, MAX_ROWS};
use crate::clients::{self, LogRow, Span};
use anyhow::Result;
use std::fmt;
use time::{Duration, OffsetDateTime};

/// How much later than the period logs may begin before that is worth a warning.
const TOLERANCE: Duration = Duration::hours(1);

/// Without an event for so long, the logs may have stopped: a day, and an hour because events arrive late.
const QUIET: Duration = Duration::hours(25);

/// The period that is asked about.
pub struct Period {
    pub since: OffsetDateTime,
    pub until: OffsetDateTime,
}

/// What the logs say.
#[derive(Default)]
pub struct Found {
    pub rows: Vec<LogRow>,
    /// What is missing, one sentence each.
    pub warnings: Vec<String>,
    /// Whether a table did not answer, so that rows are missing.
    pub incomplete: bool,
}

/// Why there are no logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoLogs {
    /// No diagnostic setting exists.
    NoSetting,
    /// The logs go where nobody can ask.
    Elsewhere(Vec<&'static str>),
    /// No setting collects the table.
    NotCollected(&'static str),
    /// The workspace has no such table, or the login may not see it.
    NoTable(&'static str),
    /// The login may not ask, in ARM's words.
    Denied(String),
    /// The table has no event of this registry.
    NoEvent(&'static str, OffsetDateTime),
    /// The answer has no rows, and something is missing in it.
    Incomplete(String),
}

impl NoLogs {
    /// Whether a diagnostic setting would help.
    pub fn needs_setting(&self) -> bool {
        matches!(self, Self::NoSetting | Self::Elsewhere(_) | Self::NotCollected(_))
    }
}

impl fmt::Display for NoLogs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSetting => f.write_str("no diagnostic setting collects its logs"),
            Self::Elsewhere(places) => {
                write!(f, "its logs go to {}, which cannot be asked", places.join(" and "))
            }
            Self::NotCollected(table) => write!(f, "no diagnostic setting collects {table}"),
            Self::NoTable(table) => {
                write!(f, "its workspace has no {table} yet, or the login may not see them")
            }
            Self::Denied(error) => {
                write!(f, "the login may not read its logs ({})", error.trim_end_matches('.'))
            }
            Self::NoEvent(table, since) => write!(
                f,
                "there is nothing in {table} since {}, so either nothing is logged or nobody used it",
                clients::timestamp(*since)
            ),
            Self::Incomplete(gap) => {
                write!(f, "the answer has no rows. {}", gap.trim_end_matches('.'))
            }
        }
    }
}

/// Asks the logs of a registry.
///
/// # Errors
/// ARM refuses a request, or a row is not what the query asks for.
pub async fn read(
    id: &str,
    events: &[Events],
    period: &Period,
    arm: &ArmClient,
) -> Result<Result<Found, NoLogs>> {
    let mut found = Found::default();
    let mut none = None;
    let settings = match arm.list_diagnostic_settings(id).await {
        Ok(settings) => Some(settings),
        // Rights to logs do not need rights to settings.
        Err(error) if error.status() == Some(403) => {
            found
                .warnings
                .push(format!("its diagnostic settings cannot be read ({})", first_line(&error)));
            None
        }
        Err(error) => return Err(error.into()),
    };
    let mut answered = false;
    for &events in events {
        let missing = settings.as_deref().and_then(|all| missing(all, events.table()));
        let read = match missing {
            Some(missing) => Err(missing),
            None => table(id, events, period, arm, &mut found).await?,
        };
        match read {
            Ok(()) => answered = true,
            Err(reason) => {
                none.get_or_insert(reason);
            }
        }
    }
    match none {
        Some(none) if !answered => Ok(Err(none)),
        // Refusals stand in the table of logins: an empty list without it would read as "nobody was refused".
        Some(none) if found.rows.is_empty() => Ok(Err(none)),
        none => {
            found.incomplete = none.is_some();
            found.warnings.extend(none.map(|none| none.to_string() + "."));
            Ok(Ok(found))
        }
    }
}

/// Asks one table.
async fn table(
    id: &str,
    events: Events,
    period: &Period,
    arm: &ArmClient,
    found: &mut Found,
) -> Result<Result<(), NoLogs>> {
    let table = events.table();
    let query = query::text(events, period.since, period.until);
    let answer = match arm.query_logs(id, &query).await {
        Ok(Some(answer)) => answer,
        Ok(None) => return Ok(Err(NoLogs::NoTable(table))),
        Err(error) if error.status() == Some(403) => {
            return Ok(Err(NoLogs::Denied(first_line(&error))));
        }
        Err(error) => return Err(error.into()),
    };
    let (span, rows) = clients::read(answer.rows)?;
    let Some(Span { began, ended }) = span else {
        return Ok(Err(match answer.gaps.first() {
            Some(gap) => NoLogs::Incomplete(gap.clone()),
            None => NoLogs::NoEvent(table, period.since - query::BEFORE),
        }));
    };
    if let Some(gap) = answer.gaps.first().filter(|_| rows.is_empty()) {
        return Ok(Err(NoLogs::Incomplete(gap.clone())));
    }
    if began > period.since + TOLERANCE {
        found.warnings.push(format!(
            "{table} begin at {}; what happened before is not known.",
            clients::timestamp(began)
        ));
    }
    // Logs that have stopped look like clients that have.
    if rows.is_empty() || ended < period.until - QUIET {
        found.warnings.push(format!(
            "the last event in {table} is of {}; either nobody used it since then, or nothing is logged any more.",
            clients::timestamp(ended)
        ));
    }
    found.warnings.extend(answer.gaps);
    if rows.len() > MAX_ROWS {
        found.warnings.push(format!(
            "there are more than {MAX_ROWS} rows in {table}; those with the fewest events are missing, so that clients \
             may seem absent or silent. A shorter period (--since) has fewer."
        ));
    }
    found.rows.extend(rows.into_iter().take(MAX_ROWS));
    Ok(Ok(()))
}

/// Why a table is not collected where it can be asked; `None` if it is.
fn missing(settings: &[DiagnosticSetting], table: &'static str) -> Option<NoLogs> {
    if settings.is_empty() {
        return Some(NoLogs::NoSetting);
    }
    if settings.iter().any(|setting| setting.workspace().is_some() && setting.collects(table)) {
        return None;
    }
    if settings.iter().any(|setting| setting.workspace().is_some()) {
        return Some(NoLogs::NotCollected(table));
    }
    let mut places: Vec<&str> = settings.iter().flat_map(DiagnosticSetting::elsewhere).collect();
    places.sort_unstable();
    places.dedup();
    Some(if places.is_empty() { NoLogs::NoSetting } else { NoLogs::Elsewhere(places) })
}

fn first_line(error: &ArmError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
