//! `list`.

use crate::home::Home;

#[test]
fn registries_are_listed_whole_or_by_group() {
    let home = Home::new();
    let names = |args: &[&str]| {
        home.emulated(&[args, &["--query", "[].name", "-o", "tsv"]].concat()).quiet()
    };
    assert_eq!(names(&["list"]), "contoso\nfabrikam\ntailspin\nwingtip\nnorthwind\nauditlogs\n");
    assert_eq!(names(&["list", "-g", "CONTOSO-RG"]), "contoso\ntailspin\n");
    assert_eq!(names(&["list", "-g", "empty-rg"]), "");
}

#[test]
fn the_default_group_narrows_the_list() {
    let home = Home::new().with("AZURE_DEFAULTS_GROUP", "contoso-rg");
    assert_eq!(home.emulated(&["list", "--query", "length(@)"]).quiet(), "2\n");
}

#[test]
fn a_list_costs_one_request() {
    let run = Home::new().emulated(&["list", "--debug"]);
    assert_eq!(run.requests().len(), 2, "the subscription and the list: {:?}", run.requests());
}
