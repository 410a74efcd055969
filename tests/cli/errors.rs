//! Bad input: one clear error, the right exit code, nothing changed.

use crate::home::Home;

#[test]
fn names_that_are_none_are_refused_before_any_request() {
    let home = Home::new();
    let long = "x".repeat(10_000);
    for name in
        ["", "abcd", "a b cdef", "cöntoso", "wingtip-abc123def", &long, "contoso/x", "con'toso"]
    {
        let run = home.emulated(&["show", "--debug", "-n", name]);
        assert_eq!((run.code, run.requests().len()), (1, 0), "{name}");
        assert!(
            run.stderr.ends_with(
                "ERROR: Registry names may contain only alpha numeric characters and must be between 5 and 50 \
                 characters\n"
            ),
            "{}",
            run.stderr
        );
    }
    let stderr = home.emulated(&["show", "-n", "contoso.azurecr.cn"]).fails(1);
    assert_eq!(
        stderr,
        "ERROR: The login server suffix is not valid for the current cloud. Please try again using '.azurecr.io'.\n"
    );
}

#[test]
fn usage_errors_exit_with_2() {
    let home = Home::new();
    for args in [
        &["show"][..],
        &["show", "-n"],
        &["show", "-n", "contoso", "extra"],
        &["show", "--bogus"],
        &["show", "-n", "contoso", "-o", "xml"],
        &["shwo"],
        &["update", "-n", "contoso", "--data-endpoint-enabled", "maybe"],
        &["update", "-n", "contoso", "--sku", "Classic"],
        &["completion", "tcsh"],
    ] {
        let stderr = home.emulated(args).fails(2);
        assert!(stderr.starts_with("ERROR: "), "{args:?}: {stderr}");
    }
}

#[test]
fn help_goes_to_standard_output_and_fits_a_screen() {
    let home = Home::new();
    for args in
        [&["-h"][..], &["show-endpoints", "-h"], &["update", "-h"], &["emulator", "start", "-h"]]
    {
        let help = home.run(args).quiet();
        assert!(help.contains("az-acr "), "{help}");
        assert!(help.lines().count() <= 24, "{args:?}: {} lines", help.lines().count());
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{args:?}");
    }
    assert!(home.run(&["--version"]).quiet().starts_with("az-acr 0."));
}

#[test]
fn who_is_not_logged_in_learns_how_to_try_it() {
    let stderr = Home::new().run(&["show", "-n", "contoso"]).fails(1);
    assert_eq!(
        stderr,
        "ERROR: Please run 'az login' to setup account.\n\
         To try az-acr without Azure, run: az-acr --cloud emulator show-endpoints --name contoso\n"
    );
}

#[test]
fn damaged_files_of_azs_are_named_and_left_alone() {
    for (file, text) in [
        (".azure/config", "[cloud\nname"),
        (".azure/config", "name = without a section"),
        (".azure/config", "[cloud]\nname"),
        (".azure/clouds.config", "[half"),
        (".azure/azureProfile.json", "{\"subscriptions\": [{\"id\": \"1\", \"na"),
        (".azure/azureProfile.json", "null"),
        (".azure/azureProfile.json", ""),
    ] {
        let home = Home::new();
        home.write(file, text);
        let stderr = home.run(&["show", "-n", "contoso"]).fails(1);
        let name = file.rsplit('/').next().unwrap();
        assert!(
            stderr.starts_with("ERROR: ") && stderr.contains(&format!("{name} is damaged")),
            "{text}: {stderr}"
        );
        assert_eq!(std::fs::read_to_string(home.path(file)).unwrap(), text);
    }
}

#[test]
fn a_byte_order_mark_does_no_harm() {
    let home = Home::new();
    home.write(".azure/config", "\u{feff}[defaults]\nacr = contoso\n");
    assert_eq!(home.emulated(&["show", "--query", "name"]).quiet(), "\"contoso\"\n");
}

#[test]
fn unreadable_and_binary_files_are_named() {
    let home = Home::new();
    std::fs::create_dir_all(home.path(".azure/config")).unwrap();
    let stderr = home.emulated(&["list"]).fails(1);
    assert!(
        stderr.starts_with("ERROR: cannot read ") && stderr.contains(".azure/config"),
        "{stderr}"
    );

    let home = Home::new();
    std::fs::create_dir_all(home.path(".azure")).unwrap();
    std::fs::write(home.path(".azure/config"), [0xff, 0xfe, 0x00]).unwrap();
    assert!(home.emulated(&["list"]).fails(1).contains("It must be UTF-8 text"));
}

#[test]
fn unknown_clouds_and_settings_are_named() {
    let home = Home::new();
    let stderr = home.run(&["list", "--cloud", "Nimbus"]).fails(1);
    assert_eq!(
        stderr,
        "ERROR: The cloud 'Nimbus' is not registered. Known clouds: AzureBleuCloud, AzureChinaCloud, AzureCloud, \
         AzureUSGovernment, emulator. To register another, use 'az cloud register'\n"
    );
    let stderr = home.with("AZURE_CORE_NO_COLOR", "perhaps").emulated(&["list"]).fails(1);
    assert!(
        stderr.starts_with(
            "ERROR: AZURE_CORE_NO_COLOR is set to 'perhaps', which is not one of 1, yes"
        ),
        "{stderr}"
    );
}

#[test]
fn a_cloud_over_http_is_refused() {
    let home = Home::new().with("AZURE_CLOUD_NAME", "plain");
    home.write(
        ".azure/clouds.config",
        "[plain]\nendpoint_resource_manager = http://localhost:1\nendpoint_active_directory = https://localhost:1\n",
    );
    let stderr = home.run(&["list"]).fails(1);
    assert_eq!(
        stderr,
        "ERROR: endpoint_resource_manager of the cloud 'plain' is set to 'http://localhost:1', which is not an https \
         URL\n"
    );
}
