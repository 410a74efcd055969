//! `network-rule` and `private-endpoint-connection`.

use crate::home::Home;

#[test]
fn address_ranges_are_let_in_and_taken_away() {
    let home = Home::new();
    let ranges = || {
        let query = "ipRules[].ipAddressOrRange";
        home.emulated(&["network-rule", "list", "-n", "contoso", "--query", query, "-o", "tsv"])
            .quiet()
    };
    for address in ["203.0.113.0/24", "2001:db8::/32"] {
        home.emulated(&[
            "network-rule",
            "add",
            "-n",
            "contoso",
            "--ip-address",
            address,
            "-o",
            "none",
        ])
        .quiet();
    }
    assert_eq!(ranges(), "203.0.113.0/24\n2001:db8::/32\n");
    // Removing an address that does not exist is not an error, as in az.
    for address in ["203.0.113.0/24", "192.0.2.1"] {
        home.emulated(&[
            "network-rule",
            "remove",
            "-n",
            "contoso",
            "--ip-address",
            address,
            "-o",
            "none",
        ])
        .quiet();
    }
    assert_eq!(ranges(), "2001:db8::/32\n");
}

#[test]
fn the_older_name_of_a_subnet_is_kept() {
    let home = Home::new();
    let run = home.emulated(&[
        "network-rule",
        "add",
        "-n",
        "contoso",
        "--subnet",
        "s",
        "--vnet-name",
        "v",
        "--query",
        "networkRuleSet.virtualNetworkRules[0].virtualNetworkResourceId",
        "-o",
        "tsv",
    ]);
    assert!(
        run.stdout.ends_with("/providers/Microsoft.Network/virtualNetworks/v/subnets/s\n"),
        "{}",
        run.stdout
    );
    assert!(
        run.stderr.starts_with("WARNING: Argument 'subnet' has been deprecated"),
        "{}",
        run.stderr
    );
}

#[test]
fn network_rules_need_premium() {
    for command in ["list", "add", "remove"] {
        assert_eq!(
            Home::new().emulated(&["network-rule", command, "-n", "tailspin"]).fails(1),
            "ERROR: Network rules are only supported for managed registries in Premium SKU.\n"
        );
    }
}

#[test]
fn a_connection_is_rejected_approved_and_deleted() {
    let home = Home::new();
    let on = ["-r", "northwind", "-n", "northwind.5f6b7c8d"];
    let connection = |verb: &str, more: &[&str]| {
        home.emulated(&[&["private-endpoint-connection", verb], &on[..], more].concat())
    };
    let query = ["--query", "privateLinkServiceConnectionState.status", "-o", "tsv"];
    assert_eq!(connection("reject", &query).quiet(), "Rejected\n");
    assert_eq!(connection("approve", &query).quiet(), "Approved\n");
    assert_eq!(connection("delete", &[]).quiet(), "");
    assert!(connection("approve", &[]).fails(3).starts_with("ERROR: (ResourceNotFound)"));
}

#[test]
fn the_table_of_connections_shows_the_other_end() {
    let table = Home::new()
        .emulated(&["private-endpoint-connection", "list", "-r", "northwind", "-o", "table"])
        .quiet();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "NAME                STATUS    RESOURCE GROUP    PRIVATE ENDPOINT");
    assert!(
        lines[2].starts_with("northwind.5f6b7c8d  Approved  fabrikam-rg       /subscriptions/")
    );
    assert!(lines[2].ends_with("/privateEndpoints/northwind-pe"));
}
