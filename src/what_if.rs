//! What an update would do: a registry as it is, and the body of a PATCH.
//!
//! Pure. The rules are the service's own, as far as they decide which endpoints there are and who reaches them.

use crate::arm::{EnabledState, Registry, Replication, SkuName};
use crate::endpoints::{Endpoint, Endpoints};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The plan as JSON: `registry`, `changes`, `endpoints`, `firewall`, `blocked`.
///
/// # Arguments
/// * `registry` - as it is.
/// * `replications` - its replicas.
/// * `body` - the PATCH that would be sent.
/// * `storage_suffix` - the cloud's, for the wildcard that is used without dedicated data endpoints.
pub fn plan(
    registry: &Registry,
    replications: &[Replication],
    body: &Value,
    storage_suffix: &str,
) -> Value {
    let before = State::of(registry);
    let after = before.after(body);
    let login_server = registry
        .properties
        .as_ref()
        .and_then(|properties| properties.login_server.as_deref())
        .unwrap_or_default();
    let regions: BTreeSet<&str> = replications
        .iter()
        .filter_map(|replication| replication.location.as_deref())
        .chain(registry.location.as_deref())
        .collect();
    let (old, new) = (
        before.hosts(login_server, &regions, storage_suffix),
        after.hosts(login_server, &regions, storage_suffix),
    );
    let difference = |a: &[Value], b: &[Value]| {
        a.iter().filter(|endpoint| !b.contains(endpoint)).cloned().collect::<Vec<_>>()
    };
    let (added, removed) = (difference(&new, &old), difference(&old, &new));
    let hosts = |endpoints: &[Value]| {
        let hosts = endpoints.iter().filter_map(|endpoint| endpoint["endpoint"].as_str());
        hosts.collect::<BTreeSet<_>>().into_iter().map(Value::from).collect::<Vec<_>>()
    };
    json!({
        "registry": registry.name,
        "changes": changes(registry, body),
        "firewall": {"allow": hosts(&added), "remove": hosts(&removed)},
        "endpoints": {"added": added, "removed": removed},
        "blocked": after.blocked(replications.iter().any(|r| r.location != registry.location)),
    })
}

/// The settings that rules between settings look at.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
struct State {
    sku: String,
    data_endpoints: bool,
    regional_endpoints: bool,
    dual_stack: bool,
    content_trust: bool,
    public_access: bool,
    network_rules: bool,
}

impl State {
    fn of(registry: &Registry) -> Self {
        let properties = registry.properties.clone().unwrap_or_default();
        let rules = properties.network_rule_set.unwrap_or_default();
        let any = |list: usize| list > 0;
        Self {
            sku: registry
                .sku
                .as_ref()
                .and_then(|sku| sku.name.clone())
                .map(String::from)
                .unwrap_or_default(),
            data_endpoints: properties.data_endpoint_enabled == Some(true),
            regional_endpoints: properties.regional_endpoints == Some(EnabledState::Enabled),
            dual_stack: properties.endpoint_protocol.as_deref() == Some("IPv4AndIPv6"),
            content_trust: properties
                .policies
                .and_then(|policies| policies.trust_policy)
                .and_then(|policy| policy.status)
                .is_some_and(|status| status == "enabled"),
            public_access: properties.public_network_access != Some(EnabledState::Disabled),
            network_rules: rules.default_action.as_deref() == Some("Deny")
                || any(rules.ip_rules.map_or(0, |rules| rules.len()))
                || any(rules.virtual_network_rules.map_or(0, |rules| rules.len())),
        }
    }

    fn after(&self, body: &Value) -> Self {
        let properties = &body["properties"];
        let text = |name: &str| properties[name].as_str();
        let mut after = self.clone();
        if let Some(sku) = body["sku"]["name"].as_str() {
            sku.clone_into(&mut after.sku);
        }
        if let Some(on) = properties["dataEndpointEnabled"].as_bool() {
            after.data_endpoints = on;
        }
        if let Some(state) = text("regionalEndpoints") {
            after.regional_endpoints = state.eq_ignore_ascii_case("Enabled");
        }
        if let Some(protocol) = text("endpointProtocol") {
            after.dual_stack = protocol.eq_ignore_ascii_case("IPv4AndIPv6");
        }
        if let Some(state) = text("publicNetworkAccess") {
            after.public_access = !state.eq_ignore_ascii_case("Disabled");
        }
        let rules = &properties["networkRuleSet"];
        if let Some(action) = rules["defaultAction"].as_str() {
            after.network_rules = action.eq_ignore_ascii_case("Deny");
        }
        after
    }

