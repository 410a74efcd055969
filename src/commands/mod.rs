//! The commands, one a file: arguments, checks, and what is done.

pub mod completion;
pub mod emulator;
pub mod list;
pub mod show;
pub mod show_endpoints;
pub mod update;

use crate::output::Outcome;
use clap::Args;

/// What a command has to say.
#[derive(Debug)]
pub enum Answer {
    /// A value, written in the format that `--output` asks for.
    Value(Outcome),
    /// Bytes as they are.
    Text(Vec<u8>),
}

/// Which registry.
#[derive(Debug, Clone, Args)]
pub struct RegistryArgs {
    /// Registry name or login server [default: az's]
    #[arg(short, long, value_name = "NAME")]
    pub name: Option<String>,

    /// Its resource group; saves a search [default: az's]
    #[arg(short = 'g', long, value_name = "GROUP")]
    pub resource_group: Option<String>,
}
