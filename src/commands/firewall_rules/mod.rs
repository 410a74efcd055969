//! `firewall-rules`: the hosts that a firewall must allow for clients of registries, as rules; and a check of existing
//! rules.

mod check;
mod include;

use super::Answer;
use super::args::{find_regions, one_of};
use super::endpoint_source::{self, Plan};
use super::fleet::{FleetArgs, short_help_hides};
use crate::domain::Endpoints;
use crate::error::{UserError, without_azure};
use crate::firewall::{
    AllowList, FORMATS, Format, FormatOption, Group, JUDGED, NftTable, ProxyClient, RenderOptions,
    SourceAddress,
};
use crate::message::Code;
use crate::probe::Resolve;
use crate::session::Session;
use crate::streams::Streams;
use anyhow::{Context as _, Result};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use include::Include;
use std::collections::HashSet;

/// The priority of rules for Azure Firewall, unless another is given.
const PRIORITY: u32 = 500;

/// What `--format` has without a value.
const LIST_FORMATS: &str = "?";

/// Examples under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  az-acr firewall-rules -n contoso --planned --format squid > acr.conf
  az-acr firewall-rules --all-subscriptions --planned --format terraform
  az-acr firewall-rules -n contoso --check current-rules.txt";

/// Arguments of `firewall-rules`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES,
          mut_arg("all_subscriptions", short_help_hides),
          mut_arg("subscriptions", short_help_hides), mut_arg("management_group", short_help_hides),
          mut_arg("allow_partial", short_help_hides), mut_arg("verify", short_help_hides))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct FirewallRulesArgs {
    /// Names or login servers of registries
    #[arg(short, long, value_name = "NAME", num_args = 1.., conflicts_with = "endpoints")]
    name: Vec<String>,

    /// Resource group [default: look the registries up]
    #[arg(short = 'g', long, value_name = "GROUP", hide_short_help = true)]
    resource_group: Option<String>,

    /// Output of show-endpoints; - is standard input
    #[arg(long, value_name = "FILE", num_args = 1..)]
    endpoints: Vec<String>,

    /// For the endpoints after a switch
    #[arg(long)]
    planned: bool,

    /// Plan for replicas in these regions as well
    #[arg(long, value_name = "REGION", num_args = 1.., requires = "planned", hide_short_help = true)]
    with_region: Vec<String>,

    /// Plan for regional endpoints as well
    #[arg(long, requires = "planned", hide_short_help = true)]
    regional_endpoints: bool,

    /// Only the endpoints of these regions
    #[arg(long, value_name = "REGION", num_args = 1..)]
    region: Vec<String>,

    /// mcr, tasks-pool, connected-registry, azure-login
    ///
    /// What else needs hosts, besides clients that pull.
    #[arg(long, value_name = "WHAT", num_args = 1.., hide_possible_values = true)]
    include: Vec<Include>,

    /// The same as --include azure-login
    #[arg(long, hide = true)]
    with_management: bool,

    /// squid, suricata, paloalto …; without a value, list all
    #[arg(long, value_name = "FORMAT", hide_possible_values = true, num_args = 0..=1, default_missing_value = LIST_FORMATS,
          value_parser = PossibleValuesParser::new(FORMATS.map(|format| PossibleValue::new(format.name())).into_iter().chain([PossibleValue::new(LIST_FORMATS).hide(true)])))]
    format: Option<String>,

    /// File for no-proxy: aks, systemd, openshift, docker
    #[arg(long = "as", value_name = "CLIENT", hide_possible_values = true, hide_short_help = true,
          value_parser = PossibleValuesParser::new(ProxyClient::ALL.map(|(name, _)| name)))]
    client: Option<String>,

    /// Client addresses [default: *]
    #[arg(long, value_name = "ADDRESS", num_args = 1..)]
    source: Vec<SourceAddress>,

    /// Rule priority, for azure-firewall and terraform [default: 500]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(100..=65000), hide_short_help = true)]
    priority: Option<u32>,

    /// Table for nftables and dnsmasq [default: 'inet filter']
    #[arg(long, value_name = "TABLE", hide_short_help = true)]
    table: Option<NftTable>,

    /// Drop other web traffic (nftables, suricata, cilium, aws-network-firewall)
    #[arg(long)]
    lockdown: bool,

    /// Check existing rules: files, directories, or -
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["format", "client", "priority", "table", "lockdown"])]
    check: Vec<String>,

    /// Language of the rules to check
    #[arg(long, value_name = "FORMAT", requires = "check", hide_possible_values = true,
          value_parser = PossibleValuesParser::new(JUDGED.map(|(name, _)| name)))]
    from: Option<String>,

    /// With --check, nothing else filters the traffic
    #[arg(long, requires = "check", conflicts_with = "part", hide_short_help = true)]
    whole: bool,

    /// With --check, other rules refuse what these do not decide
    #[arg(long, requires = "check", hide_short_help = true)]
    part: bool,

    /// With --check, ask about TLS alone: 443
    #[arg(long, value_name = "PORT", requires = "check", value_parser = one_of(&["443"]), hide_possible_values = true, hide_short_help = true)]
    port: Option<String>,

    /// With --check, ask about own or forwarded connections alone: output, forward
    #[arg(long, value_name = "HOOK", requires = "check", value_parser = one_of(&["output", "forward"]), hide_possible_values = true, hide_short_help = true)]
    hook: Option<String>,

    /// With --check, the address of a host, where rules know addresses only
    #[arg(long, value_name = "HOST:443:ADDRESS", requires = "check", hide_short_help = true)]
    resolve: Vec<Resolve>,

    /// With --check, accept the storage wildcard
    #[arg(long, requires = "check")]
    allow_wildcard: bool,

    /// With --check, also fail on: stale
    #[arg(long, value_name = "FINDING", requires = "check", value_parser = one_of(&["stale"]), hide_possible_values = true, hide_short_help = true)]
    fail_on: Option<String>,

    #[command(flatten)]
    fleet: FleetArgs,
}

