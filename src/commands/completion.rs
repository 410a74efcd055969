//! `completion`: a script that completes commands and flags in a shell.

use super::Answer;
use crate::generate;
use clap::Args;
use clap_complete::Shell;

/// The name under which the program is installed.
const PROGRAM: &str = "az-acr";

/// Examples under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  mkdir -p ~/.local/share/bash-completion/completions
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

/// Writes the script that makes a shell ask this program for completions.
pub fn run(args: &CompletionArgs) -> Answer {
    Answer::Text(generate::completion(args.shell, PROGRAM))
}
