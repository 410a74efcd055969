//! Host names that are safe to write into a rule.

use serde::Serialize;
use std::fmt;

/// A host name in lower case, or `*.` and a host name. It holds letters, digits, hyphens and dots alone: nothing that
/// a rule file could mistake for quotes, variables, comments or ends of lines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Fqdn(String);

/// The text is no host name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a host name: letters, digits, hyphens and dots alone may be written into a rule"
)]
pub struct FqdnError(String);

impl Fqdn {
    /// Reads a name in any case, with or without the dot at its end.
    ///
    /// # Errors
    /// [`FqdnError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, FqdnError> {
        let name = text.strip_suffix('.').unwrap_or(text).to_lowercase();
        let host = name.strip_prefix("*.").unwrap_or(&name);
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if name.len() <= 253 && host.split('.').all(label) {
            Ok(Self(name))
        } else {
            Err(FqdnError(text.chars().take(100).collect()))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows `*.`, for a wildcard.
    pub fn wildcard_suffix(&self) -> Option<&str> {
        self.0.strip_prefix("*.")
    }
}

impl fmt::Display for Fqdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised() {
        assert_eq!(Fqdn::parse("Contoso.AzureCR.io.").unwrap().as_str(), "contoso.azurecr.io");
        let wildcard = Fqdn::parse("*.blob.core.windows.net").unwrap();
        assert_eq!(wildcard.wildcard_suffix(), Some("blob.core.windows.net"));
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
            "con\"toso.io",
            "a\nb.io",
            "${x}.io",
            "a b.io",
            "a/b.io",
            "a#b.io",
            "-a.io",
            "a-.io",
            "bücher.io",
            "a_b.io",
            "[a].io",
            &"x".repeat(64),
            &"x.".repeat(200),
        ] {
            assert!(Fqdn::parse(text).is_err(), "{text}");
        }
    }
}
