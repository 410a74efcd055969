//! Tables, chains, sets and rules of nftables as values, whichever way they were written.

use crate::firewall::address_range::AddressRange;
use crate::firewall::dnsmasq::FilledSet;
use crate::firewall::policy::Place;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

/// Family, table and name of a chain or set.
pub(super) type Key = (String, String, String);

/// All rules.
#[derive(Debug, Default)]
pub(super) struct Ruleset {
    pub chains: BTreeMap<Key, Chain>,
    pub sets: HashMap<Key, Set>,
    /// The chains that the current packet was walked through.
    pub steps: Cell<u32>,
    /// The sets that rules add elements to.
    pub updated: HashSet<Key>,
    /// The sets that dnsmasq fills.
    pub filled: HashSet<FilledSet>,
    /// Whether the rules begin by removing all others, or are a list of all.
    pub is_whole: bool,
    /// The first line that makes every answer unknown, and why.
    pub hidden: Option<(Place, Arc<str>)>,
}

/// A chain.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// Where a base chain sees packets; `None` for one that must be called.
    pub hook: Option<String>,
    /// `filter`, `nat` or `route`.
    pub kind: String,
    /// Where it stands among the chains of its hook.
    pub priority: i32,
    /// Whether the policy is to drop.
    pub drops: bool,
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub conditions: Vec<Condition>,
    pub verdict: Option<Verdict>,
    pub place: Place,
}

/// What a rule does with a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Accept,
    Drop,
    Jump(String),
    Goto(String),
    Return,
    /// A verdict for each value of something.
    Map(Selector, Vec<(Item, Verdict)>),
    /// The same, in a map with a name.
    NamedMap(Selector, String),
    /// Something that sends the packet elsewhere.
    Unknown(Arc<str>),
}

/// A condition on a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub selector: Selector,
    pub negated: bool,
    pub items: Vec<Item>,
}

/// What a condition looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selector {
    /// IPv4 or IPv6.
    Family,
    /// TCP or something else; of packets of one family, if one is given.
    Protocol(Option<char>),
    /// A port of a protocol; `None` for any protocol that has ports.
    Port(End, Option<String>),
    /// An address of a family.
    Address(End, char),
    /// The state of the connection.
    State,
    /// An interface.
    Interface,
    /// A field of another protocol than TCP.
    FieldOf(String),
    /// Something that depends on more than the connection.
    Unknown(Arc<str>),
}

/// One end of a packet's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Source,
    Destination,
}

/// A value that something is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Numbers(u16, u16),
    Addresses(IpAddr, IpAddr),
    Set(String),
    Word(String),
}

/// A set or a map.
#[derive(Debug, Default)]
pub(super) struct Set {
    /// The type of its elements.
    pub kind: String,
    pub items: Vec<Item>,
    /// The verdicts, if it is a map.
    pub verdicts: Vec<(Item, Verdict)>,
    /// Whether it holds ranges: dnsmasq fills sets of single addresses.
    pub is_interval: bool,
    /// Whether rules add elements.
    pub is_dynamic: bool,
    /// Whether elements disappear after a time.
    pub expires: bool,
    /// The most elements, if there is a limit.
    pub size: Option<u64>,
}

/// A set with room for as many addresses does not fill up.
const ROOMY: u64 = 1_024;

impl Set {
    /// Why an address that dnsmasq has added may not be in the set any more, or never was.
    pub fn forgets(&self) -> Option<&'static str> {
        if self.expires {
            Some("addresses disappear from the set while dnsmasq still answers from its cache")
        } else if self.size.is_some_and(|size| size < ROOMY) {
            Some("the set has room for few addresses")
        } else {
            None
        }
    }
}

/// Names of priorities (nft(8), "Standard priority names").
const PRIORITIES: [(&str, i32); 6] = [
    ("raw", -300),
    ("mangle", -150),
    ("dstnat", -100),
    ("filter", 0),
    ("security", 50),
    ("srcnat", 100),
];

/// Reads a priority: `0`, `filter`, `filter + 10`, `raw - 5`.
pub(super) fn priority(words: &[&str]) -> i32 {
    let base = words.first().copied().unwrap_or_default();
    let named = PRIORITIES.iter().find(|(name, _)| *name == base);
    let base = named.map(|(_, priority)| *priority).or_else(|| base.parse().ok()).unwrap_or(0);
    let offset = |word: &str| word.parse::<i32>().unwrap_or(0);
    match words {
        [_, signed, ..] if signed.len() > 1 && signed.starts_with(['+', '-']) => {
            base + offset(signed)
        }
        [_, "+", more, ..] => base + offset(more),
        [_, "-", less, ..] => base - offset(less),
        _ => base,
    }
}

