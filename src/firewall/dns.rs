//! What a filter on DNS names does to connections: a client can connect where it learns a host's own address.

use super::policy::{Decision, Flow, Outcome, Place, Purpose, worst};
use std::net::IpAddr;
use std::sync::Arc;

/// A family of addresses: queries of type A or AAAA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4, A.
    V4,
    /// IPv6, AAAA.
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

/// The answer to a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// What the host's own name servers say.
    Genuine,
    /// None, or an error.
    Refused,
    /// An address that stands in the rules.
    Address(IpAddr),
    /// The reader cannot tell; the reason.
    Unknown(Arc<str>),
    /// No rule bears on the name.
    Undecided,
}

/// The answer to a query, and the lines that decide it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The answer.
    pub answer: Answer,
    /// The lines.
    pub places: Vec<Place>,
}

impl Reply {
    /// An answer by one line.
    pub fn by(answer: Answer, place: &Place) -> Self {
        Self { answer, places: vec![place.clone()] }
    }

    /// No rule bears on the name.
    pub fn undecided() -> Self {
        Self { answer: Answer::Undecided, places: Vec::new() }
    }

    /// An answer from upstream that something else may still take away.
    #[must_use]
    pub fn restricted_by(self, restriction: Option<&(Place, Arc<str>)>) -> Self {
        let is_open = matches!(self.answer, Answer::Genuine | Answer::Undecided);
        match restriction.filter(|_| is_open) {
            Some((place, why)) => Self::by(Answer::Unknown(Arc::clone(why)), place),
            None => self,
        }
    }

    fn decision(self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        let outcome = match self.answer {
            Answer::Genuine => Outcome::Allow,
            Answer::Refused => Outcome::Deny,
            Answer::Address(address) if flow.addresses.contains(&address) => Outcome::Allow,
            Answer::Address(address) if address.is_unspecified() || address.is_loopback() => {
                Outcome::Deny
            }
            Answer::Address(address) => {
                let hint = if flow.purpose == Purpose::Needed {
                    format!("; if that is the registry, add --resolve {}:443:{address}", flow.host)
                } else {
                    String::new()
                };
                let why = format!("the answer is {address}, which may lead anywhere{hint}");
                Outcome::Unknown(why.into())
            }
            Answer::Unknown(why) => Outcome::Unknown(why),
            Answer::Undecided => otherwise.clone(),
        };
        Decision { outcome, places: self.places }
    }
}

/// Decides about a connection.
///
/// A host is needed with its IPv4 address; a stranger is out of reach only if neither family has one.
///
/// # Arguments
/// * `otherwise` - what happens if no rule bears on the name.
/// * `ask` - the answer for a family.
pub fn decide(flow: &Flow<'_>, otherwise: &Outcome, ask: impl Fn(Family) -> Reply) -> Decision {
    let v4 = ask(Family::V4).decision(flow, otherwise);
    if flow.purpose == Purpose::Needed {
        return v4;
    }
    let v6 = ask(Family::V6).decision(flow, otherwise);
    worst(flow.purpose, [v4, v6]).unwrap_or_else(|| Decision::by_default(otherwise.clone()))
}
