//! Reads the options of Suricata's rules (manual, "Payload Keywords", "SSL/TLS Keywords", "Flow Keywords").

use super::matching::{Buffer, Content, Needle};
use super::rule::{Action, Needs, NoRule, Protocol, Rule};
use crate::firewall::posix_regex::PosixRegex;

/// Options about a content; others may begin another buffer.
const CONTENT: [&str; 10] = [
    "content",
    "pcre",
    "dotprefix",
    "nocase",
    "startswith",
    "endswith",
    "offset",
    "depth",
    "bsize",
    "isdataat",
];

/// Reads an option into a rule.
///
/// # Errors
/// Whether Suricata skips the rule, or why it cannot be read.
pub(super) fn option(
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
        "msg" if value.is_some_and(|value| value.starts_with('"') && value.ends_with('"')) => {}
        "classtype" | "metadata" | "noalert" => {}
        "priority" if number().is_some() => {}
        "reference" if value.is_some_and(|value| value.contains(',')) => {}
        "target" if matches!(value, Some("src_ip" | "dest_ip")) => {}
        // The contents of other buffers are not kept.
        "fast_pattern" if !rule.contents.is_empty() || rule.unknown.is_some() => {}
        "bypass" if rule.action == Action::Pass => {}
        "bypass" => {
            // Suricata looks at nothing of the connection any more.
            rule.action = Action::Pass;
            unknown(rule, "bypass is not judged".to_owned());
        }
        "gid" => rule.group = number().ok_or("the gid is no number")?,
        "sid" if rule.sid == 0 => rule.sid = number().ok_or("the sid is no number")?,
        "rev" if number() != Some(0) => {
            rule.revision = number().ok_or("the rev is no number")?;
        }
        "msg" | "priority" | "reference" | "target" | "fast_pattern" | "sid" | "rev" => {
            return Err(format!("{name} cannot be read").into());
        }
        "flow" => read_flow(rule, value.unwrap_or_default()),
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
        _ if CONTENT.contains(&name) => {
            return content_option(rule, buffer.as_mut(), name, value);
        }
        _ => {
            // It may be another buffer, to which the contents behind it belong.
            *buffer = None;
            unknown(rule, format!("{name} is not judged"));
        }
    }
    Ok(())
}

/// `flow:established,to_server`.
fn read_flow(rule: &mut Rule, value: &str) {
    rule.has_flow = true;
    for word in value.split(',') {
        match word.trim() {
            "to_server" | "from_client" if rule.to_server != Some(false) => {
                rule.to_server = Some(true);
            }
            "to_client" | "from_server" if rule.to_server != Some(true) => {
                rule.to_server = Some(false);
            }
            "established" => rule.needs = rule.needs.max(Needs::Established),
            other => {
                rule.unknown.get_or_insert(format!("flow:{other} is not judged").into());
            }
        }
    }
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
