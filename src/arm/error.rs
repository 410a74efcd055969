//! What can go wrong between this client and ARM.

use serde_json::Value;
use std::fmt;

/// An error of the ARM client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArmError {
    /// ARM refused the request with an error body.
    #[error("{error}")]
    Service {
        /// The HTTP status; 200 for a long-running operation that ended with an error.
        status: u16,
        /// ARM's error.
        error: Box<ServiceError>,
    },
    /// ARM refused the request with a body that is not an error body.
    #[error("Operation returned an invalid status '{reason}'{content}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The reason phrase.
        reason: String,
        /// `\nContent: …`, or empty.
        content: String,
    },
    /// A successful response whose body is not what was expected.
    #[error("{host} answered {status} with a body that is not {expected}: {detail}")]
    UnexpectedBody {
        /// The host that responded.
        host: String,
        /// The HTTP status.
        status: u16,
        /// What was expected, e.g. `JSON` or `a registry`.
        expected: &'static str,
        /// The parser's message, or the beginning of the body.
        detail: String,
    },
    /// The host could not be reached.
    #[error("Cannot reach {host}: {detail}")]
    Connection {
        /// The host that the request was sent to.
        host: String,
        /// What happened, including the innermost error.
        detail: String,
        /// Whether the host's certificate was the reason.
        certificate: bool,
    },
    /// A link in a response, or the endpoint itself, is not one that a token may be sent to: another host, or no HTTPS.
    #[error(
        "{host} answered with a link to {other}, which was not followed: tokens are sent to {host} over https only"
    )]
    ForeignLink {
        /// The host that the request was sent to.
        host: String,
        /// Where the link leads.
        other: String,
    },
    /// A name would change the path of a URL.
    #[error("'{0}' cannot be the name of a resource")]
    BadSegment(String),
    /// The request was never sent: there was no token for it, or it could not be built.
    #[error("{0}")]
    Unsent(String),
    /// An answer is larger, or takes longer, than any that is plausible.
    #[error("{host}: {detail}")]
    Limit {
        /// The host that responded.
        host: String,
        /// The limit.
        detail: String,
    },
    /// A change was sent, and what followed does not tell whether Azure made it.
    #[error("{0}")]
    Unconfirmed(Box<ArmError>),
    /// A list has an implausible number of pages.
    #[error("{host} sent more than {pages} pages for one list")]
    TooManyPages {
        /// The host that responded.
        host: String,
        /// The limit.
        pages: usize,
    },
    /// A list is not complete, and nothing says how to get the rest.
    #[error("{host} sent an incomplete list: {detail}")]
    Incomplete {
        /// The host that responded.
        host: String,
        /// What is missing.
        detail: String,
    },
    /// A long-running operation did not end in time; it continues in Azure.
    #[error("the operation did not finish within {minutes} minutes. It continues in Azure")]
    OperationTimeout {
        /// How long the client waited.
        minutes: u64,
    },
}

impl ArmError {
    /// The HTTP status, if ARM refused the request.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Service { status, .. } | Self::Status { status, .. } => Some(*status),
            Self::Unconfirmed(cause) => cause.status(),
            _ => None,
        }
    }

    /// What went wrong, whether or not a change may have been made.
    pub fn cause(&self) -> &Self {
        if let Self::Unconfirmed(cause) = self { cause.cause() } else { self }
    }

    /// The error after a change was accepted. What ARM says about the operation itself is certain.
    #[must_use]
    pub fn after_change(self) -> Self {
        match self {
            Self::Service { status: 200, .. }
            | Self::OperationTimeout { .. }
            | Self::Unconfirmed(_) => self,
            cause => Self::Unconfirmed(Box::new(cause)),
        }
    }
}

/// The longest text of an error that is kept, in characters.
const MAX_TEXT: usize = 8_000;
/// The most details of an error that are kept.
const MAX_ITEMS: usize = 50;

/// An error in ARM's format (OData v4). Its `Display` is the Python SDK's text for it.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceError {
    code: Option<String>,
    message: Option<String>,
    target: Option<String>,
    details: Vec<ServiceError>,
    inner: Option<Value>,
    additional_info: Vec<Value>,
}

