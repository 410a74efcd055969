//! The endpoint commands of `az acr` as one fast binary.
//!
//! [`run`] is the whole program: it parses the command line, passes a session to the command, and writes the result
//! once. `docs/architecture.md` follows a command through the files.
//!
//! # As a library
//!
//! [`arm::ArmClient`] is a typed client for container registries in Azure Resource Manager, and [`domain::Endpoints`] says
//! which hosts clients need, now and after a switch. [`emulator`] answers in place of Azure, in this process:
//!
//! ```
//! use az_acr::arm::{ArmClient, ArmClientOptions, RegistryPath};
//! use az_acr::domain::Endpoints;
//! use az_acr::emulator::store::Store;
//! use az_acr::emulator::transport::{ENDPOINT, EmulatorCredential, EmulatorTransport};
//! use az_acr::emulator::DEFAULT_SUBSCRIPTION;
//! use azure_core::http::Transport;
//! use std::sync::Arc;
//! use time::OffsetDateTime;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! let store = Store::new(directory.path().join("emulator.json"));
//! let emulator = EmulatorTransport::new(store, OffsetDateTime::now_utc);
//! // For Azure: no transport, `https://management.azure.com`, and a credential of azure_identity.
//! let options = ArmClientOptions {
//!     transport: Some(Transport::new(Arc::new(emulator))),
//!     ..ArmClientOptions::default()
//! };
//! let credential = Arc::new(EmulatorCredential);
//! let client = ArmClient::new(ENDPOINT.parse()?, credential, "https://management.azure.com/.default", options)?;
//!
//! let contoso = RegistryPath {
//!     subscription: DEFAULT_SUBSCRIPTION,
//!     resource_group: "contoso-rg",
//!     registry: "contoso",
//! };
//! let registry = client.get_registry(contoso).await?;
//! let properties = registry.properties.ok_or("a registry has properties")?;
//! assert_eq!(properties.data_endpoint_enabled, Some(false));
//!
//! let login_server = properties.login_server.ok_or("a registry has a login server")?;
//! let planned = Endpoints::planned(&login_server.parse()?, ["eastus", "westus"], false)?;
//! let hosts: Vec<_> = planned.data.iter().map(|endpoint| endpoint.host.to_string()).collect();
//! assert_eq!(hosts, ["contoso.eastus.data.azurecr.io", "contoso.westus.data.azurecr.io"]);
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

pub mod arm;
pub mod azure;
mod cli;
mod clients;
mod commands;
mod complete;
pub mod domain;
pub mod emulator;
mod env;
mod error;
mod files;
mod firewall;
mod firewall_log;
mod fleet;
pub mod generate;
mod hints;
mod locate;
mod message;
pub mod net;
mod output;
mod patch;
mod probe;
#[cfg(fuzzing)]
pub use probe::fuzzing;
mod report;
mod secrets;
mod session;
mod shim;
mod streams;
mod terminal;
mod views;

pub use env::Env;
pub use message::Level;
pub use streams::{Buffer, Spinner, Streams};

use anyhow::{Context as _, Result};
use azure::config::Config;
use clap::CommandFactory as _;
use clap::builder::Styles;
use cli::{Cli, Command, GlobalArgs};
use commands::Answer;
use commands::annotations::{self, Severity};
use error::UserError;
use futures::future::LocalBoxFuture;
use message::{Code, MessageFormat};
use output::{Format, Query};
use session::{Globals, Session};
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program.
///
/// # Arguments
/// * `args` - the command line, the program's name first.
/// * `env` - variables and clock.
/// * `streams` - standard input, output and error.
pub fn run(args: impl IntoIterator<Item = OsString>, env: &Env, streams: &Streams) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    match shim::intercept(&args, env, || streams.stdout_of_child()) {
        Ok(shim::Decision::NotAz) => run_own(&args, env, streams),
        Ok(shim::Decision::Run(args, env)) => run_own(&args, &env, streams),
        Err(error) => ExitCode::from(error::report(&error.into(), streams)),
    }
}

