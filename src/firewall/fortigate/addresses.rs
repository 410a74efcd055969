//! The addresses and hosts that objects and groups of FortiOS stand for.

use super::config::Object;
use super::decide::{MAX_DEPTH, Rules};
use crate::firewall::host_set::HostSet;
use crate::firewall::name_pattern::NamePattern;
use crate::firewall::policy::Match;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::rc::Rc;

/// The tables of address objects.
pub(super) const NAMED: [&str; 2] = ["firewall address", "firewall wildcard-fqdn custom"];
const GROUPS: &str = "firewall addrgrp";

/// The groups that were asked for, with the groups within them.
pub(super) type Groups = RefCell<HashMap<String, Rc<Group>>>;

/// The members of a group, and of the groups within it.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Those that are names.
    names: HostSet,
    others: Vec<String>,
}

/// The hosts that an address object stands for, if it has a name.
pub(super) fn fqdn(object: &Object) -> Option<NamePattern> {
    NamePattern::with_star(&text(object)?.to_ascii_lowercase())
}

/// The name of an address object.
fn text(object: &Object) -> Option<&str> {
    object.first("fqdn").or_else(|| object.first("wildcard-fqdn"))
}

impl Rules {
    /// Whether an address object or a group stands for one of some addresses, or for a host.
    pub(super) fn address_matches(
        &self,
        name: &str,
        addresses: &[IpAddr],
        host: Option<&str>,
        depth: usize,
    ) -> Match {
        if depth > MAX_DEPTH {
            return Match::Maybe("groups are nested too deeply".into());
        }
        if let Some(unknown) = self.members.one_more() {
            return unknown;
        }
        match name {
            "all" => return Match::Yes,
            "none" => return Match::No,
            _ => {}
        }
        if let Some(object) = self.config.object(GROUPS, name) {
            return self.group_matches(object, addresses, host, depth);
        }
        let Some(object) = self.address(name) else {
            return Match::Maybe(format!("the address '{name}' is not in the files").into());
        };
        if text(object).is_some() {
            return match (fqdn(object), host) {
                (Some(pattern), Some(host)) => Match::from_bool(pattern.matches(host)),
                (None, _) => Match::Maybe(format!("the name in '{name}' cannot be read").into()),
                (_, None) => Match::Maybe("the addresses of a name are not known".into()),
            };
        }
        match object.subnet() {
            Some(range) if range.prefix_len() == 0 => Match::Yes,
            Some(range) if !addresses.is_empty() => {
                Match::from_bool(addresses.iter().any(|address| range.contains(address)))
            }
            Some(_) => {
                Match::Maybe("the address of the host is not known; name it with --resolve".into())
            }
            None => Match::Maybe(format!("the address '{name}' is not judged").into()),
        }
    }

    fn group_matches(
        &self,
        object: &Object,
        addresses: &[IpAddr],
        host: Option<&str>,
        depth: usize,
    ) -> Match {
        let any = |names: &[String]| {
            let matched =
                names.iter().map(|name| self.address_matches(name, addresses, host, depth + 1));
            matched.fold(Match::No, Match::or)
        };
        let group = self.group(object);
        let named = match host {
            _ if group.names.is_empty() => Match::No,
            Some(host) => Match::from_bool(group.names.find(host).is_some()),
            None => Match::Maybe("the addresses of a name are not known".into()),
        };
        let excluded = if object.is_enabled("exclude") {
            any(object.values("exclude-member"))
        } else {
            Match::No
        };
        named.or(any(&group.others)).and(excluded.negated())
    }

    /// The members of a group. A group within it that excludes something counts as one member.
    fn group(&self, object: &Object) -> Rc<Group> {
        if let Some(group) = self.groups.borrow().get(&object.name) {
            return Rc::clone(group);
        }
        let mut group = Group::default();
        let mut open = vec![object];
        let mut seen = HashSet::from([object.name.as_str()]);
        while let Some(next) = open.pop() {
            for member in next.values("member").iter().filter(|name| seen.insert(name)) {
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
