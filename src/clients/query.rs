//! The queries over a registry's logs, in Kusto Query Language.
//!
//! The service summarises, so that the answer for a busy registry fits: there are no pages, and an answer holds
//! 100 MiB. A table that does not exist would fail a plain query; with `union isfuzzy=true` only a query without any table
//! fails, which means that there are no logs.

use super::group::timestamp as moment;
use time::{Duration, OffsetDateTime};

/// The table of pulls and pushes.
pub const REPOSITORY_EVENTS: &str = "ContainerRegistryRepositoryEvents";
/// The table of logins.
pub const LOGIN_EVENTS: &str = "ContainerRegistryLoginEvents";
/// The most rows of an answer; one more shows that there are more.
pub const MAX_ROWS: usize = 20_000;
/// How far before the period the logs are searched for their beginning.
pub const BEFORE: Duration = Duration::days(7);

/// What a query asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Events {
    /// Pulls that succeeded.
    Pulls,
    /// Pulls and other requests that were refused.
    Refusals,
    /// Logins that were refused.
    RefusedLogins,
}

impl Events {
    /// The table that has them.
    pub fn table(self) -> &'static str {
        match self {
            Self::Pulls | Self::Refusals => REPOSITORY_EVENTS,
            Self::RefusedLogins => LOGIN_EVENTS,
        }
    }
}

/// The query for events from `since` until `until`.
///
/// One row has the columns `began` and `ended`: the first and the last event of the table since a week before `since`, which
/// tell silence from missing logs. `first` and `last` are keywords of the language.
pub fn text(events: Events, since: OffsetDateTime, until: OffsetDateTime) -> String {
    let table = events.table();
    let of_table = match events {
        Events::Pulls => {
            "where OperationName =~ 'Pull' and not(ResultDescription matches regex '^[45]')"
        }
        // Neither missing tags nor throttling nor errors of the service are refusals.
        Events::Refusals | Events::RefusedLogins => {
            "where ResultDescription matches regex '^40[13]'"
        }
    };
    let repositories = match events {
        // The table of logins has no repositories.
        Events::RefusedLogins => "",
        Events::Pulls | Events::Refusals => "repositories=make_set(Repository, 20), ",
    };
    let (before, since, until) = (moment(since - BEFORE), moment(since), moment(until));
    let rows = MAX_ROWS + 1;
    format!(
        "let events = union isfuzzy=true {table}\n\
         | where TimeGenerated >= datetime({before}) and TimeGenerated < datetime({until});\n\
         let found = events\n\
         | where TimeGenerated >= datetime({since})\n\
         | {of_table}\n\
         | summarize pulls=count(), hours=dcount(bin(TimeGenerated, 1h)), firstSeen=min(TimeGenerated), \
         lastSeen=max(TimeGenerated), {repositories}reasons=make_set(ResultDescription, 5) \
         by client=CallerIpAddress, agent=UserAgent, identity=Identity, region=Region, server=LoginServer\n\
         | top {rows} by pulls desc;\n\
         union (events | summarize began=min(TimeGenerated), ended=max(TimeGenerated)), found"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_query_names_its_table_and_its_period() {
        let (since, until) = (datetime!(2026-11-01 0:00 UTC), datetime!(2026-12-01 12:30:15.5 UTC));
        let query = text(Events::Pulls, since, until);
        for part in [
            "union isfuzzy=true ContainerRegistryRepositoryEvents\n",
            "TimeGenerated >= datetime(2026-10-25T00:00:00Z) and TimeGenerated < datetime(2026-12-01T12:30:15Z);",
            "| where TimeGenerated >= datetime(2026-11-01T00:00:00Z)\n",
            "OperationName =~ 'Pull'",
            "top 20001 by pulls",
        ] {
            assert!(query.contains(part), "{query}");
        }
        let logins = text(Events::RefusedLogins, since, until);
        assert!(logins.contains(LOGIN_EVENTS) && !logins.contains("Repository"), "{logins}");
    }
}
