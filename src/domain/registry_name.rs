//! Registry names: what `--name` accepts.

use std::fmt;

/// A registry's name, checked: 5 to 50 letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryName(String);

/// The text is not a registry name. The wording is Azure CLI 2.91's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseRegistryNameError {
    /// A character that is not allowed, or a length out of bounds.
    #[error(
        "Registry names may contain only alpha numeric characters and must be between 5 and 50 characters"
    )]
    Invalid,
    /// The login server belongs to another cloud, or is not a login server.
    #[error(
        "The login server suffix is not valid for the current cloud. Please try again using '{0}'."
    )]
    Suffix(String),
}

impl RegistryName {
    /// Reads a name or a login server (`contoso.azurecr.io`, `wingtip-abc123def.azurecr.io` with a label hash).
    /// Returns the name, and the suffix that was left out.
    ///
    /// # Arguments
    /// * `text` - what the user typed.
    /// * `suffix` - the suffix of login servers in this cloud, e.g. `.azurecr.io`; some custom clouds have none.
    ///
    /// # Errors
    /// [`ParseRegistryNameError`].
    pub fn parse(
        text: &str,
        suffix: Option<&str>,
    ) -> Result<(Self, Option<String>), ParseRegistryNameError> {
        let (label, domain) = match text.find('.') {
            Some(dot) => text.split_at(dot),
            None => (text, ""),
        };
        if domain.is_empty() && label.contains('-') {
            return Err(ParseRegistryNameError::Invalid);
        }
        let Some(suffix) = suffix else {
            return Self::check(text).map(|name| (name, None));
        };
        if domain.is_empty() {
            return Self::check(label).map(|name| (name, None));
        }
        if domain.to_lowercase() != suffix {
            return Err(ParseRegistryNameError::Suffix(suffix.to_owned()));
        }
        let (name, hash) = label.split_at(label.find('-').unwrap_or(label.len()));
        Self::check(name).map(|name| (name, Some(format!("{hash}{domain}"))))
    }

    fn check(text: &str) -> Result<Self, ParseRegistryNameError> {
        let valid = (5..=50).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if valid { Ok(Self(text.to_owned())) } else { Err(ParseRegistryNameError::Invalid) }
    }

    /// The name as the user spelled it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RegistryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_login_servers_are_read() {
        let long = "x".repeat(10_000);
        let invalid = Err(ParseRegistryNameError::Invalid);
        let suffix = Err(ParseRegistryNameError::Suffix(".azurecr.io".to_owned()));
        let name = |name: &str, omitted: Option<&str>| {
            Ok((RegistryName(name.to_owned()), omitted.map(str::to_owned)))
        };
        for (text, expected) in [
            ("contoso", name("contoso", None)),
            ("Contoso", name("Contoso", None)),
            ("contoso.azurecr.io", name("contoso", Some(".azurecr.io"))),
            ("contoso.AzureCR.io", name("contoso", Some(".AzureCR.io"))),
            ("wingtip-abc123def.azurecr.io", name("wingtip", Some("-abc123def.azurecr.io"))),
            ("contoso.azurecr.cn", suffix.clone()),
            ("contoso.", suffix),
            ("wingtip-abc123def", invalid.clone()),
            ("abcd", invalid.clone()),
            ("abcd.azurecr.io", invalid.clone()),
            ("con toso", invalid.clone()),
            ("cöntoso", invalid.clone()),
            ("contoso\n", invalid.clone()),
            (&long, invalid.clone()),
            ("", invalid),
        ] {
            assert_eq!(RegistryName::parse(text, Some(".azurecr.io")), expected, "{text}");
        }
    }

    #[test]
    fn clouds_without_a_suffix_take_only_plain_names() {
        assert!(RegistryName::parse("contoso", None).is_ok());
        assert_eq!(
            RegistryName::parse("contoso.registry.local", None),
            Err(ParseRegistryNameError::Invalid)
        );
    }
}