    fn hosts(&self, login_server: &str, regions: &BTreeSet<&str>, suffix: &str) -> Vec<Value> {
        let regions = || regions.iter().copied();
        let planned = Endpoints::planned(login_server, regions(), self.regional_endpoints);
        let data = match &planned {
            Some(planned) if self.data_endpoints => planned.data_endpoints.clone(),
            _ => regions().map(|region| Endpoint::storage_wildcard(region, suffix)).collect(),
        };
        let data_kind = if self.data_endpoints { "data" } else { "storage" };
        let entry = |kind: &str, endpoint: &Endpoint| json!({"region": endpoint.region, "kind": kind, "endpoint": endpoint.endpoint});
        let regional = planned.iter().filter_map(|p| p.regional_endpoints.as_ref()).flatten();
        data.iter()
            .map(|endpoint| entry(data_kind, endpoint))
            .chain(regional.map(|endpoint| entry("regional", endpoint)))
            .collect()
    }

    /// Why the service would refuse.
    fn blocked(&self, replicated: bool) -> Vec<String> {
        let mut reasons = Vec::new();
        if SkuName::from(self.sku.clone()) != SkuName::Premium {
            for (on, feature) in [
                (self.data_endpoints, "Dedicated data endpoints"),
                (self.regional_endpoints, "Regional endpoints"),
                (self.network_rules, "Network rules"),
                (!self.public_access, "Disabling public network access"),
                (replicated, "Replicas"),
            ] {
                if on {
                    let sku = &self.sku;
                    reasons.push(format!(
                        "{feature} need the Premium SKU, the registry's is {sku}: --sku Premium"
                    ));
                }
            }
        }
        if self.dual_stack && !self.data_endpoints {
            reasons.push(
                "IPv4AndIPv6 needs dedicated data endpoints: --data-endpoint-enabled".to_owned(),
            );
        }
        if self.regional_endpoints && self.content_trust {
            reasons.push(
                "Regional endpoints cannot be enabled together with content trust".to_owned(),
            );
        }
        reasons
    }
}

/// Properties that the body would change, with their values before and after.
fn changes(registry: &Registry, body: &Value) -> Vec<Value> {
    let current = serde_json::to_value(registry).unwrap_or_default();
    let mut changes = Vec::new();
    for (name, after) in body.as_object().unwrap_or(&Map::new()) {
        collect(name, &current[name], after, &mut changes);
    }
    changes
}

fn collect(path: &str, before: &Value, after: &Value, changes: &mut Vec<Value>) {
    // Tags are replaced as a whole, other objects member by member.
    match after {
        Value::Object(members) if path != "tags" => {
            for (name, after) in members {
                // As `az` shows it: no `properties`, and its spelling of one policy.
                let shown = if name == "azureADAuthenticationAsArmPolicy" {
                    "azureAdAuthenticationAsArmPolicy"
                } else {
                    name
                };
                let path =
                    if path == "properties" { shown.to_owned() } else { format!("{path}.{shown}") };
                collect(&path, &before[shown], after, changes);
            }
        }
        after if before != after => {
            changes.push(json!({"property": path, "before": before, "after": after}));
        }
        _ => {}
    }
}

/// The plan as rows: `~` changes, `+` and `-` hosts, `!` what blocks it.
pub fn rows(plan: &Value) -> Vec<Value> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let shown = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    };
    let row = |mark: &str, what: &str, detail: String| json!({"CHANGE": mark, "WHAT": what, "DETAIL": detail});
    let endpoint = |mark: &str, endpoint: &Value| {
        let what =
            format!("{} endpoint in {}", shown(&endpoint["kind"]), shown(&endpoint["region"]));
        row(mark, &what, shown(&endpoint["endpoint"]))
    };
    let mut rows = Vec::new();
    for change in list(&plan["changes"]) {
        let detail = format!("{} -> {}", shown(&change["before"]), shown(&change["after"]));
        rows.push(row("~", &shown(&change["property"]), detail));
    }
    rows.extend(list(&plan["endpoints"]["added"]).iter().map(|added| endpoint("+", added)));
    rows.extend(list(&plan["endpoints"]["removed"]).iter().map(|removed| endpoint("-", removed)));
    rows.extend(list(&plan["blocked"]).iter().map(|reason| row("!", "blocked", shown(reason))));
    rows
}

/// The colour of a row on a terminal, as in a diff.
pub fn colour(line: &str) -> Option<&'static str> {
    match line.chars().next() {
        Some('+') => Some("\x1b[32m"),
        Some('-') if !line.starts_with("--") => Some("\x1b[31m"),
        Some('~') => Some("\x1b[33m"),
        Some('!') => Some("\x1b[91m"),
        _ => None,
    }
}
