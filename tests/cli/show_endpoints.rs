//! `show-endpoints`.

use crate::home::Home;
use serde_json::{Value, json};

const WARNING: &str = "WARNING: To configure client firewall w/o using wildcard storage blob urls, use \"az acr update \
                       --name contoso --data-endpoint-enabled\" to enable dedicated data endpoints.\n";

#[test]
fn without_data_endpoints_every_region_needs_the_storage_wildcard() {
    let run = Home::new().emulated(&["show-endpoints", "--name", "contoso"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, WARNING));
    assert_eq!(
        run.stdout,
        r#"{
  "dataEndpoints": [
    {
      "endpoint": "*.blob.core.windows.net",
      "region": "eastus"
    },
    {
      "endpoint": "*.blob.core.windows.net",
      "region": "westus"
    }
  ],
  "loginServer": "contoso.azurecr.io"
}
"#
    );
}

#[test]
fn an_unreplicated_registry_shows_its_own_region() {
    let run = Home::new().emulated(&["show-endpoints", "-n", "tailspin", "-o", "table"]);
    assert_eq!(
        run.stdout,
        "LoginServer          Region    Endpoint\n\
         -------------------  --------  -----------------------\n\
         tailspin.azurecr.io  westus2   *.blob.core.windows.net\n"
    );
}

#[test]
fn after_the_switch_there_is_a_host_for_each_region() {
    let home = Home::new();
    home.emulated(&["update", "-n", "contoso", "--data-endpoint-enabled", "--only-show-errors"])
        .quiet();
    assert_eq!(
        home.emulated(&["show-endpoints", "-n", "contoso", "-o", "table"]).quiet(),
        "LoginServer         Region    Endpoint\n\
         ------------------  --------  ------------------------------\n\
         contoso.azurecr.io  eastus    contoso.eastus.data.azurecr.io\n\
         contoso.azurecr.io  westus    contoso.westus.data.azurecr.io\n"
    );
}

#[test]
fn regional_endpoints_are_shown_when_they_are_enabled() {
    let shown = Home::new().emulated(&["show-endpoints", "-n", "fabrikam"]).quiet();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        shown["regionalEndpoints"][0],
        json!({"region": "japaneast", "endpoint": "fabrikam.japaneast.geo.azurecr.io"})
    );
}

#[test]
fn a_domain_name_label_is_part_of_the_hosts() {
    let home = Home::new();
    home.emulated(&[
        "update",
        "-n",
        "wingtip",
        "--data-endpoint-enabled",
        "-o",
        "none",
        "--only-show-errors",
    ])
    .quiet();
    assert_eq!(
        home.emulated(&[
            "show-endpoints",
            "-n",
            "wingtip",
            "--query",
            "dataEndpoints[].endpoint",
            "-o",
            "tsv"
        ])
        .quiet(),
        "wingtip-abc123def.eastus.data.azurecr.io\n"
    );
}

#[test]
fn only_errors_are_shown_on_request() {
    let home = Home::new();
    home.emulated(&["show-endpoints", "-n", "contoso", "--only-show-errors"]).quiet();
    home.with("AZURE_CORE_ONLY_SHOW_ERRORS", "yes")
        .emulated(&["show-endpoints", "-n", "contoso"])
        .quiet();
}
