//! `firewall-rules`: what a firewall must let clients of registries reach, as text; and a check of rules that there are.

use super::annotations::{self, Place, Severity};
use super::endpoints_file::{self, read_input, shown};
use super::show_endpoints::{current, find_regions, planned};
use super::{Answer, one_of};
use crate::context::Context;
use crate::endpoints::Endpoints;
use crate::error::{FAILURE, OK, UserError};
use crate::firewall::drift::{self, Finding, Report};
use crate::firewall::{FORMATS, Group, Kind, Options, Rules};
use crate::output::Outcome;
use crate::view;
use anyhow::{Context as _, Result};
use azure_core::http::Url;
use clap::Args;
use clap::builder::PossibleValuesParser;
use std::collections::HashSet;

/// Examples under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  az-acr firewall-rules -n contoso --planned --format squid > acr.conf
  az-acr firewall-rules --endpoints endpoints.json --format terraform --source 10.0.0.0/8
  az-acr firewall-rules -n contoso --check current-rules.txt";

/// Arguments of `firewall-rules`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct FirewallRulesArgs {
    /// Registry names or login servers [default: az's]
    #[arg(short, long, value_name = "NAME", num_args = 1.., conflicts_with = "endpoints")]
    name: Vec<String>,

    /// Their resource group; saves a search [default: az's]
    #[arg(short = 'g', long, value_name = "GROUP")]
    resource_group: Option<String>,

    /// Output of show-endpoints instead of Azure: a file, or - for standard input
    #[arg(long, value_name = "FILE")]
    endpoints: Option<String>,

    /// Rules for the time with dedicated data endpoints
    #[arg(long)]
    planned: bool,

    /// Plan for replicas in these regions, too
    #[arg(long, value_name = "REGION", num_args = 1.., requires = "planned")]
    with_region: Vec<String>,

    /// Plan for regional endpoints, too
    #[arg(long, requires = "planned")]
    regional_endpoints: bool,

    /// Only for clients that use these regions
    #[arg(long, value_name = "REGION", num_args = 1..)]
    region: Vec<String>,

    /// Also the hosts of a login to Azure (az acr login)
    #[arg(long)]
    with_management: bool,

    /// list, json, squid, dnsmasq, nftables, azure-firewall, terraform, cilium
    #[arg(long, value_name = "FORMAT", default_value = "list", hide_possible_values = true, hide_default_value = true,
          value_parser = PossibleValuesParser::new(FORMATS.map(|format| format.name())))]
    format: String,

    /// Source addresses, for azure-firewall and terraform [default: *]
    #[arg(long, value_name = "ADDRESS", num_args = 1.., default_value = "*", hide_default_value = true)]
    source: Vec<String>,

    /// Priority, for azure-firewall and terraform [default: 500]
    #[arg(long, value_name = "NUMBER", default_value_t = 500, hide_default_value = true, value_parser = clap::value_parser!(u32).range(100..=65000))]
    priority: u32,

    /// Check a rule file in any of the formats: a file, or - for standard input
    #[arg(long, value_name = "FILE")]
    check: Option<String>,

    /// A wildcard that is too broad is no failure of --check
    #[arg(long, requires = "check")]
    allow_wildcard: bool,

    /// What else is a failure of --check: stale
    #[arg(long, value_name = "FINDING", requires = "check", value_parser = one_of(&["stale"]), hide_possible_values = true)]
    fail_on: Option<String>,
}

/// Writes or checks rules.
///
/// # Errors
/// No such registry, a file that cannot be read, or names that are none.
pub async fn run(args: &FirewallRulesArgs, ctx: &Context) -> Result<Answer> {
    let rules = rules(args, ctx).await?;
    if let Some(file) = &args.check {
        return check(args, file, &rules, ctx);
    }
    for source in &args.source {
        check_source(source)?;
    }
    let options = Options { sources: args.source.clone(), priority: args.priority };
    let format = FORMATS.iter().find(|format| format.name() == args.format);
    let format = format.with_context(|| format!("'{}' is not a format", args.format))?;
    Ok(Answer::Text(format.render(&rules, &options).into_bytes()))
}

/// What must be allowed.
async fn rules(args: &FirewallRulesArgs, ctx: &Context) -> Result<Rules> {
    let with_regions = find_regions(&args.with_region)?;
    let registries = if let Some(file) = &args.endpoints {
        let given = endpoints_file::read(file, ctx)?;
        if args.planned {
            let plan = |e| endpoints_file::plan(e, &with_regions, args.regional_endpoints);
            given.iter().map(plan).collect::<Result<_>>()?
        } else {
            given
        }
    } else {
        registries_in_azure(args, &with_regions, ctx).await?
    };
    let mut rules = Rules::default();
    let mut seen = HashSet::new();
    for endpoints in &registries {
        let group = Group::of_registry(endpoints).map_err(|e| UserError::new(e.to_string()))?;
        if seen.insert(group.title.clone()) {
            rules.groups.push(group);
        }
    }
    warn_of_wildcard(&rules, ctx);
    narrow(&mut rules, &find_regions(&args.region)?)?;
    if args.with_management {
        let cloud = ctx.cloud()?;
        let host = |url: &str| {
            Url::parse(url)
                .ok()
                .and_then(|url| url.host_str().map(str::to_owned))
                .unwrap_or_default()
        };
        let hosts = [host(&cloud.resource_manager), host(&cloud.active_directory)];
        let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
        rules.groups.push(Group::of_management(&hosts).map_err(|e| UserError::new(e.to_string()))?);
    }
    Ok(rules)
}

