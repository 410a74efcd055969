//! `check-endpoints`: from this machine, which endpoints of a registry can be reached, does a pull work, and is the
//! rest really closed?

use super::annotations::{self, Severity};
use super::show_endpoints::{current, find_regions, planned};
use super::{Answer, RegistryArgs, endpoints_file, one_of};
use crate::context::Context;
use crate::emulator::server::{DataPlaneOptions, Options, Server};
use crate::endpoints::{Endpoint, Endpoints};
use crate::error::{FAILURE, OK, UserError};
use crate::firewall::Fqdn;
use crate::output::Outcome;
use crate::probe::pull::{self, Expected, Login, Pull};
use crate::probe::{
    Check, ConnectTo, Expectation, HTTPS, Judge, Kind, Names, NoNames, Platform, Prober, Reference,
    Resolve, Route, SystemNames, Target, Trust, Verdict, expect_blocked,
};
use crate::streams::Spinner;
use crate::view;
use anyhow::{Context as _, Result};
use azure_core::credentials::Secret;
use clap::Args;
use serde::Serialize;
use std::cell::Cell;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

/// Examples under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  az-acr check-endpoints -n contoso --pull hello:latest
  az-acr check-endpoints --endpoints endpoints.json --expect-no-storage
  az-acr check-endpoints --login-server contoso.azurecr.io --region eastus --planned";

/// A storage account that exists and is no registry's: az's own downloads.
const STORAGE_ACCOUNT: &str = "azcliprod";
/// The longest pause between two rounds of `--watch`.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Arguments of `check-endpoints`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct CheckEndpointsArgs {
    #[command(flatten)]
    registry: RegistryArgs,

    /// Output of show-endpoints instead of Azure: a file, or - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "login_server"])]
    endpoints: Option<String>,

    /// A login server instead of Azure, HOST or HOST:PORT
    #[arg(long, value_name = "HOST", conflicts_with = "name")]
    login_server: Option<String>,

    /// Regions: the data endpoints of --login-server, otherwise only these
    #[arg(long, value_name = "REGION", num_args = 1..)]
    region: Vec<String>,

    /// The endpoints with dedicated data endpoints; those may be missing in DNS
    #[arg(long)]
    planned: bool,

    /// Plan for replicas in these regions, too
    #[arg(long, value_name = "REGION", num_args = 1.., requires = "planned")]
    with_region: Vec<String>,

    /// Regional endpoints, too: those of --login-server, otherwise planned ones
    #[arg(long)]
    regional_endpoints: bool,

    /// Walk a pull: REPOSITORY[:TAG|@DIGEST]
    #[arg(long, value_name = "IMAGE")]
    pull: Option<String>,

    /// Platform of the image [default: linux on this architecture]
    #[arg(long, value_name = "OS/ARCH", requires = "pull")]
    platform: Option<Platform>,

    /// Pull as anonymous, password or azure [default: azure with --name]
    #[arg(long, value_name = "LOGIN", requires = "pull", hide_possible_values = true,
          value_parser = one_of(&["anonymous", "password", "azure"]))]
    auth: Option<String>,

    /// User name for the pull
    #[arg(short, long, value_name = "NAME", requires = "pull", requires = "password_stdin")]
    username: Option<String>,

    /// Its password comes on standard input
    #[arg(long, requires = "username")]
    password_stdin: bool,

    /// Hosts that must not be reachable, HOST or HOST:PORT
    #[arg(long, value_name = "HOST", num_args = 1..)]
    expect_blocked: Vec<String>,

    /// No storage account outside the registry may be reachable
    #[arg(long)]
    expect_no_storage: bool,

    /// Seconds for each step
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    timeout: f64,

    /// Repeat until all is well, for so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    watch: Option<f64>,

    /// A proxy instead of that of HTTPS_PROXY; '' for none
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,

    /// HOST:PORT:ADDRESS, in place of DNS, as in curl
    #[arg(long, value_name = "RULE", num_args = 1..)]
    resolve: Vec<Resolve>,

    /// HOST1:PORT1:HOST2:PORT2, as in curl
    #[arg(long, value_name = "RULE", num_args = 1..)]
    connect_to: Vec<ConnectTo>,
}

