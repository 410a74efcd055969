//! Compares planned endpoints with the emulator, which computes host names independently.

use az_acr::domain::{Endpoint, Endpoints, Fqdn};
use az_acr::emulator::{DEFAULT_SUBSCRIPTION, Request, State, handle};
use proptest::prelude::*;
use serde_json::{Value, json};

const REGIONS: [&str; 8] = [
    "eastus",
    "westus2",
    "westeurope",
    "japaneast",
    "australiasoutheast",
    "uksouth",
    "southafricanorth",
    "qatarcentral",
];

fn ask(state: &mut State, method: &str, path: &str, body: &Value) -> Value {
    let base = "/subscriptions/".to_owned() + DEFAULT_SUBSCRIPTION;
    let answer = handle(
        state,
        &Request {
            method: method.to_owned(),
            origin: "https://arm.example".to_owned(),
            path: format!(
                "{base}/resourceGroups/empty-rg/providers/Microsoft.ContainerRegistry/registries/{path}"
            ),
            query: vec![("api-version".to_owned(), "2026-09-01-preview".to_owned())],
            authorization: Some("Bearer x.y.emulated".to_owned()),
            body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
            now: "2026-09-10T06:47:33.0000000".to_owned(),
        },
    );
    assert!(answer.status < 300, "{method} {path}: {answer:?}");
    // An operation ends after a few polls; an unfinished replica has no endpoint yet.
    let mut began = answer.headers.iter().filter(|_| method == "PUT");
    if let Some((_, url)) = began.find(|(name, _)| *name == "azure-asyncoperation") {
        let path = url.split("/registries/").nth(1).unwrap().split('?').next().unwrap().to_owned();
        for _ in 0..3 {
            ask(state, "GET", &path, &Value::Null);
        }
    }
    answer.body.unwrap_or_default()
}

proptest! {
    #[test]
    fn the_plan_is_what_the_service_makes_of_it(
        name in "[a-z0-9]{5,50}",
        label_hash in proptest::option::of("[a-z0-9]{6,12}"),
        home in 0..REGIONS.len(),
        replicas in proptest::collection::btree_set(0..REGIONS.len(), 0..5),
        regional in any::<bool>(),
    ) {
        let state = &mut State::first_world();
        state.registries.clear();
        ask(state, "PUT", &name, &json!({"location": REGIONS[home], "sku": {"name": "Premium"}}));
        if let Some(hash) = label_hash {
            state.registries[0].login_label = format!("{name}-{hash}");
        }
        let before = ask(state, "GET", &name, &Value::Null);
        let login_server = Fqdn::parse(before["properties"]["loginServer"].as_str().unwrap()).unwrap();
        let regions = replicas.iter().map(|i| REGIONS[*i]).chain([REGIONS[home]]);
        let planned = Endpoints::planned(&login_server, regions, regional).unwrap();

        for region in replicas.iter().filter(|i| **i != home).map(|i| REGIONS[*i]) {
            ask(state, "PUT", &format!("{name}/replications/{region}"), &json!({"location": region}));
        }
        let regional_endpoints = if regional { "Enabled" } else { "Disabled" };
        ask(state, "PATCH", &name, &json!({"properties": {"dataEndpointEnabled": true, "regionalEndpoints": regional_endpoints}}));
        let after = ask(state, "GET", &name, &Value::Null);
        let hosts = |endpoints: &[Endpoint]| {
            json!(endpoints.iter().map(|endpoint| &endpoint.host).collect::<Vec<_>>())
        };
        prop_assert_eq!(hosts(&planned.data), after["properties"]["dataEndpointHostNames"].clone());
        let regional = planned.regional.hosts().to_vec();
        prop_assert_eq!(hosts(&regional), after["properties"]["regionalEndpointHostNames"].clone());
    }
}
