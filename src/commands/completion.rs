//! `completion`: a script that completes commands and flags in a shell.

use super::Answer;
use crate::context::Context;
use crate::generate;
use clap::Args;
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
pub fn run(args: &CompletionArgs, ctx: &Context) -> Answer {
    Answer::Text(generate::completion(args.shell, (ctx.command_tree)()))
}
