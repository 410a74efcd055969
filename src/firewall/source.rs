//! The clients that a rule applies to: `--source`.

use ipnet::IpNet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// `*`, an address, a CIDR range, or a range `A-B`, as the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceAddress(String);

/// The text is not a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected *, an address, a CIDR range or a range A-B, e.g. 10.0.0.0/8")]
pub struct ParseSourceError;

impl SourceAddress {
    /// Every client.
    pub fn any() -> Self {
        Self("*".to_owned())
    }

    /// The source as firewalls write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SourceAddress {
    type Err = ParseSourceError;

    fn from_str(text: &str) -> Result<Self, ParseSourceError> {
        let address = |text: &str| text.parse::<IpAddr>().ok();
        let is_range = || match text.split_once('-') {
            Some((first, last)) => match (address(first), address(last)) {
                (Some(first), Some(last)) => first.is_ipv4() == last.is_ipv4() && first <= last,
                _ => false,
            },
            None => false,
        };
        if text == "*" || address(text).is_some() || text.parse::<IpNet>().is_ok() || is_range() {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseSourceError)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_and_ranges_are_sources() {
        for text in ["*", "10.0.0.1", "10.0.0.0/8", "10.0.0.1-10.0.0.9", "2001:db8::/32", "::1"] {
            assert!(text.parse::<SourceAddress>().is_ok(), "{text}");
        }
        for text in [
            "",
            "deadbeef",
            "10.0.0/8",
            "10.0.0.0/33",
            "10.0.0.9-10.0.0.1",
            "10.0.0.1-::1",
            "300.1.1.1",
            "\"]; evil",
            "contoso",
        ] {
            assert!(text.parse::<SourceAddress>().is_err(), "{text}");
        }
    }
}
