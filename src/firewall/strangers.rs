//! Hosts that no registry of the user needs, to find out whether rules are too open.

use super::AllowList;
use super::host_set::HostSet;
use super::policy::Mentions;
use crate::domain::{Fqdn, HostPattern, Role};
use std::collections::{BTreeSet, HashSet};

/// A label that somebody else could have registered, for a registry and for a storage account alike.
const LABEL: &str = "someoneelses0";
/// A region that has registries.
const REGION: &str = "eastus";
/// Another one.
const OTHER_REGION: &str = "northeurope";
/// What may stand before an example of a pattern: nothing, a part of its first label, labels of their own.
const STARTS: [&str; 5] = ["", "abc", LABEL, "someoneelses0.", "someoneelses0.a"];
/// A top-level domain that no cloud's registries have.
const OTHER_TOP: &str = "co";
/// The longest name in DNS.
const MAX_NAME: usize = 253;
/// A site that has nothing to do with Azure.
const UNRELATED: &str = "some-unrelated-site.com";

/// A host that must not be reachable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// The host.
    pub host: Fqdn,
    /// Whether it is a storage account, which `--allow-wildcard` accepts.
    pub storage: bool,
}

/// The domains of registries and storage accounts, and the names that are the user's own.
#[derive(Debug)]
pub struct Territory {
    /// `blob.core.windows.net`, if the cloud has storage accounts.
    storage: Option<String>,
    /// `azurecr.io`.
    registries: BTreeSet<String>,
    /// The first labels of the user's registries.
    own: HashSet<String>,
    /// Hosts of other domains that look like the user's own.
    lookalikes: Vec<String>,
}

impl Territory {
    /// The territory of registries.
    ///
    /// # Arguments
    /// * `needed` - the registries.
    /// * `storage_suffix` - the cloud's, e.g. `core.windows.net`.
    pub fn new(needed: &AllowList, storage_suffix: Option<&str>) -> Self {
        let mut registries = BTreeSet::new();
        let mut own = HashSet::new();
        for group in &needed.groups {
            let is_registry = group.endpoints.iter().any(|e| e.role == Role::Login);
            if let (label, Some(domain)) = group.title.split_label()
                && is_registry
            {
                registries.insert(domain.to_owned());
                own.insert(label.to_owned());
            }
        }
        let storage = storage_suffix.map(|suffix| format!("blob.{suffix}"));
        let needed = needed.endpoints().into_iter().filter_map(|e| Self::example_of(&e.host));
        let mut lookalikes: Vec<String> = needed.flat_map(|host| lookalikes(&host)).collect();
        lookalikes.extend(registries.iter().map(|domain| format!("{LABEL}{domain}")));
        Self { storage, registries, own, lookalikes }
    }

    /// The host as a stranger, if it has the shape of somebody else's registry or storage account.
    fn stranger(&self, name: &str) -> Option<Stranger> {
        let host = Fqdn::parse(name).ok()?;
        let (label, domain) = host.split_label();
        let is_storage = domain.is_some() && domain == self.storage.as_deref();
        if is_storage && (3..=24).contains(&label.len()) && !label.contains('-') {
            return Some(Stranger { host, storage: true });
        }
        let is_under = |domain: &str| {
            let parts: Vec<&str> = domain.splitn(3, '.').collect();
            self.registries.contains(domain)
                || matches!(parts.as_slice(), [_, "data" | "geo", rest] if self.registries.contains(*rest))
        };
        let is_registry = domain.is_some_and(is_under) && !self.own.contains(label);
        is_registry.then_some(Stranger { host, storage: false })
    }

    /// Strangers: four that never change, those that look like the user's own hosts, and one made from each name and pattern
    /// that the rules mention.
    pub fn strangers(&self, mentions: &Mentions<'_>) -> Vec<Stranger> {
        let mut names: Vec<String> = Vec::new();
        names.extend(self.storage.as_ref().map(|storage| format!("{LABEL}.{storage}")));
        for domain in &self.registries {
            names.push(format!("{LABEL}.{domain}"));
            names.push(format!("{LABEL}.{REGION}.data.{domain}"));
            names.push(format!("{LABEL}.{OTHER_REGION}.data.{domain}"));
        }
        // Rules on the first characters of a name, or on all others.
        if !mentions.examples.is_empty() {
            for first in ('a'..='z').chain('0'..='9') {
                self.complete(&format!("{first}zq0"), &mut names);
            }
        }
        let domains = mentions.hosts.iter().flat_map(|hosts: &&HostSet| hosts.domains());
        let mut domains: Vec<&str> = domains.map(|(domain, _)| domain).collect();
        domains.sort_unstable();
        for domain in domains {
            names.push(format!("{LABEL}.{domain}"));
            names.push(format!("{LABEL}.{REGION}.{domain}"));
        }
        let may_be_in_host = |example: &&String| example.len() <= MAX_NAME;
        for example in mentions.examples.iter().filter(may_be_in_host) {
            self.complete(&example.to_ascii_lowercase(), &mut names);
        }
        names.extend(mentions.neighbours.iter().cloned());
        let mut seen = HashSet::new();
        let unrelated = Fqdn::parse(UNRELATED).ok().map(|host| Stranger { host, storage: false });
        let outside = mentions.outside.iter().chain(&self.lookalikes);
        // What stands below one of the user's own registries is nobody else's.
        let outside = outside
            .filter_map(|name| Some(Stranger { host: Fqdn::parse(name).ok()?, storage: false }))
            .filter(|stranger| self.own_role(stranger.host.as_str()).is_none());
        let made =
            names.iter().filter_map(|name| self.stranger(name)).chain(unrelated).chain(outside);
        made.filter(|stranger| seen.insert(stranger.host.clone())).collect()
    }