/// A time in seconds that is one.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.001..=86_400.0).contains(seconds));
    seconds.ok_or_else(|| "expected seconds, from 0.001 to 86400".to_owned())
}

/// What there is to find out.
struct Plan {
    endpoints: Endpoints,
    targets: Vec<Target>,
    forbidden: Vec<Target>,
    pull: Option<pull::Request>,
}

/// What was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    login_server: String,
    ok: bool,
    checks: Vec<Check>,
    expectations: Vec<Expectation>,
    pull: Option<Pull>,
}

/// Checks endpoints, expectations and a pull.
///
/// # Errors
/// Names or files that are none, no such registry, nobody is logged in. That an endpoint cannot be reached is an answer
/// with exit code 1.
pub async fn run(args: &CheckEndpointsArgs, ctx: &Context) -> Result<Answer> {
    let plan = plan(args, ctx).await?;
    // A real registry may have the name of an emulated one: nothing of the emulated cloud leaves this process.
    if ctx.cloud()?.is_emulator() {
        let options =
            Options { data_plane: Some(DataPlaneOptions::default()), ..Options::default() };
        let server = Server::bind(ctx.emulator_store()?, ctx.env.clock(), options).await?;
        let prober = emulated(args, &server, ctx)?;
        let local = LocalSet::new();
        local.spawn_local(server.serve(std::future::pending()));
        return local.run_until(watch(args, &plan, &prober, ctx)).await;
    }
    let timeout = Duration::from_secs_f64(args.timeout);
    let names = Box::new(SystemNames::new(timeout));
    let prober = prober(args, names, Judge::new(ctx.local_trust()?)?, route(args, ctx)?, ctx);
    watch(args, &plan, &prober, ctx).await
}

fn route(args: &CheckEndpointsArgs, ctx: &Context) -> Result<Route> {
    Ok(Route {
        resolve: args.resolve.clone(),
        connect_to: args.connect_to.clone(),
        proxies: ctx.proxies(args.proxy.as_deref())?,
    })
}

fn prober(
    args: &CheckEndpointsArgs,
    names: Box<dyn Names>,
    judge: Judge,
    route: Route,
    ctx: &Context,
) -> Prober {
    let streams = ctx.streams.clone();
    let log = Box::new(move |line: &str| streams.debug(line));
    Prober { names, route, judge, timeout: Duration::from_secs_f64(args.timeout), log }
}

/// Every host of the emulated world leads to the server in this process, and no other name exists.
fn emulated(args: &CheckEndpointsArgs, server: &Server, ctx: &Context) -> Result<Prober> {
    let mut route = route(args, ctx)?;
    for host in crate::emulator::hosts(&ctx.emulator_store()?.load()?) {
        route.connect_to.push(format!("{host}:{HTTPS}:{}", server.address()).parse()?);
    }
    if args.proxy.is_none() {
        route.proxies = None;
    }
    let judge = Judge::of_world(server.ca())?;
    Ok(prober(args, Box::new(NoNames), judge, route, ctx))
}

/// One round, or rounds until all is well or the time is over.
async fn watch(
    args: &CheckEndpointsArgs,
    plan: &Plan,
    prober: &Prober,
    ctx: &Context,
) -> Result<Answer> {
    let spinner = ctx.streams.spinner("Checking endpoints");
    let started = Instant::now();
    let report = loop {
        let report = round(plan, prober, &spinner).await;
        let Some(most) = args.watch.map(Duration::from_secs_f64) else { break report };
        let left = most.saturating_sub(started.elapsed());
        if report.ok || left.is_zero() {
            break report;
        }
        spinner.say(format!("{}; once more soon", summary(&report)));
        tokio::time::sleep(LONGEST_PAUSE.min(most / 10).min(left)).await;
    };
    drop(spinner);
    say(&report, ctx);
    let exit_code = if report.ok { OK } else { FAILURE };
    let value = serde_json::to_value(&report).context("a report is plain text")?;
    let mut outcome = Outcome::new(value).with_table(view::check_rows);
    outcome.line_colour = Some(view::check_colour);
    outcome.table_on_terminal = true;
    outcome.exit_code = exit_code;
    Ok(Answer::Value(outcome))
}

