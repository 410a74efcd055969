//! Decides what Suricata does to a connection.
//!
//! Suricata looks at one packet after the other. What matches earlier wins; among the rules that match the same packet, a
//! pass beats a drop, wherever it stands (manual, "Action-order"). `tests/judges/suricata.py` compares the decisions with
//! those of the program.

use super::rule::{Action, Needs, NoRule, Ports, Protocol, Rule, Side, rule};
use crate::firewall::host_set::HostSet;
use crate::firewall::policy::{
    Decision, Flow, Match, Mentions, Outcome, Place, Policy, Purpose, RuleFile, Scope,
};
use std::collections::HashMap;
use std::sync::Arc;

/// The port of HTTP.
const HTTP: u16 = 80;
/// The ports that clients connect from.
const EPHEMERAL: (u16, u16) = (32_768, 60_999);
/// Why a rule hangs some clients.
const TWO_SEGMENTS: &str = "clients whose ClientHello comes in two segments (Go, containerd) hang at this rule; add \
                            ssl_state:client_hello";

/// Rules.
#[derive(Debug, Default)]
pub struct Rules {
    list: Vec<Rule>,
    /// The rules that are about one host, by that host.
    by_host: HashMap<String, Vec<usize>>,
    /// All others that do something.
    general: Vec<usize>,
    names: HostSet,
    /// Whether rules are asked in their order, and the first that matches decides: AWS calls it strict order.
    is_strict: bool,
}

/// Whether a text has rules of Suricata.
pub fn is_rules(text: &str) -> bool {
    text.lines().any(|line| {
        let mut words = line.split_whitespace();
        let action = words.next().unwrap_or_default().to_ascii_lowercase();
        let is_action = matches!(action.as_str(), "pass" | "drop" | "reject" | "alert");
        is_action && line.contains('(') && (line.contains("->") || line.contains("<>"))
    })
}

/// Reads files as one, in order.
pub fn read(files: &[RuleFile]) -> Rules {
    let lines = files.iter().flat_map(|file| {
        logical_lines(&file.text)
            .into_iter()
            .map(|(line, text)| (0, Place { file: Arc::clone(&file.name), line }, text))
    });
    from_lines(lines, false)
}

/// Reads rules, one a line.
///
/// # Arguments
/// * `lines` - the number of the group, within which identifiers count, the place, and the rule.
/// * `is_strict` - whether the first rule that matches decides, in place of the default action order.
pub fn from_lines(lines: impl Iterator<Item = (usize, Place, String)>, is_strict: bool) -> Rules {
    let mut rules = Rules { is_strict, ..Rules::default() };
    let mut by_sid: HashMap<(usize, u32, u32), usize> = HashMap::new();
    for (group, place, text) in lines {
        let rule = match rule(&text, &place) {
            Ok(rule) => rule,
            Err(NoRule::Skipped) => continue,
            Err(NoRule::Unknown(why)) => unreadable(&text, &why, &place),
        };
        // Of two rules with the same sid, the one with the higher revision is loaded, else the first.
        match by_sid.get(&(group, rule.group, rule.sid)).filter(|_| rule.sid != 0) {
            Some(at) if rules.list[*at].revision < rule.revision => rules.list[*at] = rule,
            Some(_) => {}
            None => {
                by_sid.insert((group, rule.group, rule.sid), rules.list.len());
                rules.list.push(rule);
            }
        }
    }
    for (i, rule) in rules.list.iter().enumerate() {
        if rule.action == Action::Alert {
            continue;
        }
        match rule.contents.iter().find_map(super::matching::Content::exact) {
            Some(host) => rules.by_host.entry(host.to_ascii_lowercase()).or_default().push(i),
            None => rules.general.push(i),
        }
    }
    for rule in &rules.list {
        for content in &rule.contents {
            if let Some(host) = content.exact() {
                rules.names.insert_host(&host.to_ascii_lowercase(), &rule.place);
            }
        }
    }
    rules
}

/// A rule that Suricata skips, or that means something unknown: it may match anything.
fn unreadable(text: &str, why: &str, place: &Place) -> Rule {
    let is_pass = text.trim_start().to_ascii_lowercase().starts_with("pass");
    Rule {
        action: if is_pass { Action::Pass } else { Action::Drop },
        protocol: Protocol::Ip,
        from: (Side::Any, Ports::Any),
        to: (Side::Any, Ports::Any),
        both_ways: true,
        to_server: None,
        needs: Needs::Packet,
        contents: Vec::new(),
        unknown: Some(format!("Suricata may skip the rule: {why}").into()),
        has_flow: false,
        group: 1,
        sid: 0,
        revision: 1,
        place: place.clone(),
    }
}

