//! Findings that somebody accepted: a CSV file with the columns registry, rule, reason, expires.

use super::rules::{EXPIRED, NOT_READ, RULES, Rule};
use crate::fleet::FleetRegistry;
use serde::Deserialize;
use std::collections::HashMap;
use time::Date;
use time::macros::format_description;

/// Why a finding was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The reason.
    pub reason: String,
    /// The last day on which it holds; `None` for ever.
    pub expires: Option<Date>,
}

impl Exception {
    /// Whether it no longer holds.
    pub fn has_expired(&self, today: Date) -> bool {
        self.expires.is_some_and(|expires| expires < today)
    }

    /// ` on 2026-11-01`, for the message that it has expired.
    pub(super) fn since(&self) -> String {
        self.expires.map(|expires| format!(" on {expires}")).unwrap_or_default()
    }
}

/// The exceptions of a file, by registry (name, login server or resource id, in lower case) and rule.
#[derive(Debug, Clone, Default)]
pub struct Exceptions(HashMap<(String, String), Exception>);

/// The file is not a list of exceptions.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ExceptionError {
    line: u64,
    reason: String,
}

#[derive(Deserialize)]
struct Record {
    registry: String,
    rule: String,
    reason: String,
    #[serde(default)]
    expires: String,
}

impl Exceptions {
    /// Reads a file.
    ///
    /// # Errors
    /// The line that is not an exception, and why.
    pub fn parse(text: &str) -> Result<Self, ExceptionError> {
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        // The reader's position is the end of the record before; blank lines may follow it.
        let line_of = |position: Option<&csv::Position>| {
            let Some(position) = position else { return 1 };
            let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
            let rest = text.as_bytes().get(start..).unwrap_or_default();
            let blank = rest.iter().take_while(|byte| b"\r\n".contains(byte));
            position.line() + blank.filter(|byte| **byte == b'\n').count() as u64
        };
        let at = |reason: &csv::Error| ExceptionError {
            line: line_of(reason.position()),
            reason: format!("{reason}. The columns are registry,rule,reason,expires"),
        };
        let headers = reader.headers().map_err(|e| at(&e))?.clone();
        let mut exceptions = HashMap::new();
        for record in reader.records() {
            let record = record.map_err(|e| at(&e))?;
            let line = line_of(record.position());
            let record: Record = record.deserialize(Some(&headers)).map_err(|e| at(&e))?;
            let error = |reason| ExceptionError { line, reason };
            let of_registries =
                RULES.iter().filter(|rule| ![EXPIRED.id, NOT_READ.id].contains(&rule.id));
            let ids: Vec<&str> = of_registries.map(|rule| rule.id).collect();
            if !ids.contains(&record.rule.as_str()) {
                let reason =
                    format!("'{}' cannot be accepted; these can: {}", record.rule, ids.join(", "));
                return Err(error(reason));
            }
            if record.registry.is_empty() || record.reason.is_empty() {
                return Err(error("an exception needs a registry and a reason".to_owned()));
            }
            let expires = match record.expires.as_str() {
                "" => None,
                text => {
                    Some(Date::parse(text, format_description!("[year]-[month]-[day]")).map_err(
                        |_| error(format!("'{text}' is no date; write it like 2026-12-31")),
                    )?)
                }
            };
            let key = (record.registry.to_lowercase(), record.rule);
            if exceptions.contains_key(&key) {
                return Err(error("the registry and the rule stand in a line above".to_owned()));
            }
            exceptions.insert(key, Exception { reason: record.reason, expires });
        }
        Ok(Self(exceptions))
    }

    /// The exception for a registry and a rule.
    pub(super) fn get(&self, registry: &FleetRegistry, rule: &Rule) -> Option<&Exception> {
        if self.0.is_empty() {
            return None;
        }
        let login_server = registry.login_server.as_ref().map(ToString::to_string);
        let names = [Some(registry.id.clone()), login_server, Some(registry.name.clone())];
        let mut names = names.into_iter().flatten();
        names.find_map(|name| self.0.get(&(name.to_lowercase(), rule.id.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_no_exception_is_named() {
        for (text, line, reason) in [
            ("registry,rule,reason,expires\ncontoso,ACR1,x,\n", 2, "'ACR1' cannot be accepted"),
            (
                "registry,rule,reason,expires\n\ncontoso,ACR001,x,tomorrow\n",
                3,
                "'tomorrow' is no date",
            ),
            (
                "registry,rule,reason,expires\ncontoso,ACR001,,\n",
                2,
                "needs a registry and a reason",
            ),
            ("registry,rule,reason,expires\ncontoso,ACR001\n", 2, "found record with 2 fields"),
            ("name,rule\ncontoso,ACR001\n", 2, "missing field"),
        ] {
            let error = Exceptions::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{error}");
            assert!(error.reason.contains(reason), "{error}");
        }
    }

    #[test]
    fn an_exception_holds_through_its_last_day() {
        let text =
            "registry, rule, reason, expires\nContoso,ACR001,\"legacy, until Q1\",2026-11-27\n";
        let exceptions = Exceptions::parse(text).unwrap();
        let exception = &exceptions.0[&("contoso".to_owned(), "ACR001".to_owned())];
        assert_eq!(exception.reason, "legacy, until Q1");
        let day = |day| Date::from_calendar_date(2026, time::Month::November, day).unwrap();
        assert!(!exception.has_expired(day(27)));
        assert!(exception.has_expired(day(28)));
    }
}
