//! Under the name `az`: runs the commands of `az acr` that this program has, and hands everything else to the real `az`.
//!
//! `az-acr shim install DIR` puts a link named `az` into a directory ahead in PATH. Handing over replaces this process
//! (exec), so exit code, signals and the three streams are the real program's own.

use crate::azure::cloud::Cloud;
use crate::azure::config::Config;
use crate::azure::profile::Profile;
use crate::cli::{self, Command};
use crate::commands::shim::NAME;
use crate::env::Env;
use crate::error::UserError;
use crate::message::Code;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// `off` hands everything over.
const SWITCH: &str = "AZ_ACR_SHIM";
/// The exit code of shells for a program that is not there.
const NO_PROGRAM: u8 = 127;

/// What to do with a command line.
#[derive(Debug)]
pub enum Decision {
    /// This is not the shim: go on as usual.
    NotAz,
    /// Run these arguments as this program, with this environment.
    Run(Vec<OsString>, Env),
}

/// Decides what to do with a command line; does not return if the real `az` takes over.
///
/// # Arguments
/// * `stdout` - what the real `az` has as its standard output.
///
/// # Errors
/// There is no other `az` in PATH.
pub fn intercept(
    args: &[OsString],
    env: &Env,
    stdout: impl FnOnce() -> Stdio,
) -> Result<Decision, UserError> {
    let name = args.first().map(Path::new).and_then(Path::file_stem);
    if name != Some(OsStr::new(NAME)) {
        return Ok(Decision::NotAz);
    }
    match own(args, env) {
        Some(decision) => Ok(decision),
        None => Err(hand_over(args.get(1..).unwrap_or_default(), env, stdout())),
    }
}

/// The command line as this program's own, if it can answer exactly as `az` would: a command that it has, no flag that
/// it does not know, and a login of `az`.
fn own(args: &[OsString], env: &Env) -> Option<Decision> {
    if env.var(SWITCH).is_some_and(|value| value.eq_ignore_ascii_case("off")) {
        return None;
    }
    let rest = args.get(1..)?.strip_prefix(&[OsString::from("acr")])?;
    let own: Vec<OsString> =
        [OsString::from("az-acr")].into_iter().chain(rest.iter().cloned()).collect();
    let cli = cli::parse(&own, &clap::builder::Styles::plain()).ok()?;
    let only_here = matches!(
        cli.command,
        Command::Emulator(_)
            | Command::Completion(_)
            | Command::Shim(_)
            | Command::Help(_)
            | Command::Version
    );
    if only_here {
        return None;
    }
    // As az, only az's own login counts; without one, az says what to do.
    let config = Config::load(env).ok()?;
    let cloud = Cloud::chosen(&config, cli.global.cloud.as_deref());
    let profile = Profile::load(config.directory(), &cloud).ok()?;
    if profile.is_empty() {
        return None;
    }
    let env = env
        .clone()
        .with("AZURE_TOKEN_CREDENTIALS", Some("AzureCliCredential"))
        .with("AZURE_SUBSCRIPTION_ID", None);
    Some(Decision::Run(own, env))
}

/// Replaces this process by the next `az` in PATH. Returns only if that fails.
#[cfg(unix)]
fn hand_over(args: &[OsString], env: &Env, stdout: Stdio) -> UserError {
    use std::os::unix::process::CommandExt as _;
    let Some(next) = next_az(env) else {
        let message = "There is no other 'az' in PATH, behind the shim of az-acr.";
        let hint = "Install the Azure CLI, or run: az-acr shim remove DIR";
        return UserError { exit_code: NO_PROGRAM, ..UserError::new(message).hint(hint) }
            .about(Code::Failed);
    };
    let error = std::process::Command::new(&next).args(args).stdout(stdout).exec();
    UserError::new(format!("cannot start {}: {error}", next.display())).about(Code::Failed)
}

#[cfg(not(unix))]
fn hand_over(_: &[OsString], _: &Env, _: Stdio) -> UserError {
    UserError::new("The shim works on Linux and macOS only.").about(Code::Failed)
}

/// The first `az` in PATH behind the link to this program.
fn next_az(env: &Env) -> Option<PathBuf> {
    let me = std::env::current_exe().and_then(|path| path.canonicalize()).ok()?;
    let path = env.path("PATH")?;
    let candidates: Vec<PathBuf> = std::env::split_paths(&path)
        .map(|directory| directory.join(NAME))
        .filter(|candidate| is_program(candidate))
        .collect();
    let is_me = |candidate: &PathBuf| candidate.canonicalize().is_ok_and(|path| path == me);
    // A copy of this program behind this one finds what is behind itself, so copies cannot start each other for ever.
    let after = candidates.iter().rposition(is_me).map_or(0, |last| last + 1);
    candidates.into_iter().nth(after)
}

/// Whether a file can be run.
#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}
