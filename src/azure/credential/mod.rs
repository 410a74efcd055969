//! Chooses the login: the first one that applies, decided from variables and files. The only contact
//! is a TCP connection to the metadata service, to see whether this machine has a managed identity.
//!
//! Each file holds one credential; [`choose`] tries them in order. `renewable` keeps the login usable in commands
//! that outlive a token.

pub mod answers;
mod cli;
mod developer_cli;
mod environment;
mod github;
mod managed_identity;
mod pipelines;
mod process;
mod renewable;
mod workload_identity;

pub use renewable::RenewableCredential;

use super::AzureError;
use super::cloud::Cloud;
use super::profile::ProfileSubscription;
use crate::env::Env;
use crate::net::client::Network;
use crate::net::request_log::{LogPolicy, RequestLog};
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, RetryOptions, Url};
use azure_identity::ClientAssertionCredentialOptions;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// The credential that was chosen, and its name for `--debug`.
#[derive(Debug)]
pub struct Login {
    /// What it is, e.g. `EnvironmentCredential (client secret)`.
    pub name: String,
    /// Provides the tokens.
    pub credential: Arc<dyn TokenCredential>,
    /// Provides the tokens after one was refused, if `credential` would repeat it and a new login does not help.
    pub renewal: Option<Arc<dyn TokenCredential>>,
}

impl Login {
    /// Whether it is the session of `az login`.
    pub fn is_of_az(&self) -> bool {
        self.name.starts_with("AzureCliCredential")
    }
}

/// What the choice depends on.
#[derive(Clone)]
pub struct Inputs {
    /// Variables and clock.
    pub env: Env,
    /// `az`'s directory.
    pub directory: PathBuf,
    /// The cloud to log in to.
    pub cloud: Cloud,
    /// The resource that the tokens are for: `az`'s cache stores them by resource.
    pub resource: String,
    /// The subscription, if it came from `az`'s profile.
    pub subscription: Option<ProfileSubscription>,
    /// The network for requests to Microsoft Entra.
    pub network: Network,
    /// Receives a line for each login that was considered and does not apply, and for each request.
    pub log: RequestLog,
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs").field("resource", &self.resource).finish_non_exhaustive()
    }
}

/// A kind of login, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Environment,
    WorkloadIdentity,
    AzurePipelines,
    GitHubActions,
    AzureCli,
    AzureDeveloperCli,
    ManagedIdentity,
}

impl Kind {
    /// Kind, name as in the Azure SDKs, and whether it is for developers (`dev`) or for deployed programs (`prod`).
    const ALL: [(Self, &'static str, &'static str); 7] = [
        (Self::Environment, "EnvironmentCredential", "prod"),
        (Self::WorkloadIdentity, "WorkloadIdentityCredential", "prod"),
        (Self::AzurePipelines, "AzurePipelinesCredential", "prod"),
        (Self::GitHubActions, "GitHubActionsCredential", "prod"),
        (Self::AzureCli, "AzureCliCredential", "dev"),
        (Self::AzureDeveloperCli, "AzureDeveloperCliCredential", "dev"),
        (Self::ManagedIdentity, "ManagedIdentityCredential", "prod"),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|entry| entry.0 == self).map_or("", |entry| entry.1)
    }

    /// Why a login does not apply: the variables that are not set, or what is missing on this machine.
    fn why_not(self, env: &Env) -> String {
        let needed: &[&str] = match self {
            Self::Environment => &["AZURE_TENANT_ID", "AZURE_CLIENT_ID"],
            Self::WorkloadIdentity => {
                &["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"]
            }
            Self::AzurePipelines => &[
                "SYSTEM_OIDCREQUESTURI",
                "SYSTEM_ACCESSTOKEN",
                "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
                "AZURESUBSCRIPTION_CLIENT_ID",
                "AZURESUBSCRIPTION_TENANT_ID",
            ],
            Self::GitHubActions => &[
                "ACTIONS_ID_TOKEN_REQUEST_URL",
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
                "AZURE_TENANT_ID",
                "AZURE_CLIENT_ID",
            ],
            Self::AzureCli => return "nobody is logged in to az in this cloud".to_owned(),
            Self::AzureDeveloperCli => return "azd is not in PATH".to_owned(),
            Self::ManagedIdentity => return "this machine has no managed identity".to_owned(),
        };
        let missing: Vec<&str> =
            needed.iter().copied().filter(|name| env.var(name).is_none()).collect();
        match missing.as_slice() {
            // Only an application's login has a choice of two.
            [] => "neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is set".to_owned(),
            [one] => format!("{one} is not set"),
            several => format!("{} are not set", several.join(", ")),
        }
    }

    fn comes_from_variables(self) -> bool {
        use Kind::{AzurePipelines, Environment, GitHubActions, WorkloadIdentity};
        matches!(self, Environment | WorkloadIdentity | AzurePipelines | GitHubActions)
    }
}

