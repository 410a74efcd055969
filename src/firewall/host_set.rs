//! Hosts and domains of rules, found by name in time that does not grow with their number.

use super::policy::Place;
use std::collections::{HashMap, HashSet};

/// Hosts, and domains that stand for every name below them, each with the line that names it first.
#[derive(Debug, Default)]
pub struct HostSet {
    hosts: HashMap<String, Place>,
    domains: HashMap<String, Place>,
    /// Every domain above one of the names.
    above: HashSet<String>,
}

impl HostSet {
    /// Adds a host.
    pub fn insert_host(&mut self, name: &str, place: &Place) {
        self.remember_domains_above(name);
        self.hosts.entry(name.to_owned()).or_insert_with(|| place.clone());
    }

    /// Adds every name below a domain; below the empty one is every name.
    pub fn insert_below(&mut self, domain: &str, place: &Place) {
        self.remember_domains_above(domain);
        self.domains.entry(domain.to_owned()).or_insert_with(|| place.clone());
    }

    fn remember_domains_above(&mut self, name: &str) {
        for domain in domains_above(name) {
            if !self.above.insert(domain.to_owned()) {
                break;
            }
        }
    }

    /// The line that stands for a host: its own, or that of the nearest domain.
    pub fn find(&self, host: &str) -> Option<&Place> {
        let below = || domains_above(host).find_map(|domain| self.domains.get(domain));
        self.hosts.get(host).or_else(below).or_else(|| self.domains.get(""))
    }

    /// Whether the set has neither hosts nor domains.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.domains.is_empty()
    }

    /// Whether a host itself is in the set.
    pub fn has_host(&self, name: &str) -> bool {
        self.hosts.contains_key(name)
    }

    /// The line that names a domain itself.
    pub fn domain(&self, name: &str) -> Option<&Place> {
        self.domains.get(name)
    }

    /// Whether a host or a domain of the set is below this domain.
    pub fn has_any_below(&self, domain: &str) -> bool {
        self.above.contains(domain)
    }

    /// The hosts.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, &Place)> {
        self.hosts.iter().map(|(name, place)| (name.as_str(), place))
    }

    /// The domains.
    pub fn domains(&self) -> impl Iterator<Item = (&str, &Place)> {
        self.domains.iter().map(|(name, place)| (name.as_str(), place))
    }
}

/// A name, the domains above it, and the root, which is empty.
pub fn name_and_domains(name: &str) -> impl Iterator<Item = &str> {
    [name].into_iter().chain(domains_above(name)).chain([""])
}

/// The domains above a name, from the nearest on: `b.c` and `c` for `a.b.c`.
fn domains_above(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('.').map(|(at, _)| &name[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_itself_or_by_a_domain_above_it() {
        let place = |line| Place { file: "rules".into(), line };
        let mut set = HostSet::default();
        set.insert_host("a.b.io", &place(1));
        set.insert_below("core.windows.net", &place(2));
        for (name, line) in [
            ("a.b.io", Some(1)),
            ("x.a.b.io", None),
            ("b.io", None),
            ("x.blob.core.windows.net", Some(2)),
            ("core.windows.net", None),
        ] {
            assert_eq!(set.find(name).map(|place| place.line), line, "{name}");
        }
        assert!(set.has_any_below("io") && !set.has_any_below("a.b.io"));
        set.insert_below("", &place(3));
        assert_eq!(set.find("b.io").map(|place| place.line), Some(3));
    }
}
