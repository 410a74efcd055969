//! `show`, and how a registry is found.

use crate::home::Home;
use serde_json::Value;

const SUBSCRIPTION: &str = "00000000-0000-4000-8000-0000000000ac";

#[test]
fn a_registry_is_shown_as_az_shows_it() {
    let shown = Home::new().emulated(&["show", "-n", "northwind"]).quiet();
    let golden = include_str!("../golden/show-northwind.json");
    assert_eq!(shown, golden);
}

#[test]
fn the_table_has_azs_columns() {
    assert_eq!(
        Home::new().emulated(&["show", "-n", "fabrikam", "-o", "table"]).quiet(),
        "NAME      RESOURCE GROUP    LOCATION    SKU      LOGIN SERVER         CREATION DATE         ADMIN ENABLED\n\
         --------  ----------------  ----------  -------  -------------------  --------------------  ---------------\n\
         fabrikam  fabrikam-rg       westeurope  Premium  fabrikam.azurecr.io  2026-09-10T06:47:33Z  True\n"
    );
}

#[test]
fn a_name_costs_one_search_and_then_none() {
    let home = Home::new();
    let search = format!("GET /subscriptions/{SUBSCRIPTION}/resources?api-version=2024-11-01");
    let get = format!(
        "GET /subscriptions/{SUBSCRIPTION}/resourceGroups/contoso-rg/providers/Microsoft.ContainerRegistry/registries/\
         contoso?api-version=2026-09-01-preview"
    );
    // The first request finds the emulator's only subscription; a login already knows its own.
    let requests =
        |name: &str| home.emulated(&["show", "-n", name, "--debug"]).requests().split_off(1);
    assert_eq!(requests("contoso"), [search, get.clone()]);
    assert_eq!(requests("contoso"), std::slice::from_ref(&get));
    assert_eq!(requests("CONTOSO"), [get.replace("registries/contoso", "registries/CONTOSO")]);
    let direct = home.emulated(&["show", "-n", "contoso", "-g", "contoso-rg", "--debug"]);
    assert_eq!(direct.requests().split_off(1), [get]);
}

#[test]
fn a_hint_that_no_longer_holds_is_dropped() {
    let home = Home::new();
    home.emulated(&["show", "-n", "contoso"]).quiet();
    let hints = home.path(".cache/az-acr/registries.json");
    let moved = std::fs::read_to_string(&hints).unwrap().replace("contoso-rg", "fabrikam-rg");
    std::fs::write(&hints, &moved).unwrap();
    let run = home.emulated(&["show", "-n", "contoso", "--query", "resourceGroup", "--debug"]);
    assert_eq!((run.stdout.as_str(), run.requests().len()), ("\"contoso-rg\"\n", 4));
    assert!(std::fs::read_to_string(&hints).unwrap().contains("contoso-rg"));
}

#[test]
fn damaged_hints_are_no_hints() {
    let home = Home::new();
    home.write(".cache/az-acr/registries.json", "{\"half");
    home.emulated(&["show", "-n", "contoso"]).quiet();
}

#[test]
fn a_login_server_is_trimmed_with_a_warning() {
    let run =
        Home::new().emulated(&["show", "-n", "wingtip-abc123def.azurecr.io", "--query", "name"]);
    assert_eq!(run.stdout, "\"wingtip\"\n");
    assert_eq!(
        run.stderr,
        "WARNING: Registry name is 'wingtip'. The following suffix '-abc123def.azurecr.io' is automatically omitted.\n"
    );
}

#[test]
fn the_default_registry_comes_from_a_variable_or_the_settings() {
    let home = Home::new();
    home.write(".azure/config", "[defaults]\nacr = fabrikam\n");
    assert_eq!(home.emulated(&["show", "--query", "name"]).quiet(), "\"fabrikam\"\n");
    let home = home.with("AZURE_DEFAULTS_ACR", "contoso");
    assert_eq!(home.emulated(&["show", "--query", "name"]).quiet(), "\"contoso\"\n");
}

#[test]
fn settings_of_the_directory_win_over_those_of_the_home() {
    let home = Home::new().with("AZURE_CONFIG_DIR", "/nowhere/.azure");
    home.write(".azure/config", "[defaults]\nacr = wingtip\n");
    assert_eq!(home.emulated(&["show", "--query", "name"]).quiet(), "\"wingtip\"\n");
}

#[test]
fn what_is_not_there_ends_with_azs_codes() {
    let home = Home::new();
    for (args, code, message) in [
        (
            &["show", "-n", "nopenope"][..],
            1,
            "The resource with name 'nopenope' and type 'Microsoft.ContainerRegistry/registries' could not be found \
             in subscription 'Emulator (00000000-0000-4000-8000-0000000000ac)'.\n",
        ),
        (
            &["show", "-n", "contoso", "-g", "nope"],
            3,
            "(ResourceGroupNotFound) Resource group 'nope' could not be found.\nCode: ResourceGroupNotFound\n\
             Message: Resource group 'nope' could not be found.\n",
        ),
        (&["show", "-n", "contoso", "-g", "fabrikam-rg"], 3, "(ResourceNotFound) The Resource "),
        (&["list", "-g", "nope"], 3, "(ResourceGroupNotFound)"),
    ] {
        let stderr = home.emulated(args).fails(code);
        assert!(stderr.starts_with(&format!("ERROR: {message}")), "{stderr}");
    }
}

#[test]
fn unknown_values_from_arm_are_shown() {
    let home = Home::new();
    home.emulated(&["update", "-n", "contoso", "--admin-enabled", "-o", "none"]).quiet();
    let state = home.path(".local/state/az-acr/emulator.json");
    let text = std::fs::read_to_string(&state).unwrap().replace("\"Premium\"", "\"Platinum\"");
    std::fs::write(&state, text).unwrap();
    let shown = home.emulated(&["show", "-n", "contoso"]).quiet();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["sku"]["name"], "Platinum");
}