async fn round(plan: &Plan, prober: &Prober, spinner: &Spinner) -> Report {
    let all: Vec<Target> = plan.targets.iter().chain(&plan.forbidden).cloned().collect();
    let checked = Cell::new(0);
    let done = |_: &Target| {
        checked.set(checked.get() + 1);
        spinner.say(format!("{} of {} hosts checked", checked.get(), all.len()));
    };
    let mut checks = prober.check_all(&all, done).await;
    let forbidden = checks.split_off(
        checks.iter().position(|check| check.kind == Kind::Other).unwrap_or(checks.len()),
    );
    let pull = match &plan.pull {
        Some(request) => {
            spinner.say(format!("Pulling {}", request.reference));
            Some(pull::walk(prober, request).await)
        }
        None => None,
    };
    let expectations: Vec<Expectation> =
        forbidden.chunk_by(|a, b| a.endpoint == b.endpoint).filter_map(expect_blocked).collect();
    let reachable = checks.chunk_by(|a, b| a.endpoint == b.endpoint).all(is_usable);
    let ok = reachable
        && expectations.iter().all(|expectation| expectation.ok)
        && pull.as_ref().is_none_or(|pull| pull.ok);
    let login_server = plan.endpoints.login_server.clone();
    Report { login_server, ok, checks, expectations, pull }
}

/// Whether an endpoint can be used over one of its families; clients try both. A planned one may be missing.
fn is_usable(families: &[Check]) -> bool {
    families.iter().any(|check| check.verdict.is_usable() || check.verdict == Verdict::NotPublished)
}

// What to check.

async fn plan(args: &CheckEndpointsArgs, ctx: &Context) -> Result<Plan> {
    let endpoints = endpoints(args, ctx).await?;
    let mut targets = targets(&endpoints, args.planned, ctx)?;
    if let Some(port) = args.login_server.as_deref().and_then(|server| host_and_port(server).ok()) {
        targets[0].port = port.1;
    }
    let storage_suffix =
        ctx.cloud()?.storage_suffix.as_deref().map(|suffix| format!(".blob.{suffix}"));
    let mut forbidden = Vec::new();
    for host in &args.expect_blocked {
        forbidden.push(other(host)?);
    }
    if args.expect_no_storage {
        let suffix = storage_suffix.as_deref().ok_or_else(|| {
            UserError::new("This cloud has no storage suffix.")
                .hint("Name a storage account of your own: --expect-blocked HOST")
        })?;
        forbidden.push(other(&format!("{STORAGE_ACCOUNT}{suffix}"))?);
    }
    let pull = match &args.pull {
        Some(image) => {
            let expected = expected(args, &endpoints, storage_suffix.unwrap_or_default());
            Some(pull_request(args, image, &targets[0], expected, ctx).await?)
        }
        None => None,
    };
    Ok(Plan { endpoints, targets, forbidden, pull })
}

