//! Rules as a policy: what would happen to a connection, and which lines decide it.

use super::host_set::HostSet;
use crate::domain::Fqdn;
use serde::Serialize;
use std::cell::Cell;
use std::net::IpAddr;
use std::sync::Arc;

/// A line of a rule file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
}

/// A rule file and its text.
#[derive(Debug, Clone)]
pub struct RuleFile {
    /// The file, as the user named it.
    pub name: Arc<str>,
    /// Its content.
    pub text: String,
}

/// A connection that a client wants to make.
#[derive(Debug, Clone, Copy)]
pub struct Flow<'a> {
    /// The host that the client asks for: in DNS, in CONNECT, in TLS.
    pub host: &'a Fqdn,
    /// The TCP port; 443 means TLS, 80 means plain HTTP.
    pub port: u16,
    /// The client's address, if the user named one.
    pub source: Option<IpAddr>,
    /// Why the question is asked.
    pub purpose: Purpose,
    /// The addresses of the host, if the user named them.
    pub addresses: &'a [IpAddr],
    /// The way that the connection takes, if the user named one.
    pub hook: Option<Hook>,
}

/// The way of a connection through a machine with packet filters: the names are those of netfilter's hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// The machine's own connections.
    Output,
    /// Connections that it forwards.
    Forward,
}

/// Why somebody asks about a connection.
///
/// It matters where there is more than one way to a host: IPv4 and IPv6, or a machine's own connections and those that it
/// forwards. The answer is the worse one for the purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The host must be reachable. IPv4 decides, since registries have IPv4 addresses always and IPv6 addresses rarely.
    Needed,
    /// The host must be out of reach: on every way.
    Stranger,
}

/// What happens to a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is allowed.
    Allow,
    /// It is refused: by a rule, or because nothing allows it.
    Deny,
    /// The reader cannot tell; the reason.
    Unknown(Arc<str>),
}

/// What happens to a connection, and the lines that decide it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What happens.
    pub outcome: Outcome,
    /// The lines that decide, the most telling first; none if only a default or a rule for everything does.
    pub places: Vec<Place>,
}

impl Decision {
    /// A decision by one line.
    pub fn by(outcome: Outcome, place: &Place) -> Self {
        Self { outcome, places: vec![place.clone()] }
    }

    /// A decision that no line makes.
    pub fn by_default(outcome: Outcome) -> Self {
        Self { outcome, places: Vec::new() }
    }
}

/// The worst of several decisions for a purpose: one that refuses a needed host, or lets a stranger through; else one
/// that is unknown. Without any, there is nothing to refuse it: `None`.
pub fn worst(purpose: Purpose, decisions: impl IntoIterator<Item = Decision>) -> Option<Decision> {
    let rank = |decision: &Decision| match (purpose, &decision.outcome) {
        (Purpose::Needed, Outcome::Deny) | (Purpose::Stranger, Outcome::Allow) => 0,
        (_, Outcome::Unknown(_)) => 1,
        _ => 2,
    };
    decisions.into_iter().min_by_key(rank)
}

/// Whether a condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// The reader cannot tell; the reason.
    Maybe(Arc<str>),
}

impl Match {
    /// `Yes` or `No`.
    pub fn from_bool(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    /// Both conditions.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Maybe(why), _) | (_, Self::Maybe(why)) => Self::Maybe(why),
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    /// Either condition.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Maybe(why), _) | (_, Self::Maybe(why)) => Self::Maybe(why),
            (Self::No, Self::No) => Self::No,
        }
    }

    /// The same, unless something else about the rule is not known.
    #[must_use]
    pub fn unless_unknown(self, why: Option<&Arc<str>>) -> Self {
        match why {
            Some(why) => self.and(Self::Maybe(Arc::clone(why))),
            None => self,
        }
    }

    /// The opposite.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            maybe @ Self::Maybe(_) => maybe,
        }
    }
}

/// A rule as it bears on one connection.
#[derive(Debug)]
pub struct Step {
    /// Whether the rule matches.
    pub matched: Match,
    /// What the rule does.
    pub outcome: Outcome,
    /// Its lines.
    pub places: Vec<Place>,
}

/// Rules in order, of which the first that matches decides.
///
/// A rule that may match leaves both possibilities open: the decision is unknown unless they agree.
pub fn first_match(steps: impl Iterator<Item = Step>, otherwise: &Outcome) -> Decision {
    let mut possible: Vec<(Outcome, Vec<Place>, Arc<str>)> = Vec::new();
    let mut end = Decision::by_default(otherwise.clone());
    for step in steps {
        match step.matched {
            Match::No => {}
            Match::Yes => {
                end = Decision { outcome: step.outcome, places: step.places };
                break;
            }
            Match::Maybe(why) => possible.push((step.outcome, step.places, why)),
        }
    }
    let differs = |(outcome, ..): &&(Outcome, Vec<Place>, Arc<str>)| *outcome != end.outcome;
    let Some((_, _, why)) = possible.iter().find(differs) else { return end };
    let outcome = Outcome::Unknown(Arc::clone(why));
    let places = possible.into_iter().flat_map(|(_, places, _)| places).collect();
    Decision { outcome, places }
}

