//! Rules that name interfaces or zones: where a client is, nobody has said.
//!
//! Each pair of interfaces that rules name is a lane. What holds on every lane holds; where lanes differ, only a person can
//! tell which one clients take.

use super::policy::{Decision, Outcome, Purpose};

/// Two interfaces or zones: where a connection comes from, and where it goes. Empty where no rule names any.
pub type Lane = (String, String);

/// The lanes that rules name.
///
/// # Arguments
/// * `rules` - the names of each rule's sources and destinations. None, or `any`, stands for all that rules name.
pub fn named(rules: &[(&[String], &[String])]) -> Vec<Lane> {
    let is_open = |names: &[String]| names.is_empty() || names.iter().any(|name| name == "any");
    let all = |names: &mut dyn Iterator<Item = &String>| {
        let mut all: Vec<String> = names.filter(|name| *name != "any").cloned().collect();
        all.sort_unstable();
        all.dedup();
        if all.is_empty() { vec![String::new()] } else { all }
    };
    let sources = all(&mut rules.iter().flat_map(|(from, _)| *from));
    let destinations = all(&mut rules.iter().flat_map(|(_, to)| *to));
    let mut lanes = Vec::new();
    for (from, to) in rules {
        for source in if is_open(from) { &sources[..] } else { from } {
            for destination in if is_open(to) { &destinations[..] } else { to } {
                let lane = (source.clone(), destination.clone());
                if !lanes.contains(&lane) {
                    lanes.push(lane);
                }
            }
        }
    }
    lanes
}

/// What happens on all lanes.
///
/// # Arguments
/// * `decisions` - of each lane.
/// * `what` - what lanes are made of, for the reason: `interfaces` or `zones`.
pub fn agree(decisions: &[Decision], purpose: Purpose, what: &str) -> Option<Decision> {
    let first = decisions.first()?;
    if decisions.iter().all(|decision| decision.outcome == first.outcome) {
        return Some(first.clone());
    }
    // A stranger that passes on one lane passes.
    let is_worst =
        |decision: &&Decision| purpose == Purpose::Stranger && decision.outcome == Outcome::Allow;
    if let Some(open) = decisions.iter().find(is_worst) {
        return Some(open.clone());
    }
    let named = decisions.iter().find(|decision| !decision.places.is_empty()).unwrap_or(first);
    let why =
        format!("rules for other {what} decide otherwise, and those of the clients are not known");
    Some(Decision { outcome: Outcome::Unknown(why.into()), places: named.places.clone() })
}
