//! Who goes where, by the logs of firewalls, proxies and resolvers.
//!
//! [`Format`] recognises a log and reads its lines; [`lines`] hands them out in flat memory; [`Tally`] counts what concerns
//! registries and the storage behind them. [`query`] asks Azure Firewall's own tables.

mod azure_firewall;
mod dnsmasq;
mod lines;
pub mod query;
mod squid;
mod tally;
mod times;
mod unbound;
mod whose;

pub use tally::{Found, MAX_PAIRS, Tally};
pub use whose::Whose;

use lines::Chunk;
use std::io::{self, Read};

/// How much of a log is looked at to recognise its format, in bytes.
const SAMPLE: usize = 64 << 10;
/// How many lines must be of a format for the log to be: one in so many.
const ONE_IN: usize = 2;

/// What a line says: who asked for which host, and whether that was refused. All text is in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The client's address.
    pub source: &'a str,
    /// The host, without a port or a final dot.
    pub host: &'a str,
    /// Seconds since 1970, if the line has a time that can be read.
    pub time: Option<i64>,
    /// What happened.
    pub verdict: Verdict,
}

impl Entry<'_> {
    /// Whether client and host look like what they are. Clients choose the names that they ask for, and a CI system
    /// may take others for commands.
    fn is_plain(&self) -> bool {
        let is_plain = |c: char| c.is_alphanumeric() || ".-_:%/@".contains(c);
        self.host.chars().all(is_plain) && self.source.chars().all(is_plain)
    }
}

/// What happened to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was allowed.
    Allowed,
    /// It was refused.
    Refused,
    /// A name was resolved, or asked for.
    Resolved,
}

/// The formats of logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `access.log` of squid: each line in its own format, or in the common or combined format of web servers.
    Squid,
    /// dnsmasq with `log-queries`.
    Dnsmasq,
    /// unbound with `log-queries`, `log-replies` or `log-local-actions`.
    Unbound,
    /// An export of Azure Firewall's logs: an object of JSON on each line.
    AzureJsonLines,
    /// An export of Azure Firewall's logs: an array of JSON.
    AzureJson,
    /// An export of Azure Firewall's logs: CSV with a header.
    AzureCsv,
}

/// The formats for people.
pub const FORMATS: &str = "squid's access.log (native, common, combined), dnsmasq (log-queries), unbound \
                           (log-queries, log-replies, log-local-actions), Azure Firewall (JSON, CSV)";

impl Format {
    const LINES: [Self; 4] = [Self::Squid, Self::Dnsmasq, Self::Unbound, Self::AzureJsonLines];

    /// The format of a log that begins so.
    pub fn recognise(beginning: &[u8]) -> Option<Self> {
        let sample = &beginning[..beginning.len().min(SAMPLE)].to_ascii_lowercase();
        let sample = sample.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sample);
        match sample.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'[') if azure_firewall::is_array(sample) => return Some(Self::AzureJson),
            _ if azure_firewall::is_csv(sample) => return Some(Self::AzureCsv),
            _ => {}
        }
        // The last line of a sample may be cut.
        let whole = sample.iter().rposition(|byte| *byte == b'\n').unwrap_or(sample.len());
        let lines = || sample[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let all = lines().count();
        let of = |format: &Self| lines().filter(|line| format.is_line(line)).count();
        let best = Self::LINES.into_iter().max_by_key(of)?;
        let is_ours = best != Self::AzureJsonLines || azure_firewall::has_columns(sample);
        (is_ours && all > 0 && of(&best) * ONE_IN >= all).then_some(best)
    }

    /// Whether a line has the form of this format, whatever it says.
    fn is_line(self, line: &[u8]) -> bool {
        match self {
            Self::Squid => squid::is_line(line),
            Self::Dnsmasq => dnsmasq::is_line(line),
            Self::Unbound => unbound::is_line(line),
            Self::AzureJsonLines => line.starts_with(b"{") && line.ends_with(b"}"),
            Self::AzureJson | Self::AzureCsv => false,
        }
    }

    /// Whether a line is about a request, for whatever host.
    fn is_request(self, line: &[u8]) -> bool {
        let has = |word: &[u8]| memchr::memmem::find(line, word).is_some();
        match self {
            Self::Dnsmasq => has(b"query["),
            Self::Unbound => unbound::is_line(line) && (line.ends_with(b" in") || has(b" in ")),
            Self::AzureJsonLines => has(b"\"sourceip\"") || has(b"\"msg\"") || has(b"\"msg_s\""),
            other => other.is_line(line),
        }
    }
}

