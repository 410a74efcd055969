//! Completes a command line for a shell. Asks no network: registries come from the hint file, subscriptions from the
//! profile of `az`.
//!
//! The script that `completion` prints starts this program with the variable [`VARIABLE`] and the words so far.

use crate::azure::cloud::Cloud;
use crate::azure::config::Config;
use crate::azure::profile::Profile;
use crate::domain::regions::REGIONS;
use crate::env::Env;
use crate::generate::VARIABLE;
use crate::locate;
use crate::terminal::visible;
use clap::builder::StyledStr;
use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;
use std::ffi::{OsStr, OsString};

/// The candidates for a command line, as the shell reads them; `None` if no completion is wanted.
///
/// # Arguments
/// * `tree` - all commands and flags.
/// * `args` - the program's name, `--`, and the words so far.
pub fn run(tree: fn() -> Command, args: &[OsString], env: &Env) -> Option<Vec<u8>> {
    let shell = env.var(VARIABLE)?;
    let shells = Shells::builtins();
    let completer = shells.completer(&shell)?;
    let words = args.iter().skip(1).skip_while(|word| *word == "--").cloned().collect();
    let mut tree = with_values(tree(), env);
    let mut answer = Vec::new();
    let directory = env.current_directory();
    // A completion that fails completes nothing: there is nowhere to show an error.
    completer.write_complete(&mut tree, words, directory.as_deref(), &mut answer).ok()?;
    Some(answer)
}

/// The tree with what the values of arguments can be.
fn with_values(command: Command, env: &Env) -> Command {
    let has_registry = command.get_arguments().any(|arg| arg.get_id() == "registry");
    let command = command.mut_args(|arg| with_value(arg, has_registry, env));
    let names: Vec<String> =
        command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    names
        .into_iter()
        .fold(command, |command, name| command.mut_subcommand(name, |sub| with_values(sub, env)))
}

/// An argument with its candidates. Where a command has `--registry`, its `--name` is something else.
fn with_value(arg: Arg, has_registry: bool, env: &Env) -> Arg {
    if !arg.get_action().takes_values() {
        return arg;
    }
    let kind = arg.get_value_names().and_then(<[_]>::first).map(ToString::to_string);
    let is_registry = arg.get_id() == "registry" || arg.get_id() == "name" && !has_registry;
    match kind.as_deref() {
        Some("NAME") if is_registry => arg.add(candidates(env, registries)),
        Some("REGION") => arg.add(candidates(env, |_| regions())),
        Some("CLOUD") => arg.add(candidates(env, clouds)),
        Some("SUBSCRIPTION" | "ID") if arg.get_id().as_str().starts_with("subscription") => {
            arg.add(candidates(env, subscriptions))
        }
        Some("FILE") => arg.value_hint(ValueHint::FilePath),
        Some("DIR") => arg.value_hint(ValueHint::DirPath),
        // Without a hint, the engine would offer files.
        _ => arg.value_hint(ValueHint::Other),
    }
}

/// Text, and what it means.
type Choice = (String, Option<String>);

fn candidates(env: &Env, list: fn(&Env) -> Vec<Choice>) -> ArgValueCompleter {
    let env = env.clone();
    ArgValueCompleter::new(move |typed: &OsStr| {
        let typed = typed.to_string_lossy().to_lowercase();
        // The shell shows candidates on a terminal, so a name with control characters is not offered.
        let fits = list(&env).into_iter().filter(|(text, _)| {
            text.to_lowercase().starts_with(&typed) && visible(text) == text.as_str()
        });
        fits.map(|(text, help)| {
            let help = help.map(|help| StyledStr::from(visible(&help).into_owned()));
            CompletionCandidate::new(text).help(help)
        })
        .collect()
    })
}

fn registries(env: &Env) -> Vec<Choice> {
    locate::known_registries(env).into_iter().map(|name| (name, None)).collect()
}

fn regions() -> Vec<Choice> {
    let choice = |(name, display): &(&str, &str)| ((*name).to_owned(), Some((*display).to_owned()));
    REGIONS.iter().map(choice).collect()
}

fn clouds(env: &Env) -> Vec<Choice> {
    let clouds = Config::load(env).and_then(|config| Cloud::names(&config)).unwrap_or_default();
    clouds.into_iter().map(|name| (name, None)).collect()
}

/// Subscriptions by id: names may have spaces, which shells treat differently.
fn subscriptions(env: &Env) -> Vec<Choice> {
    let Ok(config) = Config::load(env) else { return Vec::new() };
    let cloud = Cloud::chosen(&config, None);
    let profile = Profile::load(config.directory(), &cloud).unwrap_or_default();
    profile.iter().map(|s| (s.id.clone(), Some(s.name.clone()))).collect()
}
