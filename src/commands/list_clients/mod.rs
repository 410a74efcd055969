//! `list-clients`: who pulls from registries, by their own logs, and which hosts each client will need after the switch.

mod check;
mod logs;

use super::Answer;
use super::args::{RegistryArgs, find_regions, one_of};
use super::endpoint_source::{self, Plan};
use super::fleet::{self, Filter, FleetArgs, short_help_hides};
use super::mask::MaskArgs;
use super::moment::Moment;
use super::rule_files;
use crate::arm::{ArmClient, GraphScope, RegistryQuery};
use crate::clients::owners::{self, Owners};
use crate::clients::query::Events;
use crate::clients::{Asked, By, Client, RegistryHosts, group};
use crate::error::{FAILURE, OK, UserError};
use crate::message::Code;
use crate::output::Outcome;
use crate::session::Session;
use crate::views;
use anyhow::{Context as _, Result};
use clap::Args;
use futures::StreamExt as _;
use logs::{NoLogs, Period};

/// How many registries are asked at the same time.
const CONCURRENT: usize = 4;
/// The period if the user names none.
const USUAL_PERIOD: time::Duration = time::Duration::days(30);

/// Arguments of `list-clients`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr list-clients -n contoso --since 30d -o table
  az-acr list-clients -n contoso --silent-since 2026-11-20T08:00
  az-acr list-clients -n contoso --denied",
          mut_arg("resource_group", short_help_hides), mut_arg("subscriptions", short_help_hides),
          mut_arg("management_group", short_help_hides), mut_arg("allow_partial", short_help_hides),
          mut_arg("verify", |argument| argument.hide(true)))]
pub struct ListClientsArgs {
    #[command(flatten)]
    registry: RegistryArgs,

    /// From then on: 30d, or a time in UTC [default: 30d]
    #[arg(long, value_name = "TIME", value_parser = Moment::parse)]
    since: Option<Moment>,

    /// Until then [default: now]
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, hide_short_help = true)]
    until: Option<Moment>,

    /// Only clients that these regions answered
    #[arg(long, value_name = "REGION", num_args = 1.., hide_short_help = true)]
    region: Vec<String>,

    /// One row for each client, identity, region, network
    ///
    /// A network has 24 bits of an IPv4 address, 64 of an IPv6 address. By default, a row is a client and a program.
    #[arg(long, value_name = "WHAT", hide_possible_values = true, value_parser = one_of(&["client", "identity", "region", "network"]))]
    by: Option<String>,

    /// Who pulled before then, and not since
    ///
    /// The most unusual silence first. Silent is not broken: some clients pull once a week.
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, conflicts_with = "denied")]
    silent_since: Option<Moment>,

    /// Who was refused, from which address
    #[arg(long)]
    denied: bool,

    /// Would these rules let clients have their hosts?
    ///
    /// Rule files in any language that firewall-rules --check judges. The exit code is 1 if one client would lack a host.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "denied")]
    check: Vec<String>,

    /// Also say whose addresses they are
    ///
    /// Asks Azure Resource Graph about public addresses, NAT gateways, network interfaces and AKS clusters.
    #[arg(long)]
    resolve_owners: bool,

    #[command(flatten)]
    mask: MaskArgs,

    #[command(flatten)]
    fleet: FleetArgs,
}

/// A registry whose logs are asked.
struct Registry {
    id: String,
    name: String,
    hosts: RegistryHosts,
}