/// The registry's endpoints: from Azure, from a file, or from what was said.
async fn endpoints(args: &CheckEndpointsArgs, ctx: &Context) -> Result<Endpoints> {
    let with_regions = find_regions(&args.with_region)?;
    let regions = find_regions(&args.region)?;
    if args.regional_endpoints && !args.planned && args.login_server.is_none() {
        let message = "argument --regional-endpoints: it needs --login-server or --planned.";
        let hint = "Regional endpoints that the registry has now are checked without it.";
        return Err(UserError::usage(message).hint(hint).into());
    }
    if let Some(server) = &args.login_server {
        let (host, _) = host_and_port(server)?;
        if !host.contains('.') && host != "localhost" {
            let message = format!("argument --login-server: '{host}' is not a whole host name.");
            let suffix = ctx.cloud()?.acr_login_server_suffix.clone().unwrap_or_default();
            let hint = format!("For example: --login-server {host}{suffix}");
            return Err(UserError::usage(message).hint(hint).into());
        }
        let regions = regions.iter().chain(&with_regions).copied();
        if args.region.is_empty() && args.with_region.is_empty() {
            let (data_endpoints, regional_endpoints) = (Vec::new(), None);
            return Ok(Endpoints { login_server: host, data_endpoints, regional_endpoints });
        }
        return Endpoints::planned(&host, regions, args.regional_endpoints)
            .with_context(|| format!("'{host}' is no name of a login server"));
    }
    let endpoints = if let Some(file) = &args.endpoints {
        let mut given = endpoints_file::read(file, ctx)?;
        let (Some(one), true) = (given.pop(), given.is_empty()) else {
            let shown = endpoints_file::shown(file);
            let message = format!("{shown} does not hold one registry: check one after the other.");
            return Err(UserError::new(message).into());
        };
        if args.planned {
            endpoints_file::plan(&one, &with_regions, args.regional_endpoints)?
        } else {
            one
        }
    } else {
        let resolved = args.registry.resolve(ctx);
        let (name, group) = resolved.map_err(|error| match error.downcast::<UserError>() {
            Ok(error) => error
                .hint("Without access to Azure: --endpoints FILE or --login-server HOST.")
                .into(),
            Err(error) => error,
        })?;
        if args.planned {
            planned(&name, group.as_deref(), &with_regions, args.regional_endpoints, ctx).await?
        } else {
            current(&name, group.as_deref(), ctx).await?
        }
    };
    narrow(endpoints, &regions)
}

/// Leaves out data and regional endpoints of other regions.
fn narrow(mut endpoints: Endpoints, regions: &[&str]) -> Result<Endpoints> {
    let known = |region: &str| endpoints.data_endpoints.iter().any(|e| e.region == region);
    if let Some(unknown) = regions.iter().find(|region| !known(region)) {
        let message = format!("'{}' has no endpoint in {unknown}.", endpoints.login_server);
        let regions: Vec<&str> =
            endpoints.data_endpoints.iter().map(|e| e.region.as_str()).collect();
        let hint = format!("It has endpoints in: {}.", regions.join(", "));
        return Err(UserError::new(message).hint(hint).into());
    }
    if !regions.is_empty() {
        let wanted = |endpoint: &Endpoint| regions.contains(&endpoint.region.as_str());
        endpoints.data_endpoints.retain(wanted);
        if let Some(regional) = &mut endpoints.regional_endpoints {
            regional.retain(wanted);
        }
    }
    Ok(endpoints)
}

/// Login server first, then regional and data endpoints. No host stands for a wildcard: it is warned of.
fn targets(endpoints: &Endpoints, planned: bool, ctx: &Context) -> Result<Vec<Target>> {
    let target = |host: &str, kind, region: Option<&str>| {
        let host = Fqdn::parse(host).map_err(|e| UserError::new(e.to_string()))?;
        Ok::<_, UserError>(Target {
            host: host.as_str().to_owned(),
            port: HTTPS,
            kind,
            region: region.map(str::to_owned),
            planned: planned && kind != Kind::Login,
        })
    };
    let mut targets = vec![target(&endpoints.login_server, Kind::Login, None)?];
    let regional = endpoints.regional_endpoints.iter().flatten().map(|e| (e, Kind::Regional));
    let data = endpoints.data_endpoints.iter().map(|e| (e, Kind::Data));
    for (endpoint, kind) in regional.chain(data) {
        if endpoint.endpoint.starts_with("*.") {
            continue;
        }
        targets.push(target(&endpoint.endpoint, kind, Some(&endpoint.region))?);
    }
    if let Some(wildcard) = endpoints.data_endpoints.iter().find(|e| e.endpoint.starts_with("*.")) {
        ctx.streams.warning(&format!(
            "Layers of {} come from {}, for which no single host stands: --pull IMAGE checks the one that a layer \
             really comes from.",
            endpoints.login_server, wildcard.endpoint
        ));
    }
    Ok(targets)
}

