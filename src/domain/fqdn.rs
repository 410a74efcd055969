//! Host names, and patterns of host names, that are safe to write into a firewall rule.

use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The longest host name that DNS allows, in bytes (RFC 1035).
const MAX_LENGTH: usize = 253;

/// A host name in lower case. It contains only ASCII letters, digits, hyphens and dots: nothing that a rule file could
/// read as a quote, a variable, a comment or the end of a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Fqdn(String);

/// The text is not a host name, or not a pattern of host names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a host name. A host name contains only ASCII letters, digits, hyphens and dots"
)]
pub struct ParseFqdnError(String);

impl ParseFqdnError {
    fn new(text: &str) -> Self {
        Self(text.chars().take(100).collect())
    }
}

impl Fqdn {
    /// Reads a host name in any case, with or without a trailing dot.
    ///
    /// # Errors
    /// [`ParseFqdnError`] for anything else, non-ASCII letters included.
    pub fn parse(text: &str) -> Result<Self, ParseFqdnError> {
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if name.len() <= MAX_LENGTH && name.split('.').all(is_label) {
            Ok(Self(name))
        } else {
            Err(ParseFqdnError::new(text))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first label, and the domain after it: `contoso` and `azurecr.io`.
    pub fn split_label(&self) -> (&str, Option<&str>) {
        match self.0.split_once('.') {
            Some((label, domain)) => (label, Some(domain)),
            None => (&self.0, None),
        }
    }

    /// Whether this is a name below `domain`, at any depth; the domain itself is not below itself.
    pub fn is_below(&self, domain: &str) -> bool {
        self.0.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
    }
}

impl fmt::Display for Fqdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Fqdn {
    type Err = ParseFqdnError;

    fn from_str(text: &str) -> Result<Self, ParseFqdnError> {
        Self::parse(text)
    }
}

/// One host, or every host below a domain: `contoso.azurecr.io` or `*.blob.core.windows.net`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostPattern {
    /// Exactly this host.
    Exact(Fqdn),
    /// Every host below this domain, written `*.domain`.
    Below(Fqdn),
}

impl HostPattern {
    /// Reads a host name, or `*.` and a host name.
    ///
    /// # Errors
    /// [`ParseFqdnError`].
    pub fn parse(text: &str) -> Result<Self, ParseFqdnError> {
        let parsed = match text.strip_prefix("*.") {
            Some(domain) => Fqdn::parse(domain).map(Self::Below),
            None => Fqdn::parse(text).map(Self::Exact),
        };
        parsed.map_err(|_| ParseFqdnError::new(text))
    }

    /// The host, unless this is a wildcard.
    pub fn exact(&self) -> Option<&Fqdn> {
        match self {
            Self::Exact(host) => Some(host),
            Self::Below(_) => None,
        }
    }

    /// The domain of a wildcard.
    pub fn wildcard_domain(&self) -> Option<&Fqdn> {
        match self {
            Self::Exact(_) => None,
            Self::Below(domain) => Some(domain),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(host) => write!(f, "{host}"),
            Self::Below(domain) => write!(f, "*.{domain}"),
        }
    }
}

impl Serialize for HostPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<Fqdn> for HostPattern {
    fn from(host: Fqdn) -> Self {
        Self::Exact(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised() {
        assert_eq!(Fqdn::parse("Contoso.AzureCR.io.").unwrap().as_str(), "contoso.azurecr.io");
        let wildcard = HostPattern::parse("*.Blob.core.windows.net").unwrap();
        assert_eq!(wildcard.to_string(), "*.blob.core.windows.net");
        assert_eq!(wildcard.exact(), None);
    }

    #[test]
    fn below_means_strictly_below() {
        let host = Fqdn::parse("contoso.azurecr.io").unwrap();
        assert!(host.is_below("azurecr.io"));
        assert!(host.is_below("io"));
        assert!(!host.is_below("contoso.azurecr.io"));
        assert!(!host.is_below("oso.azurecr.io"));
    }

    #[test]
    fn what_a_format_could_interpret_is_refused() {
        for text in [
            "",
            ".",
            "a..b",
            "*",
            "*.",
            "a.*.b",
            "*.*.b",
            "con\"toso.io",
            "a\nb.io",
            "${x}.io",
            "a b.io",
            "a/b.io",
            "a#b.io",
            "-a.io",
            "a-.io",
            "b\u{fc}cher.io",
            // The Kelvin sign, which becomes an ordinary k in Unicode lower case.
            "a\u{212a}s.io",
            "a_b.io",
            "[a].io",
            &"x".repeat(64),
            &"x.".repeat(200),
        ] {
            assert!(HostPattern::parse(text).is_err(), "{text}");
        }
    }
}
