//! The table of nftables that holds the sets of addresses: `--table`. dnsmasq fills the sets, nftables reads them.

use std::fmt;
use std::str::FromStr;

/// The longest name of a table that is accepted, in characters.
const MAX_NAME: usize = 64;

/// A table of nftables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NftTable {
    /// `inet`, `ip` or `ip6`.
    family: Family,
    name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Inet,
    Ip,
    Ip6,
}

/// The text does not name a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a family (inet, ip or ip6) and a name, e.g. 'inet filter'")]
pub struct ParseTableError;

/// A set of addresses in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressSet {
    /// The name of the set.
    pub name: &'static str,
    /// The type of its elements, for nftables.
    pub element: &'static str,
    /// The protocol whose destination addresses it is compared with, for nftables.
    pub protocol: &'static str,
    /// The family of the addresses, for dnsmasq: `4` or `6`.
    pub version: char,
}

const SETS: [AddressSet; 2] = [
    AddressSet { name: "az_acr_hosts4", element: "ipv4_addr", protocol: "ip", version: '4' },
    AddressSet { name: "az_acr_hosts6", element: "ipv6_addr", protocol: "ip6", version: '6' },
];

impl NftTable {
    /// The sets that a table of this family can use.
    pub fn sets(&self) -> &'static [AddressSet] {
        match self.family {
            Family::Inet => &SETS,
            Family::Ip => &SETS[..1],
            Family::Ip6 => &SETS[1..],
        }
    }

    /// Whether its chains see both IPv4 and IPv6.
    pub fn sees_both_families(&self) -> bool {
        self.family == Family::Inet
    }

    /// The set's full name as dnsmasq writes it.
    pub fn for_dnsmasq(&self, set: &AddressSet) -> String {
        format!("{}#{}#{}#{}", set.version, self.family, self.name, set.name)
    }
}

impl Default for NftTable {
    /// `inet filter`, the table of most distributions' own configuration.
    fn default() -> Self {
        Self { family: Family::Inet, name: "filter".to_owned() }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inet => "inet",
            Self::Ip => "ip",
            Self::Ip6 => "ip6",
        })
    }
}

impl fmt::Display for NftTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.family, self.name)
    }
}

impl FromStr for NftTable {
    type Err = ParseTableError;

    fn from_str(text: &str) -> Result<Self, ParseTableError> {
        let mut words = text.split_whitespace();
        let (family, name) = (words.next(), words.next());
        let family = match family {
            Some("inet") => Family::Inet,
            Some("ip") => Family::Ip,
            Some("ip6") => Family::Ip6,
            _ => return Err(ParseTableError),
        };
        let is_name = |name: &&str| {
            name.len() <= MAX_NAME
                && name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        };
        let name = name.filter(is_name).ok_or(ParseTableError)?;
        if words.next().is_some() {
            return Err(ParseTableError);
        }
        Ok(Self { family, name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_a_family_and_a_name() {
        for text in ["inet filter", "ip az-acr", "ip6 fw_4"] {
            assert_eq!(text.parse::<NftTable>().unwrap().to_string(), text);
        }
        for text in
            ["", "filter", "bridge filter", "inet", "inet a b", "inet 4x", "inet a;drop", "inet a{"]
        {
            assert!(text.parse::<NftTable>().is_err(), "{text}");
        }
    }
}
