//! The plan of `update --what-if`.

use crate::domain::Endpoint;
use crate::output::{Row, Style};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What an update would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The registry's name.
    pub registry: Option<String>,
    /// Properties that change.
    pub changes: Vec<Change>,
    /// Endpoints that clients need after the update.
    pub added: Vec<Endpoint>,
    /// Endpoints that clients no longer need.
    pub removed: Vec<Endpoint>,
    /// Private endpoints that gain members.
    pub private_endpoints: Vec<PrivateEndpoint>,
    /// What else changes.
    pub warnings: Vec<String>,
    /// What could not be checked.
    pub not_checked: Vec<NotChecked>,
    /// Why the service would refuse the update.
    pub blocked: Vec<String>,
}

/// A property that changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Its path, as `--set` accepts it.
    pub property: String,
    /// Its value now.
    pub before: Value,
    /// Its value after the update.
    pub after: Value,
}

/// A private endpoint that gains members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PrivateEndpoint {
    /// The connection's name.
    pub connection: Option<String>,
    /// The private endpoint's resource id.
    pub id: Option<String>,
    /// The new members, e.g. `registry_eastus`.
    pub members: Vec<String>,
    /// How many more addresses it needs in its subnet.
    pub addresses: usize,
}

/// Something that could not be checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotChecked {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let endpoint =
            |e: &Endpoint| json!({"region": e.region, "kind": e.role, "endpoint": e.host});
        let endpoints = |list: &[Endpoint]| list.iter().map(endpoint).collect::<Value>();
        let hosts = |list: &[Endpoint]| {
            list.iter()
                .map(|e| e.host.to_string())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect::<Value>()
        };
        json!({
            "registry": self.registry,
            "changes": self.changes,
            "firewall": {"allow": hosts(&self.added), "remove": hosts(&self.removed)},
            "endpoints": {"added": endpoints(&self.added), "removed": endpoints(&self.removed)},
            "privateEndpoints": self.private_endpoints,
            "warnings": self.warnings,
            "notChecked": self.not_checked,
            "blocked": self.blocked,
        })
        .serialize(serializer)
    }
}

/// The plan as rows: `~` changes, `+` and `-` hosts, `!` what blocks it or needs attention, `?` what was not checked.
pub fn rows(plan: &Plan) -> Vec<Row> {
    let row = |style, mark: &str, what: &str, detail: String| {
        Row::new(style).cell("CHANGE", mark).cell("WHAT", what).cell("DETAIL", detail)
    };
    let endpoint = |style, mark: &str, endpoint: &Endpoint| {
        let role = json!(endpoint.role);
        let region = endpoint.region.as_deref().unwrap_or_default();
        let what = format!("{} endpoint in {region}", role.as_str().unwrap_or_default());
        row(style, mark, &what, endpoint.host.to_string())
    };
    // A sentence stands below its row, where it is wrapped.
    let sentence = |style, mark: &str, what: &str, text: String| {
        row(style, mark, what, String::new()).remark(Some(text))
    };
    let mut rows = Vec::new();
    for change in &plan.changes {
        let detail = format!("{} -> {}", shown(&change.before), shown(&change.after));
        rows.push(row(Style::Notice, "~", &change.property, detail));
    }
    rows.extend(plan.added.iter().map(|added| endpoint(Style::Good, "+", added)));
    rows.extend(plan.removed.iter().map(|removed| endpoint(Style::Removed, "-", removed)));
    for endpoint in &plan.private_endpoints {
        let name = endpoint.connection.as_deref().unwrap_or_default();
        let detail =
            format!("{}: {} more addresses", endpoint.members.join(", "), endpoint.addresses);
        rows.push(row(Style::Notice, "~", &format!("private endpoint {name}"), detail));
    }
    for warning in &plan.warnings {
        rows.push(sentence(Style::Notice, "!", "warning", warning.clone()));
    }
    for item in &plan.not_checked {
        let detail = format!("{} ({})", item.what, item.why);
        rows.push(sentence(Style::Notice, "?", "not checked", detail));
    }
    let blocked = |reason: &String| sentence(Style::Bad, "!", "blocked", reason.clone());
    rows.extend(plan.blocked.iter().map(blocked));
    rows
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    }
}
