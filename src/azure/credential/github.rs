//! `GitHubActionsCredential`: the OpenID Connect token of a GitHub Actions job, exchanged for an Entra token.

use super::{Inputs, Login, application, assertion_options, client_options, https_url};
use crate::azure::AzureError;
use async_trait::async_trait;
use azure_core::credentials::Secret;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::{ClientMethodOptions, Context, Method, Pipeline, Request, Url};
use azure_identity::{ClientAssertion, ClientAssertionCredential};
use serde_json::Value;

/// The login of a job with `permissions: id-token: write`.
///
/// # Errors
/// [`AzureError`] if a value cannot be used.
pub(super) fn login(inputs: &Inputs) -> Result<Option<Login>, AzureError> {
    let env = &inputs.env;
    let (Some(url), Some(token), Some((tenant, client_id))) = (
        env.var("ACTIONS_ID_TOKEN_REQUEST_URL"),
        env.var("ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
        application(env),
    ) else {
        return Ok(None);
    };
    let url = https_url("ACTIONS_ID_TOKEN_REQUEST_URL", url)?;
    let token = Secret::new(token);
    let options = client_options(inputs);
    let pipeline = Pipeline::new(None, None, options, Vec::new(), Vec::new(), None);
    let assertion = GitHubAssertion { url, token, pipeline };
    let options = Some(assertion_options(inputs));
    let credential = ClientAssertionCredential::new(tenant, client_id, assertion, options)?;
    Ok(Some(Login { name: "GitHubActionsCredential".to_owned(), credential, renewal: None }))
}

/// Requests a token about this job from the workflow's identity provider.
#[derive(Debug)]
struct GitHubAssertion {
    url: Url,
    token: Secret,
    pipeline: Pipeline,
}

#[async_trait]
impl ClientAssertion for GitHubAssertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("audience", "api://AzureADTokenExchange");
        let mut request = Request::new(url, Method::Get);
        request.insert_header("authorization", format!("bearer {}", self.token.secret()));
        // The policy for answers of token services shows errors in the provider's own words.
        let response = self.pipeline.send(&Context::new(), &mut request, None).await?;
        let body: Value = serde_json::from_slice(response.body().as_ref()).unwrap_or_default();
        body["value"].as_str().map(str::to_owned).ok_or_else(|| {
            let message = "GitHub's identity provider returned no token";
            Error::with_message(ErrorKind::Credential, message)
        })
    }
}
