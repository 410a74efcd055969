//! Counts pairs of client and host, up to a limit.

use super::whose::{Role, Whose};
use super::{Entry, Verdict};
use serde::Serialize;
use std::collections::HashMap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The most pairs that are kept.
pub const MAX_PAIRS: usize = 100_000;
/// No host name and no address is longer, in bytes.
const MAX_NAME: usize = 255;

/// A client and a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Use {
    /// The client's address.
    pub source: String,
    /// The host.
    pub host: String,
    /// The first time; `null` if the log has no time that can be read.
    pub first: Option<String>,
    /// The last time.
    pub last: Option<String>,
    /// How often.
    pub count: u64,
}

/// A client and the storage account that it goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WildcardUser {
    /// The client's address.
    pub source: String,
    /// The host.
    pub host: String,
    /// Whether the account looks like the service's own, by its name.
    pub registry_owned: bool,
    /// The first time; `null` if the log has no time that can be read.
    pub first: Option<String>,
    /// The last time.
    pub last: Option<String>,
    /// How often.
    pub count: u64,
}

impl WildcardUser {
    fn new(of: Use, registry_owned: bool) -> Self {
        let Use { source, host, first, last, count } = of;
        Self { source, host, registry_owned, first, last, count }
    }
}

/// What was found, the most frequent first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// Who was refused at a host of a registry.
    pub refused: Vec<Use>,
    /// Who was refused at which storage account.
    pub refused_storage: Vec<WildcardUser>,
    /// Who goes to which storage account.
    pub wildcard_users: Vec<WildcardUser>,
    /// Who asked for a login server: tomorrow's users of data endpoints.
    pub resolvers: Vec<Use>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Kind {
    Refused,
    RefusedStorage { registry_owned: bool },
    Storage { registry_owned: bool },
    Resolver,
}

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    count: u64,
    first: Option<i64>,
    last: Option<i64>,
}

/// The counts.
#[derive(Debug, Default)]
pub struct Tally {
    pairs: HashMap<(Kind, String), Seen>,
    /// The pair of the entry that is being counted, to save allocations.
    key: String,
    beyond: u64,
    bad: u64,
}

impl Tally {
    /// Counts an entry, if it concerns a registry.
    pub fn add(&mut self, entry: &Entry<'_>, whose: &Whose) {
        self.add_many(entry, whose, 1, entry.time);
    }

    /// Counts entries that a service has summarised.
    ///
    /// # Arguments
    /// * `count` - how many there were, from `entry.time` until `last`.
    pub fn add_many(&mut self, entry: &Entry<'_>, whose: &Whose, count: u64, last: Option<i64>) {
        let kind = match (whose.role(entry.host), entry.verdict) {
            (Some(Role::Storage { registry_owned }), Verdict::Allowed | Verdict::Resolved) => {
                Kind::Storage { registry_owned }
            }
            (Some(Role::Storage { registry_owned }), Verdict::Refused) => {
                Kind::RefusedStorage { registry_owned }
            }
            (Some(Role::Login | Role::Other), Verdict::Refused) => Kind::Refused,
            (Some(Role::Login), Verdict::Allowed | Verdict::Resolved) => Kind::Resolver,
            _ => return,
        };
        if entry.host.len() > MAX_NAME || entry.source.len() > MAX_NAME {
            self.bad += 1;
            return;
        }
        self.key.clear();
        self.key.extend([entry.source, " ", entry.host]);
        let key = (kind, std::mem::take(&mut self.key));
        let is_full = self.pairs.len() >= MAX_PAIRS;
        match self.pairs.get_mut(&key) {
            Some(seen) => {
                seen.add(entry.time, last, count);
                self.key = key.1;
            }
            None if !is_full => {
                let mut seen = Seen::default();
                seen.add(entry.time, last, count);
                self.pairs.insert(key, seen);
            }
            None => {
                self.beyond += count;
                self.key = key.1;
            }
        }
    }

    /// Counts lines that cannot be read.
    pub fn count_bad(&mut self, lines: u64) {
        self.bad += lines;
    }

    /// How many lines could not be read.
    pub fn bad_lines(&self) -> u64 {
        self.bad
    }

    /// How many entries belong to pairs that are not kept.
    pub fn beyond(&self) -> u64 {
        self.beyond
    }

    /// What was found.
    pub fn found(&self) -> Found {
        let mut all: Vec<(&(Kind, String), &Seen)> = self.pairs.iter().collect();
        all.sort_by(|(a, seen_a), (b, seen_b)| {
            seen_b.count.cmp(&seen_a.count).then_with(|| a.cmp(b))
        });
        let mut found = Found::default();
        for ((kind, pair), seen) in all {
            let (source, host) = pair.split_once(' ').unwrap_or((pair, ""));
            let of = Use {
                source: source.to_owned(),
                host: host.to_owned(),
                first: seen.first.and_then(moment),
                last: seen.last.and_then(moment),
                count: seen.count,
            };
            match kind {
                Kind::Refused => found.refused.push(of),
                Kind::Resolver => found.resolvers.push(of),
                Kind::Storage { registry_owned } => {
                    found.wildcard_users.push(WildcardUser::new(of, *registry_owned));
                }
                Kind::RefusedStorage { registry_owned } => {
                    found.refused_storage.push(WildcardUser::new(of, *registry_owned));
                }
            }
        }
        found
    }
}

impl Seen {
    fn add(&mut self, first: Option<i64>, last: Option<i64>, count: u64) {
        self.count += count;
        self.first = self.first.into_iter().chain(first).min();
        self.last = self.last.into_iter().chain(last).max();
    }
}

fn moment(seconds: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_beyond_the_limit_are_counted_only() {
        let whose = Whose::everyones("azurecr.io", None);
        let mut tally = Tally::default();
        let mut add = |source: &str| {
            tally.add(
                &Entry {
                    source,
                    host: "contoso.azurecr.io",
                    time: Some(0),
                    verdict: Verdict::Allowed,
                },
                &whose,
            );
        };
        for number in 0..=MAX_PAIRS {
            add(&number.to_string());
        }
        add("0");
        add(&MAX_PAIRS.to_string());
        assert_eq!(tally.beyond(), 2);
        let found = tally.found();
        assert_eq!((found.resolvers.len(), found.resolvers[0].count), (MAX_PAIRS, 2));
    }
}
