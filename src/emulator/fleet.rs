//! A fleet of registries in many subscriptions, made on demand: the same number always gives the same registry.
//!
//! Nothing is held in memory or saved. Numbers, resource groups and subscriptions rise together, so that the fleet is
//! sorted by resource id.

use super::subscriptions::REGIONS;
use super::world::{FIRST_DAY, Registry, ResourceGroup, Subscription};
use serde_json::json;

const PER_SUBSCRIPTION: usize = 200;
const PER_GROUP: usize = 10;
/// One subscription that the caller may not read follows this many that it may read.
const READABLE_IN_A_ROW: usize = 16;
const TEAMS: [&str; 8] =
    ["web", "payments", "data", "search", "mobile", "platform", "machine-learning", "support"];
const ENVIRONMENTS: [&str; 3] = ["production", "staging", "development"];

/// A fleet of this many registries; 0 by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fleet {
    size: usize,
}

impl Fleet {
    /// The most registries: their names have six digits.
    pub const MAX_SIZE: usize = 1_000_000;

    /// A fleet of `size` registries.
    pub fn new(size: usize) -> Self {
        Self { size: size.min(Self::MAX_SIZE) }
    }

    fn readable_subscriptions(self) -> usize {
        self.size.div_ceil(PER_SUBSCRIPTION)
    }

    fn subscription_count(self) -> usize {
        self.readable_subscriptions() + self.readable_subscriptions().div_ceil(READABLE_IN_A_ROW)
    }

    fn is_unreadable(self, number: usize) -> bool {
        number % (READABLE_IN_A_ROW + 1) == READABLE_IN_A_ROW
            || number + 1 == self.subscription_count()
    }

    /// The subscriptions, sorted by id. Some of them cannot be read.
    pub fn subscriptions(self) -> impl Iterator<Item = Subscription> {
        (0..self.subscription_count()).map(move |number| Subscription {
            id: subscription_id(number),
            name: format!(
                "{} {number:04}",
                if number % 2 == 0 { "Production" } else { "Development" }
            ),
            unreadable: self.is_unreadable(number),
        })
    }

    /// The subscription with this id.
    pub fn subscription(self, id: &str) -> Option<Subscription> {
        self.subscriptions().nth(subscription_number(id)?)
    }

    /// The numbers of the registries in a subscription.
    fn numbers_in(self, subscription: &str) -> std::ops::Range<usize> {
        let number = subscription_number(subscription)
            .filter(|number| *number < self.subscription_count() && !self.is_unreadable(*number));
        let Some(number) = number else { return 0..0 };
        let first = (number - number / (READABLE_IN_A_ROW + 1)) * PER_SUBSCRIPTION;
        first.min(self.size)..(first + PER_SUBSCRIPTION).min(self.size)
    }

    /// The resource groups of a subscription. In some, the caller may only read; some are locked.
    pub fn groups(self, subscription: &str) -> impl Iterator<Item = ResourceGroup> {
        let subscription = subscription.to_lowercase();
        self.numbers_in(&subscription).step_by(PER_GROUP).map(move |number| {
            let group = number / PER_GROUP;
            ResourceGroup {
                subscription: subscription.clone(),
                name: group_name(number),
                read_only: group % 8 == 7,
                locked: group % 10 == 3,
            }
        })
    }

    /// The registries of a subscription.
    pub fn registries_in(self, subscription: &str) -> impl Iterator<Item = Registry> + use<> {
        self.numbers_in(subscription).map(registry)
    }

    /// The registries from a number on.
    pub fn registries(self, first: usize) -> impl Iterator<Item = Registry> {
        (first..self.size).map(registry)
    }

