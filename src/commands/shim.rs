//! `shim`: puts this program in front of the real `az`, or takes it away again.

use super::Answer;
use crate::error::UserError;
use crate::message::Code;
use crate::session::Session;
use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use std::fs;
use std::path::{Path, PathBuf};

/// The name of the program that is replaced.
pub const NAME: &str = "az";

/// Examples under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  az-acr shim install ~/bin
  AZ_ACR_SHIM=off az acr list
  az-acr shim remove ~/bin";

/// Arguments of `shim`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ShimArgs {
    #[command(subcommand)]
    command: ShimCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum ShimCommand {
    /// Put a link named 'az' into a directory
    ///
    /// The directory must be ahead of the real az in PATH. Then 'az acr' runs this program's commands, and everything
    /// else is handed to the real az.
    #[command(after_help = "Examples:\n  az-acr shim install ~/bin")]
    Install(DirectoryArgs),
    /// Remove the link from a directory
    #[command(after_help = "Examples:\n  az-acr shim remove ~/bin")]
    Remove(DirectoryArgs),
}

#[derive(Debug, Clone, Args)]
struct DirectoryArgs {
    /// The directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Installs or removes the shim.
///
/// # Errors
/// There is another `az` in the directory, or the link cannot be written or removed.
pub fn run(args: &ShimArgs, session: &Session) -> Result<Answer> {
    let me = std::env::current_exe().and_then(|path| path.canonicalize());
    let me = me.context("cannot find the path of this program")?;
    match &args.command {
        ShimCommand::Install(args) => install(&args.directory, &me, session)?,
        ShimCommand::Remove(args) => remove(&args.directory, &me)?,
    }
    Ok(Answer::Text(Vec::new()))
}

fn install(directory: &Path, me: &Path, session: &Session) -> Result<()> {
    let link = directory.join(NAME);
    if link.symlink_metadata().is_ok() {
        if leads_to(&link, me) {
            return Ok(());
        }
        return Err(not_ours(&link).into());
    }
    // Only the last directory of the path is made: a longer one is a typing error.
    let made = if directory.is_dir() { Ok(()) } else { fs::create_dir(directory) };
    made.and_then(|()| symlink(me, &link))
        .map_err(|e| UserError::new(format!("cannot write {}: {e}", link.display())))?;
    let path = session.env.path("PATH").unwrap_or_default();
    let first = std::env::split_paths(&path).map(|d| d.join(NAME)).find(|az| az.exists());
    if !first.is_some_and(|first| leads_to(&first, me)) {
        session.streams.warning(
            Code::Setting,
            &format!("{} is not ahead of the real az in PATH.", directory.display()),
        );
    }
    Ok(())
}

fn remove(directory: &Path, me: &Path) -> Result<()> {
    let link = directory.join(NAME);
    if link.symlink_metadata().is_err() {
        return Err(UserError::new(format!("there is no {}", link.display())).into());
    }
    if !leads_to(&link, me) {
        return Err(not_ours(&link).into());
    }
    fs::remove_file(&link)
        .map_err(|e| UserError::new(format!("cannot remove {}: {e}", link.display())).into())
}

fn leads_to(link: &Path, me: &Path) -> bool {
    link.canonicalize().is_ok_and(|target| target == me)
}

fn not_ours(link: &Path) -> UserError {
    UserError::new(format!("{} is not a link to this program, so it stays.", link.display()))
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::Error::other("the shim works on Linux and macOS only"))
}