/// Services that rules name instead of their ports, from /etc/services.
const SERVICES: [(&str, u16); 12] = [
    ("domain", 53),
    ("ftp", 21),
    ("http", 80),
    ("https", 443),
    ("imap2", 143),
    ("imaps", 993),
    ("ldap", 389),
    ("ntp", 123),
    ("pop3s", 995),
    ("smtp", 25),
    ("ssh", 22),
    ("submission", 587),
];

impl Item {
    /// Reads a value.
    pub fn parse(text: &str) -> Self {
        let text = text.trim_matches('"');
        if let Some(set) = text.strip_prefix('@') {
            return Self::Set(set.to_owned());
        }
        if let Some(range) = AddressRange::parse(text) {
            return Self::Addresses(range.first, range.last);
        }
        let number = |text: &str| {
            let service = SERVICES.iter().find(|(name, _)| *name == text);
            let hexadecimal = || u16::from_str_radix(text.strip_prefix("0x")?, 16).ok();
            service.map(|(_, port)| *port).or_else(|| text.parse().ok()).or_else(hexadecimal)
        };
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (number(first), number(last)) {
            (Some(first), Some(last)) => Self::Numbers(first, last),
            _ => Self::Word(text.to_owned()),
        }
    }
}

/// Reads the selector in the first words of a condition. Returns the number of words that it takes.
pub(super) fn selector(words: &[&str]) -> Option<(Selector, usize)> {
    let unknown = |name: &str| Selector::Unknown(format!("{name} is not judged").into());
    Some(match words {
        ["meta", "nfproto" | "protocol", ..] => (Selector::Family, 2),
        ["meta", "l4proto", ..] => (Selector::Protocol(None), 2),
        ["ip", "protocol", ..] => (Selector::Protocol(Some('4')), 2),
        ["ip6", "nexthdr", ..] => (Selector::Protocol(Some('6')), 2),
        [
            protocol @ ("tcp" | "udp" | "th" | "sctp" | "dccp" | "udplite"),
            port @ ("dport" | "sport"),
            ..,
        ] => {
            let end = if *port == "dport" { End::Destination } else { End::Source };
            let protocol = (*protocol != "th").then(|| (*protocol).to_owned());
            (Selector::Port(end, protocol), 2)
        }
        [
            protocol @ ("udp" | "sctp" | "dccp" | "udplite" | "icmp" | "icmpv6" | "igmp" | "arp"
            | "esp" | "ah"),
            _,
            ..,
        ] => (Selector::FieldOf((*protocol).to_owned()), 2),
        [family @ ("ip" | "ip6"), end @ ("daddr" | "saddr"), ..] => {
            let version = if *family == "ip" { '4' } else { '6' };
            let end = if *end == "daddr" { End::Destination } else { End::Source };
            (Selector::Address(end, version), 2)
        }
        ["ct", "state", ..] => (Selector::State, 2),
        // What iptables has and nft does not, with the reason.
        ["iptables", reason, ..] => (Selector::Unknown(reason.replace('_', " ").into()), 2),
        ["meta", "iifname" | "oifname" | "iif" | "oif", ..] => (Selector::Interface, 2),
        ["iifname" | "oifname" | "iif" | "oif", ..] => (Selector::Interface, 1),
        ["meta" | "ct" | "tcp" | "ip" | "ip6" | "ether" | "vlan" | "rt" | "socket", what, ..] => {
            (unknown(&format!("{} {what}", words[0])), 2)
        }
        ["mark" | "skuid" | "skgid" | "pkttype" | "cpu" | "iiftype" | "oiftype", ..] => {
            (unknown(words[0]), 1)
        }
        _ => return None,
    })
}

/// `inet filter`, or `filter` of the family ip.
pub(super) fn table_name(words: &[&str]) -> (String, String) {
    match words {
        [family @ ("ip" | "ip6" | "inet" | "bridge" | "netdev" | "arp"), table, ..] => {
            ((*family).to_owned(), (*table).to_owned())
        }
        [table, ..] => ("ip".to_owned(), (*table).to_owned()),
        [] => ("ip".to_owned(), String::new()),
    }
}

/// A chain or set with its table, and the number of words that name it.
pub(super) fn named(words: &[&str]) -> Option<(Key, usize)> {
    let (family, table) = table_name(words);
    let used = if words.get(1) == Some(&table.as_str()) && words.first() != Some(&table.as_str()) {
        2
    } else {
        1
    };
    let name = words.get(used)?;
    Some(((family, table, (*name).to_owned()), used + 1))
}
