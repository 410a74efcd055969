//! Which login is used: the first that applies, decided from variables and files before any request.

use super::AzureError;
use super::certificate::CertificateAssertion;
use super::cloud::Cloud;
use super::http::{Network, direct_client};
use super::profile::ProfileSubscription;
use super::token_cache::{self, Wanted};
use crate::env::Env;
use async_trait::async_trait;
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use azure_core::http::{
    ClientMethodOptions, ClientOptions, Method, Request, RetryOptions, Transport, Url,
};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzureDeveloperCliCredential,
    AzurePipelinesCredential, AzurePipelinesCredentialOptions, ClientAssertion,
    ClientAssertionCredential, ClientAssertionCredentialOptions, ClientSecretCredential,
    ClientSecretCredentialOptions, Executor, ManagedIdentityCredential,
    ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions,
};
use serde_json::Value;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

/// The credential that was chosen, and its name for `--debug`.
#[derive(Debug)]
pub struct Login {
    /// What it is, e.g. `EnvironmentCredential (client secret)`.
    pub name: String,
    /// Gives the tokens.
    pub credential: Arc<dyn TokenCredential>,
}

/// What the choice depends on.
pub struct Inputs<'a> {
    /// Variables and clock.
    pub env: &'a Env,
    /// `az`'s directory.
    pub directory: &'a Path,
    /// The cloud to log in to.
    pub cloud: &'a Cloud,
    /// What tokens are wanted for: `az`'s cache holds them by resource.
    pub resource: &'a str,
    /// The subscription, when it came from `az`'s profile.
    pub subscription: Option<&'a ProfileSubscription>,
    /// The way out.
    pub network: &'a Network,
    /// Takes a line for each login that is looked at and does not apply.
    pub log: &'a dyn Fn(&str),
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
    /// Kind, name as in the Azure SDKs, whether it is for developers (`dev`) or for deployed programs (`prod`).
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

    fn comes_from_variables(self) -> bool {
        use Kind::{AzurePipelines, Environment, GitHubActions, WorkloadIdentity};
        matches!(self, Environment | WorkloadIdentity | AzurePipelines | GitHubActions)
    }
}

/// Chooses the login.
///
/// # Errors
/// [`AzureError::NotLoggedIn`] when none applies; others when one applies and cannot be used.
pub async fn choose(inputs: &Inputs<'_>) -> Result<Login, AzureError> {
    let wish = inputs.env.var("AZURE_TOKEN_CREDENTIALS");
    let candidates = candidates(wish.as_deref(), inputs.subscription.is_some())?;
    // One credential by its name is used even where nothing shows that it applies.
    let asked_for = wish.is_some() && candidates.len() == 1;
    for kind in &candidates {
        let login = match kind {
            Kind::Environment => environment(inputs)?,
            Kind::WorkloadIdentity => workload_identity(inputs)?,
            Kind::AzurePipelines => azure_pipelines(inputs)?,
            Kind::GitHubActions => github_actions(inputs)?,
            Kind::AzureCli => azure_cli(inputs, asked_for)?,
            Kind::AzureDeveloperCli => azure_developer_cli(inputs, asked_for)?,
            Kind::ManagedIdentity => managed_identity(inputs, asked_for).await?,
        };
        if let Some(login) = login {
            return Ok(login);
        }
        (inputs.log)(&format!("credential: {} does not apply", kind.name()));
    }
    match wish {
        Some(wish) if !candidates.contains(&Kind::AzureCli) => {
            Err(AzureError::Credential(format!(
                "AZURE_TOKEN_CREDENTIALS is set to '{wish}', and the variables or files that it needs are not there."
            )))
        }
        _ => Err(AzureError::NotLoggedIn),
    }
}