fn run_own(args: &[OsString], env: &Env, streams: &Streams) -> ExitCode {
    if let Some(candidates) = complete::run(command_tree, args, env) {
        let written = streams.write_stdout(&candidates).is_ok();
        return ExitCode::from(if written { error::OK } else { error::FAILURE });
    }
    let streams = streams.clone().with_format(message_format(args, env));
    // As in Terraform, 2 means changes then, so no error may have that code.
    let detailed = args.iter().any(|arg| arg == "--detailed-exitcode");
    let of_error =
        |code: u8| ExitCode::from(if detailed { code.min(error::FAILURE) } else { code });
    let colours = streams.colour && (streams.stdout_tty || streams.stderr_tty);
    let styles = if colours { Styles::styled() } else { Styles::plain() };
    let cli = match cli::parse(args, &styles) {
        Ok(cli) => cli,
        Err(error) => return of_error(usage(&error, colours, &streams)),
    };
    let streams = streams.with_level(level(&cli.global));
    match execute(&cli, env, &streams) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let code = error::report(&error, &streams);
            annotations::write(Severity::Error, None, &error.to_string(), env, &streams);
            of_error(code)
        }
    }
}

/// The whole command line as a clap tree.
pub fn command_tree() -> clap::Command {
    Cli::<Command>::command()
}

// Apart from `run_own`, so that help does not touch the pages of this frame.
#[inline(never)]
fn execute(cli: &Cli, env: &Env, streams: &Streams) -> Result<u8> {
    let query = cli.global.query.as_deref().map(parse_query).transpose()?;
    let config = Config::load(env)?;
    let mut streams = streams.clone();
    if config.flag("core", "only_show_errors")? && level(&cli.global) <= Level::Warning {
        streams = streams.with_level(Level::Error);
    }
    streams.colour &= !config.flag("core", "no_color")?;
    let chosen = output::Choice { format: format(&cli.global, &config)?, query };
    let output = match (&cli.global.output, &cli.global.query) {
        (Some(_), _) => Some("--output"),
        (None, Some(_)) => Some("--query"),
        (None, None) => None,
    };
    let GlobalArgs { cloud, subscription, .. } = cli.global.clone();
    let session =
        Session::new(env.clone(), streams, config, Globals { cloud, subscription, output });
    session.warn_of_unknown_subscription()?;
    let streams = &session.streams;
    let outcome = match dispatch(&cli.command, &session, &chosen)? {
        Answer::Text(bytes) => {
            let shown = match std::str::from_utf8(&bytes) {
                Ok(text) if streams.stdout_tty => terminal::visible(text),
                _ => String::from_utf8_lossy(&bytes),
            };
            streams.write_stdout(shown.as_bytes()).context("cannot write to standard output")?;
            return Ok(error::OK);
        }
        Answer::Written(exit_code) => return Ok(exit_code),
        Answer::Value(outcome) => outcome,
    };
    let format = match chosen.format {
        Some(format) => format,
        None if outcome.table_on_terminal && streams.stdout_tty => Format::Table,
        None => Format::Json,
    };
    let (exit_code, summary) = (outcome.exit_code, outcome.summary.clone());
    let colour = streams.stdout_tty && streams.colour;
    let bytes = output::render(outcome, format, chosen.query.as_ref(), streams.stdout_tty, colour)?;
    streams.write_stdout(&bytes).context("cannot write to standard output")?;
    if let Some(summary) = summary {
        streams.summary(&summary, exit_code);
    }
    Ok(exit_code)
}

