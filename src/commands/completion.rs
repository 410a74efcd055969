//! `completion`: a script that completes commands and flags in a shell.

use super::Answer;
use crate::generate;
use clap::{Args, Command};
use clap_complete::Shell;

/// Examples under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  az-acr completion bash > ~/.local/share/bash-completion/completions/az-acr
  az-acr completion zsh > ~/.zfunc/_az-acr";

/// Arguments of `completion`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct CompletionArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Writes a completion script.
///
/// # Arguments
/// * `tree` - all commands and flags.
pub fn run(args: &CompletionArgs, tree: Command) -> Answer {
    Answer::Text(generate::completion(args.shell, tree))
}
