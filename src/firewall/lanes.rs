//! Rules that name interfaces or zones: where a client is, nobody has said.
//!
//! Each pair of interfaces that rules name is a lane. What holds on every lane holds; where lanes differ, only a person can
//! tell which one clients take.

use super::policy::{Decision, Outcome, Purpose};

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
