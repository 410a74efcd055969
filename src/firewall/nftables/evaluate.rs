//! Walks packets through the chains.
//!
//! The semantics are those of nft(8): every base chain on a packet's way must accept it, in all tables; `accept` ends one
//! base chain, `drop` ends all. `tests/judges/nftables.py` compares the decisions with those of the kernel.

use super::packet::{HostAddress, Memory, Packet};
use super::ruleset::{Chain, Condition, End, Item, Key, Rule, Ruleset, Selector, Set, Verdict};
use crate::firewall::address_range::AddressRange;
use crate::firewall::dnsmasq::FilledSet;
use crate::firewall::policy::{Match, Place};
use std::net::IpAddr;
use std::sync::Arc;

/// The limit of chains within chains; nft's own is 16.
const MAX_DEPTH: usize = 16;
/// The most chains that one packet is walked through.
const MAX_STEPS: u32 = 2_000;
/// The ports that clients connect from on Linux.
const EPHEMERAL: (u16, u16) = (32_768, 60_999);

/// Names of protocols in rules.
const PROTOCOLS: [&str; 13] = [
    "tcp",
    "udp",
    "icmp",
    "icmpv6",
    "ipv6-icmp",
    "esp",
    "ah",
    "sctp",
    "dccp",
    "udplite",
    "comp",
    "gre",
    "igmp",
];
/// States that packets of a usual connection do not have.
const OTHER_STATES: [&str; 3] = ["related", "invalid", "untracked"];

/// What may happen to a packet, with the lines that decide.
#[derive(Debug, Default)]
pub(super) struct Possible {
    pub accept: Option<Vec<Place>>,
    pub drop: Option<Vec<Place>>,
    /// Whether it may reach the end of the chain.
    pub through: bool,
    /// Why more than one thing may happen.
    pub why: Option<(Place, Arc<str>)>,
}

impl Possible {
    fn add(&mut self, other: Self) -> bool {
        self.accept = self.accept.take().or(other.accept);
        self.drop = self.drop.take().or(other.drop);
        self.why = self.why.take().or(other.why);
        other.through
    }
}

impl Ruleset {
    /// What may happen to a packet in a chain.
    pub(super) fn walk(
        &self,
        key: &Key,
        chain: &Chain,
        packet: Packet<'_>,
        depth: usize,
    ) -> Possible {
        let mut possible = Possible::default();
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MAX_STEPS {
            let place = chain.rules.first().map(|rule| rule.place.clone());
            let places: Vec<Place> = place.into_iter().collect();
            let why: Arc<str> = "there are too many ways through the chains".into();
            possible.why = places.first().map(|place| (place.clone(), why));
            (possible.accept, possible.drop, possible.through) =
                (Some(places.clone()), Some(places), true);
            return possible;
        }
        for rule in &chain.rules {
            let Some(verdict) = &rule.verdict else { continue };
            let matched = self.matches(key, rule, packet);
            let is_certain = match matched {
                Match::No => continue,
                Match::Yes => true,
                Match::Maybe(why) => {
                    possible.why.get_or_insert((rule.place.clone(), why));
                    false
                }
            };
            let ends = self.apply(key, rule, verdict, packet, depth, &mut possible);
            if ends && is_certain {
                return possible;
            }
        }
        possible.through = true;
        possible
    }

    /// Applies a verdict. Returns whether the walk through this chain ends.
    fn apply(
        &self,
        key: &Key,
        rule: &Rule,
        verdict: &Verdict,
        packet: Packet<'_>,
        depth: usize,
        possible: &mut Possible,
    ) -> bool {
        // A rule for all addresses says nothing about this host.
        let is_about_hosts =
            |condition: &Condition| matches!(condition.selector, Selector::Address(..));
        let names_hosts = rule.conditions.iter().any(is_about_hosts);
        let places = || if names_hosts { vec![rule.place.clone()] } else { Vec::new() };
        match verdict {
            Verdict::Accept => {
                possible.accept.get_or_insert_with(|| vec![rule.place.clone()]);
                true
            }
            Verdict::Drop => {
                possible.drop.get_or_insert_with(places);
                true
            }
            Verdict::Return => {
                possible.through = true;
                true
            }
            Verdict::Jump(target) | Verdict::Goto(target) => {
                let target = (key.0.clone(), key.1.clone(), target.clone());
                let chain = self.chains.get(&target).filter(|_| depth < MAX_DEPTH);
                let called = match chain {
                    Some(chain) => self.walk(&target, chain, packet, depth + 1),
                    None => unknown(rule, "the chain is not in the file".into()),
                };
                let through = possible.add(called);
                // What comes back from a jump goes on here; from a goto it goes on in the caller.
                let is_goto = matches!(verdict, Verdict::Goto(_));
                possible.through |= through && is_goto;
                is_goto || !through
            }
            Verdict::Map(selector, entries) => {
                self.apply_map(key, rule, (selector, entries), packet, depth, possible)
            }
            Verdict::NamedMap(selector, name) => {
                let Some(map) = self.fixed_set(key, name) else {
                    return !possible.add(unknown(rule, "the map is not in the file".into()));
                };
                self.apply_map(key, rule, (selector, &map.verdicts), packet, depth, possible)
            }
            Verdict::Unknown(why) => {
                possible.add(unknown(rule, Arc::clone(why)));
                true
            }
        }
    }