    /// The number of the first registry whose id, in lower case, comes after `id`.
    pub fn first_after(self, id: &str) -> usize {
        let (mut low, mut high) = (0, self.size);
        while low < high {
            let middle = usize::midpoint(low, high);
            let other = super::registries::id(&registry(middle)).to_lowercase();
            if other.as_str() <= id { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The registry with this name.
    pub fn registry_named(self, name: &str) -> Option<Registry> {
        let digits = name.to_lowercase();
        let digits = digits.strip_prefix("fleet").filter(|digits| digits.len() == 6)?;
        let number = digits.parse().ok().filter(|number| *number < self.size)?;
        Some(registry(number))
    }
}

fn subscription_id(number: usize) -> String {
    format!("00000000-0000-4000-8000-f1ee{number:08x}")
}

fn subscription_number(id: &str) -> Option<usize> {
    let digits = id.to_lowercase();
    let digits =
        digits.strip_prefix("00000000-0000-4000-8000-f1ee").filter(|rest| rest.len() == 8)?;
    usize::from_str_radix(digits, 16).ok()
}

fn group_name(number: usize) -> String {
    format!("fleet-{:05}-rg", number / PER_GROUP)
}

/// Spreads a number over 64 bits (SplitMix64), so that neighbours differ in everything.
fn spread(number: usize) -> u64 {
    let mut z = (number as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn registry(number: usize) -> Registry {
    let mut rest = spread(number);
    let mut choose = |of: usize| {
        let chosen = rest % of as u64;
        rest /= of as u64;
        // The remainder fits in `usize` because the divisor does.
        usize::try_from(chosen).unwrap_or_default()
    };
    let sku = ["Basic", "Standard", "Standard", "Premium", "Premium", "Premium"][choose(6)];
    let home = choose(REGIONS.len());
    let mut registry = Registry::new(
        &group_name(number),
        &format!("fleet{number:06}"),
        REGIONS[home].0,
        sku,
        FIRST_DAY,
    );
    let readable = number / PER_SUBSCRIPTION;
    registry.subscription = subscription_id(readable + readable / READABLE_IN_A_ROW);
    registry.tags.insert("team".to_owned(), json!(TEAMS[choose(TEAMS.len())]));
    registry.tags.insert("environment".to_owned(), json!(ENVIRONMENTS[choose(3)]));
    registry.settings.anonymous_pull_enabled = choose(20) == 0 && sku != "Basic";
    if sku != "Premium" {
        return registry;
    }
    registry.settings.data_endpoint_enabled = choose(4) == 0;
    if choose(16) == 0 {
        registry.settings.regional_endpoints = "Enabled".to_owned();
    }
    match choose(6) {
        0 => {
            registry.settings.public_network_access = "Disabled".to_owned();
            registry.settings.default_action = "Deny".to_owned();
        }
        1 => {
            registry.settings.default_action = "Deny".to_owned();
            registry.settings.ip_rules.push(json!({"action": "Allow", "value": "203.0.113.0/24"}));
        }
        _ => {}
    }
    for replica in 1..=choose(3) {
        registry = registry.replica(REGIONS[(home + replica * 5) % REGIONS.len()].0);
    }
    registry
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::registries::id;

    #[test]
    fn a_fleet_is_sorted_by_id_and_found_by_name_subscription_and_position() {
        let fleet = Fleet::new(3_500);
        let registries: Vec<Registry> = fleet.registries(0).collect();
        let ids: Vec<String> = registries.iter().map(|r| id(r).to_lowercase()).collect();
        assert!(ids.is_sorted());
        assert_eq!(fleet.first_after(&ids[1_234]), 1_235);
        assert_eq!(fleet.first_after(&format!("{}/replications/x", ids[1_234])), 1_235);
        assert_eq!(fleet.registry_named("Fleet001234").as_ref(), Some(&registries[1_234]));
        assert_eq!(fleet.registry_named("fleet003500"), None);
        let by_subscription: Vec<Registry> =
            fleet.subscriptions().flat_map(|s| fleet.registries_in(&s.id)).collect();
        assert_eq!(by_subscription, registries);
        let unreadable = fleet.subscriptions().filter(|s| s.unreadable);
        assert_eq!(
            unreadable.map(|s| s.name).collect::<Vec<_>>(),
            ["Production 0016", "Development 0019"]
        );
    }
}
