//! The rules of reports. Their ids are stable: exceptions and code scanning refer to them.

use super::exceptions::{Exception, Exceptions};
use crate::arm::{EnabledState, SkuName};
use crate::fleet::{Exposure, FleetRegistry};

/// How bad a finding is, the worst first. The names are SARIF's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Firewalls must stay open, or nobody knows.
    Error,
    /// Worth a look.
    Warning,
    /// For completeness.
    Note,
}

impl Level {
    /// The name in SARIF.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// E.g. `ACR001`.
    pub id: &'static str,
    /// How bad its findings are.
    pub level: Level,
    /// What it finds, in a few words.
    pub title: &'static str,
    /// Why it matters, and what to do.
    pub help: &'static str,
}

/// All rules, by id.
pub const RULES: [Rule; 9] = [
    Rule {
        id: "ACR001",
        level: Level::Error,
        title: "Clients need the storage wildcard",
        help: "Layers come from any storage account of the cloud, so client firewalls must allow all of them, also \
               an attacker's own. Enable dedicated data endpoints after the firewalls allow their names.",
    },
    Rule {
        id: "ACR002",
        level: Level::Warning,
        title: "The SKU has no dedicated data endpoints",
        help: "Only Premium registries have dedicated data endpoints. Upgrade, or accept the wildcard.",
    },
    Rule {
        id: "ACR003",
        level: Level::Warning,
        title: "Public access without network rules",
        help: "Every address may reach the registry. Add network rules, or use private endpoints alone.",
    },
    Rule {
        id: "ACR004",
        level: Level::Error,
        title: "Unknown where layers come from",
        help: "Azure Resource Graph did not say. Ask Azure Resource Manager: list-endpoints --verify.",
    },
    Rule {
        id: "ACR005",
        level: Level::Warning,
        title: "Everyone may pull",
        help: "Anonymous pull is enabled: images are public to everyone who reaches the registry.",
    },
    Rule {
        id: "ACR006",
        level: Level::Note,
        title: "Images can be exported from a private registry",
        help: "Public access is off, and the export policy is on: whoever may import elsewhere can copy images out.",
    },
    Rule {
        id: "ACR007",
        level: Level::Warning,
        title: "Resource Graph and Resource Manager disagree",
        help: "The registry changed a short while ago, or Resource Graph is out of date. The report shows what Azure \
               Resource Manager says.",
    },
    Rule {
        id: "ACR008",
        level: Level::Error,
        title: "An exception has expired",
        help: "The finding counts again. Fix it, or renew the exception.",
    },
    Rule {
        id: "ACR009",
        level: Level::Error,
        title: "Not read",
        help: "The login could not read a part of the fleet. Nobody knows what is there.",
    },
];

/// The rule for what could not be read.
pub(super) const NOT_READ: &Rule = &RULES[8];
/// The rule for exceptions that no longer hold.
pub(super) const EXPIRED: &Rule = &RULES[7];

/// A rule that holds for a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// What exactly was found; names nothing that `--mask` hides.
    pub message: String,
    /// Why it was accepted.
    pub exception: Option<Exception>,
}

/// The findings for a registry.
pub(super) fn judge(
    registry: &FleetRegistry,
    exceptions: &Exceptions,
    today: time::Date,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (rule, message) in found(registry) {
        let mut exception = exceptions.get(registry, rule).cloned();
        if let Some(expired) = exception.take_if(|exception| exception.has_expired(today)) {
            let message = format!("The exception for {} has expired{}.", rule.id, expired.since());
            findings.push(Finding { rule: EXPIRED, message, exception: None });
        }
        findings.push(Finding { rule, message, exception });
    }
    findings.sort_by_key(|finding| finding.rule.id);
    findings
}

/// The rules that hold, whether they were accepted or not.
fn found(registry: &FleetRegistry) -> Vec<(&'static Rule, String)> {
    let [wildcard, sku, open, unknown, anonymous, export, disagree, ..] = &RULES;
    let exposure = registry.exposure();
    let is_public = registry.public_network_access == Some(EnabledState::Enabled);
    let allows_all =
        registry.default_action.as_deref().is_some_and(|a| a.eq_ignore_ascii_case("Allow"));
    let exports =
        registry.export_policy.as_deref().is_some_and(|p| p.eq_ignore_ascii_case("enabled"));
    let mut found = Vec::new();
    let mut add = |rule, holds: bool, message: String| {
        if holds {
            found.push((rule, message));
        }
    };
    add(
        wildcard,
        exposure == Exposure::Wildcard,
        "Clients get layers from any storage account of the cloud.".to_owned(),
    );
    if let Some(name) = registry.sku.clone().filter(SkuName::is_below_premium) {
        let message = format!("The {} SKU has no dedicated data endpoints.", String::from(name));
        add(sku, true, message);
    }
    add(open, is_public && allows_all, "Every address may reach the registry.".to_owned());
    add(
        unknown,
        exposure == Exposure::Unknown,
        "Azure does not say where clients get layers from.".to_owned(),
    );
    let is_anonymous = registry.anonymous_pull_enabled == Some(true);
    add(anonymous, is_anonymous, "Anonymous pull is enabled.".to_owned());
    add(
        export,
        exposure == Exposure::Private && exports,
        "The export policy of a registry without public access is on.".to_owned(),
    );
    let differences = registry.differences.iter().flatten();
    let properties: Vec<&str> = differences.map(|difference| difference.property).collect();
    add(
        disagree,
        !properties.is_empty(),
        format!("Resource Graph is out of date: {}.", properties.join(", ")),
    );
    found
}