/// The kinds to try. On a developer's machine (the subscription is from `az`'s profile) variables do not take
/// over from the login unless they are asked for: the program acts as `az` does.
fn candidates(wish: Option<&str>, from_profile: bool) -> Result<Vec<Kind>, AzureError> {
    let Some(wish) = wish else {
        let all = Kind::ALL.iter().map(|entry| entry.0);
        return Ok(all.filter(|kind| !(from_profile && kind.comes_from_variables())).collect());
    };
    let kinds: Vec<Kind> = Kind::ALL
        .iter()
        .filter(|(_, name, group)| {
            wish.eq_ignore_ascii_case(name) || wish.eq_ignore_ascii_case(group)
        })
        .map(|entry| entry.0)
        .collect();
    if kinds.is_empty() {
        let names: Vec<&str> = Kind::ALL.iter().map(|entry| entry.1).collect();
        return Err(AzureError::Setting {
            name: "AZURE_TOKEN_CREDENTIALS".to_owned(),
            value: wish.to_owned(),
            expected: format!("dev, prod or one of {}", names.join(", ")),
        });
    }
    Ok(kinds)
}

fn client_options(inputs: &Inputs<'_>) -> ClientOptions {
    let mut cloud = CustomConfiguration::default();
    let authority = inputs.cloud.active_directory.trim_end_matches('/');
    authority.clone_into(&mut cloud.authority_host);
    ClientOptions {
        transport: Some(inputs.network.transport()),
        per_call_policies: inputs.network.per_call_policies(),
        retry: RetryOptions::none(),
        cloud: Some(Arc::new(cloud.into())),
        ..ClientOptions::default()
    }
}

fn assertion_options(inputs: &Inputs<'_>) -> ClientAssertionCredentialOptions {
    ClientAssertionCredentialOptions { client_options: client_options(inputs) }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn unusable(error: Error) -> AzureError {
    AzureError::Credential(error.to_string())
}

/// `AZURE_TENANT_ID` and `AZURE_CLIENT_ID`.
fn application(env: &Env) -> Option<(String, String)> {
    Some((env.var("AZURE_TENANT_ID")?, env.var("AZURE_CLIENT_ID")?))
}

fn environment(inputs: &Inputs<'_>) -> Result<Option<Login>, AzureError> {
    let env = inputs.env;
    let Some((tenant, client_id)) = application(env) else { return Ok(None) };
    if let Some(secret) = env.var("AZURE_CLIENT_SECRET") {
        let options = ClientSecretCredentialOptions { client_options: client_options(inputs) };
        let credential =
            ClientSecretCredential::new(&tenant, client_id, Secret::new(secret), Some(options));
        return Ok(Some(Login {
            name: "EnvironmentCredential (client secret)".to_owned(),
            credential: credential.map_err(unusable)?,
        }));
    }
    let Some(path) = env.path("AZURE_CLIENT_CERTIFICATE_PATH") else { return Ok(None) };
    let authority = inputs.cloud.active_directory.trim_end_matches('/');
    let audience = format!("{authority}/{tenant}/oauth2/v2.0/token");
    let assertion = CertificateAssertion::load(&path, &client_id, audience)?;
    let options = Some(assertion_options(inputs));
    let credential = ClientAssertionCredential::new(tenant, client_id, assertion, options);
    Ok(Some(Login {
        name: "EnvironmentCredential (client certificate)".to_owned(),
        credential: credential.map_err(unusable)?,
    }))
}

fn workload_identity(inputs: &Inputs<'_>) -> Result<Option<Login>, AzureError> {
    let file = inputs.env.path("AZURE_FEDERATED_TOKEN_FILE");
    let (Some((tenant, client_id)), Some(file)) = (application(inputs.env), file) else {
        return Ok(None);
    };
    let options = WorkloadIdentityCredentialOptions {
        credential_options: assertion_options(inputs),
        client_id: Some(client_id),
        tenant_id: Some(tenant),
        token_file_path: Some(file),
    };
    let credential = WorkloadIdentityCredential::new(Some(options)).map_err(unusable)?;
    Ok(Some(Login { name: "WorkloadIdentityCredential".to_owned(), credential }))
}

fn azure_pipelines(inputs: &Inputs<'_>) -> Result<Option<Login>, AzureError> {
    let env = inputs.env;
    let (Some(_), Some(token), Some(connection), Some(client_id), Some(tenant)) = (
        env.var("SYSTEM_OIDCREQUESTURI"),
        env.var("SYSTEM_ACCESSTOKEN"),
        env.var("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"),
        env.var("AZURESUBSCRIPTION_CLIENT_ID"),
        env.var("AZURESUBSCRIPTION_TENANT_ID"),
    ) else {
        return Ok(None);
    };
    let options = AzurePipelinesCredentialOptions { credential_options: assertion_options(inputs) };
    let credential =
        AzurePipelinesCredential::new(tenant, client_id, &connection, token, Some(options));
    Ok(Some(Login {
        name: "AzurePipelinesCredential".to_owned(),
        credential: credential.map_err(unusable)?,
    }))
}

fn github_actions(inputs: &Inputs<'_>) -> Result<Option<Login>, AzureError> {
    let env = inputs.env;
    let (Some(url), Some(token), Some((tenant, client_id))) = (
        env.var("ACTIONS_ID_TOKEN_REQUEST_URL"),
        env.var("ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
        application(env),
    ) else {
        return Ok(None);
    };
    let url = match Url::parse(&url) {
        Ok(url) if url.scheme() == "https" => url,
        _ => {
            return Err(AzureError::Setting {
                name: "ACTIONS_ID_TOKEN_REQUEST_URL".to_owned(),
                value: url,
                expected: "an https URL".to_owned(),
            });
        }
    };
    let assertion =
        GitHubAssertion { url, token: Secret::new(token), network: inputs.network.clone() };
    let options = Some(assertion_options(inputs));
    let credential = ClientAssertionCredential::new(tenant, client_id, assertion, options);
    Ok(Some(Login {
        name: "GitHubActionsCredential".to_owned(),
        credential: credential.map_err(unusable)?,
    }))
}

/// Asks the workflow's own identity provider for a statement about this job.
#[derive(Debug)]
struct GitHubAssertion {
    url: Url,
    token: Secret,
    network: Network,
}

#[async_trait]
impl ClientAssertion for GitHubAssertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("audience", "api://AzureADTokenExchange");
        let mut request = Request::new(url, Method::Get);
        request.insert_header("authorization", format!("bearer {}", self.token.secret()));
        let answer = self.network.client().execute_request(&request).await?;
        let status = u16::from(answer.status());
        let body = answer.try_into_raw_response().await?;
        let body: Value = serde_json::from_slice(body.body().as_ref()).unwrap_or_default();
        body["value"].as_str().map(str::to_owned).ok_or_else(|| {
            let message = format!("GitHub's identity provider gave no token (status {status})");
            Error::with_message(ErrorKind::Credential, message)
        })
    }
}

