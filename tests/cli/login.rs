//! Logins and subscriptions, with the emulator in the role of Entra.

use crate::fake_arm::FakeArm;
use crate::home::Home;
use crate::https::{SUBSCRIPTION, Server, TENANT};
use serde_json::json;

/// A CI system: an application's environment variables, without `az`.
fn ci(server: &Server) -> Home {
    server
        .registered()
        .with("AZURE_TOKEN_CREDENTIALS", "prod")
        .with("AZURE_TENANT_ID", TENANT)
        .with("AZURE_CLIENT_ID", "ci")
}

#[test]
fn a_client_secret_logs_in() {
    let server = Server::start();
    let home = ci(&server).with("AZURE_CLIENT_SECRET", "emulator");
    let run = home.run(&["list", "--query", "length(@)", "--debug"]);
    assert_eq!(run.stdout, "6\n", "{}", run.stderr);
    assert!(run.stderr.contains("INFO: credential: EnvironmentCredential (client secret)"));
    let requests = run.requests();
    assert!(requests[0].ends_with("/oauth2/v2.0/token"), "{requests:?}");
    assert!(requests[1].starts_with("GET /subscriptions?"), "the only subscription is found");
}

#[test]
fn a_wrong_secret_is_told_in_entras_words_and_not_repeated() {
    let server = Server::start();
    let stderr =
        ci(&server).with("AZURE_CLIENT_SECRET", "hush-hush").run(&["list", "--debug"]).fails(1);
    assert!(
        stderr.contains("AADSTS7000215: Invalid client secret provided for app 'ci'"),
        "{stderr}"
    );
    assert!(!stderr.contains("hush-hush"), "{stderr}");
}

#[test]
fn a_client_certificate_logs_in() {
    let server = Server::start();
    let home = ci(&server);
    let path = home.path("login.pem");
    // OpenSSL generates the RSA key: rcgen with ring cannot.
    let made = std::process::Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=ci", "-days", "2",
            "-keyout",
        ])
        .args([&path, std::path::Path::new("-out"), &home.path("certificate.pem")])
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "skipped: openssl is not installed");
        return;
    }
    let pem = std::fs::read_to_string(&path).unwrap()
        + &std::fs::read_to_string(home.path("certificate.pem")).unwrap();
    std::fs::write(&path, pem).unwrap();
    let home = home.with("AZURE_CLIENT_CERTIFICATE_PATH", path.to_str().unwrap());
    let run = home.run(&["list", "--query", "length(@)", "--debug"]);
    assert_eq!(run.stdout, "6\n", "{}", run.stderr);
    assert!(run.stderr.contains("INFO: credential: EnvironmentCredential (client certificate)"));
}

#[test]
fn a_workload_identity_logs_in() {
    let server = Server::start();
    let home = ci(&server);
    home.write("token", "a statement");
    let token = home.path("token");
    let home = home.with("AZURE_FEDERATED_TOKEN_FILE", token.to_str().unwrap());
    assert_eq!(home.run(&["list", "--query", "length(@)"]).quiet(), "6\n");
    // Neither a pipe nor a device is read.
    for special in ["/dev/zero", "/dev"].into_iter().filter(|_| cfg!(unix)) {
        let home = ci(&server).with("AZURE_FEDERATED_TOKEN_FILE", special);
        let stderr = home.run(&["list"]).fails(1);
        assert!(stderr.contains("it is not a regular file"), "{stderr}");
    }
}

#[cfg(unix)]
#[test]
fn the_programs_of_a_login_have_limits() {
    let server = Server::start();
    for (program, credential) in
        [("az", "AzureCliCredential"), ("azd", "AzureDeveloperCliCredential")]
    {
        let home = server.registered().with("AZURE_TOKEN_CREDENTIALS", credential);
        home.write(&format!("bin/{program}"), "#!/bin/sh\nexec cat /dev/zero\n");
        let file = home.path(&format!("bin/{program}"));
        std::process::Command::new("chmod").arg("+x").arg(&file).status().unwrap();
        let path = format!("{}:/usr/bin:/bin", file.parent().unwrap().display());
        let stderr = home.with("PATH", path).run(&["list"]).fails(1);
        assert!(stderr.contains(&format!("{program} writes more than 1 MiB")), "{stderr}");
    }
}

