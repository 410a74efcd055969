//! Generates completion scripts and man pages, as bytes.

mod man;

use clap::Command;
use clap_complete::Shell;
use clap_complete::env::Shells;

pub use man::{DATE as RELEASE_DATE, pages as man_pages};

/// The variable that names the shell when its script asks this program for completions.
pub const VARIABLE: &str = "AZ_ACR_COMPLETE";

/// The shells that the program has completions for.
pub const SHELLS: [Shell; 5] =
    [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh];

/// Returns the script that makes a shell ask this program for completions.
pub fn completion(shell: Shell, name: &str) -> Vec<u8> {
    let mut script = Vec::new();
    let shells = Shells::builtins();
    if let Some(completer) = shells.completer(&shell.to_string()) {
        // Writing to memory cannot fail.
        let _ = completer.write_registration(VARIABLE, name, name, name, &mut script);
    }
    script
}

/// Returns the name of a shell's completion script in `completions/`.
pub fn completion_file_name(shell: Shell, tree: &Command) -> String {
    use clap_complete::Generator as _;
    shell.file_name(tree.get_name())
}

/// The variables that users set most, for man pages; `docs/configuration.md` has all of them.
const ENVIRONMENT: [(&str, &str); 8] = [
    ("AZURE_SUBSCRIPTION_ID", "The subscription, if neither an option nor az names one."),
    (
        "AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET",
        "The login of an application. Other logins are described in docs/configuration.md.",
    ),
    ("AZURE_CONFIG_DIR", "The directory of az's files. The default is ~/.azure."),
    ("AZURE_CORE_OUTPUT", "The output format, as for az."),
    ("HTTPS_PROXY, NO_PROXY", "The proxy, and hosts that are reached without it."),
    ("REQUESTS_CA_BUNDLE", "A PEM file with CA certificates, used in place of the system's."),
    ("AZ_ACR_EMULATOR_STATE, AZ_ACR_EMULATOR_FLEET", "The emulator's file, and its fleet."),
    ("NO_COLOR", "If it is set, nothing is coloured."),
];

/// The files that the program reads or writes, for man pages.
const FILES: [(&str, &str); 4] = [
    ("~/.azure/config, ~/.azure/clouds.config", "Settings of az. They are read only."),
    (
        "~/.azure/azureProfile.json, ~/.azure/msal_token_cache.json",
        "The login of az. It is read only.",
    ),
    ("~/.cache/az-acr/registries.json", "Where registries were last found; names only."),
    ("~/.local/state/az-acr/emulator.json", "The emulator's state."),
];