/// The session of `az login`. Without a subscription from the profile nobody is logged in, unless it is asked for.
fn azure_cli(inputs: &Inputs<'_>, asked_for: bool) -> Result<Option<Login>, AzureError> {
    let Some(subscription) = inputs.subscription else {
        return if asked_for { azure_cli_process(inputs, None).map(Some) } else { Ok(None) };
    };
    let user = &subscription.user;
    if matches!(user.name.as_str(), "systemAssignedIdentity" | "userAssignedIdentity") {
        let credential = managed_identity_credential(
            inputs,
            user.assigned_identity_info.as_deref().and_then(identity_id),
        )?;
        let name = format!("AzureCliCredential (az login --identity, {})", user.name);
        return Ok(Some(Login { name, credential }));
    }
    let host = Url::parse(&inputs.cloud.active_directory)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default();
    let wanted = Wanted {
        user: &user.name,
        service_principal: user.kind == "servicePrincipal",
        tenant: &subscription.tenant_id,
        authority_host: &host,
        resource: inputs.resource,
    };
    match token_cache::find(inputs.directory, &wanted, inputs.env.now())? {
        Some(token) => Ok(Some(Login {
            name: "AzureCliCredential (token from az's cache)".to_owned(),
            credential: Arc::new(KnownToken(token)),
        })),
        None => azure_cli_process(inputs, Some(subscription.id.clone())).map(Some),
    }
}

