//! `json`: for programs.

use super::host_set::HostSet;
use super::policy::{
    Decision, Flow, InvalidRules, Mentions, Outcome, Place, Policy, RuleFile, Scope,
};
use super::{AllowList, Format, RenderOptions};
use serde::Deserialize;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// The format.
pub struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn about(&self) -> &'static str {
        "hosts with their registries, for scripts"
    }

    fn render(&self, list: &AllowList, _: &RenderOptions) -> String {
        let registries: Vec<_> = list.groups.iter().map(|group| group.title.as_str()).collect();
        let mut needed_by = list.registries();
        let hosts: Vec<_> = list
            .endpoints()
            .into_iter()
            .map(|endpoint| {
                json!({
                    "fqdn": endpoint.host,
                    "kind": endpoint.role,
                    "region": endpoint.region,
                    "port": 443,
                    "protocol": "TCP",
                    "registries": needed_by.remove(&endpoint.host.to_string()),
                })
            })
            .collect();
        format!("{:#}\n", json!({"for": registries, "hosts": hosts}))
    }
}

/// What [`Json`] writes.
#[derive(Debug, Deserialize)]
struct Document {
    #[serde(rename = "for")]
    _registries: Vec<String>,
    hosts: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    fqdn: String,
    port: u16,
}

/// The hosts of documents, by port.
#[derive(Debug, Default)]
pub struct JsonHosts(HashMap<u16, HostSet>);

/// Whether a text looks like what [`Json`] writes.
pub fn is_ours(text: &str) -> bool {
    text.trim_start().starts_with('{') && text.contains("\"for\"") && text.contains("\"hosts\"")
}

/// Reads documents as one list.
///
/// # Errors
/// [`InvalidRules`] if one is not what [`Json`] writes.
pub fn read(files: &[RuleFile]) -> Result<JsonHosts, InvalidRules> {
    let mut hosts = JsonHosts::default();
    for file in files {
        let place = |line| Place { file: Arc::clone(&file.name), line };
        let document: Document = serde_json::from_str(&file.text).map_err(|error| {
            let what = format!("not what --format json writes: {error}");
            InvalidRules { place: place(error.line()), what }
        })?;
        let lines = lines_of_texts(&file.text);
        for entry in document.hosts {
            let place = place(lines.get(entry.fqdn.as_str()).copied().unwrap_or(1));
            let set = hosts.0.entry(entry.port).or_default();
            let name = entry.fqdn.to_ascii_lowercase();
            match name.strip_prefix("*.") {
                Some(domain) if !domain.contains('*') => set.insert_below(domain, &place),
                None if !name.contains('*') => set.insert_host(&name, &place),
                _ => {
                    let what = format!("'{name}' is neither a host nor a domain after '*.'");
                    return Err(InvalidRules { place, what });
                }
            }
        }
    }
    Ok(hosts)
}

/// The first line of each text in quotes.
fn lines_of_texts(text: &str) -> HashMap<&str, usize> {
    let mut lines = HashMap::new();
    for (i, line) in text.lines().enumerate() {
        for quoted in line.split('"').skip(1).step_by(2) {
            lines.entry(quoted).or_insert(i + 1);
        }
    }
    lines
}

impl Policy for JsonHosts {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        let hosts = self.0.get(&flow.port);
        match hosts.and_then(|hosts| hosts.find(flow.host.as_str())) {
            Some(place) => Decision::by(Outcome::Allow, place),
            None => Decision::by_default(otherwise.clone()),
        }
    }

    fn mentions(&self) -> Mentions<'_> {
        Mentions { hosts: self.0.values().collect(), ..Mentions::default() }
    }

    fn scope(&self) -> Scope {
        Scope::Part
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;
    use serde_json::Value;

    #[test]
    fn each_host_says_what_it_is_for() {
        let (list, options) = example();
        let value: Value = serde_json::from_str(&Json.render(&list, &options)).unwrap();
        assert_eq!(value["for"], json!(["contoso.azurecr.io", "tailspin.azurecr.io"]));
        assert_eq!(
            value["hosts"][1],
            json!({
                "fqdn": "contoso.eastus.data.azurecr.io", "kind": "data", "region": "eastus", "port": 443,
                "protocol": "TCP", "registries": ["contoso.azurecr.io"],
            })
        );
        assert_eq!(value["hosts"][4]["kind"], "storage");
    }
}
