//! The endpoint commands of `az acr` as one fast binary.
//!
//! [`run`] is the whole program: it parses the command line, gives the command a [`context::Context`], and
//! writes the one answer that comes back. `docs/architecture.md` follows a command through the files.

pub mod arm;
pub mod azure;
mod cli;
mod commands;
pub mod context;
pub mod emulator;
pub mod endpoints;
mod env;
mod error;
pub mod firewall;
pub mod generate;
mod generic_update;
mod hints;
pub mod output;
pub mod probe;
pub mod regions;
pub mod registry_name;
mod streams;
mod view;
mod what_if;

pub use env::Env;
pub use streams::{Buffer, Level, Spinner, Streams};

use anyhow::{Context as _, Result};
use azure::config::Config;
use clap::{CommandFactory, FromArgMatches};
use cli::{Cli, Command, GlobalArgs};
use commands::Answer;
use context::{Context, Globals};
use error::UserError;
use output::{Format, Query};
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program.
///
/// # Arguments
/// * `args` - the command line, the program's name first.
/// * `env` - variables and clock.
/// * `streams` - standard input, output and error.
pub fn run(args: impl IntoIterator<Item = OsString>, env: &Env, streams: &Streams) -> ExitCode {
    let matches = match command_tree().try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(error) => return ExitCode::from(usage(&error, streams)),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(usage(&error, streams)),
    };
    let level = level(&cli.global);
    let streams = streams.clone().with_level(level);
    let code = match execute(&cli, &matches, env, &streams) {
        Ok(code) => code,
        Err(error) => error::report(&error, &streams),
    };
    ExitCode::from(code)
}

/// The whole command line as a clap tree.
pub fn command_tree() -> clap::Command {
    Cli::command()
}

fn execute(cli: &Cli, matches: &clap::ArgMatches, env: &Env, streams: &Streams) -> Result<u8> {
    let query = cli.global.query.as_deref().map(parse_query).transpose()?;
    let config = Config::load(env)?;
    let mut streams = streams.clone();
    if config.flag("core", "only_show_errors")? && level(&cli.global) <= Level::Warning {
        streams = streams.with_level(Level::Error);
    }
    streams.colour &= !config.flag("core", "no_color")?;
    let asked = format(&cli.global, &config)?;
    let globals =
        Globals { cloud: cli.global.cloud.clone(), subscription: cli.global.subscription.clone() };
    let mut ctx = Context::new(env.clone(), streams, config, globals, command_tree);
    ctx.matches = leaf(matches).clone();
    ctx.recognise_subscription()?;
    let outcome = match dispatch(&cli.command, &ctx)? {
        Answer::Text(bytes) => {
            ctx.streams.write_stdout(&bytes).context("cannot write to standard output")?;
            return Ok(error::OK);
        }
        Answer::Value(outcome) => outcome,
    };
    let format = match asked {
        Some(format) => format,
        None if outcome.table_on_terminal && ctx.streams.stdout_tty => Format::Table,
        None => Format::Json,
    };
    let colour = ctx.streams.stdout_tty && ctx.streams.colour;
    let bytes = output::render(&outcome, format, query.as_ref(), colour)
        .map_err(|error| UserError::new(error.to_string()))?;
    ctx.streams.write_stdout(&bytes).context("cannot write to standard output")?;
    Ok(outcome.exit_code)
}

fn dispatch(command: &Command, ctx: &Context) -> Result<Answer> {
    if let Command::Completion(args) = command {
        return Ok(commands::completion::run(args, ctx));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let answer = runtime.block_on(async {
        match command {
            Command::ShowEndpoints(args) => commands::show_endpoints::run(args, ctx).await,
            Command::Update(args) => commands::update::run(args, ctx).await,
            Command::FirewallRules(args) => commands::firewall_rules::run(args, ctx).await,
            Command::CheckEndpoints(args) => commands::check_endpoints::run(args, ctx).await,
            Command::Replication(args) => commands::replication::run(args, ctx).await,
            Command::NetworkRule(args) => commands::network_rule::run(args, ctx).await,
            Command::PrivateEndpointConnection(args) => {
                commands::private_endpoint_connection::run(args, ctx).await
            }
            Command::Show(args) => commands::show::run(args, ctx).await,
            Command::List(args) => commands::list::run(args, ctx).await,
            Command::Emulator(args) => commands::emulator::run(args, ctx).await,
            Command::Completion(args) => Ok(commands::completion::run(args, ctx)),
        }
    });
    // Open connections need no farewell.
    runtime.shutdown_background();
    answer
}

fn level(global: &GlobalArgs) -> Level {
    if global.debug {
        Level::Debug
    } else if global.verbose {
        Level::Info
    } else if global.only_show_errors {
        Level::Error
    } else {
        Level::Warning
    }
}

/// The format that was asked for, if any was.
fn format(global: &GlobalArgs, config: &Config) -> Result<Option<Format>> {
    let text = match &global.output {
        Some(text) => text.clone(),
        None => match config.get("core", "output") {
            Some(text) => text,
            None => return Ok(None),
        },
    };
    Format::from_name(&text).map(Some).ok_or_else(|| {
        let names = Format::ALL.map(|(name, _)| name).join(", ");
        UserError::usage(format!("'{text}' is not an output format. Allowed values: {names}."))
            .hint("It comes from AZURE_CORE_OUTPUT or from [core] output in az's config.")
            .into()
    })
}

fn parse_query(text: &str) -> Result<Query> {
    Query::parse(text).map_err(|reason| {
        UserError::usage(format!("argument --query: invalid jmespath_type value: '{text}'"))
            .hint(format!("{reason}. See https://jmespath.org for the language."))
            .into()
    })
}

/// The innermost command's own matches.
fn leaf(matches: &clap::ArgMatches) -> &clap::ArgMatches {
    let mut leaf = matches;
    while let Some((_, inner)) = leaf.subcommand() {
        leaf = inner;
    }
    leaf
}

/// Writes clap's help, version or complaint; returns the exit code.
fn usage(error: &clap::Error, streams: &Streams) -> u8 {
    let rendered = error.render();
    let coloured = |tty: bool| {
        if tty && streams.colour { rendered.ansi().to_string() } else { rendered.to_string() }
    };
    if error.use_stderr() {
        let text = rendered.to_string();
        if let Some(text) = text.strip_prefix("error: ") {
            streams.message(Level::Error, text.trim_end());
        } else {
            streams.write_stderr(&coloured(streams.stderr_tty));
            streams.message(Level::Error, "a command is missing");
        }
        error::USAGE
    } else {
        let _ = streams.write_stdout(coloured(streams.stdout_tty).as_bytes());
        error::OK
    }
}
