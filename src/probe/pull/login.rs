//! The login of a pull: from the registry's challenge to the `Authorization` header of its requests.

use super::{Login, MAX_TOKEN, PullResult, Puller, message, target};
use crate::probe::http::Request;
use crate::probe::judge::{Challenge, challenges, foreign, is_own_realm};
use crate::probe::verdict::{Failure, Reason, Step};
use azure_core::base64;
use azure_core::credentials::Secret;
use azure_core::http::Url;
use hyper::header::{AUTHORIZATION, HeaderValue};
use serde_json::Value;

impl Puller<'_> {
    /// The `Authorization` header for requests to the registry, if it requires one.
    pub(super) async fn log_in(&mut self) -> PullResult<Option<HeaderValue>> {
        let step = Step::Challenge;
        let response = self.request_registry(step, Request::get("/v2/"), MAX_TOKEN).await?;
        if response.status == 200 {
            return Ok(None);
        }
        self.refuse_denial(step, &response)?;
        if response.status != 401 {
            let detail = format!("/v2/ returns HTTP {}", response.status);
            return Err(self.failure(Failure::new(step, Reason::NotRegistry, detail)));
        }
        match challenges(&response.headers).first() {
            Some(Challenge::Bearer { realm, service }) => {
                let token = self.token(realm, service.as_deref()).await?;
                Ok(Some(self.authorization("Bearer", &token)?))
            }
            Some(Challenge::Basic) => match &self.request.login {
                Login::Password { username, password } => Ok(Some(self.basic(username, password)?)),
                _ => Err(self.failure(Failure::new(
                    step,
                    Reason::CredentialsRefused,
                    "the registry accepts only a user name and password: try --username",
                ))),
            },
            None => Err(self.failure(Failure::new(
                step,
                Reason::NotRegistry,
                "the registry's 401 response does not say how to log in",
            ))),
        }
    }

    fn basic(&self, username: &str, password: &Secret) -> PullResult<HeaderValue> {
        self.authorization("Basic", &base64::encode(format!("{username}:{}", password.secret())))
    }

    fn authorization(&self, scheme: &str, credential: &str) -> PullResult<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("{scheme} {credential}"))
            .map_err(|_| self.bad(Step::Token, "the token cannot be sent in a header"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    async fn token(&mut self, realm: &str, service: Option<&str>) -> PullResult<String> {
        let host = self.request.host.as_str();
        let realm_url =
            Url::parse(realm).ok().filter(|_| is_own_realm(realm, host, self.request.port));
        let Some(realm_url) = realm_url else {
            let detail = foreign(host, realm);
            return Err(self.failure(Failure::new(Step::Token, Reason::ForeignRealm, detail)));
        };
        let scope = format!("repository:{}:pull", self.request.reference.repository);
        let service = service.unwrap_or(host).to_owned();
        let request = match &self.request.login {
            Login::Anonymous => {
                Request::get(target(&realm_url, &[("service", &service), ("scope", &scope)]))
            }
            Login::Password { username, password } => {
                Request::get(target(&realm_url, &[("service", &service), ("scope", &scope)]))
                    .with(AUTHORIZATION, self.basic(username, password)?)
            }
            Login::Azure(token) => {
                let exchange = form(&[
                    ("grant_type", "access_token"),
                    ("service", &service),
                    ("access_token", token.secret()),
                ]);
                let refresh =
                    self.token_response(Request::post("/oauth2/exchange", exchange)).await?;
                let refresh = self.text(&refresh, &["refresh_token"])?;
                let fields = [
                    ("grant_type", "refresh_token"),
                    ("service", service.as_str()),
                    ("scope", &scope),
                    ("refresh_token", &refresh),
                ];
                Request::post(realm_url.path(), form(&fields))
            }
        };
        let response = self.token_response(request).await?;
        self.text(&response, &["access_token", "token"])
    }

    /// Sends a request to the token service, which is the registry itself.
    async fn token_response(&mut self, request: Request) -> PullResult<Value> {
        let response = self.request_registry(Step::Token, request, MAX_TOKEN).await?;
        self.refuse_denial(Step::Token, &response)?;
        match response.status {
            200 => serde_json::from_slice(&response.body)
                .map_err(|_| self.bad(Step::Token, "the token service's response is not JSON")),
            400 | 401 | 403 => {
                let whom = match &self.request.login {
                    Login::Anonymous => "the registry requires a login: try --username",
                    Login::Password { .. } => {
                        "the registry does not accept this user name and password"
                    }
                    Login::Azure(_) => "the registry does not accept this Azure login",
                };
                Err(self.failure(Failure::new(
                    Step::Token,
                    Reason::CredentialsRefused,
                    format!("{whom} (HTTP {}{})", response.status, message(&response)),
                )))
            }
            status => {
                Err(self.bad(Step::Token, format!("the token service returns HTTP {status}")))
            }
        }
    }

    fn text(&self, response: &Value, keys: &[&str]) -> PullResult<String> {
        let found = keys.iter().find_map(|key| response[*key].as_str());
        found
            .map(str::to_owned)
            .ok_or_else(|| self.bad(Step::Token, "the token service's response contains no token"))
    }
}

/// Encodes pairs as the body of a form.
fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
