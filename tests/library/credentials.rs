//! Which login is chosen, from environment variables and files only. No request is made.

use az_acr::Env;
use az_acr::azure::cloud::Cloud;
use az_acr::azure::config::Config;
use az_acr::azure::credential::{Inputs, choose};
use az_acr::azure::profile::Profile;
use az_acr::azure::token_cache::{self, Wanted};
use az_acr::net::client::Network;
use az_acr::net::request_log::RequestLog;
use azure_core::time::{Duration, OffsetDateTime};
use serde_json::json;
use std::path::Path;

const TENANT: &str = "72f988bf-0000-4000-8000-00000000e0e0";

fn write(directory: &Path, name: &str, text: &str) {
    std::fs::write(directory.join(name), text).unwrap();
}

fn profile(user: &str, kind: &str, info: Option<&str>) -> String {
    let user = json!({"name": user, "type": kind, "assignedIdentityInfo": info});
    // az writes a byte order mark.
    format!(
        "\u{feff}{}",
        json!({"subscriptions": [{
            "id": "s1", "name": "One", "isDefault": true, "tenantId": TENANT, "environmentName": "AzureCloud",
            "user": user,
        }]})
    )
}

/// Returns the name of the chosen login, or the error.
async fn chosen<const N: usize>(directory: &Path, variables: [(&str, &str); N]) -> String {
    let mut pairs = variables.to_vec();
    let here = directory.to_str().unwrap();
    pairs.push(("AZURE_CONFIG_DIR", here));
    let env = Env::from_pairs(pairs);
    let config = Config::load(&env).unwrap();
    let cloud = Cloud::load(&config, "AzureCloud").unwrap();
    let profile = match Profile::load(directory, &cloud.name) {
        Ok(profile) => profile,
        Err(error) => return error.to_string(),
    };
    let network = Network::https(&env, Vec::new(), false).unwrap();
    let inputs = Inputs {
        directory: directory.to_owned(),
        resource: cloud.active_directory_resource_id.clone(),
        cloud,
        subscription: profile.default_subscription().cloned(),
        network,
        log: RequestLog::new(|_| ()),
        env,
    };
    match choose(&inputs).await {
        Ok(login) => login.name,
        Err(error) => error.to_string(),
    }
}

const APPLICATION: [(&str, &str); 2] = [("AZURE_TENANT_ID", TENANT), ("AZURE_CLIENT_ID", "app")];
const SECRET: (&str, &str) = ("AZURE_CLIENT_SECRET", "hush");

#[tokio::test]
async fn a_ci_system_is_recognised_by_its_variables() {
    let empty = tempfile::tempdir().unwrap();
    let [tenant, client] = APPLICATION;
    let token = empty.path().join("token");
    std::fs::write(&token, "token").unwrap();
    let token = ("AZURE_FEDERATED_TOKEN_FILE", token.to_str().unwrap());
    assert_eq!(
        chosen(empty.path(), [tenant, client, SECRET, token]).await,
        "EnvironmentCredential (client secret)"
    );
    assert_eq!(chosen(empty.path(), [tenant, client, token]).await, "WorkloadIdentityCredential");
    assert_eq!(
        chosen(
            empty.path(),
            [
                tenant,
                client,
                ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://token.actions.example/x?y=z"),
                ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t"),
            ]
        )
        .await,
        "GitHubActionsCredential"
    );
    assert_eq!(
        chosen(
            empty.path(),
            [("IDENTITY_ENDPOINT", "http://127.0.0.1:1"), ("IDENTITY_HEADER", "h")]
        )
        .await,
        "ManagedIdentityCredential"
    );
}

#[tokio::test]
async fn a_jobs_token_goes_over_https_alone() {
    let empty = tempfile::tempdir().unwrap();
    let [tenant, client] = APPLICATION;
    let insecure = "http://127.0.0.1:1/oidc";
    let github = [
        tenant,
        client,
        ("ACTIONS_ID_TOKEN_REQUEST_URL", insecure),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t"),
    ];
    let pipelines = [
        ("SYSTEM_OIDCREQUESTURI", insecure),
        ("SYSTEM_ACCESSTOKEN", "t"),
        ("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "connection"),
        ("AZURESUBSCRIPTION_CLIENT_ID", client.1),
        ("AZURESUBSCRIPTION_TENANT_ID", tenant.1),
    ];
    for message in [chosen(empty.path(), github).await, chosen(empty.path(), pipelines).await] {
        assert!(message.contains("is set to 'http://127.0.0.1:1/oidc'"), "{message}");
        assert!(message.contains("an https URL"), "{message}");
    }
}

#[tokio::test]
async fn without_any_login_az_login_is_named() {
    let empty = tempfile::tempdir().unwrap();
    // Not the whole chain: its last credential would query the local network.
    assert_eq!(
        chosen(empty.path(), [("AZURE_TOKEN_CREDENTIALS", "dev")]).await,
        "Please run 'az login' to setup account."
    );
    assert_eq!(
        chosen(empty.path(), [("AZURE_TOKEN_CREDENTIALS", "WorkloadIdentityCredential")]).await,
        "AZURE_TOKEN_CREDENTIALS is set to 'WorkloadIdentityCredential', but the variables or files that it needs \
         are missing."
    );
}

#[tokio::test]
async fn az_logins_win_over_variables_unless_those_are_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "azureProfile.json", &profile("app", "servicePrincipal", None));
    let [tenant, client] = APPLICATION;
    let variables = [tenant, client, SECRET];
    assert_eq!(
        chosen(directory.path(), variables).await,
        "AzureCliCredential (az account get-access-token)"
    );
    for wish in ["prod", "EnvironmentCredential"] {
        assert_eq!(
            chosen(directory.path(), [tenant, client, SECRET, ("AZURE_TOKEN_CREDENTIALS", wish)])
                .await,
            "EnvironmentCredential (client secret)"
        );
    }
}

