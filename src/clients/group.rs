//! Puts the rows of logs together, one client in each.

use super::program::program;
use super::row::LogRow;
use super::{Kind, RegistryHosts, address, kind};
use crate::domain::regions::short_name;
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// The most values that a cell lists.
const MAX_LISTED: usize = 20;

/// What makes rows one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    /// The same address and program.
    #[default]
    Program,
    /// The same address.
    Client,
    /// The same identity.
    Identity,
    /// The same region.
    Region,
    /// Addresses of the same network: 24 bits of IPv4, 64 bits of IPv6.
    Network,
}

impl By {
    /// The names that `--by` takes.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("client", Self::Client),
        ("identity", Self::Identity),
        ("region", Self::Region),
        ("network", Self::Network),
    ];
}

/// A client of a registry. Where several values belong to one row, they are separated by commas.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// The login server of the registry.
    pub registry: String,
    /// The address.
    #[serde(rename = "client")]
    pub address: String,
    /// What kind of address it is.
    pub kind: Kind,
    /// Whose address it is; absent unless the user asks.
    #[serde(skip_serializing_if = "Asked::is_no")]
    pub owner: Asked<String>,
    /// The program and its version.
    pub program: String,
    /// The user or application; `null` for anonymous requests.
    pub identity: Option<String>,
    /// The regions that answered.
    pub region: Option<String>,
    /// The hosts that it will need after the switch.
    pub hosts: Vec<String>,
    /// Repositories, at most 20 for each row of the logs.
    pub repositories: Vec<String>,
    /// The number of pulls, or of refused requests.
    pub pulls: u64,
    /// The first of them.
    #[serde(serialize_with = "rfc3339")]
    pub first: OffsetDateTime,
    /// The last of them.
    #[serde(serialize_with = "rfc3339")]
    pub last: OffsetDateTime,
    /// What the registry answered; absent unless requests were refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasons: Option<Vec<String>>,
    /// The usual time between two hours with pulls, in seconds; absent unless silence is asked about, `null` if unknown.
    #[serde(skip_serializing_if = "Asked::is_no")]
    pub usual_interval: Asked<i64>,
    /// How long it has been silent, in seconds; absent unless silence is asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent_for: Option<i64>,
    /// What existing rules do to its hosts; absent unless the user asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<Judged>,
    /// Its addresses.
    #[serde(skip)]
    pub addresses: BTreeSet<IpAddr>,
    /// In how many hours there was a pull.
    #[serde(skip)]
    hours: u64,
}

/// An answer to a question that the user may not have asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked<T> {
    /// The user did not ask.
    No,
    /// The answer; `None` if nobody knows.
    Yes(Option<T>),
}

impl<T> Asked<T> {
    fn is_no(&self) -> bool {
        matches!(self, Self::No)
    }

    /// The answer, if there is one.
    pub fn answer(&self) -> Option<&T> {
        match self {
            Self::No => None,
            Self::Yes(answer) => answer.as_ref(),
        }
    }
}

impl<T: Serialize> Serialize for Asked<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.answer().serialize(to)
    }
}

/// What existing rules do to the hosts of a client.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Judged {
    /// Whether all of them are allowed.
    pub ok: bool,
    /// Hosts that are not allowed.
    pub refused: Vec<String>,
    /// Hosts of which nobody can tell.
    pub unjudged: Vec<String>,
}

fn rfc3339<S: Serializer>(time: &OffsetDateTime, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&timestamp(*time))
}

/// A time in whole seconds.
pub fn timestamp(time: OffsetDateTime) -> String {
    time.replace_nanosecond(0).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
}

impl Client {
    /// Whether it pulled before a moment and not since. Sets how long, and what is usual.
    pub fn fell_silent(&mut self, since: OffsetDateTime, now: OffsetDateTime) -> bool {
        let intervals = i64::try_from(self.hours.saturating_sub(1)).unwrap_or(i64::MAX);
        let span = self.last - self.first;
        self.usual_interval = Asked::Yes((intervals > 0).then(|| span.whole_seconds() / intervals));
        self.silent_for = Some((now - self.last).whole_seconds());
        self.last < since
    }

    /// How many usual intervals the silence has lasted; 0 if nobody knows what is usual.
    pub fn unusualness(&self) -> f64 {
        let usual = self.usual_interval.answer().copied().filter(|seconds| *seconds > 0);
        #[expect(clippy::cast_precision_loss, reason = "seconds of a log fit")]
        let ratio = |usual: i64| self.silent_for.unwrap_or_default() as f64 / usual as f64;
        usual.map(ratio).unwrap_or_default()
    }

