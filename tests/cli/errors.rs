//! Bad input: one clear error, the right exit code, nothing changed.

use crate::home::Home;
use serde_json::{Value, json};

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
fn messages_are_lines_of_json_on_request() {
    let home = Home::new();
    let json = |args: &[&str]| -> Vec<Value> {
        let run = home.emulated(&[args, &["--error-format", "json", "-o", "none"]].concat());
        run.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    assert_eq!(
        json(&["show", "-g", "nope", "-n", "contoso"]),
        [json!({
            "level": "error", "code": "notFound", "hint": null, "exitCode": 3,
            "message": "(ResourceGroupNotFound) Resource group 'nope' could not be found.\n\
                        Code: ResourceGroupNotFound\nMessage: Resource group 'nope' could not be found.",
        })]
    );
    // Bad input, refused access and drift can be told apart.
    let codes = |args: &[&str]| -> Vec<Value> {
        json(args).into_iter().map(|mut message| message["code"].take()).collect()
    };
    assert_eq!(codes(&["show", "-n", "x"]), ["invalidInput"]);
    assert_eq!(codes(&["show", "-n", "nobody"]), ["notFound"]);
    assert_eq!(codes(&["show", "--bogus"]), ["usage"]);
    assert_eq!(codes(&["update", "-n", "auditlogs", "--tags", "a=b"]), ["accessDenied"]);
    home.write("rules.txt", "https://contoso.azurecr.io\n");
    let drift = json(&["firewall-rules", "-n", "contoso", "--planned", "--check", "rules.txt"]);
    let last = drift.last().unwrap();
    assert_eq!(
        (&last["level"], &last["code"], &last["exitCode"]),
        (&json!("note"), &json!("summary"), &json!(1))
    );
}

#[test]
fn annotations_show_errors_as_well() {
    let home = Home::new().with("GITHUB_ACTIONS", "true");
    let error = home.emulated(&["show", "-n", "nobody"]).fails(1);
    assert!(error.contains("\n::error::The resource with name 'nobody'"), "{error}");
    // Every line is JSON, or none is.
    let error = home.emulated(&["show", "-n", "nobody", "--error-format", "json"]).fails(1);
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn checks_appear_on_the_page_of_a_run() {
    let home = Home::new();
    let (page, temporary) = (home.path("page.md"), home.path("agent"));
    std::fs::create_dir(&temporary).unwrap();
    let home = home.with("GITHUB_STEP_SUMMARY", page.to_str().unwrap());
    home.write("rules.txt", "contoso.azurecr.io\n");
    let check = ["firewall-rules", "-n", "contoso", "--planned", "--check", "rules.txt"];
    home.emulated(&check);
    home.emulated(&["list-endpoints", "-o", "none"]);
    let text = std::fs::read_to_string(page).unwrap();
    assert!(text.starts_with("## az-acr firewall-rules --check\n\n2 missing, 1 ok"), "{text}");
    assert!(
        text.contains("\n| missing | contoso.eastus.data.azurecr.io | data | eastus |"),
        "{text}"
    );
    assert!(text.contains("\n## az-acr list-endpoints\n\n6 registries: 4 wildcard"), "{text}");
    // Azure Pipelines reads a file that a line names.
    let home =
        home.with("TF_BUILD", "True").with("AGENT_TEMPDIRECTORY", temporary.to_str().unwrap());
    let run = home.emulated(&check);
    let file =
        run.stderr.split("##vso[task.uploadsummary]").nth(1).unwrap().lines().next().unwrap();
    assert!(std::fs::read_to_string(file).unwrap().contains("contoso.westus.data.azurecr.io"));
}

#[cfg(unix)]
#[test]
fn the_page_of_a_run_can_be_neither_a_pipe_nor_a_way_to_the_terminal() {
    let home = Home::new();
    let pipe = home.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let home = home.with("GITHUB_STEP_SUMMARY", pipe.to_str().unwrap());
    home.emulated(&["list-endpoints", "-o", "none"]);
    let home = home.with("GITHUB_ACTIONS", "true").with("TF_BUILD", "true");
    home.write("ru\x1b[31mles.txt", "10.0.0.1\n");
    let check = ["firewall-rules", "-n", "contoso", "--check", "ru\x1b[31mles.txt"];
    let stderr = home.emulated(&check).stderr;
    assert!(stderr.contains("les.txt") && !stderr.contains("file=ru\x1b"), "{stderr:?}");
    assert!(!stderr.contains("sourcepath=ru\x1b"), "{stderr:?}");
}

#[test]
fn what_is_elsewhere_is_said() {
    let home = Home::new();
    assert_eq!(
        home.run(&["login", "-n", "contoso"]).fails(2),
        "ERROR: az-acr does not have the command 'login'.\nTo run it: az acr login\n"
    );
    assert!(home.run(&["help", "replication", "create"]).quiet().contains("--zone-redundancy"));
    assert!(home.run(&["help", "nope"]).fails(2).contains("there is no command 'nope'"));
    assert_eq!(home.run(&["version"]).quiet(), home.run(&["--version"]).quiet());
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
         Tried AzureCliCredential: nobody is logged in to az in this cloud.\n\
         Tried AzureDeveloperCliCredential: azd is not in PATH.\n\
         To try az-acr without Azure, run: az-acr --cloud emulator show-endpoints --name contoso\n"
    );
    for (command, hint) in [
        ("firewall-rules", "\nWithout access to Azure: --endpoints FILE.\n"),
        (
            "check-endpoints",
            "\nWithout access to Azure: --endpoints FILE or --login-server HOST.\n",
        ),
    ] {
        let stderr = Home::new().run(&[command, "-n", "contoso"]).fails(1);
        assert!(stderr.ends_with(hint), "{stderr}");
        // With access, it is no help.
        let stderr = Home::new().emulated(&[command, "-n", "nowhere"]).stderr;
        assert!(!stderr.contains("Without access"), "{stderr}");
    }
}

#[test]
fn a_login_that_lacks_a_variable_names_it() {
    let home = Home::new()
        .with("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
        .with("AZURE_TENANT_ID", "t")
        .with("AZURE_SUBSCRIPTION_ID", "00000000-0000-4000-8000-0000000000ac");
    let debug = home.run(&["show", "-n", "contoso", "--debug"]).fails(1);
    let line = "EnvironmentCredential does not apply: AZURE_CLIENT_ID is not set";
    assert!(debug.contains(line), "{debug}");
    let home = home.with("AZURE_CLIENT_ID", "c");
    let debug = home.run(&["show", "-n", "contoso", "--debug"]).fails(1);
    assert!(
        debug.contains("neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH"),
        "{debug}"
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
