//! Patterns for host names that several languages share.

use super::host_set::HostSet;
use super::policy::Place;
use crate::domain::Fqdn;

/// Which hosts an entry stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamePattern {
    /// Every host.
    Any,
    /// One host.
    Exact(String),
    /// Every host below a domain, at any depth; not the domain itself.
    Below(String),
    /// A domain and every host below it.
    Tree(String),
}

impl NamePattern {
    /// Reads `*`, `*.domain` and a name, of which a final dot is left out; `None` for anything else.
    pub fn with_star(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        match text.strip_prefix("*.") {
            Some(domain) => Some(Self::Below(name(domain)?)),
            None => Some(Self::Exact(name(text)?)),
        }
    }

    /// Whether a host is among those that the pattern stands for.
    ///
    /// # Arguments
    /// * `host` - in small letters.
    pub fn matches(&self, host: &str) -> bool {
        let is_below = |domain: &str| {
            host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        };
        match self {
            Self::Any => true,
            Self::Exact(name) => name == host,
            Self::Below(domain) => is_below(domain),
            Self::Tree(domain) => domain == host || is_below(domain),
        }
    }

    /// Adds the pattern to the names that rules mention.
    pub fn mention(&self, names: &mut HostSet, place: &Place) {
        match self {
            Self::Any => names.insert_below("", place),
            Self::Exact(name) => names.insert_host(name, place),
            Self::Below(domain) => names.insert_below(domain, place),
            Self::Tree(domain) => {
                names.insert_host(domain, place);
                names.insert_below(domain, place);
            }
        }
    }
}

/// A host name in small letters, if a text is one. An address is none.
pub fn name(text: &str) -> Option<String> {
    let host = Fqdn::parse(text.trim_end_matches('.')).ok()?;
    let last = host.as_str().rsplit('.').next()?;
    last.starts_with(|c: char| c.is_ascii_alphabetic()).then(|| host.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_end_at_labels() {
        let below = NamePattern::with_star("*.azurecr.io").unwrap();
        let tree = NamePattern::Tree("azurecr.io".into());
        for (host, in_below, in_tree) in [
            ("contoso.azurecr.io", true, true),
            ("contoso.eastus.data.azurecr.io", true, true),
            ("azurecr.io", false, true),
            ("evilazurecr.io", false, false),
        ] {
            assert_eq!((below.matches(host), tree.matches(host)), (in_below, in_tree), "{host}");
        }
        assert_eq!(NamePattern::with_star("10.1.2.3"), None);
        assert_eq!(NamePattern::with_star("a*.io"), None);
    }
}
