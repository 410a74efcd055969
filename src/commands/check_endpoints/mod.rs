//! `check-endpoints`: checks whether this machine can reach a registry's endpoints, whether a pull works, and whether
//! other hosts are blocked.

mod plan;
mod progress;
mod report;

use super::Answer;
use super::args::{RegistryArgs, one_of};
use super::fleet::{FleetArgs, short_help_hides};
use super::probing::Probing;
use crate::error::{FAILURE, OK};
use crate::output::Outcome;
use crate::probe::pull::pull;
use crate::probe::{
    CheckedTarget, ConnectTo, Platform, Prober, Resolve, Route, Target, expect_blocked,
};
use crate::session::Session;
use crate::views::checks::{self, Report, Warning, WarningCode};
use anyhow::{Context as _, Result};
use clap::Args;
use plan::{HostAndPort, Plan};
use progress::Progress;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Examples under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  az-acr check-endpoints -n contoso --pull hello:latest
  az-acr check-endpoints --endpoints endpoints.json --expect-no-storage
  az-acr check-endpoints --login-server contoso.azurecr.io --region eastus";

/// The longest pause between two rounds of `--watch`.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Arguments of `check-endpoints`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES,
          mut_arg("resource_group", short_help_hides), mut_arg("all_subscriptions", short_help_hides),
          mut_arg("subscriptions", short_help_hides), mut_arg("management_group", short_help_hides),
          mut_arg("allow_partial", short_help_hides), mut_arg("verify", short_help_hides))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct CheckEndpointsArgs {
    #[command(flatten)]
    registry: RegistryArgs,

    /// Output of show-endpoints, or -
    ///
    /// Files with the JSON of show-endpoints or list-endpoints; `-` is standard input.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["name", "login_server"])]
    endpoints: Vec<String>,

    /// A login server, without Azure
    ///
    /// HOST or HOST:PORT. With --region, its data endpoints are computed from their naming rule.
    #[arg(long, value_name = "HOST",
          conflicts_with_all = ["name", "all_subscriptions", "subscriptions", "management_group"])]
    login_server: Option<HostAndPort>,

    /// Only these regions
    ///
    /// With --login-server, the regions that it has.
    #[arg(long, value_name = "REGION", num_args = 1..)]
    region: Vec<String>,

    /// Endpoints after a switch
    ///
    /// They need not be in DNS yet; whether a firewall or proxy lets them pass can be checked before.
    #[arg(long)]
    planned: bool,

    /// Plan for replicas in these regions as well
    #[arg(long, value_name = "REGION", num_args = 1.., requires = "planned", hide_short_help = true)]
    with_region: Vec<String>,

    /// Also check regional endpoints, of the --login-server or planned
    #[arg(long, hide_short_help = true)]
    regional_endpoints: bool,

    /// Pull a little of each layer
    ///
    /// REPOSITORY[:TAG|@DIGEST]. Reads the manifests and the first bytes of each layer, as a container client would.
    #[arg(long, value_name = "IMAGE")]
    pull: Option<String>,

    /// Platform of the image [default: linux on this architecture]
    #[arg(long, value_name = "OS/ARCH", requires = "pull", hide_short_help = true)]
    platform: Option<Platform>,

    /// Login for the pull: anonymous, password, azure [default with -n]
    #[arg(long, value_name = "LOGIN", requires = "pull", hide_possible_values = true,
          value_parser = one_of(&["anonymous", "password", "azure"]), hide_short_help = true)]
    auth: Option<String>,

    /// User name for the pull
    #[arg(
        short,
        long,
        value_name = "NAME",
        requires = "pull",
        requires = "password_stdin",
        hide_short_help = true
    )]
    username: Option<String>,

    /// Read the password from standard input
    #[arg(long, requires = "username", hide_short_help = true)]
    password_stdin: bool,

    /// Hosts that must be blocked
    ///
    /// HOST or HOST:PORT.
    #[arg(long, value_name = "HOST", num_args = 1..)]
    expect_blocked: Vec<HostAndPort>,

    /// Storage accounts must be blocked
    ///
    /// In the public cloud only: checks an existing account that belongs to no registry.
    #[arg(long)]
    expect_no_storage: bool,

    /// Time limit for each step, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds, hide_short_help = true)]
    timeout: f64,

    /// Repeat until everything is ok
    ///
    /// For at most this many seconds.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    watch: Option<f64>,

    /// Proxy, instead of HTTPS_PROXY
    ///
    /// An empty value means none.
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,

    /// Use an address instead of DNS, as in curl: HOST:PORT:ADDRESS
    #[arg(long, value_name = "RULE", num_args = 1.., hide_short_help = true)]
    resolve: Vec<Resolve>,

    /// Connect to another host, as in curl: HOST1:PORT1:HOST2:PORT2
    #[arg(long, value_name = "RULE", num_args = 1.., hide_short_help = true)]
    connect_to: Vec<ConnectTo>,

    #[command(flatten)]
    fleet: FleetArgs,
}

