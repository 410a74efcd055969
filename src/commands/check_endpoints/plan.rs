//! What to check: endpoints from Azure, from files or from the command line, hosts that must be blocked, and a pull.

use super::CheckEndpointsArgs;
use crate::commands::args::find_regions;
use crate::commands::endpoint_source::{self, Plan as EndpointPlan};
use crate::commands::input;
use crate::domain::{Endpoints, Fqdn, HostPattern, Regional, Role};
use crate::error::{UserError, without_azure};
use crate::message::Code;
use crate::probe::pull::{Expected, Login, PullRequest};
use crate::probe::{HTTPS, Reference, Target};
use crate::session::Session;
use anyhow::Result;
use azure_core::credentials::Secret;
use std::str::FromStr;

/// An existing storage account that belongs to no registry: `az` downloads its own files from it. Public cloud only.
const OTHER_STORAGE_ACCOUNT: &str = "azcliprod";
const PUBLIC_STORAGE_SUFFIX: &str = "core.windows.net";
/// The maximum length of a password on standard input, in bytes.
const MAX_PASSWORD: usize = 64 << 10;

/// Everything to check.
pub(super) struct Plan {
    pub registries: Vec<RegistryPlan>,
    pub must_be_blocked: Vec<Target>,
    pub pull: Option<PullRequest>,
}

/// The endpoints to check for one registry.
pub(super) struct RegistryPlan {
    pub login_server: Fqdn,
    pub targets: Vec<Target>,
    /// Why nothing that layers come from is among the targets, if so.
    pub unknown_layers: Option<String>,
}

/// `HOST` or `HOST:PORT`; the default port is 443.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostAndPort {
    host: Fqdn,
    port: u16,
}

/// The text is not `HOST` or `HOST:PORT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected HOST or HOST:PORT, e.g. contoso.azurecr.io")]
pub(super) struct ParseHostAndPortError;

impl FromStr for HostAndPort {
    type Err = ParseHostAndPortError;

    fn from_str(text: &str) -> Result<Self, ParseHostAndPortError> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| ParseHostAndPortError)?),
            None => (text, HTTPS),
        };
        let host = Fqdn::parse(host).map_err(|_| ParseHostAndPortError)?;
        Ok(Self { host, port })
    }
}

impl HostAndPort {
    fn must_be_blocked(&self) -> Target {
        let Self { host, port } = self.clone();
        Target { host, port, role: Role::Other, region: None, planned: false }
    }
}

/// Makes the plan. Arguments that contradict each other are reported before any request to Azure.
pub(super) async fn plan(args: &CheckEndpointsArgs, session: &Session) -> Result<Plan> {
    let must_be_blocked = must_be_blocked(args, session)?;
    let registries = endpoints(args, session).await?;
    if args.pull.is_some() && registries.len() > 1 {
        let message = "argument --pull: requires exactly one registry.";
        return Err(UserError::usage(message).into());
    }
    if args.pull.is_none() {
        warn_of_unknown_layers(&registries, session);
    }
    let port = args.login_server.as_ref().map_or(HTTPS, |server| server.port);
    let pull = match (&args.pull, registries.first()) {
        (Some(image), Some(registry)) => {
            Some(pull_request(args, image, registry, port, session).await?)
        }
        _ => None,
    };
    let registries = registries
        .into_iter()
        .map(|endpoints| RegistryPlan {
            targets: targets(&endpoints, args.planned, port),
            unknown_layers: unknown_layers(&endpoints).filter(|_| args.pull.is_none()),
            login_server: endpoints.login_server,
        })
        .collect();
    Ok(Plan { registries, must_be_blocked, pull })
}

fn must_be_blocked(args: &CheckEndpointsArgs, session: &Session) -> Result<Vec<Target>> {
    let mut targets: Vec<Target> =
        args.expect_blocked.iter().map(HostAndPort::must_be_blocked).collect();
    if args.expect_no_storage {
        if session.cloud()?.storage_suffix.as_deref() != Some(PUBLIC_STORAGE_SUFFIX) {
            let message = "argument --expect-no-storage: only available in the public cloud.";
            let hint = "Name a storage account that must be blocked: --expect-blocked HOST";
            return Err(UserError::usage(message).hint(hint).into());
        }
        let host = format!("{OTHER_STORAGE_ACCOUNT}.blob.{PUBLIC_STORAGE_SUFFIX}");
        targets.push(host.parse::<HostAndPort>()?.must_be_blocked());
    }
    Ok(targets)
}

