//! `firewall-log`: who still goes to storage accounts, who is refused at a registry, and who asked for a login server.

use super::Answer;
use super::endpoint_source::{self, Plan};
use super::input::shown;
use super::moment::Moment;
use crate::arm::GraphScope;
use crate::domain::Endpoints;
use crate::error::UserError;
use crate::firewall_log::{FORMATS, Format, MAX_PAIRS, Tally, Whose, query, read};
use crate::message::Code;
use crate::output::Outcome;
use crate::session::Session;
use crate::views;
use anyhow::{Context as _, Result};
use clap::Args;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use time::OffsetDateTime;

/// How much of a log is read to recognise its format, in bytes.
const SAMPLE: usize = 64 << 10;
/// The first bytes of a file that gzip has written.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The period of Azure Firewall's tables if the user names none.
const USUAL_PERIOD: time::Duration = time::Duration::days(7);
/// What the two queries ask about.
const LOGS: [&str; 2] = ["application rules", "DNS questions"];
/// How much later than the period logs may begin before that is worth a warning.
const TOLERANCE: time::Duration = time::Duration::hours(1);
/// The type of a firewall.
const FIREWALL: &str = "/providers/microsoft.network/azurefirewalls/";

/// Arguments of `firewall-log`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr firewall-log /var/log/squid/access.log* -o table
  az-acr firewall-log dnsmasq.log --endpoints endpoints.json
  az-acr firewall-log --azure-firewall hub-firewall -n contoso --since 7d")]
pub struct FirewallLogArgs {
    /// Logs, also compressed by gzip; - is standard input
    ///
    /// squid's access.log (native, common, combined), dnsmasq (log-queries), unbound (log-queries, log-replies,
    /// log-local-actions), or an export of Azure Firewall's logs (JSON, CSV).
    #[arg(value_name = "FILE", required_unless_present = "azure_firewall")]
    files: Vec<String>,

    /// Ask the tables of an Azure Firewall
    ///
    /// Its name or resource id.
    #[arg(long, value_name = "NAME", conflicts_with = "files")]
    azure_firewall: Option<String>,

    /// Tables from then on [default: 7d]
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, requires = "azure_firewall")]
    since: Option<Moment>,

    /// Tables until then [default: now]
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, requires = "azure_firewall", hide_short_help = true)]
    until: Option<Moment>,

    /// Only the hosts of these registries
    #[arg(short, long, value_name = "NAME", num_args = 1..)]
    name: Vec<String>,

    /// Resource group, if it is known
    #[arg(short = 'g', long, value_name = "GROUP", requires = "name", hide_short_help = true)]
    resource_group: Option<String>,

    /// Only hosts in output of show-endpoints
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "name")]
    endpoints: Vec<String>,
}

/// Reads logs.
///
/// # Errors
/// A log cannot be read or is in no known format, or ARM refuses a request.
pub async fn run(args: &FirewallLogArgs, session: &Session) -> Result<Answer> {
    session.be_patient();
    let mut tally = Tally::default();
    let whose = whose(args, session).await?;
    if let Some(firewall) = &args.azure_firewall {
        ask(firewall, args, &whose, &mut tally, session).await?;
    }
    let spinner = session.streams.spinner("Reading logs");
    let now = session.env.now().unix_timestamp();
    for (number, file) in args.files.iter().enumerate() {
        spinner.set_message(format!(
            "Reading {} ({} of {})",
            shown(file),
            number + 1,
            args.files.len()
        ));
        read_file(file, now, &whose, &mut tally, session)
            .map_err(|e| UserError::new(format!("cannot read {}: {e}", shown(file))))??;
    }
    drop(spinner);
    warn(&tally, session);
    let found = tally.found();
    let owned = found.wildcard_users.iter().filter(|user| user.registry_owned).count();
    let summary = format!(
        "refused: {} at registries, {} at storage accounts; going to storage accounts: {} ({owned} to accounts that look \
         like the service's own); asking for a login server: {}.",
        found.refused.len(),
        found.refused_storage.len(),
        found.wildcard_users.len(),
        found.resolvers.len()
    );
    let value = serde_json::to_value(&found).context("counts are plain JSON")?;
    let outcome = Outcome::new(value).with_summary(summary);
    Ok(Answer::Value(outcome.with_table(move || views::firewall_log::rows(&found))))
}

/// Which hosts count.
async fn whose(args: &FirewallLogArgs, session: &Session) -> Result<Whose> {
    let cloud = session.cloud()?;
    let suffix = cloud.acr_login_server_suffix.as_deref();
    let suffix =
        suffix.ok_or_else(|| UserError::new("This cloud has no suffix of login servers."))?;
    let whose = Whose::everyones(suffix, cloud.storage_suffix.as_deref());
    let plan = Plan::default();
    let registries: Vec<Endpoints> = if !args.name.is_empty() {
        let group = args.resource_group.as_deref();
        let found = endpoint_source::from_azure(&args.name, group, Some(&plan), session).await?;
        found.into_iter().map(|registry| registry.endpoints).collect()
    } else if !args.endpoints.is_empty() {
        endpoint_source::from_files(&args.endpoints, Some(&plan), session)?
    } else {
        return Ok(whose);
    };
    let hosts = registries.iter().flat_map(|of| of.iter().chain(of.possible()));
    Ok(whose.only(
        hosts.map(|endpoint| endpoint.host.to_string().to_lowercase()).collect::<HashSet<_>>(),
    ))
}