/// A line that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadLine;

/// What a line says; `None` if it says nothing about a request.
type Parsed<'a> = Result<Option<Entry<'a>>, BadLine>;

/// Reads a log. Only lines that mention a host of a registry or of storage are looked at closely.
///
/// # Arguments
/// * `now` - seconds since 1970: some logs have no year.
/// * `whose` - which hosts count.
/// * `tally` - counts.
///
/// Returns whether there is any request in it, for whatever host.
///
/// # Errors
/// Reading fails, or an array of JSON is damaged.
pub fn read(
    mut log: impl Read,
    format: Format,
    now: i64,
    whose: &Whose,
    tally: &mut Tally,
) -> io::Result<bool> {
    match format {
        Format::AzureJson => return azure_firewall::read_array(log, whose, tally),
        Format::AzureCsv => return azure_firewall::read_csv(log, whose, tally),
        _ => {}
    }
    let mut has_requests = false;
    let mut dnsmasq = dnsmasq::Reader::new(now);
    let mut unbound = unbound::Reader::new(now);
    let mut chunk = Chunk::new();
    while chunk.fill(&mut log)? {
        let mut interesting = whose.mentions(chunk.bytes()).into_iter().peekable();
        for (start, line) in chunk.lines() {
            let mut mentions = false;
            while interesting.next_if(|position| *position < start + line.len()).is_some() {
                mentions = true;
            }
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let is_empty = line.is_empty() || line.starts_with(b"#");
            has_requests = has_requests || format.is_request(line);
            if !mentions {
                tally.count_bad(u64::from(!is_empty && !format.is_line(line)));
                continue;
            }
            let parsed = match (std::str::from_utf8(line), format) {
                (Err(_), _) => Err(BadLine),
                (Ok(text), Format::Squid) => squid::entry(text),
                (Ok(text), Format::Dnsmasq) => dnsmasq.entry(text),
                (Ok(text), Format::Unbound) => unbound.entry(text),
                (Ok(text), Format::AzureJsonLines | Format::AzureJson | Format::AzureCsv) => {
                    azure_firewall::read_line(text, whose, tally);
                    continue;
                }
            };
            match parsed {
                Ok(Some(entry)) if entry.is_plain() => tally.add(&entry, whose),
                Ok(None) => {}
                Ok(Some(_)) | Err(BadLine) => tally.count_bad(1),
            }
        }
    }
    tally.count_bad(chunk.too_long());
    Ok(has_requests)
}

#[cfg(test)]
mod tests {
    use super::tally::Use;
    use super::*;

    const NOW: i64 = 1_795_996_800; // 2026-11-30T00:00:00Z

    fn found(log: &str) -> (Option<Format>, Vec<String>, u64) {
        let format = Format::recognise(log.as_bytes());
        let whose = Whose::everyones("azurecr.io", Some("core.windows.net"));
        let mut tally = Tally::default();
        if let Some(format) = format {
            read(log.as_bytes(), format, NOW, &whose, &mut tally).unwrap();
        }
        let (found, bad) = (tally.found(), tally.bad_lines());
        let used = |kind: &str, of: &Use| format!("{kind} {} {} {}", of.source, of.host, of.count);
        let refused = found.refused.iter().map(|of| used("refused", of));
        let storage =
            found.refused_storage.iter().map(|of| format!("refused {} {}", of.source, of.host));
        let users = found.wildcard_users.iter().map(|of| {
            format!("wildcard {} {} {} {}", of.source, of.host, of.count, of.registry_owned)
        });
        let resolvers = found.resolvers.iter().map(|of| used("resolver", of));
        (format, refused.chain(storage).chain(users).chain(resolvers).collect(), bad)
    }