#[tokio::test]
async fn az_login_with_an_identity_is_that_identity() {
    let directory = tempfile::tempdir().unwrap();
    for (user, info) in [
        ("systemAssignedIdentity", "MSI"),
        ("userAssignedIdentity", "MSIClient-00000000-0000-4000-8000-000000000001"),
    ] {
        let text = profile(user, "servicePrincipal", Some(info));
        write(directory.path(), "azureProfile.json", &text);
        assert_eq!(
            chosen(directory.path(), []).await,
            format!("AzureCliCredential (az login --identity, {user})")
        );
    }
}

#[tokio::test]
async fn a_certificate_file_must_hold_a_certificate_and_a_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("login.pem");
    let [tenant, client] = APPLICATION;
    let variables = [tenant, client, ("AZURE_CLIENT_CERTIFICATE_PATH", path.to_str().unwrap())];
    assert!(chosen(directory.path(), variables).await.contains("it does not exist"));
    std::fs::write(&path, "no PEM").unwrap();
    assert!(chosen(directory.path(), variables).await.contains("it contains no certificate"));
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
    std::fs::write(&path, certificate.pem()).unwrap();
    assert!(chosen(directory.path(), variables).await.contains("it contains no unencrypted key"));
    std::fs::write(&path, certificate.pem() + &key.serialize_pem()).unwrap();
    assert!(chosen(directory.path(), variables).await.contains("is not an RSA key"));
}

#[tokio::test]
async fn damaged_files_are_named() {
    let directory = tempfile::tempdir().unwrap();
    for text in ["{\"subscriptions\": [{\"id\"", "[]", "{\"subscriptions\": [{}]}"] {
        write(directory.path(), "azureProfile.json", text);
        let error = chosen(directory.path(), []).await;
        assert!(error.contains("azureProfile.json is damaged"), "{error}");
        assert!(error.contains("az login"), "{error}");
    }
}

/// A token cache as `az` writes it, with one token.
fn cache(changes: &[(&str, &str)]) -> String {
    let mut token = json!({
        "credential_type": "AccessToken", "secret": "the token", "home_account_id": null,
        "environment": "login.microsoftonline.com", "client_id": "app", "realm": TENANT, "token_type": "Bearer",
        "target": "https://management.core.windows.net//.default", "expires_on": "1800000000",
    });
    for (name, value) in changes {
        token[*name] = json!(value);
    }
    json!({"AccessToken": {"key": token}, "Account": {"a": {
        "home_account_id": "uid.utid", "environment": "login.microsoftonline.com", "username": "ada@contoso.example",
    }}})
    .to_string()
}

fn find(text: &str, service_principal: bool, seconds_left: i64) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "msal_token_cache.json", text);
    let wanted = Wanted {
        user: if service_principal { "app" } else { "Ada@contoso.example" },
        service_principal,
        tenant: TENANT,
        authority_host: "login.microsoftonline.com",
        resource: "https://management.core.windows.net/",
    };
    let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
        - Duration::seconds(seconds_left);
    token_cache::find(directory.path(), &wanted, now).unwrap().map(|t| t.token.secret().to_owned())
}

#[test]
fn a_token_of_azs_is_used_when_it_fits_and_lives() {
    let found = Some("the token".to_owned());
    assert_eq!(find(&cache(&[]), true, 300), found);
    assert_eq!(find(&cache(&[]), true, 299), None);
    assert_eq!(find(&cache(&[("home_account_id", "uid.utid")]), false, 3600), found);
    assert_eq!(find(&cache(&[("home_account_id", "another")]), false, 3600), None);
    assert_eq!(find("{}", true, 3600), None);
    for change in [
        ("client_id", "another"),
        ("realm", "another"),
        ("environment", "login.evil.example"),
        ("target", "https://vault.azure.net/.default"),
        ("token_type", "pop"),
        ("home_account_id", "uid.utid"),
        ("expires_on", "soon"),
    ] {
        assert_eq!(find(&cache(&[change]), true, 3600), None, "{change:?}");
    }
}

#[test]
fn a_damaged_cache_is_an_error_that_shows_no_token() {
    let directory = tempfile::tempdir().unwrap();
    let wanted = Wanted {
        user: "a",
        service_principal: true,
        tenant: "t",
        authority_host: "h",
        resource: "r",
    };
    for text in [
        "{\"AccessToken\": {\"k\": {\"secret\": \"the to",
        "{\"AccessToken\": {\"k\": \"the token\"}}",
    ] {
        write(directory.path(), "msal_token_cache.json", text);
        let error =
            token_cache::find(directory.path(), &wanted, OffsetDateTime::now_utc()).unwrap_err();
        assert!(error.to_string().contains("msal_token_cache.json is damaged"), "{error}");
        assert!(!error.to_string().contains("the to"), "{error}");
    }
}