/// The endpoints of the registries.
async fn endpoints(args: &CheckEndpointsArgs, session: &Session) -> Result<Vec<Endpoints>> {
    let with_regions = find_regions(&args.with_region)?;
    let regions = find_regions(&args.region)?;
    if args.regional_endpoints && !args.planned && args.login_server.is_none() {
        let message = "argument --regional-endpoints: requires --login-server or --planned.";
        let hint = "The registry's existing regional endpoints are always checked.";
        return Err(UserError::usage(message).hint(hint).into());
    }
    args.fleet.check(&args.endpoints)?;
    if let Some(server) = &args.login_server {
        let regions = regions.iter().chain(&with_regions).copied().collect();
        return Ok(vec![of_login_server(args, &server.host, regions, session)?]);
    }
    let names: Vec<String> = args.registry.name.iter().cloned().collect();
    let plan =
        args.planned.then_some(EndpointPlan { with_regions, regional: args.regional_endpoints });
    let found = if args.fleet.is_given() {
        let (names, group) = (&names, args.registry.resource_group.as_deref());
        endpoint_source::from_fleet(&args.fleet, names, group, plan.as_ref(), session).await?
    } else if args.endpoints.is_empty() {
        let group = args.registry.resource_group.as_deref();
        let found = endpoint_source::from_azure(&names, group, plan.as_ref(), session).await;
        let hint = "Without access to Azure: --endpoints FILE or --login-server HOST.";
        let found = found.map_err(|error| without_azure(error, hint))?;
        found.into_iter().map(|registry| registry.endpoints).collect()
    } else {
        endpoint_source::from_files(&args.endpoints, plan.as_ref(), session)?
    };
    found.into_iter().map(|endpoints| Ok(endpoints.in_regions(&regions)?)).collect()
}

/// The endpoints of a login server, as far as the command line names its regions.
fn of_login_server(
    args: &CheckEndpointsArgs,
    host: &Fqdn,
    regions: Vec<&str>,
    session: &Session,
) -> Result<Endpoints> {
    if host.split_label().1.is_none() && host.as_str() != "localhost" {
        let message = format!("argument --login-server: '{host}' is not a full host name.");
        let suffix = session.cloud()?.acr_login_server_suffix.clone().unwrap_or_default();
        let hint = format!("For example: --login-server {host}{suffix}");
        return Err(UserError::usage(message).hint(hint).into());
    }
    if regions.is_empty() {
        let login_server = host.clone();
        return Ok(Endpoints { login_server, data: Vec::new(), regional: Regional::Off });
    }
    Ok(Endpoints::planned(host, regions, args.regional_endpoints)?)
}

/// The hosts to connect to: the login server, then regional and data endpoints. A wildcard is not a host.
fn targets(endpoints: &Endpoints, planned: bool, port: u16) -> Vec<Target> {
    let target = |endpoint: crate::domain::Endpoint| match endpoint.host {
        HostPattern::Exact(host) => Some(Target {
            host,
            port: if endpoint.role == Role::Login { port } else { HTTPS },
            role: endpoint.role,
            region: endpoint.region,
            planned: planned && endpoint.role != Role::Login,
        }),
        HostPattern::Below(_) => None,
    };
    endpoints.iter().filter_map(target).collect()
}

/// Why the hosts of a registry's layers cannot be checked without a pull, if so.
fn unknown_layers(endpoints: &Endpoints) -> Option<String> {
    let server = &endpoints.login_server;
    match endpoints.storage_wildcard() {
        Some(wildcard) => Some(format!(
            "Layers of {server} come from {}, which is not one host that can be checked",
            wildcard.host
        )),
        None if endpoints.data.is_empty() => {
            Some(format!("The hosts that layers of {server} come from are not known"))
        }
        None => None,
    }
}