    #[test]
    fn squids_own_format() {
        let log = "\
1795996000.123    456 10.1.0.4 TCP_TUNNEL/200 5120 CONNECT contoso.azurecr.io:443 - HIER_DIRECT/20.1.2.3 -
1795996001.123    456 10.1.0.4 TCP_DENIED/403 0 CONNECT Contoso.EastUS.data.azurecr.io:443 - HIER_NONE/- -
1795996001.323    456 10.1.0.4 TCP_DENIED/403 0 CONNECT contoso.eastus.data.azurecr.io:443 - HIER_NONE/- -
1795996002.123    456 10.1.0.4 TCP_DENIED/407 0 CONNECT contoso.westus.data.azurecr.io:443 - HIER_NONE/- -
1795996003.123    456 10.1.0.5 TCP_TUNNEL/200 5120 CONNECT eastusmanaged1.blob.core.windows.net:443 - HIER_DIRECT/1.2.3.4 -
1795996003.123    456 10.1.0.5 TCP_MISS/200 5120 GET https://mine.blob.core.windows.net/x?sig=1 - HIER_DIRECT/1.2.3.4 text/html
1795996004.123    456 10.1.0.6 TCP_TUNNEL/200 5120 CONNECT example.com:443 - HIER_DIRECT/1.2.3.4 -
1795996004.123    456 10.1.0.6 TCP_TUNNEL/200 5120 CONNECT azurecr.io.example.com:443 - HIER_DIRECT/1.2.3.4 -
cut off
";
        assert_eq!(
            found(log),
            (
                Some(Format::Squid),
                vec![
                    "refused 10.1.0.4 contoso.eastus.data.azurecr.io 2".to_owned(),
                    "wildcard 10.1.0.5 mine.blob.core.windows.net 1 false".to_owned(),
                    "wildcard 10.1.0.5 eastusmanaged1.blob.core.windows.net 1 true".to_owned(),
                    "resolver 10.1.0.4 contoso.azurecr.io 1".to_owned(),
                ],
                1
            )
        );
    }

    #[test]
    fn squids_common_and_combined_format() {
        let log = "\
10.1.0.4 - - [29/Nov/2026:12:00:00 +0000] \"CONNECT contoso.eastus.data.azurecr.io:443 HTTP/1.1\" 403 3900 TCP_DENIED:HIER_NONE
10.1.0.4 - bob [29/Nov/2026:12:00:01 +0100] \"CONNECT contoso.azurecr.io:443 HTTP/1.1\" 200 39 \"-\" \"docker/27\" TCP_TUNNEL:HIER_DIRECT
";
        assert_eq!(
            found(log),
            (
                Some(Format::Squid),
                vec![
                    "refused 10.1.0.4 contoso.eastus.data.azurecr.io 1".to_owned(),
                    "resolver 10.1.0.4 contoso.azurecr.io 1".to_owned()
                ],
                0
            )
        );
        // Somebody chose another format one day; a line of neither is counted.
        let native = "1795996001.323 456 10.1.0.4 TCP_DENIED/403 0 CONNECT contoso.eastus.data.azurecr.io:443 - HIER_NONE/- -\n";
        let neither = "squid: cannot reach 10.1.0.4/contoso.azurecr.io [a] x y z\n";
        let (_, uses, bad) = found(&format!("{native}{native}{log}{neither}"));
        assert_eq!(
            (uses[0].as_str(), bad),
            ("refused 10.1.0.4 contoso.eastus.data.azurecr.io 3", 1)
        );
    }

