//! Exports of Azure Firewall's logs: lines or an array of JSON, or CSV.
//!
//! The tables `AZFWApplicationRule` and `AZFWDnsQuery` have columns for everything. The older form has one text, e.g.
//! `HTTPS request from 10.0.0.4:5000 to contoso.azurecr.io:443. Action: Deny. …`.

use super::{Entry, Tally, Verdict, Whose, times};
use serde::Deserialize;
use serde::de::{Deserializer as _, SeqAccess, Visitor};
use std::fmt;
use std::io::{self, Read};

/// A row, by the names that tables and exports use. Names of exports to storage stand below `properties`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    #[serde(alias = "TimeGenerated", alias = "timegenerated", alias = "timegenerated [utc]")]
    time: Option<String>,
    #[serde(alias = "SourceIp", alias = "SourceIP", alias = "sourceip", alias = "sourceIp")]
    source: Option<String>,
    #[serde(alias = "Fqdn", alias = "FQDN")]
    fqdn: Option<String>,
    #[serde(alias = "QueryName", alias = "queryname")]
    query: Option<String>,
    #[serde(alias = "Action")]
    action: Option<String>,
    #[serde(alias = "msg_s")]
    msg: Option<String>,
    properties: Option<Box<Row>>,
    /// Event hubs and older exports send several at once.
    records: Option<Vec<Row>>,
}

/// Whether an array of objects begins here.
pub(super) fn is_array(sample: &[u8]) -> bool {
    let mut bytes = sample.iter().filter(|byte| !byte.is_ascii_whitespace());
    let starts = bytes.next() == Some(&b'[') && bytes.next() == Some(&b'{');
    starts && has_columns(sample)
}

/// Whether names of columns of a firewall's log stand here.
pub(super) fn has_columns(sample: &[u8]) -> bool {
    let names: [&[u8]; 3] = [b"\"sourceip\"", b"\"msg\"", b"\"msg_s\""];
    names.iter().any(|name| memchr::memmem::find(sample, name).is_some())
}

/// Whether the first line names the columns of a firewall's log.
pub(super) fn is_csv(sample: &[u8]) -> bool {
    let header = sample.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let has = |name: &[u8]| memchr::memmem::find(header, name).is_some();
    header.contains(&b',')
        && !header.contains(&b'{')
        && (has(b"sourceip") && (has(b"fqdn") || has(b"queryname")) || has(b"msg_s"))
}

/// Reads one object.
pub(super) fn read_line(text: &str, whose: &Whose, tally: &mut Tally) {
    match serde_json::from_str::<Row>(text) {
        // The line mentions a host, so that it must say something about it.
        Ok(row) if count(&row, whose, tally) => {}
        Ok(_) | Err(_) => tally.count_bad(1),
    }
}

/// Reads an array, one object after the other.
pub(super) fn read_array(log: impl Read, whose: &Whose, tally: &mut Tally) -> io::Result<bool> {
    struct Rows<'t>(&'t Whose, &'t mut Tally);
    impl<'de> Visitor<'de> for Rows<'_> {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array of rows")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<bool, A::Error> {
            let mut any = false;
            while let Some(row) = rows.next_element::<Row>()? {
                any |= count(&row, self.0, self.1);
            }
            Ok(any)
        }
    }
    let log = io::BufReader::with_capacity(1 << 20, log);
    serde_json::Deserializer::from_reader(log)
        .deserialize_seq(Rows(whose, tally))
        .map_err(io::Error::from)
}

/// Reads CSV by the names of its columns.
pub(super) fn read_csv(log: impl Read, whose: &Whose, tally: &mut Tally) -> io::Result<bool> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(log);
    let header = reader.headers().map_err(io::Error::other)?.clone();
    let column = |names: &[&str]| {
        header.iter().position(|title| {
            let title = title.trim_start_matches('\u{feff}').trim_matches('"').to_lowercase();
            names.iter().any(|name| title == *name || title.starts_with(&format!("{name} [")))
        })
    };
    let time = column(&["timegenerated", "time"]);
    let source = column(&["sourceip"]);
    let (fqdn, query) = (column(&["fqdn"]), column(&["queryname"]));
    let (action, msg) = (column(&["action"]), column(&["msg_s", "msg"]));
    let mut any = false;
    for record in reader.records() {
        let Ok(record) = record else {
            tally.count_bad(1);
            continue;
        };
        let cell = |column: Option<usize>| column.and_then(|i| record.get(i)).map(str::to_owned);
        let row = Row {
            time: cell(time),
            source: cell(source),
            fqdn: cell(fqdn),
            query: cell(query),
            action: cell(action),
            msg: cell(msg),
            properties: None,
            records: None,
        };
        any |= count(&row, whose, tally);
    }
    Ok(any)
}

/// Counts a row. Returns whether it is about a request.
fn count(row: &Row, whose: &Whose, tally: &mut Tally) -> bool {
    if let Some(records) = &row.records {
        return records.iter().filter(|row| count(row, whose, tally)).count() > 0;
    }
    let below = row.properties.as_deref();
    let lower = |own: &Option<String>, other: Option<&Option<String>>| {
        let text = own.as_ref().or_else(|| other?.as_ref());
        text.map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty())
    };
    let time = lower(&row.time, below.map(|row| &row.time));
    let time = time.as_deref().and_then(times::rfc3339);
    if let Some(text) = lower(&row.msg, below.map(|row| &row.msg)) {
        if let Some(entry) = message(&text, time) {
            tally.add(&entry, whose);
            return true;
        }
        // Other messages have another form.
        tally.count_bad(u64::from(!whose.mentions(text.as_bytes()).is_empty()));
        return false;
    }
    let source = lower(&row.source, below.map(|row| &row.source)).unwrap_or_default();
    let action = lower(&row.action, below.map(|row| &row.action)).unwrap_or_default();
    let fqdn = lower(&row.fqdn, below.map(|row| &row.fqdn));
    let query = lower(&row.query, below.map(|row| &row.query));
    let (host, verdict) = match (&fqdn, &query) {
        (Some(host), _) => {
            (host, if action.starts_with("deny") { Verdict::Refused } else { Verdict::Allowed })
        }
        (None, Some(host)) => (host, Verdict::Resolved),
        // Rules about networks name no host.
        (None, None) => return false,
    };
    let host = host.rsplit_once(':').map_or(host.as_str(), |(host, _)| host).trim_end_matches('.');
    if source.is_empty() {
        tally.count_bad(u64::from(whose.role(host).is_some()));
        return false;
    }
    tally.add(&Entry { source: &source, host, time, verdict }, whose);
    true
}

/// The text of the older form.
fn message(text: &str, time: Option<i64>) -> Option<Entry<'_>> {
    if let Some((_, rest)) = text.split_once("dns request: ") {
        let source = rest.split([' ', ':']).next()?;
        let host = rest.split(" in ").nth(1)?.split(' ').next()?.trim_end_matches('.');
        return Some(Entry { source, host, time, verdict: Verdict::Resolved });
    }
    let (_, rest) = text.split_once(" request from ")?;
    let (source, rest) = rest.split_once(" to ")?;
    let host = rest.split_whitespace().next()?.trim_end_matches('.');
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let (_, action) = rest.split_once("action: ")?;
    let verdict = if action.starts_with("deny") { Verdict::Refused } else { Verdict::Allowed };
    let source = source.rsplit_once(':').map_or(source, |(address, _)| address);
    Some(Entry { source, host, time, verdict })
}
