//! The command line: global options and the list of commands.
//!
//! House rules: `-h` of every command fits on a screen of 80 columns and 24 lines, so rare options and those of all
//! commands stand under `--help`; the first line of help has no full stop; every command has examples; an option that is
//! not given stays `None`.

use crate::commands::args::InOrder;
use crate::commands::{
    check_endpoints::CheckEndpointsArgs, completion::CompletionArgs, emulator::EmulatorArgs,
    firewall_log::FirewallLogArgs, firewall_rules::FirewallRulesArgs, list::ListArgs,
    list_clients::ListClientsArgs, list_endpoints::ListEndpointsArgs,
    network_rule::NetworkRuleArgs, private_endpoint_connection::PrivateEndpointConnectionArgs,
    replication::ReplicationArgs, shim::ShimArgs, show::ShowArgs,
    show_endpoints::ShowEndpointsArgs, update::UpdateArgs, with_access::WithAccessArgs,
};
use clap::builder::{PossibleValuesParser, Styles};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use std::ffi::OsString;

const EXAMPLES: &str = "\
Examples:
  az-acr show-endpoints -n contoso
          the hosts that client firewalls must allow
  az-acr update -n contoso --data-endpoint-enabled
          switch to dedicated data endpoints
  az-acr --cloud emulator list -o table
          try it without Azure

Login: the session of 'az login', or the variables of a CI system.
Exit codes: 0 success, 1 failure, 2 usage error, 3 not found.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "az-acr",
    version,
    about = "Manage the endpoints of Azure container registries, as 'az acr' does, fast",
    after_long_help = EXAMPLES,
    help_expected = true,
    infer_long_args = true,
    args_override_self = true,
    disable_help_subcommand = true,
    disable_help_flag = true,
    disable_version_flag = true,
    max_term_width = 80
)]
pub struct Cli<C: Subcommand = Command> {
    /// Print help; --help shows all
    #[arg(short, long, global = true, action = clap::ArgAction::Help, display_order = 1000)]
    help: Option<bool>,

    /// Print the version
    #[arg(short = 'V', long, action = clap::ArgAction::Version, hide_short_help = true)]
    version: Option<bool>,

    #[command(flatten)]
    pub global: GlobalArgs,

    #[command(subcommand)]
    pub command: C,
}

/// Options of all commands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// json, jsonc, jsonl, yaml, yamlc, table, tsv or none
    #[arg(short, long, global = true, value_name = "FORMAT", ignore_case = true, hide_possible_values = true,
          value_parser = PossibleValuesParser::new(crate::output::Format::ALL.map(|(name, _)| name)), hide_short_help = true)]
    pub output: Option<String>,

    /// JMESPath query to apply to the result
    #[arg(long, global = true, value_name = "JMESPATH", hide_short_help = true)]
    pub query: Option<String>,

    /// Name or ID of the subscription
    #[arg(long, global = true, value_name = "SUBSCRIPTION", hide_short_help = true)]
    pub subscription: Option<String>,

    /// Cloud that az knows, or 'emulator' [default: the cloud of az]
    #[arg(long, global = true, value_name = "CLOUD", hide_short_help = true)]
    pub cloud: Option<String>,

    /// Format of errors and warnings: text or json
    ///
    /// With json, standard error has one object a line: level, code, message, hint, exitCode. The default is
    /// AZ_ACR_ERROR_FORMAT, otherwise text.
    #[arg(long, global = true, value_name = "FORMAT", ignore_case = true, hide_possible_values = true,
          value_parser = PossibleValuesParser::new(["text", "json"]), hide_short_help = true)]
    error_format: Option<String>,

    /// Show errors only, no warnings
    #[arg(long, global = true, hide_short_help = true)]
    pub only_show_errors: bool,

    /// Show what az-acr does
    #[arg(long, global = true, hide_short_help = true)]
    pub verbose: bool,

    /// Show the login and every request
    #[arg(long, global = true, hide_short_help = true)]
    pub debug: bool,
}

/// Arguments of `help`.
#[derive(Debug, Args)]
pub struct HelpArgs {
    /// The command, e.g. replication create
    command: Vec<String>,
}

impl HelpArgs {
    /// The help of the command.
    ///
    /// # Errors
    /// The name of a command that does not exist.
    pub fn text(&self, tree: clap::Command) -> Result<String, String> {
        let mut command = tree;
        command.build();
        let mut command = &mut command;
        for name in &self.command {
            let missing = || format!("there is no command '{}'", self.command.join(" "));
            command = command.find_subcommand_mut(name).ok_or_else(missing)?;
        }
        Ok(command.render_long_help().to_string())
    }
}