/// Lines without comments. `\` at the end of a line continues it.
pub fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut current: Option<(usize, String)> = None;
    for (i, line) in text.lines().enumerate() {
        let continued = current.is_some();
        let (number, mut whole) = current.take().unwrap_or((i + 1, String::new()));
        // Comments are not continued, and Suricata ignores lines that begin with white space.
        if !continued && line.starts_with(['#', ' ', '\t']) {
            continue;
        }
        if let Some(rest) = line.trim_end().strip_suffix('\\') {
            whole.push_str(rest);
            current = Some((number, whole));
        } else {
            whole.push_str(line);
            lines.push((number, whole));
        }
    }
    lines.extend(current);
    lines.retain(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    lines
}

/// A packet of a connection.
#[derive(Debug, Clone, Copy)]
struct Packet {
    to_server: bool,
    /// Whether Suricata knows the protocol.
    is_recognised: bool,
    /// Whether Suricata knows the host.
    has_host: bool,
}

const SYN: Packet = Packet { to_server: true, is_recognised: false, has_host: false };
const SYN_ACK: Packet = Packet { to_server: false, ..SYN };
const FIRST_SEGMENT: Packet = Packet { is_recognised: true, ..SYN };
/// The server confirms the first segment.
const CONFIRMATION: Packet = Packet { to_server: false, ..FIRST_SEGMENT };
const HELLO: Packet = Packet { has_host: true, ..FIRST_SEGMENT };
const ANSWER: Packet = Packet { to_server: false, ..HELLO };

impl Rules {
    /// What happens to a connection that consists of packets.
    fn follow(&self, flow: &Flow<'_>, packets: &[Packet], otherwise: &Outcome) -> Decision {
        // The first rule of each kind that may have matched before.
        let mut may_pass: Option<(Place, Arc<str>)> = None;
        let mut may_drop: Option<(Place, Arc<str>)> = None;
        let mut end = Decision::by_default(otherwise.clone());
        for packet in packets {
            let found = self.rules_for(flow, *packet);
            match (found.pass, found.drop) {
                (Some(rule), _) => {
                    end = Decision::by(Outcome::Allow, &rule.place);
                    if self.is_strict {
                        // It stands before the pass.
                        may_drop = may_drop.or(found.may_drop);
                    }
                    if rule.passes_connection() {
                        break;
                    }
                    // The packet passes; the next one is looked at again. Whether that helps against a drop depends
                    // on more than the rules.
                    if found.drop.is_some() {
                        let why = "a pass with flow holds for single packets, and a drop matches them too";
                        may_drop.get_or_insert((rule.place.clone(), why.into()));
                    }
                }
                (None, Some(rule)) => {
                    may_pass = may_pass.or(found.may_pass);
                    // A rule for all hosts says nothing about this one.
                    let is_about_hosts = !rule.contents.is_empty();
                    let places = is_about_hosts.then(|| rule.place.clone()).into_iter().collect();
                    end = Decision { outcome: Outcome::Deny, places };
                    break;
                }
                (None, None) => {
                    may_pass = may_pass.or(found.may_pass);
                    may_drop = may_drop.or(found.may_drop);
                }
            }
        }
        let unknown = match end.outcome {
            Outcome::Allow => may_drop,
            _ => may_pass,
        };
        match unknown {
            Some((place, why)) => Decision::by(Outcome::Unknown(why), &place),
            None => end,
        }
    }

    fn rules_for(&self, flow: &Flow<'_>, packet: Packet) -> Found<'_> {
        let mut found = Found::default();
        let about_host = self.by_host.get(flow.host.as_str()).into_iter().flatten();
        let mut candidates: Vec<usize> = about_host.chain(&self.general).copied().collect();
        if self.is_strict {
            candidates.sort_unstable();
        }
        for rule in candidates.into_iter().map(|at| &self.list[at]) {
            // In strict order, what comes after a rule that matches is not asked.
            if self.is_strict && (found.pass.is_some() || found.drop.is_some()) {
                break;
            }
            match (rule.matches(flow, packet), rule.action) {
                (Match::No, _) => {}
                (Match::Maybe(why), Action::Pass) => {
                    found.may_pass.get_or_insert((rule.place.clone(), why));
                }
                (Match::Maybe(why), _) => {
                    found.may_drop.get_or_insert((rule.place.clone(), why));
                }
                (Match::Yes, Action::Pass) => {
                    let is_better = rule.passes_connection()
                        && !found.pass.is_some_and(Rule::passes_connection);
                    found.pass = if is_better { Some(rule) } else { found.pass.or(Some(rule)) };
                }
                (Match::Yes, _) => found.drop = found.drop.or(Some(rule)),
            }
        }
        found
    }
}

/// The rules that match a packet, and those that may.
#[derive(Default)]
struct Found<'a> {
    pass: Option<&'a Rule>,
    drop: Option<&'a Rule>,
    may_pass: Option<(Place, Arc<str>)>,
    may_drop: Option<(Place, Arc<str>)>,
}

impl Rule {
    /// Whether a pass holds for the whole connection: if it looks at the application, or at addresses and ports
    /// alone.
    fn passes_connection(&self) -> bool {
        matches!(self.protocol, Protocol::Tls | Protocol::Http) || !self.has_flow
    }