fn other(text: &str) -> Result<Target> {
    let (host, port) = host_and_port(text)?;
    Ok(Target { host, port, kind: Kind::Other, region: None, planned: false })
}

/// `HOST` or `HOST:PORT`; the host in lower case.
fn host_and_port(text: &str) -> Result<(String, u16)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (text, Some(HTTPS)),
    };
    let host = Fqdn::parse(host).ok().filter(|host| host.wildcard_suffix().is_none());
    let (Some(host), Some(port)) = (host, port) else {
        return Err(UserError::usage(format!("{text:?} is not HOST or HOST:PORT.")).into());
    };
    Ok((host.as_str().to_owned(), port))
}

// The pull.

/// Where layers may come from, if anything is known about that.
fn expected(
    args: &CheckEndpointsArgs,
    endpoints: &Endpoints,
    storage_suffix: String,
) -> Option<Expected> {
    let hosts = endpoints.data_endpoints.iter().map(|endpoint| endpoint.endpoint.clone());
    let data_hosts: Vec<String> = hosts.filter(|host| !host.starts_with("*.")).collect();
    let dedicated = endpoints.has_dedicated_data();
    (!endpoints.data_endpoints.is_empty()).then_some(Expected {
        data_hosts,
        dedicated,
        planned: args.planned,
        storage_suffix,
    })
}

async fn pull_request(
    args: &CheckEndpointsArgs,
    image: &str,
    login_server: &Target,
    expected: Option<Expected>,
    ctx: &Context,
) -> Result<pull::Request> {
    let host = &login_server.host;
    let registry = login_server.authority();
    let reference =
        Reference::parse(image, &registry).map_err(|e| UserError::usage(e.to_string()))?;
    Ok(pull::Request {
        host: host.clone(),
        port: login_server.port,
        reference,
        platform: args.platform.clone().unwrap_or_default(),
        login: login(args, host, ctx).await?,
        expected,
    })
}

async fn login(args: &CheckEndpointsArgs, host: &str, ctx: &Context) -> Result<Login> {
    let by_name = args.endpoints.is_none() && args.login_server.is_none();
    let default = match (&args.username, by_name) {
        (Some(_), _) => "password",
        (None, true) => "azure",
        (None, false) => "anonymous",
    };
    match (args.auth.as_deref().unwrap_or(default), &args.username) {
        ("password", Some(username)) => {
            if args.endpoints.as_deref() == Some("-") {
                return Err(UserError::usage(
                    "Standard input holds the endpoints: it cannot hold the password, too.",
                )
                .into());
            }
            let bytes = endpoints_file::read_input("-", ctx)?;
            let password = String::from_utf8(bytes)
                .map_err(|_| UserError::usage("The password on standard input is not text."))?;
            let password = password.trim_end_matches(['\r', '\n']).to_owned();
            if password.is_empty() {
                return Err(UserError::usage("There is no password on standard input.").into());
            }
            let password = Secret::new(password);
            Ok(Login::Password { username: username.clone(), password })
        }
        ("password", None) => {
            let hint = "For example: echo \"$PASSWORD\" | az-acr check-endpoints … --username NAME --password-stdin";
            Err(UserError::usage(
                "argument --auth: password needs --username and --password-stdin.",
            )
            .hint(hint)
            .into())
        }
        ("azure", _) => {
            let suffix = ctx.cloud()?.acr_login_server_suffix.as_deref().unwrap_or_default();
            // The token opens Azure: it goes to Azure's own hosts alone.
            if suffix.is_empty() || !host.ends_with(suffix) {
                let message = format!(
                    "An Azure login is not sent to {host}, which is no registry of this cloud."
                );
                return Err(UserError::usage(message)
                    .hint("Use --username or --auth anonymous.")
                    .into());
            }
            Ok(Login::Azure(ctx.registry_token().await?))
        }
        _ => Ok(Login::Anonymous),
    }
}