fn dispatch(command: &Command, session: &Session, output: &output::Choice) -> Result<Answer> {
    let answer = match command {
        Command::Completion(args) => return Ok(commands::completion::run(args)),
        Command::Shim(args) => return commands::shim::run(args, session),
        Command::Help(args) => {
            let text = args.text(command_tree()).map_err(UserError::usage)?;
            return Ok(Answer::Text(text.into_bytes()));
        }
        Command::Version => {
            let text = concat!("az-acr ", env!("CARGO_PKG_VERSION"), "\n");
            return Ok(Answer::Text(text.into()));
        }
        Command::ShowEndpoints(args) => boxed(commands::show_endpoints::run(args, session)),
        Command::Update(args) => boxed(commands::update::run(args, session)),
        Command::FirewallRules(args) => boxed(commands::firewall_rules::run(args, session)),
        Command::CheckEndpoints(args) => boxed(commands::check_endpoints::run(args, session)),
        Command::Replication(args) => boxed(commands::replication::run(args, session)),
        Command::NetworkRule(args) => boxed(commands::network_rule::run(args, session)),
        Command::PrivateEndpointConnection(args) => {
            boxed(commands::private_endpoint_connection::run(args, session))
        }
        Command::ListClients(args) => boxed(commands::list_clients::run(args, session)),
        Command::FirewallLog(args) => boxed(commands::firewall_log::run(args, session)),
        Command::WithAccess(args) => boxed(commands::with_access::run(args, session)),
        Command::ListEndpoints(args) => boxed(commands::list_endpoints::run(args, session, output)),
        Command::Show(args) => boxed(commands::show::run(args, session)),
        Command::List(args) => boxed(commands::list::run(args, session)),
        Command::Emulator(args) => boxed(commands::emulator::run(args, session)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let answer = runtime.block_on(answer);
    // Open connections need no orderly shutdown.
    runtime.shutdown_background();
    answer
}

/// Puts the future of a command on the heap. One frame for the futures of all commands would touch a page of the stack for
/// every 4 KiB of the largest.
#[inline(never)]
fn boxed<'a>(
    answer: impl Future<Output = Result<Answer>> + 'a,
) -> LocalBoxFuture<'a, Result<Answer>> {
    Box::pin(answer)
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

/// The format of messages, which must be known before the command line is parsed: it may be invalid.
fn message_format(args: &[OsString], env: &Env) -> MessageFormat {
    let option = args.iter().zip(args.iter().skip(1)).find(|(name, _)| *name == "--error-format");
    let option = option.map(|(_, value)| value.to_string_lossy().into_owned());
    let joined = || {
        args.iter().find_map(|arg| Some(arg.to_str()?.strip_prefix("--error-format=")?.to_owned()))
    };
    let chosen = option.or_else(joined).or_else(|| env.var("AZ_ACR_ERROR_FORMAT"));
    if chosen.is_some_and(|format| format.eq_ignore_ascii_case("json")) {
        MessageFormat::Json
    } else {
        MessageFormat::Text
    }
}

/// The chosen format, if any.
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
            .hint("It was set by AZURE_CORE_OUTPUT or by [core] output in az's config.")
            .into()
    })
}

fn parse_query(text: &str) -> Result<Query> {
    Query::parse(text).map_err(|reason| {
        UserError::usage(format!("argument --query: invalid jmespath_type value: '{text}'"))
            .hint(format!("{reason}. For the query language, see https://jmespath.org."))
            .into()
    })
}

/// Writes clap's help, version or error; returns the exit code.
fn usage(error: &clap::Error, colours: bool, streams: &Streams) -> u8 {
    let rendered = error.render();
    let coloured = |tty: bool| {
        // Without styles there is nothing to strip, which takes longer than all the rest of the help.
        let as_it_is = !colours || (tty && streams.colour);
        if as_it_is { rendered.ansi().to_string() } else { rendered.to_string() }
    };
    if error.use_stderr() {
        let text = rendered.to_string();
        let unknown =
            error.get(clap::error::ContextKind::InvalidSubcommand).map(ToString::to_string);
        if let Some(name) = unknown.filter(|name| cli::ONLY_IN_AZ.contains(&name.as_str())) {
            let text = format!("az-acr does not have the command '{name}'.");
            let hint = format!("To run it: az acr {name}");
            streams.error(Code::Usage, &text, &[hint], error::USAGE);
        } else if let Some(text) = text.strip_prefix("error: ") {
            streams.error(Code::Usage, text.trim_end(), &[], error::USAGE);
        } else {
            if !streams.writes_json() {
                streams.write_stderr(&coloured(streams.stderr_tty));
            }
            streams.error(Code::Usage, "a command is missing", &[], error::USAGE);
        }
        error::USAGE
    } else {
        match streams.write_stdout(coloured(streams.stdout_tty).as_bytes()) {
            Ok(()) => error::OK,
            Err(e) => {
                let text = format!("cannot write to standard output: {e}");
                streams.error(Code::Failed, &text, &[], error::FAILURE);
                error::FAILURE
            }
        }
    }
}