impl ServiceError {
    /// Reads `{"error": {…}}` or only the inner object. Returns `None` if there is neither code nor message.
    pub fn from_body(body: &Value) -> Option<Self> {
        let error = body.get("error").unwrap_or(body);
        let shortened = |text: &str| text.chars().take(MAX_TEXT).collect::<String>();
        let text = |name: &str| error.get(name).and_then(Value::as_str).map(shortened);
        let list = |name: &str| -> Option<Vec<Value>> {
            Some(error.get(name)?.as_array()?.iter().take(MAX_ITEMS).cloned().collect())
        };
        let (code, message) = (text("code"), text("message"));
        if code.is_none() && message.is_none() {
            return None;
        }
        let mut left = MAX_TEXT;
        let mut additional_info = list("additionalInfo").unwrap_or_default();
        additional_info.retain(|info| {
            let length = info.to_string().len();
            let fits = length <= left;
            left -= if fits { length } else { 0 };
            fits
        });
        Some(Self {
            code,
            message,
            target: text("target"),
            details: list("details")
                .unwrap_or_default()
                .iter()
                .filter_map(Self::from_body)
                .collect(),
            inner: error
                .get("innererror")
                .filter(|inner| inner.as_object().is_some_and(|map| !map.is_empty()))
                .filter(|inner| inner.to_string().len() <= MAX_TEXT)
                .cloned(),
            additional_info,
        })
    }

    /// Whether the error, or one of its details, has a code.
    pub fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
            || self.details.iter().any(|detail| detail.has_code(code))
    }

    /// Whether a log query names a table that does not exist or cannot be seen: an inner error says `SemanticError` and speaks
    /// of a table. Other semantic errors are mistakes in the query.
    pub fn is_unknown_table(&self) -> bool {
        fn says(inner: &Value, is_semantic: bool) -> bool {
            let is_semantic = is_semantic || inner["code"].as_str() == Some("SemanticError");
            let of_table =
                inner["message"].as_str().is_some_and(|text| text.to_lowercase().contains("table"));
            is_semantic && of_table
                || inner.get("innererror").is_some_and(|inner| says(inner, is_semantic))
        }
        self.inner.as_ref().is_some_and(|inner| says(inner, false))
    }

    /// The newest api-version in an error that says that the requested one is not known.
    pub fn newest_supported_version(&self) -> Option<String> {
        let codes =
            ["NoRegisteredProviderFound", "InvalidApiVersionParameter", "InvalidResourceType"];
        if !codes.iter().any(|code| self.has_code(code)) {
            return None;
        }
        // "The supported api-versions are '2023-07-01, 2025-04-01'.", "The supported versions are '2023-07-01,2025-04-01'."
        let message = self.message.as_deref()?;
        let (_, list) = ["api-versions are '", "supported versions are '"]
            .iter()
            .find_map(|words| message.split_once(words))?;
        let versions = list.split('\'').next()?.split(',').map(str::trim);
        let is_version = |text: &&str| {
            let date = text.strip_suffix("-preview").unwrap_or(text);
            date.len() == 10 && date.bytes().all(|b| b.is_ascii_digit() || b == b'-')
        };
        versions.filter(is_version).max().map(str::to_owned)
    }

    /// ARM's error code, e.g. `ResourceNotFound`.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.as_deref().unwrap_or("None");
        let message = self.message.as_deref().unwrap_or("None");
        write!(f, "({code}) {message}\nCode: {code}\nMessage: {message}")?;
        if let Some(target) = &self.target {
            write!(f, "\nTarget: {target}")?;
        }
        if !self.details.is_empty() {
            f.write_str("\nException Details:")?;
            for detail in &self.details {
                let text = detail.to_string();
                let lines: Vec<String> = text.lines().map(|line| format!("\t{line}")).collect();
                f.write_str(&lines.join("\n"))?;
            }
        }
        if let Some(inner) = &self.inner {
            write!(f, "\nInner error: {}", indented(inner))?;
        }
        if !self.additional_info.is_empty() {
            f.write_str("\nAdditional Information:")?;
            for info in &self.additional_info {
                let kind = info["type"].as_str().unwrap_or("None");
                write!(f, "Type: {kind}\nInfo: {}", indented(&info["info"]))?;
            }
        }
        Ok(())
    }
}

/// JSON indented by four spaces, like Python's `json.dumps(…, indent=4)`.
fn indented(value: &Value) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    match serde::Serialize::serialize(value, &mut serializer) {
        Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_error_reads_as_the_python_sdk_writes_it() {
        let body = json!({"error": {
            "code": "Bad", "message": "no", "target": "sku",
            "details": [{"code": "Worse", "message": "never"}],
        }});
        assert_eq!(
            ServiceError::from_body(&body).unwrap().to_string(),
            "(Bad) no\nCode: Bad\nMessage: no\nTarget: sku\nException Details:\t(Worse) never\n\tCode: Worse\n\tMessage: never"
        );
    }

    #[test]
    fn a_body_without_code_and_message_is_no_error() {
        assert_eq!(ServiceError::from_body(&json!({"error": "gone"})), None);
        assert_eq!(ServiceError::from_body(&json!([1])), None);
    }
}
