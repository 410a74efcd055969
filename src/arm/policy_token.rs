//! Azure Policy's token for a change: requested before the change, and sent with it
//! (`--acquire-policy-token`, `--change-reference`). Request and response are as `az` 2.91 has them.

use super::error::ArmError;
use azure_core::http::{Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) const API_VERSION: &str = "2025-11-01";
/// The header that carries the token.
pub(super) const HEADER: &str = "x-ms-policy-external-evaluations";

/// Options for the request to Azure Policy before a change.
#[derive(Debug, Clone, Default)]
pub struct PolicyToken {
    /// The id of the change that the operation belongs to.
    pub change_reference: Option<String>,
}

/// Azure Policy's response.
#[derive(Debug, Deserialize)]
pub(super) struct AcquiredToken {
    #[serde(default)]
    token: Option<String>,
}

impl PolicyToken {
    /// The path of the request for a token, in the subscription of the change at `url`.
    pub(super) fn path(url: &Url) -> [&str; 5] {
        let subscription = url.path_segments().and_then(|mut path| path.nth(1)).unwrap_or_default();
        [
            "subscriptions",
            subscription,
            "providers",
            "Microsoft.Authorization",
            "acquirePolicyToken",
        ]
    }

    /// The body of the request for a token, which describes the change.
    pub(super) fn question(&self, method: Method, url: &Url, body: Option<&[u8]>) -> Vec<u8> {
        let content: Value = body.and_then(|b| serde_json::from_slice(b).ok()).unwrap_or_default();
        let question = json!({
            "operation": {"uri": url.as_str(), "httpMethod": method.as_str(), "content": content},
            "changeReference": self.change_reference,
        });
        question.to_string().into_bytes()
    }
}

/// An error about the response, without its text: that may be the token.
pub(super) fn unquoted(error: ArmError) -> ArmError {
    match error {
        ArmError::UnexpectedBody { host, status, expected, .. } => {
            let detail = "it may hold a token, and is not shown".to_owned();
            ArmError::UnexpectedBody { host, status, expected, detail }
        }
        other => other,
    }
}

impl AcquiredToken {
    /// Returns the token.
    ///
    /// # Errors
    /// [`ArmError::Unsent`] if there is none, because the change must not be sent without it.
    pub(super) fn into_header(self) -> Result<String, ArmError> {
        self.token.filter(|token| !token.is_empty()).ok_or_else(|| {
            ArmError::Unsent(
                "Failed to acquire policy token: Azure Policy returned none.".to_owned(),
            )
        })
    }
}