/// Lists clients.
///
/// # Errors
/// The registry does not exist, it has no logs, or ARM refuses a request.
pub async fn run(args: &ListClientsArgs, session: &Session) -> Result<Answer> {
    args.fleet.check(&[])?;
    session.be_patient();
    let period = period(args, session)?;
    let regions = find_regions(&args.region)?;
    let mask = args.mask.read(session)?;
    let rules = match args.check.as_slice() {
        [] => None,
        files => Some(rule_files::read(files, None, session)?),
    };
    let registries = registries(args, session).await?;
    check_regions(&regions, &registries)?;
    let arm =
        if args.fleet.is_given() { session.tenant_arm().await? } else { session.arm().await? };
    let (mut clients, complete) = read(args, &registries, &period, &regions, arm, session).await?;
    if let Some(moment) = args.silent_since.map(|moment| moment.from(session.env.now())) {
        clients.retain_mut(|client| client.fell_silent(moment, period.until));
        clients.sort_by(|a, b| b.unusualness().total_cmp(&a.unusualness()));
    }
    if args.resolve_owners {
        resolve_owners(&mut clients, session).await?;
    }
    let mut refused = false;
    if let Some(rules) = &rules {
        refused = check::judge(&mut clients, rules);
    }
    let summary = summary(args, &clients, refused);
    if let Some(mask) = &mask {
        for client in &mut clients {
            client.hide(|kind, name| mask.hash(kind, name));
        }
    }
    let value = serde_json::to_value(&clients).context("clients are plain JSON")?;
    let exit_code = if complete && !refused { OK } else { FAILURE };
    let outcome = Outcome::new(value).with_exit_code(exit_code).with_summary(summary);
    Ok(Answer::Value(outcome.with_table(move || views::clients::rows(&clients))))
}

fn period(args: &ListClientsArgs, session: &Session) -> Result<Period, UserError> {
    let now = session.env.now();
    // Queries have whole seconds, and this one counts.
    let end = now + time::Duration::SECOND;
    let until = args.until.map_or(end, |moment| moment.from(now)).min(end);
    let since = args.since.map_or(until - USUAL_PERIOD, |moment| moment.from(now));
    if since >= until {
        return Err(UserError::usage(
            "argument --since: it must be before --until, and not in the future.",
        ));
    }
    if let Some(silent) =
        args.silent_since.map(|moment| moment.from(now)).filter(|s| *s <= since || *s > until)
    {
        let message = format!(
            "argument --silent-since: {} is not between {} and {}, the period that is read.",
            crate::clients::timestamp(silent),
            crate::clients::timestamp(since),
            crate::clients::timestamp(until)
        );
        return Err(UserError::usage(message).hint("To read more: --since TIME"));
    }
    Ok(Period { since, until })
}

/// The registries that the user means.
async fn registries(args: &ListClientsArgs, session: &Session) -> Result<Vec<Registry>> {
    let RegistryArgs { name, resource_group } = &args.registry;
    let names: Vec<String> = name.iter().cloned().collect();
    if !args.fleet.is_given() {
        let plan = Plan::default();
        let found =
            endpoint_source::from_azure(&names, resource_group.as_deref(), Some(&plan), session)
                .await?;
        let registry = |of: endpoint_source::RegistryEndpoints| Registry {
            id: of.id,
            name: of.name.to_string(),
            hosts: RegistryHosts::new(of.endpoints),
        };
        return Ok(found.into_iter().map(registry).collect());
    }
    let query = RegistryQuery {
        names: fleet::registry_names(&names, session)?,
        groups: resource_group.iter().cloned().collect(),
        ..RegistryQuery::default()
    };
    let filter = Filter { query, ..Filter::default() };
    let mut registries = Vec::new();
    for of in fleet::read_all(&args.fleet, &filter, session).await? {
        let planned = of.planned().ok_or_else(|| {
            UserError::new(format!(
                "Resource Graph does not say which endpoints '{}' has.",
                of.name
            ))
            .about(Code::IncompleteAnswer)
        })?;
        registries.push(Registry { id: of.id, name: of.name, hosts: RegistryHosts::new(planned) });
    }
    Ok(registries)
}

/// Refuses a region in which no registry is: nobody can have pulled there.
fn check_regions(regions: &[&str], registries: &[Registry]) -> Result<(), UserError> {
    let known = |region: &str| registries.iter().any(|registry| registry.hosts.has_region(region));
    match regions.iter().find(|region| !known(region)) {
        None => Ok(()),
        Some(region) => {
            Err(UserError::new(format!("No registry that is asked about is in {region}.")))
        }
    }
}