    /// Replaces everything that names a person, a machine or a registry.
    ///
    /// # Arguments
    /// * `hash` - the hash of a name of this kind.
    pub fn hide(&mut self, hash: impl Fn(&str, &str) -> String) {
        self.address = hash("ip", &self.address);
        self.identity = self.identity.as_deref().map(|name| hash("identity", name));
        if let Asked::Yes(owner) = &mut self.owner {
            *owner = owner.as_deref().map(|name| hash("owner", name));
        }
        for repository in &mut self.repositories {
            *repository = hash("repo", repository);
        }
        // The first label is the registry's name; the others are the cloud's.
        let host = |name: &str| match name.split_once('.') {
            Some((label, rest)) => format!("{}.{rest}", hash("reg", label)),
            None => hash("reg", name),
        };
        self.registry = host(&self.registry);
        let judged =
            self.check.iter_mut().flat_map(|c| c.refused.iter_mut().chain(&mut c.unjudged));
        for name in self.hosts.iter_mut().chain(judged) {
            *name = host(name);
        }
    }

    /// How long something lasted, for people.
    pub fn for_people(seconds: i64) -> String {
        let duration = Duration::seconds(seconds);
        match (duration.whole_days(), duration.whole_hours(), duration.whole_minutes()) {
            (2.., ..) => format!("{} days", duration.whole_days()),
            (_, 2.., _) => format!("{} hours", duration.whole_hours()),
            (.., minutes) => format!("{minutes} minutes"),
        }
    }
}

/// The values of a group, until all rows have been read.
#[derive(Default)]
struct Group {
    clients: BTreeSet<String>,
    addresses: BTreeSet<IpAddr>,
    kinds: BTreeSet<Kind>,
    programs: BTreeSet<String>,
    identities: BTreeSet<String>,
    regions: BTreeSet<String>,
    servers: BTreeSet<String>,
    repositories: BTreeSet<String>,
    reasons: BTreeSet<String>,
    pulls: u64,
    hours: u64,
    first: Option<OffsetDateTime>,
    last: Option<OffsetDateTime>,
}

/// Groups the rows of one registry: the client with the most pulls first.
///
/// # Arguments
/// * `regions` - short names; if there are any, only rows of these regions count.
/// * `refused` - whether the rows are about refused requests.
pub fn group(
    rows: Vec<LogRow>,
    by: By,
    regions: &[&str],
    refused: bool,
    hosts: &RegistryHosts,
) -> Vec<Client> {
    let mut groups: BTreeMap<(String, String), Group> = BTreeMap::new();
    for row in rows {
        let region = row.region.as_deref().map(short_name);
        if !regions.is_empty() && !region.as_deref().is_some_and(|r| regions.contains(&r)) {
            continue;
        }
        groups.entry(key(&row, by, region.as_deref())).or_default().add(row, region, by);
    }
    let mut clients: Vec<Client> =
        groups.into_values().filter_map(|group| group.client(refused, hosts)).collect();
    clients.sort_by(|a, b| b.pulls.cmp(&a.pulls).then_with(|| a.address.cmp(&b.address)));
    clients
}

fn key(row: &LogRow, by: By, region: Option<&str>) -> (String, String) {
    let client = client_name(row, by);
    match by {
        By::Program => (client, program(row.agent.as_deref().unwrap_or_default())),
        By::Client | By::Network => (client, String::new()),
        By::Identity => (row.identity.clone().unwrap_or_default().to_lowercase(), String::new()),
        By::Region => (region.unwrap_or_default().to_owned(), String::new()),
    }
}

/// The address without a port, or its network.
fn client_name(row: &LogRow, by: By) -> String {
    let written = row.client.as_deref().unwrap_or_default();
    match (address(written), by) {
        (None, _) => written.chars().take(MAX_LISTED * 4).collect(),
        (Some(address), By::Network) => network(address),
        (Some(address), _) => address.to_string(),
    }
}

fn network(address: IpAddr) -> String {
    let bits = if address.is_ipv4() { 24 } else { 64 };
    // The number of bits fits both kinds of addresses.
    ipnet::IpNet::new(address, bits).map(|net| net.trunc().to_string()).unwrap_or_default()
}

impl Group {
    fn add(&mut self, row: LogRow, region: Option<String>, by: By) {
        let agent = row.agent.as_deref().unwrap_or_default();
        let place = row.client.as_deref().and_then(address);
        self.clients.insert(client_name(&row, by));
        self.addresses.extend(place);
        self.kinds.insert(kind(place, agent));
        self.programs.insert(program(agent));
        self.identities.extend(row.identity.filter(|identity| !identity.is_empty()));
        self.regions.extend(region);
        self.servers
            .extend(row.server.map(|server| server.to_lowercase()).filter(|s| !s.is_empty()));
        self.repositories.extend(row.repositories.unwrap_or_default());
        self.reasons.extend(row.reasons.unwrap_or_default());
        self.pulls += row.pulls;
        // Rows may share hours, so that the sum would be too high.
        self.hours = self.hours.max(row.hours);
        self.first = self.first.into_iter().chain(row.first).min();
        self.last = self.last.into_iter().chain(row.last).max();
    }