/// Reads one file. The inner error is about its format.
fn read_file(
    file: &str,
    now: i64,
    whose: &Whose,
    tally: &mut Tally,
    session: &Session,
) -> io::Result<Result<(), UserError>> {
    let log: Box<dyn Read> =
        if file == "-" { Box::new(session.streams.stdin()) } else { Box::new(File::open(file)?) };
    let (start, log) = beginning(log)?;
    if !start.starts_with(&GZIP) {
        return read_plain(file, &start, log, now, whose, tally, session);
    }
    let (start, log) =
        beginning(Box::new(MultiGzDecoder::new(BufReader::new(start.as_slice().chain(log)))))?;
    read_plain(file, &start, log, now, whose, tally, session)
}

fn read_plain(
    file: &str,
    start: &[u8],
    log: impl Read,
    now: i64,
    whose: &Whose,
    tally: &mut Tally,
    session: &Session,
) -> io::Result<Result<(), UserError>> {
    let nothing = || {
        let message = format!(
            "{} has no request at all. Is it the right log, and are requests logged?",
            shown(file)
        );
        session.streams.warning(Code::NotRead, &message);
    };
    if start.is_empty() {
        nothing();
        return Ok(Ok(()));
    }
    let Some(format) = Format::recognise(start) else {
        let error = UserError::new(format!("{} is not a log that can be read.", shown(file)));
        return Ok(Err(error.hint(format!("The formats: {FORMATS}"))));
    };
    if !read(start.chain(log), format, now, whose, tally)? {
        nothing();
    }
    Ok(Ok(()))
}

/// The first bytes, and the rest.
fn beginning(mut log: Box<dyn Read + '_>) -> io::Result<(Vec<u8>, Box<dyn Read + '_>)> {
    let mut start = Vec::new();
    log.by_ref().take(SAMPLE as u64).read_to_end(&mut start)?;
    Ok((start, log))
}

/// Asks the tables of a firewall.
async fn ask(
    firewall: &str,
    args: &FirewallLogArgs,
    whose: &Whose,
    tally: &mut Tally,
    session: &Session,
) -> Result<()> {
    let now = session.env.now();
    let until: OffsetDateTime = args.until.map_or(now, |moment| moment.from(now)).min(now);
    let since = args.since.map_or(until - USUAL_PERIOD, |moment| moment.from(now));
    if since >= until {
        let message = "argument --since: it must be before --until, and not in the future.";
        return Err(UserError::usage(message).into());
    }
    let id = firewall_id(firewall, session).await?;
    let (registries, storage) = whose.suffixes();
    let mut answered = false;
    for (what, text) in LOGS.into_iter().zip(query::texts(since, until, registries, storage)) {
        let answer = session.tenant_arm().await?.query_logs(&id, &text).await?.unwrap_or_default();
        for gap in &answer.gaps {
            session.streams.warning(Code::NotRead, gap);
        }
        if answer.rows.len() >= query::MAX_ROWS {
            let message =
                "There are more rows than an answer holds. A shorter period (--since) has fewer.";
            session.streams.warning(Code::NotRead, message);
        }
        let Some(began) = query::count(answer.rows, whose, tally) else {
            let message = format!(
                "The firewall has no log of {what} in this period, so nobody can say what it would show."
            );
            session.streams.warning(Code::NotRead, &message);
            continue;
        };
        answered = true;
        if began > (since + TOLERANCE).unix_timestamp() {
            let began = OffsetDateTime::from_unix_timestamp(began).map(crate::clients::timestamp);
            let message = format!(
                "The log of {what} begins at {}; what happened before is not known.",
                began.unwrap_or_default()
            );
            session.streams.warning(Code::NotRead, &message);
        }
    }
    if answered {
        return Ok(());
    }
    let message = format!(
        "The firewall '{firewall}' has no logs of application rules or DNS in a workspace, or the login may not see them."
    );
    let hint = format!(
        "To collect them from now on: az monitor diagnostic-settings create --name firewall-logs --resource {id} \
         --workspace WORKSPACE --export-to-resource-specific true --logs \
         '[{{\"categoryGroup\":\"allLogs\",\"enabled\":true}}]'"
    );
    Err(UserError::new(message).hint(hint).about(Code::NotRead).into())
}

/// The id of a firewall.
async fn firewall_id(firewall: &str, session: &Session) -> Result<String> {
    #[derive(Deserialize)]
    struct Row {
        id: String,
    }
    if firewall.to_lowercase().contains(FIREWALL) {
        return Ok(firewall.to_owned());
    }
    if firewall.contains('/') {
        let message =
            "argument --azure-firewall: this is not the resource id of an Azure Firewall.";
        return Err(UserError::usage(message).into());
    }
    let arm = session.tenant_arm().await?;
    let mut pages = arm.query_resources(query::firewalls_named(firewall), GraphScope::Everything);
    let mut ids: Vec<String> = Vec::new();
    while let Some(page) = pages.next().await? {
        ids.extend(page.rows.into_iter().map(|row: Row| row.id));
    }
    match ids.as_slice() {
        [] => Err(UserError::new(format!(
            "There is no Azure Firewall '{firewall}' that the login can see."
        ))
        .about(Code::NotFound)
        .into()),
        [one] => Ok(one.clone()),
        several => {
            Err(UserError::new(format!("There are {} firewalls '{firewall}'.", several.len()))
                .hint(format!("Use a resource id: {}", several.join(", ")))
                .into())
        }
    }
}

fn warn(tally: &Tally, session: &Session) {
    if tally.bad_lines() > 0 {
        let message = match tally.bad_lines() {
            1 => "1 line could not be read and is not counted.".to_owned(),
            lines => format!("{lines} lines could not be read and are not counted."),
        };
        session.streams.warning(Code::NotRead, &message);
    }
    if tally.beyond() > 0 {
        let message = format!(
            "There are more than {MAX_PAIRS} pairs of client and host; {} entries of others are not listed.",
            tally.beyond()
        );
        session.streams.warning(Code::NotRead, &message);
    }
}