    /// Makes hosts that contain an example of a pattern.
    fn complete(&self, example: &str, names: &mut Vec<String>) {
        let bases = self.storage.iter().chain(&self.registries);
        let endings = bases.flat_map(|base| {
            [format!(".{base}"), format!(".{REGION}.data.{base}"), format!("x.{base}")]
        });
        for ending in endings {
            // The example may hold the beginning of the ending.
            for (at, _) in ending.char_indices() {
                if example.ends_with(&ending[..at]) {
                    for start in STARTS {
                        names.push(format!("{start}{example}{}", &ending[at..]));
                    }
                }
            }
            if example.ends_with(&ending) {
                names.extend(STARTS.map(|start| format!("{start}{example}")));
            }
        }
    }

    /// A host that stands for a pattern that is needed.
    pub fn example_of(pattern: &HostPattern) -> Option<Fqdn> {
        match pattern {
            HostPattern::Exact(host) => Some(host.clone()),
            HostPattern::Below(domain) => Fqdn::parse(&format!("{LABEL}.{domain}")).ok(),
        }
    }

    /// What a name of one of the user's registries was for: `<label>.<region>.<role>.<domain>`.
    pub fn own_role(&self, name: &str) -> Option<(Role, String)> {
        let mut parts = name.splitn(4, '.');
        let (label, region) = (parts.next()?, parts.next()?);
        let (role, domain) = (parts.next()?, parts.next()?);
        let role = match role {
            "data" => Role::Data,
            "geo" => Role::Regional,
            _ => return None,
        };
        let is_own = self.own.contains(label) && self.registries.contains(domain);
        is_own.then(|| (role, region.to_owned()))
    }
}

/// Hosts that look like a host but belong to other domains: an open pattern for the host may match them.
fn lookalikes(host: &Fqdn) -> Vec<String> {
    let host = host.as_str();
    let mut names = vec![format!("{host}.{UNRELATED}")];
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at);
    let (Some(last), before) = (dots.next(), dots.next()) else { return names };
    names.push(format!("{}.{OTHER_TOP}", &host[..last]));
    if let Some(before) = before {
        let (start, end) = (&host[..before], &host[last..]);
        names.push(format!("{start}.{LABEL}{end}"));
        // In place of a dot: only the one before the registered domain (`azurecr.io`) leads to somebody else's domain.
        for other in ["x", "-"] {
            names.push(format!("{start}{other}{}", &host[before + 1..]));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    fn made_from(example_text: &str) -> Vec<String> {
        let territory = Territory::new(&example().0, Some("core.windows.net"));
        let mentions = Mentions { examples: vec![example_text.to_owned()], ..Mentions::default() };
        let strangers = territory.strangers(&mentions);
        strangers.into_iter().map(|stranger| stranger.host.to_string()).collect()
    }

    #[test]
    fn patterns_are_completed_to_hosts() {
        for (text, expected) in [
            ("a", "a.azurecr.io"),
            ("eastusmanagedx", "eastusmanagedx.blob.core.windows.net"),
            (".blob.core", "abc.blob.core.windows.net"),
            (".eastus.data.azurecr.io", "abc.eastus.data.azurecr.io"),
        ] {
            let made = made_from(text);
            assert!(made.iter().any(|name| name == expected), "{text}: {made:?}");
        }
    }

    #[test]
    fn the_users_own_names_are_no_strangers() {
        let made = made_from("contoso");
        assert!(!made.iter().any(|name| name == "contoso.azurecr.io"), "{made:?}");
        assert!(made.iter().any(|name| name == "abccontoso.azurecr.io"), "{made:?}");
    }

    #[test]
    fn open_patterns_meet_hosts_that_look_like_the_users_own() {
        let made = made_from("contoso");
        for expected in [
            "contoso.azurecr.io.some-unrelated-site.com",
            "contoso.azurecr.co",
            "contoso.someoneelses0.io",
            "contosoxazurecr.io",
            "contoso-azurecr.io",
            "contoso.eastus.data-azurecr.io",
        ] {
            assert!(made.iter().any(|name| name == expected), "{expected}: {made:?}");
        }
    }
}
