//! Reads Suricata's rules (manual, "Rules Format").

use super::matching::{Buffer, Content, Needle};
use crate::firewall::policy::Place;
use crate::firewall::posix_regex::PosixRegex;
use std::sync::Arc;

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
        "udp" | "icmp" | "icmpv6" | "dns" | "ssh" | "smtp" | "ftp" | "quic" | "ntp" | "dhcp"
        | "smb" | "http2" | "imap" | "sip" | "ipv6" | "rdp" | "snmp" | "tftp" | "ike" | "krb5"
        | "nfs" | "mqtt" | "rfb" | "sctp" | "modbus" | "dnp3" | "enip" | "ftp-data" => {
            Protocol::Other
        }
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
        Some((first, if last.is_empty() { u16::MAX } else { last.parse().ok()? }))
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

fn option(
    rule: &mut Rule,
    buffer: &mut Option<Buffer>,
    name: &str,
    value: Option<&str>,
) -> Result<(), NoRule> {
    let unknown = |rule: &mut Rule, why: String| {
        rule.unknown.get_or_insert(why.into());
    };
    let number = || value.and_then(|value| value.parse::<u32>().ok());
    match name {
        "msg" | "classtype" | "priority" | "reference" | "metadata" | "gid" | "target"
        | "noalert" | "fast_pattern" | "bypass" => {}
        "sid" => rule.sid = number().ok_or("the sid is no number")?,
        "rev" => rule.revision = number().ok_or("the rev is no number")?,
        "flow" => {
            rule.has_flow = true;
            for word in value.unwrap_or_default().split(',') {
                match word.trim() {
                    "to_server" | "from_client" => rule.to_server = Some(true),
                    "to_client" | "from_server" => rule.to_server = Some(false),
                    "established" => rule.needs = rule.needs.max(Needs::Established),
                    other => unknown(rule, format!("flow:{other} is not judged")),
                }
            }
        }
        "ssl_state" if value == Some("client_hello") => {
            rule.protocol = restricted(rule.protocol, Protocol::Tls)?;
            rule.needs = rule.needs.max(Needs::Hello);
            rule.to_server = rule.to_server.or(Some(true));
        }
        "tls.version" | "ssl_version" => {
            rule.needs = rule.needs.max(Needs::Hello);
            unknown(rule, format!("{name} is not judged"));
        }
        "app-layer-protocol" if value == Some("tls") => {
            rule.protocol = restricted(rule.protocol, Protocol::Tls)?;
        }
        "tls.sni" | "tls_sni" => {
            rule.protocol = restricted(rule.protocol, Protocol::Tls)?;
            rule.needs = rule.needs.max(Needs::Hello);
            *buffer = Some(Buffer { number: rule.contents.len(), dotprefix: false });
        }
        "http.host" => {
            rule.protocol = restricted(rule.protocol, Protocol::Http)?;
            rule.needs = rule.needs.max(Needs::Hello);
            *buffer = Some(Buffer { number: rule.contents.len(), dotprefix: false });
        }
        _ => return content_option(rule, buffer.as_mut(), name, value),
    }
    Ok(())
}

/// The narrower protocol; Suricata does not load rules that name two.
fn restricted(protocol: Protocol, wanted: Protocol) -> Result<Protocol, String> {
    match protocol {
        Protocol::Ip | Protocol::Tcp => Ok(wanted),
        protocol if protocol == wanted => Ok(wanted),
        _ => Err("the rule names two protocols".into()),
    }
}

/// `content`, `pcre`, and the modifiers of the content before them.
fn content_option(
    rule: &mut Rule,
    buffer: Option<&mut Buffer>,
    name: &str,
    value: Option<&str>,
) -> Result<(), NoRule> {
    let Some(buffer) = buffer else {
        let why = format!("{name} outside tls.sni and http.host is not judged");
        rule.unknown.get_or_insert(why.into());
        return Ok(());
    };
    let value = value.unwrap_or_default();
    match name {
        "dotprefix" => {
            buffer.dotprefix = true;
            for content in &mut rule.contents {
                content.dotprefix |= content.buffer == buffer.number;
            }
            return Ok(());
        }
        "content" => {
            let (value, negated) = negation(value);
            let text = unescaped(value).ok_or("the content cannot be read")?;
            let needle = Needle::Text(text);
            rule.contents.push(Content::new(needle, negated, buffer));
            return Ok(());
        }
        "pcre" => {
            let (value, negated) = negation(value);
            match regex(value) {
                Ok(regex) => {
                    rule.contents.push(Content::new(
                        Needle::Regex(Box::new(regex)),
                        negated,
                        buffer,
                    ));
                }
                Err(why) => drop(rule.unknown.get_or_insert(why.into())),
            }
            return Ok(());
        }
        _ => {}
    }
    modifier(rule, name, value)
}

/// A modifier of the last content.
fn modifier(rule: &mut Rule, name: &str, value: &str) -> Result<(), NoRule> {
    let number = value.parse::<usize>().ok();
    let last = rule.contents.last_mut();
    match (name, last, number) {
        ("nocase", Some(content), _) => content.nocase = true,
        ("startswith", Some(content), _) => content.startswith = true,
        ("endswith", Some(content), _) => content.endswith = true,
        ("offset", Some(content), Some(number)) => content.offset = number,
        ("depth", Some(content), Some(number)) => content.depth = Some(number),
        ("bsize", Some(content), Some(number)) => content.size = Some(number),
        ("isdataat", Some(content), _) if value == "!1,relative" => content.endswith = true,
        ("nocase" | "startswith" | "endswith" | "offset" | "depth", None, _) => {
            return Err(NoRule::Skipped);
        }
        _ => {
            let why = format!("{name} is not judged");
            rule.unknown.get_or_insert(why.into());
        }
    }
    if let Some(content) = rule.contents.last() {
        let contradicts = content.startswith && (content.depth.is_some() || content.offset != 0);
        let length = match &content.needle {
            Needle::Text(text) => text.len(),
            Needle::Regex(_) => 0,
        };
        if contradicts || content.depth.is_some_and(|depth| depth < length) {
            return Err(NoRule::Skipped);
        }
    }
    Ok(())
}

fn negation(value: &str) -> (&str, bool) {
    match value.strip_prefix('!') {
        Some(rest) => (rest.trim(), true),
        None => (value, false),
    }
}

/// The text of a content: `"a|2e|b\;"`.
fn unescaped(value: &str) -> Option<String> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(chars.next()?),
            '|' => {
                let hex: String = chars.by_ref().take_while(|c| *c != '|').collect();
                for byte in hex.split_whitespace() {
                    text.push(char::from(u8::from_str_radix(byte, 16).ok().filter(u8::is_ascii)?));
                }
            }
            c => text.push(c),
        }
    }
    (!text.is_empty()).then_some(text)
}

/// The expression of a pcre: `"/^a\.b$/i"`, as far as it can be judged.
fn regex(value: &str) -> Result<PosixRegex, String> {
    let parts = value.trim_matches('"').strip_prefix('/').and_then(|rest| rest.rsplit_once('/'));
    let (pattern, flags) = parts.ok_or("the pcre cannot be read")?;
    if !matches!(flags, "" | "i") {
        return Err(format!("the flags {flags} of a pcre are not judged"));
    }
    let pattern = pattern.replace("\\/", "/").replace("(?:", "(").replace("\\d", "[0-9]");
    PosixRegex::parse(&pattern, flags == "i")
}