/// Writes or checks rules.
///
/// # Errors
/// Options that do not go together, no such registry, or a file that cannot be read.
pub async fn run(args: &FirewallRulesArgs, session: &Session) -> Result<Answer> {
    if args.format.as_deref() == Some(LIST_FORMATS) {
        return list_formats(session);
    }
    if args.check.is_empty() {
        let format = format(args, session)?;
        let list = allow_list(args, session).await?;
        let sources = match args.source.as_slice() {
            [] => vec![SourceAddress::any()],
            sources => sources.to_vec(),
        };
        let options = RenderOptions {
            sources,
            priority: args.priority.unwrap_or(PRIORITY),
            table: args.table.clone().unwrap_or_default(),
            lockdown: args.lockdown,
            client: args.client.as_deref().and_then(|name| {
                ProxyClient::ALL.iter().find(|(known, _)| *known == name).map(|(_, client)| *client)
            }),
        };
        return Ok(Answer::Text(format.render(&list, &options).into_bytes()));
    }
    if args.include.contains(&Include::TasksPool) {
        let message = "argument --include tasks-pool: service tags are addresses, and cannot be checked by name.";
        return Err(UserError::usage(message).into());
    }
    let stdin = args.check.iter().chain(&args.endpoints).filter(|file| *file == "-").count();
    if stdin > 1 {
        let message = "Standard input can be read only once: name '-' for --check or --endpoints.";
        return Err(UserError::usage(message).into());
    }
    let list = allow_list(args, session).await?;
    check::run(args, &list, session)
}

/// The formats, a line each. In a script, a format that was forgotten is an error.
fn list_formats(session: &Session) -> Result<Answer> {
    if !session.streams.stdout_tty {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name()).collect();
        let message = "argument --format: a value is missing.";
        let hint = format!("Formats: {}.", names.join(", "));
        return Err(UserError::usage(message).hint(hint).into());
    }
    let line = |format: &&dyn Format| format!("{:22}{}\n", format.name(), format.about());
    let lines: String = FORMATS.iter().map(line).collect();
    Ok(Answer::Text(lines.into_bytes()))
}