/// Asks the logs of all registries. Also returns whether all of them have logs.
async fn read(
    args: &ListClientsArgs,
    registries: &[Registry],
    period: &Period,
    regions: &[&str],
    arm: &ArmClient,
    session: &Session,
) -> Result<(Vec<Client>, bool)> {
    let by = By::NAMES.iter().find(|(name, _)| args.by.as_deref() == Some(*name));
    let by = by.map_or(By::default(), |(_, by)| *by);
    let events: &[Events] =
        if args.denied { &[Events::RefusedLogins, Events::Refusals] } else { &[Events::Pulls] };
    let spinner = session.streams.spinner("Asking the logs of the registries");
    let requests = registries.iter().map(async |registry| {
        logs::read(&registry.id, events, period, arm).await.map(|answer| (registry, answer))
    });
    let mut answers = futures::stream::iter(requests).buffered(CONCURRENT);
    let mut clients = Vec::new();
    let mut complete = true;
    while let Some(answer) = answers.next().await {
        let (registry, answer) = answer?;
        match answer {
            Ok(found) => {
                complete &= !found.incomplete;
                for warning in &found.warnings {
                    session
                        .streams
                        .warning(Code::NotRead, &format!("{}: {warning}", registry.name));
                }
                let nameless = found
                    .rows
                    .iter()
                    .filter(|row| row.region.as_deref().unwrap_or_default().is_empty());
                let nameless: u64 = nameless.map(|row| row.pulls).sum();
                if nameless > 0 && !regions.is_empty() {
                    let message = format!(
                        "{}: {nameless} events name no region and are left out.",
                        registry.name
                    );
                    session.streams.warning(Code::NotRead, &message);
                }
                clients.extend(group(found.rows, by, regions, args.denied, &registry.hosts));
            }
            Err(none) if registries.len() == 1 => {
                drop(spinner);
                return Err(no_logs(registry, &none).into());
            }
            Err(none) => {
                complete = false;
                session.streams.warning(Code::NotRead, &no_logs(registry, &none).message);
            }
        }
    }
    Ok((clients, complete))
}

/// Says that nobody can tell who pulls, why, and what to do.
fn no_logs(registry: &Registry, none: &NoLogs) -> UserError {
    let message = format!("Nobody can say who pulls from '{}': {none}.", registry.name);
    let error = UserError::new(message).about(Code::NotRead);
    if !none.needs_setting() {
        return error;
    }
    error
        .hint(format!(
            "To collect logs from now on: az monitor diagnostic-settings create --name acr-logs --resource {} \
             --workspace WORKSPACE --logs '[{{\"categoryGroup\":\"allLogs\",\"enabled\":true}}]'",
            registry.id
        ))
        .hint("What happened before is not known.")
}

async fn resolve_owners(clients: &mut [Client], session: &Session) -> Result<()> {
    let arm = session.tenant_arm().await?;
    let mut pages = arm.query_resources(owners::QUERY, GraphScope::Everything);
    let mut rows: Vec<owners::OwnerRow> = Vec::new();
    while let Some(page) = pages.next().await? {
        rows.extend(page.rows);
    }
    let owners = Owners::new(&rows);
    for client in clients {
        client.owner = Asked::Yes(owners.of(&client.addresses));
    }
    Ok(())
}

fn summary(args: &ListClientsArgs, clients: &[Client], refused: bool) -> String {
    let what = match (args.denied, args.silent_since.is_some()) {
        (true, _) => "were refused",
        (_, true) => "fell silent, which may be usual for them",
        _ => "pulled",
    };
    let many = if clients.len() == 1 { "client" } else { "clients" };
    let many = format!("{} {many} {what}", clients.len());
    if refused {
        let lacks = |client: &&Client| client.check.as_ref().is_some_and(|check| !check.ok);
        let lacking = clients.iter().filter(lacks).count();
        format!("{many}; {lacking} would lack a host under these rules, or nobody can tell.")
    } else if args.check.is_empty() {
        format!("{many}.")
    } else if clients.is_empty() {
        format!("{many}, so that there was none to judge.")
    } else {
        format!("{many}; the rules let each have its hosts.")
    }
}
