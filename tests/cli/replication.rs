//! `replication`.

use crate::home::Home;

#[test]
fn a_replica_is_made_and_its_data_endpoint_is_announced() {
    let home = Home::new();
    home.switch();
    let run = home.emulated(&[
        "replication",
        "create",
        "-r",
        "contoso",
        "-l",
        "Japan East",
        "-o",
        "table",
    ]);
    assert_eq!(
        run.stdout,
        "NAME       LOCATION    PROVISIONING STATE    STATUS    REGION ENDPOINT ENABLED\n\
         ---------  ----------  --------------------  --------  -------------------------\n\
         japaneast  japaneast   Succeeded             Ready     True\n"
    );
    assert_eq!(
        run.stderr,
        "NOTE: Pulls will be routed to japaneast. Client firewalls must allow \
         contoso.japaneast.data.azurecr.io.\n"
    );
    let hosts = home.emulated(&["show", "-n", "contoso", "--query", "dataEndpointHostNames[1]"]);
    assert_eq!(hosts.quiet(), "\"contoso.japaneast.data.azurecr.io\"\n");
}

#[test]
fn nothing_is_announced_where_nothing_changes_for_clients() {
    let home = Home::new();
    home.emulated(&["replication", "create", "-r", "contoso", "-l", "japaneast", "-o", "none"])
        .quiet();
    home.emulated(&[
        "replication",
        "create",
        "-r",
        "fabrikam",
        "-l",
        "eastus",
        "-o",
        "none",
        "--only-show-errors",
    ])
    .quiet();
}

#[test]
fn an_operation_is_polled_at_its_own_long_url() {
    let run = Home::new().emulated(&[
        "replication",
        "create",
        "-r",
        "wingtip",
        "-l",
        "westus",
        "-g",
        "fabrikam-rg",
        "-o",
        "none",
        "--debug",
    ]);
    let methods: Vec<String> = run
        .requests()
        .iter()
        .skip(1)
        .map(|request| {
            let (method, path) = request.split_once(' ').unwrap();
            let last = path.split('?').next().unwrap().rsplit('/').next().unwrap();
            format!("{method} {}", last.split('-').next().unwrap())
        })
        .collect();
    assert_eq!(
        methods,
        [
            "GET wingtip",
            "PUT westus",
            "GET replications",
            "GET replications",
            "GET replications",
            "GET westus"
        ]
    );
    assert!(run.stderr.contains("&c=REDACTED"), "the URL's signature is not shown");
}

#[test]
fn refusals_change_nothing() {
    let home = Home::new();
    for (args, code, message) in [
        (
            &["create", "-r", "contoso", "-l", "eastus"][..],
            1,
            "Replication could not be created in the same location",
        ),
        (
            &["create", "-r", "contoso", "-l", "westus", "-n", "other1"],
            1,
            "(ReplicationLocationInUse)",
        ),
        (
            &["create", "-r", "tailspin", "-l", "eastus"],
            1,
            "Replications are only supported for managed registries",
        ),
        (&["create", "-r", "contoso"], 2, "the following arguments are required: --location/-l"),
        (&["create", "-r", "auditlogs", "-l", "eastus"], 1, "(AuthorizationFailed)"),
        (&["delete", "-r", "contoso", "-n", "eastus"], 1, "(CannotDeleteHomeReplication)"),
        (&["delete", "-r", "contoso", "-n", ""], 2, "a value is required for '--name"),
        (&["show", "-r", "contoso", "-n", "nope"], 3, "(ResourceNotFound)"),
        (&["update", "-r", "contoso", "-n", "nope", "--tags", "a=b"], 3, "(ResourceNotFound)"),
        (
            &["update", "-r", "contoso", "-n", "westus", "--set", "bogus=1"],
            1,
            "Couldn't find 'bogus'",
        ),
    ] {
        let stderr = home.emulated(&[&["replication"], args].concat()).fails(code);
        assert!(stderr.starts_with(&format!("ERROR: {message}")), "{args:?}: {stderr}");
    }
    assert!(!home.path(".local/state/az-acr/emulator.json").exists(), "something was written");
}

#[test]
fn a_deleted_replica_takes_its_data_endpoint_along() {
    let home = Home::new();
    home.emulated(&["replication", "delete", "-r", "fabrikam", "-n", "japaneast"]).quiet();
    let hosts =
        home.emulated(&["show", "-n", "fabrikam", "--query", "dataEndpointHostNames", "-o", "tsv"]);
    assert_eq!(
        hosts.quiet(),
        "fabrikam.northeurope.data.azurecr.io\nfabrikam.westeurope.data.azurecr.io\n"
    );
}