    fn apply_map(
        &self,
        key: &Key,
        rule: &Rule,
        (selector, entries): (&Selector, &[(Item, Verdict)]),
        packet: Packet<'_>,
        depth: usize,
        possible: &mut Possible,
    ) -> bool {
        // `*` stands for what no other entry does.
        let is_rest = |item: &Item| *item == Item::Word("*".to_owned());
        let (rest, named): (Vec<_>, Vec<_>) = entries.iter().partition(|(item, _)| is_rest(item));
        for (item, verdict) in named.into_iter().chain(rest) {
            let condition =
                Condition { selector: selector.clone(), negated: false, items: vec![item.clone()] };
            match self.holds(key, &condition, packet) {
                Match::No => {}
                Match::Yes => return self.apply(key, rule, verdict, packet, depth, possible),
                Match::Maybe(why) => {
                    possible.why.get_or_insert((rule.place.clone(), why));
                    self.apply(key, rule, verdict, packet, depth, possible);
                }
            }
        }
        false
    }

    fn matches(&self, key: &Key, rule: &Rule, packet: Packet<'_>) -> Match {
        let conditions = rule.conditions.iter();
        conditions.map(|condition| self.holds(key, condition, packet)).fold(Match::Yes, Match::and)
    }

    fn holds(&self, key: &Key, condition: &Condition, packet: Packet<'_>) -> Match {
        let items = condition.items.iter();
        let (first, last) = (packet.port, packet.port);
        let matched = match &condition.selector {
            Selector::Unknown(why) => return Match::Maybe(Arc::clone(why)),
            Selector::FieldOf(protocol) if protocol != packet.protocol.name() => return Match::No,
            Selector::FieldOf(_) => return Match::Maybe("the field is not judged".into()),
            _ if condition.items == [Item::Word("*".to_owned())] => return Match::Yes,
            Selector::Protocol(Some(version)) if *version != packet.version => return Match::No,
            Selector::Port(_, Some(protocol)) if protocol != packet.protocol.name() => {
                return Match::No;
            }
            Selector::Address(_, version) if *version != packet.version => return Match::No,
            Selector::Family => {
                items.map(|item| is_family(item, packet.version)).fold(Match::No, Match::or)
            }
            Selector::Protocol(_) => items
                .map(|item| match item {
                    Item::Word(word) if word == packet.protocol.name() => Match::Yes,
                    Item::Word(word) if PROTOCOLS.contains(&word.as_str()) => Match::No,
                    Item::Numbers(first, last) => {
                        Match::from_bool((*first..=*last).contains(&packet.protocol.number()))
                    }
                    _ => Match::Maybe("the protocol is not judged".into()),
                })
                .fold(Match::No, Match::or),
            Selector::Port(end, _) => {
                let is_server = (*end == End::Destination) != packet.is_reply;
                let range = if is_server { (first, last) } else { EPHEMERAL };
                items.map(|item| self.has_port(key, item, range)).fold(Match::No, Match::or)
            }
            Selector::Address(end, _) => {
                let is_host = (*end == End::Destination) != packet.is_reply;
                items
                    .map(|item| {
                        if is_host {
                            self.has_host(key, item, packet)
                        } else {
                            has_client(item, packet)
                        }
                    })
                    .fold(Match::No, Match::or)
            }
            Selector::State => items
                .map(|item| match item {
                    Item::Word(word) if !packet.is_tracked => Match::from_bool(word == "invalid"),
                    Item::Word(word) if word == "new" => Match::from_bool(packet.is_first),
                    Item::Word(word) if word == "established" => Match::from_bool(!packet.is_first),
                    Item::Word(word) if OTHER_STATES.contains(&word.as_str()) => Match::No,
                    _ => Match::Maybe("the state is not judged".into()),
                })
                .fold(Match::No, Match::or),
            Selector::Interface => items
                .map(|item| match item {
                    Item::Word(word) if word == "lo" => Match::from_bool(packet.is_local),
                    Item::Word(_) if packet.is_local => Match::No,
                    _ => Match::Maybe("interfaces are not judged".into()),
                })
                .fold(Match::No, Match::or),
        };
        if condition.negated { matched.negated() } else { matched }
    }

