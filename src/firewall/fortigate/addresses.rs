//! The addresses and hosts that objects and groups of FortiOS stand for.

use super::config::Object;
use super::decide::{MAX_DEPTH, Rules};
use crate::firewall::address_range::{End, SHARED};
use crate::firewall::host_set::HostSet;
use crate::firewall::name_pattern::NamePattern;
use crate::firewall::policy::Match;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// The tables of address objects.
pub(super) const NAMED: [&str; 1] = ["firewall address"];
const GROUPS: &str = "firewall addrgrp";

/// The groups that were asked for, with the groups within them.
pub(super) type Groups = RefCell<HashMap<String, Rc<Group>>>;

/// The most members that all groups have together, with those of the groups within them.
const MOST: usize = 300_000;

/// The members of a group, and of the groups within it.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Those that are names.
    names: HostSet,
    others: Vec<String>,
    /// The number of its members, with those of the groups within it.
    size: usize,
    /// Whether there are more, because groups have too many members.
    is_cut: bool,
}

/// The hosts that an address object stands for, if it has a name.
pub(super) fn fqdn(object: &Object) -> Option<NamePattern> {
    NamePattern::with_star(&text(object)?.to_ascii_lowercase())
}

/// The name of an address object.
fn text(object: &Object) -> Option<&str> {
    object.first("fqdn").or_else(|| object.first("wildcard-fqdn"))
}

/// Whether an address object has no address of its own: then it stands for all.
fn is_any(object: &Object) -> bool {
    ["type", "subnet", "fqdn", "start-ip", "country", "wildcard"]
        .iter()
        .all(|option| object.first(option).is_none())
}

impl Rules {
    /// Whether the address `all` stands for all addresses, as the factory sets it.
    pub(super) fn is_factory_all(&self) -> bool {
        self.address("all").is_none_or(is_any)
    }

    /// Whether an address object or a group stands for one of some addresses, or for a host.
    pub(super) fn address_matches(&self, name: &str, end: End<'_>, depth: usize) -> Match {
        if depth > MAX_DEPTH {
            return Match::Maybe("groups are nested too deeply".into());
        }
        if let Some(unknown) = self.members.one_more() {
            return unknown;
        }
        // What the factory sets can be changed.
        match (name, self.address(name)) {
            ("all", _) if self.is_factory_all() => return Match::Yes,
            ("none", None) => return Match::No,
            ("none", Some(object)) if is_any(object) => return Match::Yes,
            _ => {}
        }
        if let Some(object) = self.config.object(GROUPS, name) {
            return self.group_matches(object, end, depth);
        }
        let Some(object) = self.address(name) else {
            return Match::Maybe(format!("the address '{name}' is not in the files").into());
        };
        if let Some(text) = text(object) {
            return match (fqdn(object), end.host) {
                (Some(pattern), Some(host)) => {
                    let is_below = |domain: &str| text.to_ascii_lowercase().ends_with(domain);
                    match pattern.matches(host) {
                        false if end.may_share(is_below) => Match::Maybe(SHARED.into()),
                        matches => Match::from_bool(matches),
                    }
                }
                (None, _) => Match::Maybe(format!("the name in '{name}' cannot be read").into()),
                (_, None) => Match::Maybe("the addresses of a name are not known".into()),
            };
        }
        match object.subnet() {
            Some(range) if range.prefix_len() == 0 => Match::Yes,
            Some(range) => end.is_in(range.into()),
            None => Match::Maybe(format!("the address '{name}' is not judged").into()),
        }
    }

    fn group_matches(&self, object: &Object, end: End<'_>, depth: usize) -> Match {
        let any = |names: &[String], end: End<'_>| {
            let matched = names.iter().map(|name| self.address_matches(name, end, depth + 1));
            matched.fold(Match::No, Match::or)
        };
        let group = self.group(object);
        if group.is_cut {
            return Match::Maybe("groups have too many members".into());
        }
        let named = match end.host {
            _ if group.names.is_empty() => Match::No,
            Some(host) if group.names.find(host).is_some() => Match::Yes,
            Some(_) if end.may_share(|domain| group.names.has_any_below(domain)) => {
                Match::Maybe(SHARED.into())
            }
            Some(_) => Match::No,
            None => Match::Maybe("the addresses of a name are not known".into()),
        };
        let excluded = if object.is_enabled("exclude") {
            any(object.values("exclude-member"), End { allows: !end.allows, ..end })
        } else {
            Match::No
        };
        named.or(any(&group.others, end)).and(excluded.negated())
    }

    /// The members of a group. A group within it that excludes something counts as one member.
    fn group(&self, object: &Object) -> Rc<Group> {
        if let Some(group) = self.groups.borrow().get(&object.name) {
            return Rc::clone(group);
        }
        let before: usize = self.groups.borrow().values().map(|group| group.size).sum();
        let mut group = Group::default();
        let mut open = vec![object];
        let mut seen = HashSet::from([object.name.as_str()]);
        while let Some(next) = open.pop().filter(|_| !group.is_cut) {
            for member in next.values("member").iter().filter(|name| seen.insert(name)) {
                group.size += 1;
                group.is_cut = before + group.size > MOST;
                if group.is_cut {
                    break;
                }
                let inner = self.config.object(GROUPS, member);
                let address = self.address(member);
                match (inner, address.and_then(fqdn)) {
                    (Some(inner), _) if !inner.is_enabled("exclude") => open.push(inner),
                    (None, Some(pattern)) => pattern.mention(&mut group.names, &next.place),
                    _ => group.others.push(member.clone()),
                }
            }
        }
        let group = Rc::new(group);
        self.groups.borrow_mut().insert(object.name.clone(), Rc::clone(&group));
        group
    }

    fn address(&self, name: &str) -> Option<&Object> {
        NAMED.iter().find_map(|table| self.config.object(table, name))
    }
}