#[test]
fn a_refusal_of_githubs_provider_is_shown_in_its_own_words() {
    let provider = FakeArm::start(|_| {
        (403, Vec::new(), json!({"message": "The job has no permission for id-token"}))
    });
    let home = provider.home("token").with("AZURE_TOKEN_CREDENTIALS", "GitHubActionsCredential");
    let home = home.with("ACTIONS_ID_TOKEN_REQUEST_URL", provider.url());
    let home = home.with("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "x").with("AZURE_TENANT_ID", "x");
    let stderr = home.with("AZURE_CLIENT_ID", "x").run(&["list"]).fails(1);
    assert!(stderr.contains("The job has no permission for id-token (HTTP 403)"), "{stderr}");
}

#[test]
fn an_expired_token_of_azs_sends_us_to_az() {
    let server = Server::start();
    let home = server.login();
    let cache = home.path(".azure/msal_token_cache.json");
    let text = std::fs::read_to_string(&cache).unwrap();
    let mut old: serde_json::Value = serde_json::from_str(&text).unwrap();
    old["AccessToken"]["arm"]["expires_on"] = json!("1000");
    std::fs::write(&cache, old.to_string()).unwrap();
    // A fake az that returns a token, and records how it was called.
    home.write(
        "bin/az",
        "#!/bin/sh\necho \"$AZURE_CLOUD_NAME $*\" > \"$HOME/asked\"\n\
         echo '{\"accessToken\": \"new.er.emulated\", \"expires_on\": 4000000000, \"tokenType\": \"Bearer\"}'\n",
    );
    let az = home.path("bin/az");
    std::process::Command::new("chmod").arg("+x").arg(&az).status().unwrap();
    let path = format!("{}:/usr/bin:/bin", az.parent().unwrap().display());
    let home = home.with("PATH", path);
    assert_eq!(home.run(&["list", "--query", "length(@)"]).quiet(), "6\n");
    let asked = std::fs::read_to_string(home.path("asked")).unwrap();
    assert!(
        asked.starts_with("local account get-access-token -o json --scope https://localhost:"),
        "{asked}"
    );
    assert!(asked.trim().ends_with(&format!("--subscription {SUBSCRIPTION}")), "{asked}");
    assert_eq!(std::fs::read_to_string(&cache).unwrap(), old.to_string(), "the cache is az's");
    // Windows: the cache is encrypted, and az may leave an empty file beside it.
    std::fs::write(&cache, "").unwrap();
    home.write(".azure/msal_token_cache.bin", "encrypted");
    let run = home.run(&["list", "--query", "length(@)", "--debug"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "6\n"));
    assert!(run.stderr.contains("since az's cache is encrypted"), "{}", run.stderr);
}

#[test]
fn a_refused_token_says_what_to_do() {
    let server = Server::start();
    let home = server.login();
    let cache = home.path(".azure/msal_token_cache.json");
    let text = std::fs::read_to_string(&cache).unwrap().replace("x.y.emulated", "x.y.revoked");
    std::fs::write(&cache, text).unwrap();
    let stderr = home.run(&["list"]).fails(1);
    assert_eq!(
        stderr,
        "ERROR: (InvalidAuthenticationToken) The access token is invalid.\nCode: InvalidAuthenticationToken\n\
         Message: The access token is invalid.\nThe token was rejected. Run 'az login' and try again.\n"
    );
}

#[test]
fn subscriptions_are_chosen_by_name_or_id() {
    let server = Server::start();
    let home = server.login();
    for wanted in ["Emulator", "EMULATOR", SUBSCRIPTION] {
        let run = home.run(&["list", "--subscription", wanted, "--query", "length(@)"]);
        assert_eq!(run.quiet(), "6\n");
    }
    let stderr = home.run(&["list", "--subscription", "nosuch"]).fails(1);
    assert_eq!(
        stderr,
        "WARNING: Subscription 'nosuch' not recognized.\n\
         ERROR: Subscription 'nosuch' not found. Check the spelling and casing and try again.\n"
    );
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn without_a_profile_the_variable_and_then_the_only_one_count() {
    let server = Server::start();
    let home = ci(&server).with("AZURE_CLIENT_SECRET", "emulator");
    let requests = |home: &Home| home.run(&["list", "--debug", "-o", "none"]).requests().len();
    assert_eq!(requests(&home), 3, "a token, the subscription, the list");
    let stderr = home.run(&["list", "--subscription", "nosuch"]).fails(1);
    assert!(stderr.contains("Subscription 'nosuch' not found"), "{stderr}");
    let home = home.with("AZURE_SUBSCRIPTION_ID", SUBSCRIPTION);
    assert_eq!(requests(&home), 2);
    let stderr = home.with("AZURE_SUBSCRIPTION_ID", TENANT).run(&["list"]).fails(3);
    assert!(stderr.starts_with("ERROR: (SubscriptionNotFound)"), "{stderr}");
}