// What is said on standard error.

fn say(report: &Report, ctx: &Context) {
    for families in report.checks.chunk_by(|a, b| a.endpoint == b.endpoint) {
        let usable = is_usable(families);
        for check in families.iter().filter(|check| check.verdict == Verdict::Blocked) {
            let family = check.family.map(|family| format!(" over {family}")).unwrap_or_default();
            let message = format!(
                "{}{family}: {}",
                check.endpoint,
                check.detail.as_deref().unwrap_or("blocked")
            );
            if usable {
                ctx.streams.warning(&format!("{message}. Clients fall back to the other family."));
            }
            let severity = if usable { Severity::Warning } else { Severity::Error };
            annotations::write(severity, None, &message, ctx);
        }
        for check in families.iter().filter(|check| check.verdict == Verdict::Intercepted) {
            let detail = check.detail.as_deref().unwrap_or("intercepted");
            let message = format!("{}: {detail}", check.endpoint);
            annotations::write(Severity::Error, None, &message, ctx);
        }
    }
    for expectation in report.expectations.iter().filter(|expectation| !expectation.ok) {
        let detail = expectation.detail.as_deref().unwrap_or("not blocked");
        let message = format!("{} is not shown to be blocked: {detail}", expectation.host);
        annotations::write(Severity::Error, None, &message, ctx);
    }
    if let Some(pull) = report.pull.as_ref().filter(|pull| !pull.ok) {
        let host = pull.host.as_deref().unwrap_or_default();
        let detail = pull.detail.as_deref().unwrap_or("failed");
        let message = format!("{} cannot be pulled, because of {host}: {detail}", pull.reference);
        annotations::write(Severity::Error, None, &message, ctx);
    }
    if report.checks.iter().any(|check| {
        check.trace.tls.as_ref().is_some_and(|tls| tls.trust == Trust::Local)
            && check.verdict.is_usable()
    }) {
        let message = "TLS is opened on the way to some endpoints: only this machine trusts their certificates. Pulls \
                       work, and whoever holds that authority's key reads them.";
        ctx.streams.warning(message);
        annotations::write(Severity::Warning, None, message, ctx);
    }
    ctx.streams.note(&format!("{}.", summary(report)));
}

/// One line for a log.
fn summary(report: &Report) -> String {
    let endpoints: Vec<&[Check]> =
        report.checks.chunk_by(|a, b| a.endpoint == b.endpoint).collect();
    let count = |test: &dyn Fn(&Check) -> bool| {
        endpoints.iter().filter(|families| families.iter().any(test)).count()
    };
    let reachable = count(&|check| check.verdict.is_usable());
    let mut parts = vec![format!("{reachable} of {} endpoints reachable", endpoints.len())];
    let unpublished = count(&|check| check.verdict == Verdict::NotPublished);
    if unpublished > 0 {
        parts.push(format!("{unpublished} not yet published"));
    }
    if !report.expectations.is_empty() {
        let shown = report.expectations.iter().filter(|expectation| expectation.ok).count();
        parts.push(format!("{shown} of {} hosts blocked as expected", report.expectations.len()));
    }
    if let Some(pull) = &report.pull {
        parts.push(if pull.ok { "the pull works" } else { "the pull fails" }.to_owned());
    }
    format!("{}: {}", if report.ok { "ok" } else { "failed" }, parts.join(", "))
}