    #[test]
    fn resolvers() {
        let dnsmasq = "\
Nov 29 12:00:00 dnsmasq[7]: query[A] contoso.azurecr.io from 10.1.0.4
Nov 29 12:00:00 dnsmasq[7]: forwarded contoso.azurecr.io to 10.0.0.2
Nov 29 12:00:00 dnsmasq[7]: reply contoso.azurecr.io is 20.1.2.3
Nov 29 12:00:01 dnsmasq[7]: query[A] contoso.eastus.data.azurecr.io from 10.1.0.4
Nov 29 12:00:01 dnsmasq[7]: config contoso.eastus.data.azurecr.io is NXDOMAIN
Nov 29 12:00:02 host dnsmasq[7]: 12 10.1.0.5/4000 query[AAAA] weumanaged15.blob.core.windows.net from 10.1.0.5
Nov 29 12:00:03 host dnsmasq[7]: 13 fd00::5/4000 query[A] contoso.azurecr.io from fd00::5
Nov 29 12:00:04 host dnsmasq[7]: 14 ::1/50992 query[A] mine.blob.core.windows.net from ::1
Nov 29 12:00:04 host dnsmasq[7]: 14 ::1/50992 config mine.blob.core.windows.net is 127.0.0.1
";
        let (format, uses, bad) = found(dnsmasq);
        assert_eq!((format, bad), (Some(Format::Dnsmasq), 0));
        assert_eq!(
            uses,
            [
                "refused 10.1.0.4 contoso.eastus.data.azurecr.io 1",
                "refused ::1 mine.blob.core.windows.net",
                "wildcard ::1 mine.blob.core.windows.net 1 false",
                "wildcard 10.1.0.5 weumanaged15.blob.core.windows.net 1 true",
                "resolver 10.1.0.4 contoso.azurecr.io 1",
                "resolver fd00::5 contoso.azurecr.io 1"
            ]
        );
        let unbound = "\
[1795996000] unbound[123:0] info: 10.1.0.4 contoso.azurecr.io. A IN
[1795996000] unbound[123:0] info: 10.1.0.4 contoso.azurecr.io. A IN NOERROR 0.05 0 65
[1795996001] unbound[123:0] info: data.azurecr.io. always_nxdomain 10.1.0.4@40000 contoso.eastus.data.azurecr.io. A IN
Nov 29 12:00:00 host unbound: [123:0] info: 10.1.0.5 mine.blob.core.windows.net. A IN
[1795996002] unbound[123:0] info: contoso.westus.data.azurecr.io. static 10.1.0.4@40000 contoso.westus.data.azurecr.io. A IN
";
        let (format, uses, bad) = found(unbound);
        assert_eq!((format, bad), (Some(Format::Unbound), 0));
        // With answers alone, those count.
        let answers = "\
[1795996000] unbound[123:0] info: 10.1.0.4 contoso.azurecr.io. A IN NOERROR 0.05 0 65
[1795996001] unbound[123:0] info: rpz: applied [acr] contoso.eastus.data.azurecr.io. rpz-nxdomain 10.1.0.4@4 contoso.eastus.data.azurecr.io. A IN
[1795996001] unbound[123:0] info: rpz: applied [acr] contoso.westus.data.azurecr.io. rpz-passthru 10.1.0.4@4 contoso.westus.data.azurecr.io. A IN
[1795996001] unbound[123:0] info: rpz: applied [acr] contoso.westus.data.azurecr.io. rpz-disabled 10.1.0.4@4 contoso.westus.data.azurecr.io. A IN
";
        let expected = [
            "refused 10.1.0.4 contoso.eastus.data.azurecr.io 1",
            "resolver 10.1.0.4 contoso.azurecr.io 1",
        ];
        assert_eq!(found(answers).1, expected);
        assert_eq!(
            uses,
            [
                "refused 10.1.0.4 contoso.eastus.data.azurecr.io 1",
                "wildcard 10.1.0.5 mine.blob.core.windows.net 1 false",
                "resolver 10.1.0.4 contoso.azurecr.io 1"
            ]
        );
    }

    #[test]
    fn exports_of_azure_firewall() {
        let lines = r#"{"time": "2026-11-29T12:00:00Z", "category": "AZFWApplicationRule", "properties": {"SourceIp": "10.1.0.4", "Fqdn": "contoso.eastus.data.azurecr.io", "Action": "Deny"}}
{"TimeGenerated": "2026-11-29T12:00:00Z", "SourceIp": "10.1.0.5", "Fqdn": "mine.blob.core.windows.net", "Action": "Allow"}
{"category": "AzureFirewallApplicationRule", "properties": {"msg": "HTTPS request from 10.1.0.6:5000 to contoso.azurecr.io:443. Action: Allow. Rule Collection: x"}}
{"records": [{"time": "2026-11-29T12:00:00Z", "properties": {"SourceIp": "10.1.0.7", "QueryName": "contoso.azurecr.io.", "msg": ""}}]}
"#;
        let expected = [
            "refused 10.1.0.4 contoso.eastus.data.azurecr.io 1",
            "wildcard 10.1.0.5 mine.blob.core.windows.net 1 false",
            "resolver 10.1.0.6 contoso.azurecr.io 1",
            "resolver 10.1.0.7 contoso.azurecr.io 1",
        ];
        assert_eq!(
            found(lines),
            (Some(Format::AzureJsonLines), expected.map(str::to_owned).to_vec(), 0)
        );
        let array = format!("[{}]", lines.trim_end().replace('\n', ",\n"));
        assert_eq!(
            found(&array),
            (Some(Format::AzureJson), expected.map(str::to_owned).to_vec(), 0)
        );
        let csv = "\u{feff}\"TimeGenerated [UTC]\",SourceIp,Fqdn,Action\n\
                   \"2026-11-29T12:00:00Z\",10.1.0.4,contoso.eastus.data.azurecr.io,Deny\n";
        assert_eq!(found(csv), (Some(Format::AzureCsv), vec![expected[0].to_owned()], 0));
    }

    #[test]
    fn other_files_are_no_log() {
        for text in ["", "hello\nworld\n", "a,b,c\n1,2,3\n", "[]", "{}", "name: x\n"] {
            assert_eq!(found(text).0, None, "{text}");
        }
    }
}