/// Whether rules are all that decides about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// They are. What they do not decide happens by their own default.
    Whole,
    /// Other rules decide about the rest. It is judged as if they refused it.
    Part,
}

/// Names that rules mention, from which the audit makes names to ask about.
#[derive(Debug, Default)]
pub struct Mentions<'a> {
    /// Hosts and domains.
    pub hosts: Vec<&'a HostSet>,
    /// Texts that a pattern matches, with or without a rest around them.
    pub examples: Vec<String>,
    /// Hosts next to those in the rules, where rules also bear on their neighbours.
    pub neighbours: Vec<String>,
    /// Hosts outside of Azure that rules may let through.
    pub outside: Vec<String>,
}

/// Counts the members of groups that one rule looks at: groups within groups can stand for any number of them.
#[derive(Debug, Default)]
pub struct Members(Cell<u32>);

impl Members {
    /// The most members that one rule looks at.
    const MOST: u32 = 50_000;

    /// Begins to count for another rule.
    pub fn restart(&self) {
        self.0.set(0);
    }

    /// Counts one more; what to answer instead if there are too many.
    pub fn one_more(&self) -> Option<Match> {
        self.0.set(self.0.get() + 1);
        let are_too_many = self.0.get() > Self::MOST;
        are_too_many.then(|| Match::Maybe("groups have too many members".into()))
    }
}

/// The files that rules refer to.
pub trait Includes {
    /// The text of a file, or why it cannot be read.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn read(&self, path: &str) -> Result<String, String>;
    /// The files that a pattern matches, sorted.
    ///
    /// # Errors
    /// Why it is not followed, in words.
    fn glob(&self, pattern: &str) -> Result<Vec<String>, String>;
    /// The files that a name or a pattern stands for; a name need not be there.
    ///
    /// # Errors
    /// Why a pattern is not followed, or that it matches no file, in words.
    fn files(&self, pattern: &str) -> Result<Vec<String>, String> {
        if !pattern.contains(['*', '?', '[']) {
            return Ok(vec![pattern.to_owned()]);
        }
        let found = self.glob(pattern)?;
        if found.is_empty() { Err(format!("there is no file {pattern} here")) } else { Ok(found) }
    }
}

/// A file that its program would refuse: there is no policy, and nothing is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}, line {}: {what}", .place.file, .place.line)]
pub struct InvalidRules {
    /// The line.
    pub place: Place,
    /// What is wrong, and what the program does about it.
    pub what: String,
}

/// Rules that were read.
pub trait Policy {
    /// What happens to a connection.
    ///
    /// # Arguments
    /// * `otherwise` - what happens to a connection that the rules do not decide.
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision;
    /// The names and patterns in the rules.
    fn mentions(&self) -> Mentions<'_>;
    /// Whether the rules are a whole or a part.
    fn scope(&self) -> Scope;
    /// What happens to what the rules do not decide, if they are a whole.
    fn default_outcome(&self) -> Outcome {
        Outcome::Deny
    }
    /// What happens to hosts of which the rules allow none, if they all go the same way, such as through one proxy.
    ///
    /// # Arguments
    /// * `hosts` - all that are needed.
    fn if_all_are_left(&self, _hosts: &[Fqdn]) -> Option<Outcome> {
        None
    }
    /// Whether the language filters plain HTTP on port 80.
    fn filters_port_80(&self) -> bool {
        false
    }
}

/// What happens to a needed host on port 443, for tests.
#[cfg(test)]
pub fn decision_for(policy: &dyn Policy, host: &str, otherwise: &Outcome) -> Decision {
    let host = Fqdn::parse(host).unwrap();
    let flow = Flow {
        host: &host,
        port: 443,
        source: None,
        purpose: Purpose::Needed,
        addresses: &[],
        hook: None,
    };
    policy.decide(&flow, otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(steps: &[(Match, Outcome)], otherwise: &Outcome) -> Outcome {
        let step = |(matched, outcome): &(Match, Outcome)| Step {
            matched: matched.clone(),
            outcome: outcome.clone(),
            places: Vec::new(),
        };
        first_match(steps.iter().map(step), otherwise).outcome
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        use Outcome::{Allow, Deny};
        let steps = [(Match::No, Allow), (Match::Yes, Deny), (Match::Yes, Allow)];
        assert_eq!(decide(&steps, &Allow), Deny);
        assert_eq!(decide(&steps[..1], &Allow), Allow);
    }

    #[test]
    fn a_rule_that_may_match_matters_only_if_it_changes_the_outcome() {
        use Outcome::{Allow, Deny};
        let maybe = || Match::Maybe("why".into());
        assert_eq!(decide(&[(maybe(), Allow), (Match::Yes, Allow)], &Deny), Allow);
        let unknown = Outcome::Unknown("why".into());
        assert_eq!(decide(&[(maybe(), Deny), (Match::Yes, Allow)], &Deny), unknown);
        assert_eq!(decide(&[(Match::Yes, Deny), (maybe(), Allow)], &Deny), Deny);
    }
}