    fn client(self, refused: bool, hosts: &RegistryHosts) -> Option<Client> {
        let needed = hosts.needed(&self.servers);
        let kind = match self.kinds.len() {
            1 => self.kinds.into_iter().next()?,
            _ => Kind::Unknown,
        };
        Some(Client {
            registry: hosts.login_server().to_string(),
            address: listed(&self.clients).unwrap_or_default(),
            kind,
            owner: Asked::No,
            program: listed(&self.programs).unwrap_or_default(),
            identity: listed(&self.identities),
            region: listed(&self.regions),
            hosts: needed.iter().map(|endpoint| endpoint.host.to_string()).collect(),
            repositories: self.repositories.into_iter().collect(),
            pulls: self.pulls,
            first: self.first?,
            last: self.last?,
            reasons: refused.then(|| self.reasons.into_iter().collect()),
            usual_interval: Asked::No,
            silent_for: None,
            check: None,
            addresses: self.addresses,
            hours: self.hours,
        })
    }
}

/// All values, or the first of many and how many more there are.
fn listed(values: &BTreeSet<String>) -> Option<String> {
    let shown: Vec<&str> = values.iter().take(MAX_LISTED).map(String::as_str).collect();
    match (shown.is_empty(), values.len().saturating_sub(MAX_LISTED)) {
        (true, _) => None,
        (false, 0) => Some(shown.join(", ")),
        (false, more) => Some(format!("{} and {more} more", shown.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Endpoints, Fqdn};
    use time::macros::datetime;

    fn hosts() -> RegistryHosts {
        let login_server = Fqdn::parse("contoso.azurecr.io").unwrap();
        RegistryHosts::new(Endpoints::planned(&login_server, ["eastus"], false).unwrap())
    }

    fn row(client: &str, agent: &str, pulls: u64, day: u8) -> LogRow {
        let time = datetime!(2026-11-01 0:00 UTC).replace_day(day).unwrap();
        LogRow {
            client: Some(client.to_owned()),
            agent: Some(agent.to_owned()),
            region: Some("East US".to_owned()),
            pulls,
            hours: 5,
            first: Some(time),
            last: Some(time + Duration::days(4)),
            ..LogRow::default()
        }
    }

    #[test]
    fn rows_of_one_client_and_program_are_one() {
        let rows = || {
            vec![
                row("203.0.113.7:1", "containerd/1.7", 2, 1),
                row("203.0.113.7:2", "containerd/v1.7", 3, 3),
                row("203.0.113.7", "skopeo/1", 4, 1),
                row("203.0.113.99", "skopeo/1", 1, 1),
            ]
        };
        let names = |by| -> Vec<String> {
            let clients = group(rows(), by, &[], false, &hosts());
            clients.iter().map(|c| format!("{} {} {}", c.address, c.program, c.pulls)).collect()
        };
        assert_eq!(
            names(By::Program),
            ["203.0.113.7 containerd/1.7 5", "203.0.113.7 skopeo/1 4", "203.0.113.99 skopeo/1 1"]
        );
        assert_eq!(
            names(By::Client),
            ["203.0.113.7 containerd/1.7, skopeo/1 9", "203.0.113.99 skopeo/1 1"]
        );
        assert_eq!(names(By::Network), ["203.0.113.0/24 containerd/1.7, skopeo/1 10"]);
        let regions = |regions: &[&str]| group(rows(), By::Region, regions, false, &hosts()).len();
        assert_eq!((regions(&["eastus"]), regions(&["westus"])), (1, 0));
    }

    #[test]
    fn silence_is_measured_in_usual_intervals() {
        let mut client =
            group(vec![row("203.0.113.7", "", 9, 1)], By::Program, &[], false, &hosts()).remove(0);
        assert!(client.fell_silent(datetime!(2026-11-06 0:00 UTC), datetime!(2026-11-15 0:00 UTC)));
        assert_eq!(client.usual_interval.answer(), Some(&86_400));
        assert!((client.unusualness() - 10.0).abs() < 0.01);
        assert!(
            !client.fell_silent(datetime!(2026-11-05 0:00 UTC), datetime!(2026-11-15 0:00 UTC))
        );
    }
}