/// Chooses the login.
///
/// # Errors
/// [`AzureError::NotLoggedIn`] if no login applies; others if one applies but cannot be used.
pub async fn choose(inputs: &Inputs) -> Result<Login, AzureError> {
    check_tenant(&inputs.env)?;
    let requested = inputs.env.var("AZURE_TOKEN_CREDENTIALS");
    let candidates = candidates(requested.as_deref(), inputs.subscription.is_some())?;
    // A credential that is requested by name is used even if nothing shows that it applies.
    let forced = requested.is_some() && candidates.len() == 1;
    let mut tried = Vec::new();
    for kind in &candidates {
        let login = match kind {
            Kind::Environment => environment::login(inputs)?,
            Kind::WorkloadIdentity => workload_identity::login(inputs)?,
            Kind::AzurePipelines => pipelines::login(inputs)?,
            Kind::GitHubActions => github::login(inputs)?,
            Kind::AzureCli => cli::login(inputs, forced)?,
            Kind::AzureDeveloperCli => developer_cli::login(inputs, forced)?,
            Kind::ManagedIdentity => managed_identity::login(inputs, forced).await?,
        };
        if let Some(login) = login {
            return Ok(login);
        }
        let why = kind.why_not(&inputs.env);
        inputs.log.line(&format!("credential: {} does not apply: {why}", kind.name()));
        tried.push(format!("{}: {why}", kind.name()));
    }
    match requested {
        Some(requested) if !candidates.contains(&Kind::AzureCli) => {
            Err(AzureError::Credential(format!(
                "AZURE_TOKEN_CREDENTIALS is set to '{requested}', but the variables or files that it needs are missing."
            )))
        }
        _ => Err(AzureError::NotLoggedIn { tried }),
    }
}

/// The kinds to try. On a developer's machine (the subscription is from `az`'s profile) variables do not take
/// precedence over the login unless they are requested: the program acts as `az` does.
fn candidates(requested: Option<&str>, from_profile: bool) -> Result<Vec<Kind>, AzureError> {
    let Some(requested) = requested else {
        let all = Kind::ALL.iter().map(|entry| entry.0);
        return Ok(all.filter(|kind| !(from_profile && kind.comes_from_variables())).collect());
    };
    let kinds: Vec<Kind> = Kind::ALL
        .iter()
        .filter(|(_, name, group)| {
            requested.eq_ignore_ascii_case(name) || requested.eq_ignore_ascii_case(group)
        })
        .map(|entry| entry.0)
        .collect();
    if kinds.is_empty() {
        let names: Vec<&str> = Kind::ALL.iter().map(|entry| entry.1).collect();
        return Err(AzureError::Setting {
            name: "AZURE_TOKEN_CREDENTIALS".to_owned(),
            value: requested.to_owned(),
            expected: format!("dev, prod or one of {}", names.join(", ")),
        });
    }
    Ok(kinds)
}

fn client_options(inputs: &Inputs) -> ClientOptions {
    let mut cloud = CustomConfiguration::default();
    cloud.authority_host = authority(inputs).to_owned();
    ClientOptions {
        transport: Some(inputs.network.transport()),
        per_call_policies: inputs.network.per_call_policies(),
        per_try_policies: vec![Arc::new(LogPolicy(inputs.log.clone()))],
        retry: RetryOptions::none(),
        cloud: Some(Arc::new(cloud.into())),
        ..ClientOptions::default()
    }
}

fn assertion_options(inputs: &Inputs) -> ClientAssertionCredentialOptions {
    ClientAssertionCredentialOptions { client_options: client_options(inputs) }
}

/// Reads a variable's value as an https URL; a job's token is sent there.
fn https_url(name: &str, value: String) -> Result<Url, AzureError> {
    match Url::parse(&value) {
        Ok(url) if url.scheme() == "https" => Ok(url),
        _ => Err(AzureError::Setting {
            name: name.to_owned(),
            value,
            expected: "an https URL".to_owned(),
        }),
    }
}

/// Entra's URL, without a trailing slash.
fn authority(inputs: &Inputs) -> &str {
    inputs.cloud.active_directory.trim_end_matches('/')
}

/// Refuses a tenant that would change the path of Entra's URLs: it is an id or a domain.
fn check_tenant(env: &Env) -> Result<(), AzureError> {
    const NAME: &str = "AZURE_TENANT_ID";
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let is_tenant = |value: &String| value.chars().all(is_plain) && !value.starts_with('.');
    match env.var(NAME).filter(|value| !is_tenant(value)) {
        Some(value) => Err(AzureError::Setting {
            name: NAME.to_owned(),
            value,
            expected: "a tenant's id or domain".to_owned(),
        }),
        None => Ok(()),
    }
}

/// `AZURE_TENANT_ID` and `AZURE_CLIENT_ID`.
fn application(env: &Env) -> Option<(String, String)> {
    Some((env.var("AZURE_TENANT_ID")?, env.var("AZURE_CLIENT_ID")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_do_not_take_over_from_an_az_login() {
        assert_eq!(candidates(None, false).unwrap().len(), 7);
        assert_eq!(
            candidates(None, true).unwrap(),
            [Kind::AzureCli, Kind::AzureDeveloperCli, Kind::ManagedIdentity]
        );
    }

    #[test]
    fn azure_token_credentials_narrows_the_choice() {
        assert_eq!(
            candidates(Some("dev"), true).unwrap(),
            [Kind::AzureCli, Kind::AzureDeveloperCli]
        );
        assert_eq!(candidates(Some("Prod"), true).unwrap().len(), 5);
        assert_eq!(candidates(Some("environmentcredential"), true).unwrap(), [Kind::Environment]);
        assert!(candidates(Some("VisualStudio"), false).is_err());
    }
}