/// Parses a timeout in seconds.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.001..=86_400.0).contains(seconds));
    seconds.ok_or_else(|| "expected a number of seconds, from 0.001 to 86400".to_owned())
}

/// Checks endpoints, expectations and a pull.
///
/// # Errors
/// Fails if options conflict, the registry does not exist, or the user is not logged in. An endpoint that cannot be
/// reached is a result with exit code 1, not an error.
pub async fn run(args: &CheckEndpointsArgs, session: &Session) -> Result<Answer> {
    let plan = plan::plan(args, session).await?;
    let timeout = Duration::from_secs_f64(args.timeout);
    let progress = Rc::new(Progress::new(timeout, session));
    let shown = Rc::clone(&progress);
    let probing = Probing {
        route: route(args, session)?,
        timeout,
        on_step: Box::new(move |host, step| shown.step(host, step)),
    };
    probing
        .run(session, async |prober| watch(args, &plan, prober, &progress, session).await)
        .await?
}

fn route(args: &CheckEndpointsArgs, session: &Session) -> Result<Route> {
    // The proxy of this machine does not know the emulated hosts.
    let ignored = session.cloud()?.is_emulator() && args.proxy.is_none();
    let proxies = if ignored { None } else { session.proxies(args.proxy.as_deref())? };
    Ok(Route { resolve: args.resolve.clone(), connect_to: args.connect_to.clone(), proxies })
}

/// Runs one round, or repeats rounds until everything is ok or the time is up.
async fn watch(
    args: &CheckEndpointsArgs,
    plan: &Plan,
    prober: &Prober,
    progress: &Progress,
    session: &Session,
) -> Result<Answer> {
    let started = Instant::now();
    let reports = loop {
        let reports = round(plan, prober, progress).await;
        let Some(most) = args.watch.map(Duration::from_secs_f64) else { break reports };
        let left = most.saturating_sub(started.elapsed());
        if reports.iter().all(|report| report.ok) || left.is_zero() {
            break reports;
        }
        progress.pause(left);
        tokio::time::sleep(MAX_PAUSE.min(most / 10).min(left)).await;
    };
    progress.end();
    let exit_code = if reports.iter().all(|report| report.ok) { OK } else { FAILURE };
    let summary = report::annotate(&reports, session);
    let value = match reports.as_slice() {
        [one] => serde_json::to_value(one),
        several => serde_json::to_value(several),
    };
    let value = value.context("a report is plain JSON")?;
    let mut outcome = Outcome::new(value).with_exit_code(exit_code).with_summary(summary);
    outcome.table_on_terminal = true;
    Ok(Answer::Value(outcome.with_table(move || checks::rows(&reports))))
}

/// Warns if the endpoints of a registry are reached on different ways.
fn proxy_split(targets: &[Target], route: &Route) -> Option<Warning> {
    let way = |target: &Target| {
        route.proxy(target.host.as_str(), target.port).map(|proxy| (proxy.host, proxy.port))
    };
    let describe = |target: &Target, way: &Option<(String, u16)>| match way {
        Some((host, port)) => format!("{} is reached through the proxy {host}:{port}", target.host),
        None => format!("{} is reached without a proxy", target.host),
    };
    let ways: Vec<_> = targets.iter().map(|target| (target, way(target))).collect();
    let (first, first_way) = ways.first()?;
    let (other, other_way) = ways.iter().find(|(_, way)| way != first_way)?;
    let detail = format!(
        "{}, {}: NO_PROXY or the proxies differ between the endpoints of one registry",
        describe(first, first_way),
        describe(other, other_way)
    );
    Some(Warning { code: WarningCode::ProxySplit, detail })
}

/// Checks everything once. All hosts are checked concurrently, including those that must be blocked.
async fn round(plan: &Plan, prober: &Prober, progress: &Progress) -> Vec<Report> {
    let registries = plan.registries.iter().flat_map(|registry| &registry.targets);
    let all: Vec<Target> = registries.chain(&plan.must_be_blocked).cloned().collect();
    progress.start(all.len());
    let mut checked = prober.check_all(&all, |_| progress.host_done()).await.into_iter();
    let mut checks: Vec<Vec<CheckedTarget>> = Vec::new();
    for registry in &plan.registries {
        checks.push(checked.by_ref().take(registry.targets.len()).collect());
    }
    let expectations: Vec<_> = checked.filter_map(|host| expect_blocked(&host)).collect();
    let pulled = match &plan.pull {
        Some(request) => Some(pull(prober, request).await),
        None => None,
    };
    let reports = plan.registries.iter().zip(checks).map(|(registry, checks)| {
        let login_server = registry.login_server.clone();
        let layers = registry.unknown_layers.clone();
        let layers = layers.map(|detail| Warning { code: WarningCode::LayersNotChecked, detail });
        let warnings = proxy_split(&registry.targets, &prober.route).into_iter().chain(layers);
        let warnings = warnings.collect();
        Report::new(login_server, warnings, checks, expectations.clone(), pulled.clone())
    });
    reports.collect()
}