/// Warns of them, once for all registries.
fn warn_of_unknown_layers(registries: &[Endpoints], session: &Session) {
    if let Some((who, wildcard)) = endpoint_source::who_needs_the_wildcard(registries) {
        session.streams.warning(Code::Wildcard, &format!(
            "Layers of {who} come from {wildcard}, which is not one host that can be checked. --pull IMAGE checks the \
             host that a layer really comes from."
        ));
    } else if let Some(why) = registries.iter().find_map(unknown_layers) {
        session.streams.warning(Code::Wildcard, &format!(
            "{why}, so they are not checked. --region names the registry's regions; --pull IMAGE checks the host that a \
             layer really comes from."
        ));
    }
}

async fn pull_request(
    args: &CheckEndpointsArgs,
    image: &str,
    registry: &Endpoints,
    port: u16,
    session: &Session,
) -> Result<PullRequest> {
    let host = registry.login_server.clone();
    let authority = crate::probe::authority(host.as_str(), port);
    let reference =
        Reference::parse(image, &authority).map_err(|e| UserError::usage(e.to_string()))?;
    Ok(PullRequest {
        login: login(args, &host, session).await?,
        host,
        port,
        reference,
        platform: args.platform.clone().unwrap_or_default(),
        expected: expected(args, registry, session)?,
    })
}

/// The hosts that layers may come from, if known.
fn expected(
    args: &CheckEndpointsArgs,
    registry: &Endpoints,
    session: &Session,
) -> Result<Option<Expected>> {
    if registry.data.is_empty() {
        return Ok(None);
    }
    let suffix = session.cloud()?.storage_suffix.as_deref();
    Ok(Some(Expected {
        data_hosts: registry
            .data
            .iter()
            .filter_map(|endpoint| endpoint.host.exact().map(ToString::to_string))
            .collect(),
        dedicated: registry.storage_wildcard().is_none(),
        planned: args.planned,
        storage_suffix: suffix.map(|suffix| format!(".blob.{suffix}")).unwrap_or_default(),
    }))
}

async fn login(args: &CheckEndpointsArgs, host: &Fqdn, session: &Session) -> Result<Login> {
    let by_name = args.endpoints.is_empty() && args.login_server.is_none();
    let default = match (&args.username, by_name) {
        (Some(_), _) => "password",
        (None, true) => "azure",
        (None, false) => "anonymous",
    };
    match (args.auth.as_deref().unwrap_or(default), &args.username) {
        ("password", Some(username)) => {
            let (username, password) = (username.clone(), password(args, session)?);
            Ok(Login::Password { username, password })
        }
        ("password", None) => {
            let message = "argument --auth: password needs --username and --password-stdin.";
            let hint = "For example: echo \"$PASSWORD\" | az-acr check-endpoints … --username NAME --password-stdin";
            Err(UserError::usage(message).hint(hint).into())
        }
        ("azure", _) => {
            let suffix = session.cloud()?.acr_login_server_suffix.as_deref().unwrap_or_default();
            // The token gives access to Azure, so it is sent only to Azure's own hosts.
            if suffix.is_empty() || !host.as_str().ends_with(suffix) {
                let message = format!(
                    "{host} is not a registry in this cloud, so the Azure login is not sent to it."
                );
                let hint = "Use --username or --auth anonymous.";
                return Err(UserError::usage(message).hint(hint).into());
            }
            Ok(Login::Azure(session.registry_token().await?))
        }
        _ => Ok(Login::Anonymous),
    }
}

fn password(args: &CheckEndpointsArgs, session: &Session) -> Result<Secret> {
    if args.endpoints.iter().any(|file| file == "-") {
        let message = "Standard input cannot supply both the endpoints and the password.";
        return Err(UserError::usage(message).into());
    }
    let bytes = input::read("-", MAX_PASSWORD, "a password", session)?;
    let password = input::decode(bytes)
        .map_err(|_| UserError::usage("The password on standard input is not text."))?;
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        return Err(UserError::usage("There is no password on standard input.").into());
    }
    Ok(Secret::new(password))
}