/// The endpoints of the registries that are named, now or as planned.
async fn registries_in_azure(
    args: &FirewallRulesArgs,
    with_regions: &[&'static str],
    ctx: &Context,
) -> Result<Vec<Endpoints>> {
    let group = ctx.resource_group(args.resource_group.as_deref())?;
    let names: Vec<Option<&str>> = if args.name.is_empty() {
        vec![None]
    } else {
        args.name.iter().map(|name| Some(name.as_str())).collect()
    };
    let mut registries = Vec::new();
    for name in names {
        let name = ctx.registry_name(name)?;
        registries.push(if args.planned {
            planned(&name, group.as_deref(), with_regions, args.regional_endpoints, ctx).await?
        } else {
            current(&name, group.as_deref(), ctx).await?
        });
    }
    Ok(registries)
}

/// Leaves out data and regional endpoints of other regions.
fn narrow(rules: &mut Rules, regions: &[&str]) -> Result<(), UserError> {
    if regions.is_empty() {
        return Ok(());
    }
    for group in &mut rules.groups {
        let title = group.title.clone();
        let known: Vec<String> =
            group.hosts.iter().filter_map(|host| host.region.clone()).collect();
        if let Some(unknown) =
            regions.iter().find(|r| !known.is_empty() && !known.iter().any(|k| k == *r))
        {
            return Err(UserError::new(format!("'{title}' has no endpoint in {unknown}."))
                .hint(format!("It has endpoints in: {}.", known.join(", "))));
        }
        group
            .hosts
            .retain(|host| host.region.as_ref().is_none_or(|r| regions.contains(&r.as_str())));
    }
    Ok(())
}

fn warn_of_wildcard(rules: &Rules, ctx: &Context) {
    for group in &rules.groups {
        if let Some(host) = group.hosts.iter().find(|host| host.kind == Kind::Storage) {
            ctx.streams.warning(&format!(
                "{} has no dedicated data endpoints, so {} is among the rules: every storage account, also one that \
                 somebody who runs code on a client has made to carry data off. --planned shows the rules without it.",
                group.title, host.fqdn
            ));
        }
    }
}

/// `*`, an address, a range: nothing that a template could mistake for something else.
fn check_source(source: &str) -> Result<(), UserError> {
    let plain = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '/' | '-');
    if source == "*" || !source.is_empty() && source.chars().all(plain) {
        return Ok(());
    }
    Err(UserError::usage(format!("argument --source: {source:?} is no address and no range"))
        .hint("For example: --source 10.0.0.0/8 192.0.2.7"))
}

fn check(args: &FirewallRulesArgs, file: &str, rules: &Rules, ctx: &Context) -> Result<Answer> {
    let bytes = read_input(file, ctx)?;
    let entries = drift::read(&bytes)
        .map_err(|e| UserError::new(format!("{} cannot be checked: {e}", shown(file))))?;
    let report = drift::compare(rules, &entries, ctx.cloud()?.storage_suffix.as_deref());
    let failed = !report.missing.is_empty()
        || !report.too_broad.is_empty() && !args.allow_wildcard
        || !report.stale.is_empty() && args.fail_on.is_some();
    annotate(args, &report, file, ctx);
    let value = serde_json::to_value(&report).context("findings are plain text")?;
    let mut outcome = Outcome::new(value).with_table(view::finding_rows);
    outcome.line_colour = Some(view::finding_colour);
    outcome.table_on_terminal = true;
    outcome.exit_code = if failed { FAILURE } else { OK };
    Ok(Answer::Value(outcome))
}

/// Findings beside the file, for CI systems.
fn annotate(args: &FirewallRulesArgs, report: &Report, file: &str, ctx: &Context) {
    let stale = if args.fail_on.is_some() { Severity::Error } else { Severity::Warning };
    let too_broad = if args.allow_wildcard { Severity::Warning } else { Severity::Error };
    let kinds: [(&[Finding], Severity, &str); 3] = [
        (&report.missing, Severity::Error, "is needed and not allowed: pulls will fail"),
        (&report.too_broad, too_broad, "admits other accounts"),
        (&report.stale, stale, "is no longer in use"),
    ];
    for (findings, severity, what) in kinds {
        for finding in findings {
            let place = Some(Place { file, line: finding.line });
            annotations::write(severity, place, &format!("{} {what}", finding.fqdn), ctx);
        }
    }
}