fn azure_cli_process(
    inputs: &Inputs<'_>,
    subscription: Option<String>,
) -> Result<Login, AzureError> {
    let options = AzureCliCredentialOptions {
        subscription,
        executor: Some(Arc::new(InCloud(inputs.cloud.name.clone()))),
        ..AzureCliCredentialOptions::default()
    };
    let credential = AzureCliCredential::new(Some(options)).map_err(unusable)?;
    Ok(Login { name: "AzureCliCredential (az account get-access-token)".to_owned(), credential })
}

/// Runs `az` in the cloud that was chosen, which need not be the one that `az cloud set` chose.
#[derive(Debug)]
struct InCloud(String);

#[async_trait]
impl Executor for InCloud {
    async fn run(&self, program: &OsStr, args: &[&OsStr]) -> std::io::Result<Output> {
        // Nothing else is to be done meanwhile: blocking the only thread is fine.
        std::process::Command::new(program).args(args).env("AZURE_CLOUD_NAME", &self.0).output()
    }
}

/// A token that is there already. It lives at least five minutes more, longer than a command.
#[derive(Debug)]
struct KnownToken(AccessToken);

#[async_trait]
impl TokenCredential for KnownToken {
    async fn get_token(
        &self,
        _scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        Ok(self.0.clone())
    }
}

fn azure_developer_cli(inputs: &Inputs<'_>, asked_for: bool) -> Result<Option<Login>, AzureError> {
    let installed = inputs.env.path("PATH").is_some_and(|path| {
        let name = if cfg!(windows) { "azd.exe" } else { "azd" };
        std::env::split_paths(&path).any(|directory| directory.join(name).is_file())
    });
    if !installed && !asked_for {
        return Ok(None);
    }
    let credential = AzureDeveloperCliCredential::new(None).map_err(unusable)?;
    Ok(Some(Login { name: "AzureDeveloperCliCredential".to_owned(), credential }))
}

async fn managed_identity(
    inputs: &Inputs<'_>,
    asked_for: bool,
) -> Result<Option<Login>, AzureError> {
    let env = inputs.env;
    let on_app_service = env.var("IDENTITY_ENDPOINT").is_some();
    if !on_app_service && !asked_for && !metadata_service_answers().await {
        return Ok(None);
    }
    let id = env.var("AZURE_CLIENT_ID").map(UserAssignedId::ClientId);
    let credential = managed_identity_credential(inputs, id)?;
    Ok(Some(Login { name: "ManagedIdentityCredential".to_owned(), credential }))
}

fn managed_identity_credential(
    inputs: &Inputs<'_>,
    user_assigned_id: Option<UserAssignedId>,
) -> Result<Arc<dyn TokenCredential>, AzureError> {
    let options = ManagedIdentityCredentialOptions {
        user_assigned_id,
        client_options: ClientOptions {
            // The metadata service is a neighbour; a proxy would ask for its own identity.
            transport: Some(Transport::new(Arc::new(direct_client(inputs.env)?))),
            ..client_options(inputs)
        },
    };
    Ok(ManagedIdentityCredential::new(Some(options)).map_err(unusable)?)
}

/// `MSI`, `MSIClient-<id>`, `MSIObject-<id>`, `MSIResource-<id>`: how `az` notes which identity it logged in with.
fn identity_id(info: &str) -> Option<UserAssignedId> {
    match info.split_once('-')? {
        ("MSIClient", id) => Some(UserAssignedId::ClientId(id.to_owned())),
        ("MSIObject", id) => Some(UserAssignedId::ObjectId(id.to_owned())),
        ("MSIResource", id) => Some(UserAssignedId::ResourceId(id.to_owned())),
        _ => None,
    }
}

/// Whether something listens where virtual machines in Azure have their metadata service. Elsewhere the address
/// leads nowhere, and azure_identity would wait for more than a minute.
async fn metadata_service_answers() -> bool {
    let connect = tokio::net::TcpStream::connect(("169.254.169.254", 80));
    matches!(tokio::time::timeout(Duration::from_millis(500), connect).await, Ok(Ok(_)))
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

    #[test]
    fn az_notes_which_identity_it_used() {
        assert!(
            matches!(identity_id("MSIClient-a-b"), Some(UserAssignedId::ClientId(id)) if id == "a-b")
        );
        assert!(identity_id("MSI").is_none());
    }
}
