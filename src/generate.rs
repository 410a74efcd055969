//! Generates completion scripts and man pages, as bytes.

use clap::Command;
use clap_complete::Shell;
use clap_complete::env::Shells;

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

/// Returns the file name and roff of each man page: one page for the program and one for each command.
pub fn man_pages(tree: Command) -> Vec<(String, Vec<u8>)> {
    let mut tree = tree.disable_help_subcommand(true);
    tree.build();
    let mut pages = Vec::new();
    collect(&tree, tree.get_name(), &mut pages);
    pages
}

fn collect(command: &Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) {
    // clap requires names that live as long as the program.
    let static_name: &'static str = Box::leak(name.to_owned().into_boxed_str());
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(command.clone().name(static_name));
    // Writing to memory cannot fail.
    if man.render(&mut page).is_ok() {
        pages.push((format!("{name}.1"), page));
    }
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        collect(sub, &format!("{name}-{}", sub.get_name()), pages);
    }
}
