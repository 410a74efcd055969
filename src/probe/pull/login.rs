//! From the registry's challenge to what is sent with each request.

use super::{LARGEST_TOKEN, Login, Walk, Walked, message, target};
use crate::probe::http::Ask;
use crate::probe::judge::{Challenge, challenges, foreign, is_own_realm};
use crate::probe::verdict::{Failure, Reason, Step};
use azure_core::base64;
use azure_core::credentials::Secret;
use azure_core::http::Url;
use hyper::header::{AUTHORIZATION, HeaderValue};
use serde_json::Value;

impl Walk<'_> {
    /// What to send with each request to the registry, if anything.
    pub(super) async fn log_in(&mut self) -> Walked<Option<HeaderValue>> {
        let step = Step::Challenge;
        let answer = self.ask_registry(step, Ask::get("/v2/"), LARGEST_TOKEN).await?;
        if answer.status == 200 {
            return Ok(None);
        }
        self.refuse_denial(step, &answer)?;
        if answer.status != 401 {
            let detail = format!("/v2/ is answered with HTTP {}", answer.status);
            return Err(self.at(Failure::new(step, Reason::NotRegistry, detail)));
        }
        match challenges(&answer.headers).first() {
            Some(Challenge::Bearer { realm, service }) => {
                let token = self.token(realm, service.as_deref()).await?;
                Ok(Some(self.authorization("Bearer", &token)?))
            }
            Some(Challenge::Basic) => match &self.request.login {
                Login::Password { username, password } => Ok(Some(self.basic(username, password)?)),
                _ => Err(self.at(Failure::new(
                    step,
                    Reason::CredentialsRefused,
                    "the registry takes a name and a password alone",
                ))),
            },
            None => Err(self.at(Failure::new(
                step,
                Reason::NotRegistry,
                "the registry's 401 does not say how to log in",
            ))),
        }
    }

    fn basic(&self, username: &str, password: &Secret) -> Walked<HeaderValue> {
        self.authorization("Basic", &base64::encode(format!("{username}:{}", password.secret())))
    }

    fn authorization(&self, scheme: &str, credential: &str) -> Walked<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("{scheme} {credential}"))
            .map_err(|_| self.bad(Step::Token, "the token cannot be sent in a header"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    async fn token(&mut self, realm: &str, service: Option<&str>) -> Walked<String> {
        let host = &self.request.host;
        let realm_url = Url::parse(realm).ok().filter(|_| is_own_realm(realm, host));
        let Some(realm_url) = realm_url else {
            let detail = foreign(host, realm);
            return Err(self.at(Failure::new(Step::Token, Reason::ForeignRealm, detail)));
        };
        let scope = format!("repository:{}:pull", self.request.reference.repository);
        let service = service.unwrap_or(host).to_owned();
        let ask = match &self.request.login {
            Login::Anonymous => {
                Ask::get(target(&realm_url, &[("service", &service), ("scope", &scope)]))
            }
            Login::Password { username, password } => {
                Ask::get(target(&realm_url, &[("service", &service), ("scope", &scope)]))
                    .with(AUTHORIZATION, self.basic(username, password)?)
            }
            Login::Azure(token) => {
                let exchange = form(&[
                    ("grant_type", "access_token"),
                    ("service", &service),
                    ("access_token", token.secret()),
                ]);
                let refresh = self.token_answer(Ask::post("/oauth2/exchange", exchange)).await?;
                let refresh = self.text(&refresh, &["refresh_token"])?;
                let fields = [
                    ("grant_type", "refresh_token"),
                    ("service", service.as_str()),
                    ("scope", &scope),
                    ("refresh_token", &refresh),
                ];
                Ask::post(realm_url.path(), form(&fields))
            }
        };
        let answer = self.token_answer(ask).await?;
        self.text(&answer, &["access_token", "token"])
    }

    /// Asks the token service, which is the registry itself.
    async fn token_answer(&mut self, ask: Ask) -> Walked<Value> {
        let answer = self.ask_registry(Step::Token, ask, LARGEST_TOKEN).await?;
        self.refuse_denial(Step::Token, &answer)?;
        match answer.status {
            200 => serde_json::from_slice(&answer.body)
                .map_err(|_| self.bad(Step::Token, "the token service's answer is not JSON")),
            400 | 401 | 403 => {
                let whom = match &self.request.login {
                    Login::Anonymous => {
                        "the registry gives no token without a login: try --username"
                    }
                    Login::Password { .. } => "the registry does not take this name and password",
                    Login::Azure(_) => "the registry does not take this Azure login",
                };
                Err(self.at(Failure::new(
                    Step::Token,
                    Reason::CredentialsRefused,
                    format!("{whom} (HTTP {}{})", answer.status, message(&answer)),
                )))
            }
            status => {
                Err(self.bad(Step::Token, format!("the token service answers HTTP {status}")))
            }
        }
    }

    fn text(&self, answer: &Value, keys: &[&str]) -> Walked<String> {
        let found = keys.iter().find_map(|key| answer[*key].as_str());
        found
            .map(str::to_owned)
            .ok_or_else(|| self.bad(Step::Token, "the token service's answer holds no token"))
    }
}

/// Pairs as the body of a form.
fn form(pairs: &[(&str, &str)]) -> String {
    let url = Url::parse_with_params("https://form.invalid", pairs);
    url.ok().and_then(|url| url.query().map(str::to_owned)).unwrap_or_default()
}
