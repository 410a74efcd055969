//! Reads Suricata's rules (manual, "Rules Format").

use super::matching::Content;
use super::options::option;
use crate::firewall::policy::Place;
use std::sync::Arc;

/// Suricata does not load longer rules, in bytes.
const MAX_RULE: usize = 8_000;

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Pass,
    /// `drop`, `reject` and its variants.
    Drop,
    /// `alert`: nothing.
    Alert,
}

/// The protocol of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Ip,
    Tcp,
    Tls,
    Http,
    /// One that no TLS or HTTP connection has.
    Other,
}

/// A condition on one end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Side {
    Any,
    /// `$HOME_NET`: clients.
    Home,
    /// `$EXTERNAL_NET`: everybody else.
    External,
    Unknown,
}

/// Ranges of ports; negated if none of them may match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ports {
    Any,
    Ranges(Vec<(u16, u16)>, bool),
    Unknown,
}

/// When a rule can match, at the earliest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Needs {
    /// The first packet.
    Packet,
    /// A packet of an established connection.
    Established,
    /// The whole ClientHello, or the request.
    Hello,
}

/// A rule.
#[derive(Debug)]
pub(super) struct Rule {
    pub action: Action,
    pub protocol: Protocol,
    pub from: (Side, Ports),
    pub to: (Side, Ports),
    pub both_ways: bool,
    /// `Some(true)` for `flow:to_server`, `Some(false)` for `flow:to_client`.
    pub to_server: Option<bool>,
    pub needs: Needs,
    pub contents: Vec<Content>,
    /// Why the rule may match, or not be loaded.
    pub unknown: Option<Arc<str>>,
    /// Whether the rule looks at the direction or the state of the connection.
    pub has_flow: bool,
    /// The group of its identifier.
    pub group: u32,
    pub sid: u32,
    pub revision: u32,
    pub place: Place,
}

/// Why there is no rule.
#[derive(Debug)]
pub(super) enum NoRule {
    /// Suricata skips it: it says so, and loads the rest.
    Skipped,
    /// It cannot be read; Suricata may skip it or not.
    Unknown(String),
}

impl From<String> for NoRule {
    fn from(why: String) -> Self {
        Self::Unknown(why)
    }
}

impl From<&str> for NoRule {
    fn from(why: &str) -> Self {
        Self::Unknown(why.to_owned())
    }
}

/// Reads a rule.
///
/// # Errors
/// Whether Suricata skips it, or why it cannot be read.
pub(super) fn rule(line: &str, place: &Place) -> Result<Rule, NoRule> {
    let (header, options) = line.split_once('(').ok_or("the rule has no options")?;
    let options = options.trim_end().strip_suffix(')').ok_or("the rule has no end")?;
    if !options.trim_end().ends_with(';') || line.len() > MAX_RULE {
        return Err("the options do not end with ';', or the rule is too long".into());
    }
    let words = header_words(header);
    let [action, protocol, from, from_port, direction, to, to_port] = words.as_slice() else {
        return Err("the header does not have seven parts".into());
    };
    let action = match action.to_ascii_lowercase().as_str() {
        "pass" => Action::Pass,
        "drop" | "reject" | "rejectsrc" | "rejectdst" | "rejectboth" => Action::Drop,
        "alert" => Action::Alert,
        other => return Err(format!("'{other}' is no action of Suricata 7").into()),
    };
    let protocol = match protocol.to_ascii_lowercase().as_str() {
        "ip" => Protocol::Ip,
        "tcp" | "tcp-pkt" | "tcp-stream" | "pkthdr" => Protocol::Tcp,
        "tls" => Protocol::Tls,
        "http" | "http1" => Protocol::Http,
        "ipv6" | "ipv4" | "ip6" | "ip4" => return Err("rules for one family are not judged".into()),
        "udp" | "icmp" | "icmpv6" | "dns" | "ssh" | "smtp" | "ftp" | "quic" | "ntp" | "dhcp"
        | "smb" | "http2" | "imap" | "sip" | "rdp" | "snmp" | "tftp" | "ike" | "krb5" | "nfs"
        | "mqtt" | "rfb" | "sctp" | "modbus" | "dnp3" | "enip" | "ftp-data" => Protocol::Other,
        other => return Err(format!("'{other}' is no protocol of Suricata 7").into()),
    };
    let both_ways = match direction.as_str() {
        "->" => false,
        "<>" => true,
        other => return Err(format!("'{other}' is no direction").into()),
    };
    let mut rule = Rule {
        action,
        protocol,
        from: (side(from), ports(from_port)),
        to: (side(to), ports(to_port)),
        both_ways,
        to_server: None,
        needs: Needs::Packet,
        contents: Vec::new(),
        unknown: None,
        has_flow: false,
        group: 1,
        sid: 0,
        revision: 1,
        place: place.clone(),
    };
    let mut buffer = None;
    for (name, value) in options_of(options) {
        option(&mut rule, &mut buffer, &name, value.as_deref())?;
    }
    let is_for_protocol = matches!(rule.protocol, Protocol::Tls | Protocol::Http);
    if rule.action == Action::Pass && is_for_protocol && rule.contents.is_empty() && rule.has_flow {
        let why = "a pass on a protocol with flow depends on the packet";
        rule.unknown.get_or_insert(why.into());
    }
    if rule.sid == 0 {
        return Err(NoRule::Skipped);
    }
    Ok(rule)
}

/// The words of the header. Lists in brackets may hold spaces.
fn header_words(header: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut depth = 0;
    for c in header.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        if c.is_whitespace() {
            if depth == 0 {
                words.push(String::new());
            }
        } else if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn side(text: &str) -> Side {
    match text {
        "any" | "[any]" => Side::Any,
        "$HOME_NET" | "[$HOME_NET]" | "!$EXTERNAL_NET" => Side::Home,
        "$EXTERNAL_NET" | "[$EXTERNAL_NET]" | "!$HOME_NET" => Side::External,
        _ => Side::Unknown,
    }
}

fn ports(text: &str) -> Ports {
    if text == "any" {
        return Ports::Any;
    }
    let (text, negated) = match text.strip_prefix('!') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let text = text.trim_start_matches('[').trim_end_matches(']');
    let range = |text: &str| -> Option<(u16, u16)> {
        let (first, last) = text.split_once(':').unwrap_or((text, text));
        let first = if first.is_empty() { 0 } else { first.parse().ok()? };
        let last = if last.is_empty() { u16::MAX } else { last.parse().ok()? };
        (first <= last).then_some((first, last))
    };
    match text.split(',').map(range).collect() {
        Some(ranges) => Ports::Ranges(ranges, negated),
        None => Ports::Unknown,
    }
}

/// The options between the parentheses: names with values.
fn options_of(text: &str) -> Vec<(String, Option<String>)> {
    let mut options = Vec::new();
    let mut option = String::new();
    let (mut escaped, mut quoted) = (false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                options.push(std::mem::take(&mut option));
                continue;
            }
            _ => {}
        }
        option.push(c);
    }
    options.push(option);
    let split = |option: &String| {
        let option = option.trim();
        match option.split_once(':') {
            Some((name, value)) => (name.trim().to_owned(), Some(value.trim().to_owned())),
            None => (option.to_owned(), None),
        }
    };
    options.iter().map(split).filter(|(name, _)| !name.is_empty()).collect()
}