    fn matches(&self, flow: &Flow<'_>, packet: Packet) -> Match {
        let is_http = flow.port == HTTP;
        let wanted = match self.protocol {
            Protocol::Other => return Match::No,
            Protocol::Ip | Protocol::Tcp => true,
            Protocol::Tls => !is_http && packet.is_recognised,
            Protocol::Http => is_http && packet.is_recognised,
        };
        // A rule that needs an established connection drops single packets, which are sent again: what counts is
        // whether something lets the connection pass once the host is known.
        let is_ready = match self.needs {
            Needs::Packet => true,
            Needs::Established => packet.has_host,
            Needs::Hello => packet.has_host && packet.to_server,
        };
        let fits = self.to_server.is_none_or(|to_server| to_server == packet.to_server);
        if !wanted || !is_ready || !fits {
            return Match::No;
        }
        let there = ends_match(&self.from, &self.to, flow, packet);
        let ends = if self.both_ways {
            there.or(ends_match(&self.to, &self.from, flow, packet))
        } else {
            there
        };
        let host = flow.host.as_str();
        let contents = self.contents.iter().all(|content| content.matches(host));
        let matched = ends.and(Match::from_bool(contents));
        matched.unless_unknown(self.unknown.as_ref())
    }
}

fn ends_match(from: &(Side, Ports), to: &(Side, Ports), flow: &Flow<'_>, packet: Packet) -> Match {
    let server = (flow.port, flow.port);
    let (source, destination) =
        if packet.to_server { (EPHEMERAL, server) } else { (server, EPHEMERAL) };
    side_matches(&from.0, packet.to_server)
        .and(side_matches(&to.0, !packet.to_server))
        .and(ports_match(&from.1, source))
        .and(ports_match(&to.1, destination))
}

fn side_matches(side: &Side, is_client: bool) -> Match {
    match side {
        Side::Any => Match::Yes,
        Side::Home => Match::from_bool(is_client),
        Side::External => Match::from_bool(!is_client),
        Side::Unknown => Match::Maybe("addresses in the header are not judged".into()),
    }
}

fn ports_match(ports: &Ports, (low, high): (u16, u16)) -> Match {
    let (ranges, negated) = match ports {
        Ports::Any => return Match::Yes,
        Ports::Unknown => return Match::Maybe("variables for ports are not judged".into()),
        Ports::Ranges(ranges, negated) => (ranges, *negated),
    };
    let one = |(first, last): &(u16, u16)| {
        if *first <= low && high <= *last {
            Match::Yes
        } else if *last < low || high < *first {
            Match::No
        } else {
            Match::Maybe("the client's port may be among these".into())
        }
    };
    let matched = ranges.iter().map(one).fold(Match::No, Match::or);
    if negated { matched.negated() } else { matched }
}

impl Policy for Rules {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        let one = self.follow(flow, &[SYN, SYN_ACK, HELLO, ANSWER], otherwise);
        if flow.port == HTTP {
            return one;
        }
        let two = self.follow(
            flow,
            &[SYN, SYN_ACK, FIRST_SEGMENT, CONFIRMATION, HELLO, ANSWER],
            otherwise,
        );
        match (&one.outcome, &two.outcome) {
            (Outcome::Allow, Outcome::Deny) if flow.purpose == Purpose::Needed => {
                let hanging = self.list.iter().find(|rule| {
                    let packets = [FIRST_SEGMENT, CONFIRMATION];
                    let is_early = packets.iter().any(|p| rule.matches(flow, *p) == Match::Yes);
                    rule.action == Action::Drop && is_early
                });
                let places = hanging.map(|rule| rule.place.clone()).into_iter().collect();
                Decision { outcome: Outcome::Unknown(TWO_SEGMENTS.into()), places }
            }
            (Outcome::Deny, Outcome::Allow | Outcome::Unknown(_))
                if flow.purpose == Purpose::Stranger =>
            {
                two
            }
            (Outcome::Allow, Outcome::Unknown(_)) if flow.purpose == Purpose::Needed => two,
            _ => one,
        }
    }

    fn mentions(&self) -> Mentions<'_> {
        let acting = self.list.iter().filter(|rule| rule.action != Action::Alert);
        let contents = acting.flat_map(|rule| {
            let texts = rule.contents.iter().flat_map(super::matching::Content::examples);
            // Two contents of one rule may stand next to each other.
            let joined: String =
                rule.contents.iter().filter_map(|c| c.examples().into_iter().next()).collect();
            texts.chain([joined]).collect::<Vec<_>>()
        });
        Mentions { hosts: vec![&self.names], examples: contents.collect(), ..Mentions::default() }
    }

    fn scope(&self) -> Scope {
        Scope::Whole
    }

    fn default_outcome(&self) -> Outcome {
        Outcome::Allow
    }

    fn filters_port_80(&self) -> bool {
        true
    }
}
