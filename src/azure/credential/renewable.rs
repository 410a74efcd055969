//! A login for commands that outlive a token: `--watch` runs for up to a day, and an operation is polled for an hour.

use super::{Inputs, Login, choose};
use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use azure_core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

/// A token that expires within this time is due for renewal. azure_core's pipeline uses the same limit.
const RENEWAL_WINDOW: Duration = Duration::minutes(5);

/// How long a login may take, with its retries. It is part of a request to ARM, whose limit must not be reached first.
const LONGEST_LOGIN: std::time::Duration = std::time::Duration::from_secs(4 * 60);

/// Provides tokens of the chosen login.
///
/// The pipeline asks for one at the start, when the last one is about to expire, and after it was refused (401). In the
/// last case, the login is created again, because the existing one would repeat the refused token.
#[derive(Debug)]
pub struct RenewableCredential {
    inputs: Inputs,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    credential: Arc<dyn TokenCredential>,
    last: Option<AccessToken>,
}

impl RenewableCredential {
    /// Wraps the login that was chosen from `inputs`.
    pub fn new(inputs: Inputs, login: Login) -> Self {
        let current = Current { credential: login.credential, last: None };
        Self { inputs, current: Mutex::new(current) }
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token of the login, which is created again if its last token was refused.
    async fn token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let (mut credential, last) = {
            let current = self.current();
            (Arc::clone(&current.credential), current.last.clone())
        };
        let was_refused =
            last.is_some_and(|token| token.expires_on - self.inputs.env.now() > RENEWAL_WINDOW);
        if was_refused {
            credential = self.log_in_again().await?;
            self.current().credential = Arc::clone(&credential);
        }
        credential.get_token(scopes, options).await
    }

    /// Creates the same login again, without its cache.
    async fn log_in_again(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        self.inputs.log.line("credential: the token was rejected; logging in again");
        let failed = |e| Error::new(ErrorKind::Credential, e);
        let login = choose(&self.inputs).await.map_err(failed)?;
        Ok(login.renewal.unwrap_or(login.credential))
    }
}

#[async_trait]
impl TokenCredential for RenewableCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let token = tokio::time::timeout(LONGEST_LOGIN, self.token(scopes, options));
        let token = token.await.unwrap_or_else(|_| {
            let message = format!("there was no token after {} seconds", LONGEST_LOGIN.as_secs());
            Err(Error::with_message(ErrorKind::Credential, message))
        })?;
        self.current().last = Some(token.clone());
        Ok(token)
    }
}
