//! The command line: global options and the list of commands.
//!
//! House rules: the first line of help fits on one line of 100 columns and has no full stop; every command has examples;
//! an option that is not given stays `None`.

use crate::commands::args::InOrder;
use crate::commands::{
    check_endpoints::CheckEndpointsArgs, completion::CompletionArgs, emulator::EmulatorArgs,
    firewall_rules::FirewallRulesArgs, list::ListArgs, list_endpoints::ListEndpointsArgs,
    network_rule::NetworkRuleArgs, private_endpoint_connection::PrivateEndpointConnectionArgs,
    replication::ReplicationArgs, show::ShowArgs, show_endpoints::ShowEndpointsArgs,
    update::UpdateArgs,
};
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  az-acr show-endpoints -n contoso                  the hosts that client firewalls must allow
  az-acr update -n contoso --data-endpoint-enabled  switch to dedicated data endpoints
  az-acr --cloud emulator list -o table             try it without Azure

Login: the session of 'az login', or the variables of a CI system.
Exit codes: 0 success, 1 failure, 2 usage error, 3 not found.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "az-acr",
    version,
    about = "Manage the endpoints of Azure container registries: the commands of `az acr`, fast",
    after_help = EXAMPLES,
    help_expected = true,
    infer_long_args = true,
    args_override_self = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,

    #[command(subcommand)]
    pub command: Command,
}

/// Options of all commands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// json, jsonc, jsonl, yaml, yamlc, table, tsv or none
    #[arg(short, long, global = true, value_name = "FORMAT", ignore_case = true, hide_possible_values = true,
          value_parser = PossibleValuesParser::new(crate::output::Format::ALL.map(|(name, _)| name)))]
    pub output: Option<String>,

    /// JMESPath query to apply to the result
    #[arg(long, global = true, value_name = "JMESPATH")]
    pub query: Option<String>,

    /// Name or ID of the subscription
    #[arg(long, global = true, value_name = "SUBSCRIPTION")]
    pub subscription: Option<String>,

    /// Cloud that az knows, or 'emulator' [default: the cloud of az]
    #[arg(long, global = true, value_name = "CLOUD")]
    pub cloud: Option<String>,

    /// Show errors only, no warnings
    #[arg(long, global = true)]
    pub only_show_errors: bool,

    /// Show what az-acr does
    #[arg(long, global = true)]
    pub verbose: bool,

    /// Show the login and every request
    #[arg(long, global = true)]
    pub debug: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the endpoints of a registry: login server, data endpoints, regional endpoints
    ShowEndpoints(ShowEndpointsArgs),
    /// Update a registry, e.g. enable dedicated data endpoints
    Update(InOrder<UpdateArgs>),
    /// Write firewall rules for clients of registries, or check existing rules
    FirewallRules(FirewallRulesArgs),
    /// Check from this machine: endpoints reachable, pulls work, everything else blocked
    CheckEndpoints(CheckEndpointsArgs),
    /// List the endpoints of many registries, and which of them still need the wildcard
    ListEndpoints(ListEndpointsArgs),
    /// Show a registry
    Show(ShowArgs),
    /// List registries
    List(ListArgs),
    /// Manage the replicas of a registry
    Replication(ReplicationArgs),
    /// Manage network access to a registry
    NetworkRule(NetworkRuleArgs),
    /// Manage private endpoint connections of a registry
    PrivateEndpointConnection(PrivateEndpointConnectionArgs),
    /// Run the embedded emulator for other programs, or reset it
    Emulator(EmulatorArgs),
    /// Print a completion script for a shell
    Completion(CompletionArgs),
}