/// The commands of `az acr` 2.91 that this program does not have.
pub const ONLY_IN_AZ: [&str; 29] = [
    "agentpool",
    "artifact-streaming",
    "build",
    "cache",
    "check-health",
    "check-name",
    "config",
    "connected-registry",
    "create",
    "credential",
    "credential-set",
    "delete",
    "encryption",
    "helm",
    "identity",
    "import",
    "login",
    "manifest",
    "pack",
    "private-link-resource",
    "repository",
    "run",
    "scope-map",
    "show-usage",
    "task",
    "taskrun",
    "token",
    "wait",
    "webhook",
];

/// Declares [`Command`], and the small trees that [`parse`] takes for one command line: to build the arguments of all
/// commands takes as long as a request.
macro_rules! commands {
    ($($(#[$meta:meta])* $variant:ident $(($args:ty))?,)*) => {
        /// The commands.
        #[derive(Debug, Subcommand)]
        pub enum Command {
            $($(#[$meta])* $variant $(($args))?,)*
        }

        // The names of all commands, which is what the program's own help shows. Documentation would become its title.
        #[derive(Debug, Clone, Copy, Subcommand)]
        enum Name {
            $($(#[$meta])* $variant,)*
        }

        /// The tree with this command alone.
        fn tree_of(name: &str) -> Option<clap::Command> {
            $({
                #[derive(Subcommand)]
                #[allow(dead_code, reason = "only its arguments are used; the matches become a Command")]
                enum Only {
                    $(#[$meta])* $variant $(($args))?,
                }
                if Only::has_subcommand(name) {
                    return Some(tree::<Only>());
                }
            })*
            None
        }
    };
}

// No command: what all trees share.
#[derive(Debug, Clone, Copy, Subcommand)]
enum NoCommand {}

/// The global options with some commands. Not inlined: a caller's frame would hold one tree for each command.
#[inline(never)]
fn tree<C: Subcommand>() -> clap::Command {
    C::augment_subcommands(Cli::<NoCommand>::command())
}

/// Parses a command line, the program's name first. `styles` are those of help and errors.
///
/// # Errors
/// What clap says about it, which can be help or the version.
pub fn parse(args: &[OsString], styles: &Styles) -> Result<Cli, clap::Error> {
    let parse_with = |tree: clap::Command| {
        Cli::from_arg_matches(&tree.styles(styles.clone()).try_get_matches_from(args)?)
    };
    match small_tree(args).map(parse_with) {
        Some(Ok(cli)) => Ok(cli),
        Some(Err(error)) if !error.use_stderr() => Err(error),
        // Errors can name other commands.
        Some(Err(_)) | None => parse_with(Cli::<Command>::command()),
    }
}

/// What is enough of the tree for a command line that begins with a command, or asks for the program's own help.
fn small_tree(args: &[OsString]) -> Option<clap::Command> {
    match args.get(1)?.to_str()? {
        // No command will want the global options, so none needs a copy of them.
        "-h" | "--help" | "-V" | "--version" => {
            Some(tree::<Name>().mut_args(|arg| arg.global(false)))
        }
        name => tree_of(name),
    }
}

commands! {
    /// Show the hosts that clients connect to
    ShowEndpoints(ShowEndpointsArgs),
    /// Change a registry, e.g. switch to data endpoints
    Update(InOrder<UpdateArgs>),
    /// Write or check firewall rules
    FirewallRules(FirewallRulesArgs),
    /// Check from this machine what clients reach
    CheckEndpoints(CheckEndpointsArgs),
    /// List all registries, and who needs the wildcard
    ListEndpoints(ListEndpointsArgs),
    /// Show who pulls, and what each client will need
    ListClients(ListClientsArgs),
    /// Show who needs the wildcard, by a firewall's log
    FirewallLog(FirewallLogArgs),
    /// Show a registry
    Show(ShowArgs),
    /// List registries
    List(ListArgs),
    /// Manage the replicas of a registry
    Replication(ReplicationArgs),
    /// Manage network access to a registry
    NetworkRule(NetworkRuleArgs),
    /// Run a command while a registry lets it in
    WithAccess(WithAccessArgs),
    /// Manage private endpoint connections
    PrivateEndpointConnection(PrivateEndpointConnectionArgs),
    /// Run the emulator for other programs
    Emulator(EmulatorArgs),
    /// Put this program in front of the real az
    Shim(ShimArgs),
    /// Print a completion script for a shell
    Completion(CompletionArgs),
    /// Print the help of a command
    #[command(hide = true)]
    Help(HelpArgs),
    /// Print the version
    #[command(hide = true)]
    Version,
}