    fn has_port(&self, key: &Key, item: &Item, (low, high): (u16, u16)) -> Match {
        match item {
            Item::Numbers(first, last) if *first <= low && high <= *last => Match::Yes,
            Item::Numbers(first, last) if *last < low || high < *first => Match::No,
            Item::Set(name) => match self.fixed_set(key, name) {
                Some(set) => {
                    let items = set.items.iter().filter(|item| !matches!(item, Item::Set(_)));
                    items
                        .map(|item| self.has_port(key, item, (low, high)))
                        .fold(Match::No, Match::or)
                }
                None => Match::Maybe("the set is not in the file".into()),
            },
            _ => Match::Maybe("the port is not judged".into()),
        }
    }

    /// Whether the host's address is among those of an item.
    fn has_host(&self, key: &Key, item: &Item, packet: Packet<'_>) -> Match {
        match item {
            Item::Addresses(first, last) => in_range((*first, *last), packet.host),
            Item::Set(name) => {
                let Some(set) = self.sets.get(&(key.0.clone(), key.1.clone(), name.clone())) else {
                    return Match::Maybe("the set is not in the file".into());
                };
                let is_this = |filled: &&FilledSet| {
                    filled.set == *name && filled.table == key.1 && filled.table_family == key.0
                };
                let kind = if packet.version == '4' { "ipv4_addr" } else { "ipv6_addr" };
                if packet.filled.is_some_and(|filled| filled.iter().any(|filled| is_this(&filled)))
                    && set.kind == kind
                {
                    return match (set.forgets(), packet.memory) {
                        (Some(why), Memory::Uncertain) => Match::Maybe(why.into()),
                        (Some(_), Memory::Lost) => Match::No,
                        (Some(_), Memory::Has) | (None, _) => Match::Yes,
                    };
                }
                let why = match packet.filled {
                    _ if set.is_dynamic || self.is_updated(key, name) => {
                        "rules of the kernel add addresses to the set"
                    }
                    None if !set.is_interval => {
                        "check the rules together with the dnsmasq configuration that fills the set"
                    }
                    _ => "",
                };
                if !why.is_empty() {
                    return Match::Maybe(why.into());
                }
                let items = set.items.iter();
                // Single addresses are those that dnsmasq added for other names.
                let items = items.filter(|item| {
                    let is_single = matches!(item, Item::Addresses(first, last) if first == last);
                    set.is_interval || !is_single || self.is_static(key, name)
                });
                items.map(|item| self.has_host(key, item, packet)).fold(Match::No, Match::or)
            }
            _ => Match::Maybe("the address is not judged".into()),
        }
    }
}

impl Ruleset {
    /// A set or map of the table whose elements are those of the file.
    fn fixed_set(&self, key: &Key, name: &str) -> Option<&Set> {
        let set = self.sets.get(&(key.0.clone(), key.1.clone(), name.to_owned()));
        set.filter(|set| !set.is_dynamic && !self.is_updated(key, name))
    }

    /// Whether rules add elements to a set.
    fn is_updated(&self, key: &Key, name: &str) -> bool {
        self.updated.contains(&(key.0.clone(), key.1.clone(), name.to_owned()))
    }

    /// Whether dnsmasq fills no such set, so that its elements are those of the file.
    fn is_static(&self, key: &Key, name: &str) -> bool {
        !self.filled.iter().any(|filled| {
            filled.set == *name && filled.table == key.1 && filled.table_family == key.0
        })
    }
}

fn unknown(rule: &Rule, why: Arc<str>) -> Possible {
    let places = vec![rule.place.clone()];
    Possible {
        accept: Some(places.clone()),
        drop: Some(places),
        through: true,
        why: Some((rule.place.clone(), why)),
    }
}

fn is_family(item: &Item, version: char) -> Match {
    match item {
        Item::Word(word) if word == "ipv4" || word == "ip" => Match::from_bool(version == '4'),
        Item::Word(word) if word == "ipv6" || word == "ip6" => Match::from_bool(version == '6'),
        Item::Word(word) if matches!(word.as_str(), "arp" | "vlan") => Match::No,
        _ => Match::Maybe("the family is not judged".into()),
    }
}

fn in_range((first, last): (IpAddr, IpAddr), host: HostAddress) -> Match {
    match host {
        HostAddress::Is(address) => Match::from_bool(first <= address && address <= last),
        _ if AddressRange { first, last }.is_everything() => Match::Yes,
        HostAddress::Elsewhere => Match::No,
        HostAddress::Unknown if (AddressRange { first, last }).holds_no_registry() => Match::No,
        HostAddress::Unknown => Match::Maybe(
            "hosts have no address offline; name it with --resolve HOST:443:ADDRESS".into(),
        ),
    }
}

fn has_client(item: &Item, packet: Packet<'_>) -> Match {
    match (item, packet.client) {
        (Item::Addresses(first, last), Some(client)) => {
            Match::from_bool(*first <= client && client <= *last)
        }
        (Item::Addresses(first, last), None)
            if (AddressRange { first: *first, last: *last }).is_everything() =>
        {
            Match::Yes
        }
        (Item::Addresses(..), None) => {
            Match::Maybe("name the client's address with --source".into())
        }
        _ => Match::Maybe("sets of clients are not judged".into()),
    }
}
