//! `json`: for programs.

use super::{AllowList, Format, RenderOptions};
use serde_json::json;

/// The format.
pub struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn render(&self, list: &AllowList, _: &RenderOptions) -> String {
        let registries: Vec<_> = list.groups.iter().map(|group| group.title.as_str()).collect();
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
                })
            })
            .collect();
        format!("{:#}\n", json!({"for": registries, "hosts": hosts}))
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
                "protocol": "TCP",
            })
        );
        assert_eq!(value["hosts"][4]["kind"], "storage");
    }
}