/// The format of the rules.
///
/// # Errors
/// An option was given that the format cannot use.
fn format(args: &FirewallRulesArgs, session: &Session) -> Result<&'static dyn Format> {
    let name = args.format.as_deref().unwrap_or("list");
    let format = FORMATS.iter().find(|format| format.name() == name);
    let format = *format.with_context(|| format!("'{name}' is not a format"))?;
    let given = [
        (FormatOption::Source, "--source", !args.source.is_empty()),
        (FormatOption::Priority, "--priority", args.priority.is_some()),
        (FormatOption::Table, "--table", args.table.is_some()),
        (FormatOption::Lockdown, "--lockdown", args.lockdown),
        (FormatOption::As, "--as", args.client.is_some()),
        (
            FormatOption::ServiceTags,
            "--include tasks-pool",
            args.include.contains(&Include::TasksPool),
        ),
    ];
    let unusable = given.into_iter().find(|(option, _, given)| *given && !format.accepts(*option));
    let (option, hint) = match (unusable, session.output_option()) {
        (Some((option, name, _)), _) => {
            let able = FORMATS.iter().filter(|format| format.accepts(option));
            let able: Vec<&str> = able.map(|format| format.name()).collect();
            (name, format!("Formats that can use it: {}.", able.join(", ")))
        }
        (None, Some(option)) => (option, "The rules are text. Leave the option out.".to_owned()),
        (None, None) => return check_lockdown(args, format),
    };
    let message = format!("argument {option}: the format {name} does not support it.");
    Err(UserError::usage(message).hint(hint).into())
}

/// A closed table must see both families: otherwise the other one would stay open.
fn check_lockdown(
    args: &FirewallRulesArgs,
    format: &'static dyn Format,
) -> Result<&'static dyn Format> {
    let table = args.table.as_ref().filter(|table| args.lockdown && !table.sees_both_families());
    match table {
        None => Ok(format),
        Some(table) => {
            let message = format!("argument --lockdown: the table '{table}' sees one family only.");
            let hint = "Use a table of the family inet, e.g. --table 'inet filter'.";
            Err(UserError::usage(message).hint(hint).into())
        }
    }
}

/// What must be allowed.
async fn allow_list(args: &FirewallRulesArgs, session: &Session) -> Result<AllowList> {
    let regions = find_regions(&args.region)?;
    let plan = Plan::of_args(args.planned, &args.with_region, args.regional_endpoints)?;
    args.fleet.check(&args.endpoints)?;
    let registries = if args.fleet.is_given() {
        let group = args.resource_group.as_deref();
        endpoint_source::from_fleet(&args.fleet, &args.name, group, plan.as_ref(), session).await?
    } else if args.endpoints.is_empty() {
        let group = args.resource_group.as_deref();
        let found = endpoint_source::from_azure(&args.name, group, plan.as_ref(), session).await;
        let found = found
            .map_err(|error| without_azure(error, "Without access to Azure: --endpoints FILE."))?;
        found.into_iter().map(|registry| registry.endpoints).collect()
    } else {
        endpoint_source::from_files(&args.endpoints, plan.as_ref(), session)?
    };
    warn_of_wildcard(&registries, !args.check.is_empty(), &session.streams);
    if !regions.is_empty() {
        session.streams.warning(
            Code::SomeRegions,
            "The rules are for some regions only. Failover can move clients to any replica, unless they use \
             regional endpoints.",
        );
    }
    let mut list = AllowList::default();
    let mut seen = HashSet::new();
    for endpoints in registries {
        let group = Group::of_registry(&endpoints.in_regions(&regions)?);
        if seen.insert(group.title.clone()) {
            list.groups.push(group);
        }
    }
    let login = args.with_management.then_some(Include::AzureLogin);
    include::add(args.include.iter().copied().chain(login), &mut list, session)?;
    Ok(list)
}

/// Warns of the storage wildcard.
///
/// # Arguments
/// * `is_check` - whether existing rules are checked, which may not allow it.
fn warn_of_wildcard(registries: &[Endpoints], is_check: bool, streams: &Streams) {
    let Some((who, wildcard)) = endpoint_source::who_needs_the_wildcard(registries) else { return };
    let any = "which stands for any storage account, including an attacker's own";
    let message = if is_check {
        format!(
            "{who} still needs {wildcard}, {any}. --planned checks for the time after a switch."
        )
    } else {
        format!(
            "For {who}, the rules allow {wildcard}, {any}. --planned shows the rules without it."
        )
    };
    streams.warning(Code::Wildcard, &message);
}
