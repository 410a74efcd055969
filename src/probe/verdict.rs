//! The results of a check: verdicts, steps, and the closed list of reasons.

use serde::Serialize;

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// The endpoint responds as it should.
    Reachable,
    /// The same, over a private address.
    Private,
    /// The endpoint cannot be used; the step and the reason say where and why.
    Blocked,
    /// A planned endpoint that is not in DNS yet.
    NotPublished,
    /// Another host responds instead of the endpoint, with a certificate that clients reject.
    Intercepted,
}

impl Verdict {
    /// Whether a client can use the endpoint.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Reachable | Self::Private)
    }
}

/// A step of a check or a pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// Resolving the name.
    Dns,
    /// Opening a TCP connection.
    Tcp,
    /// Connecting to the proxy, and its response to CONNECT.
    Proxy,
    /// The TLS handshake and the certificate.
    Tls,
    /// A request and its response.
    Http,
    /// The first request of a pull; its response says how clients must log in.
    Challenge,
    /// Getting a token for the pull.
    Token,
    /// Getting the manifests.
    Manifest,
    /// The registry's redirect to the host of a blob.
    Redirect,
    /// Getting the first bytes of a blob.
    Layer,
}

/// Why a check or a pull failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// The name does not exist in DNS (NXDOMAIN).
    NameNotFound,
    /// The name exists in DNS but has no address.
    NoAddress,
    /// A DNS filter blocks the name (0.0.0.0 or ::).
    Sinkholed,
    /// The resolver does not respond.
    ResolverTimeout,
    /// The resolver returns an error (SERVFAIL, REFUSED), or none is configured.
    ResolverFailed,
    /// The connection was refused: nothing listens there, or a firewall rejects it.
    Refused,
    /// No response within the timeout: usually a firewall that drops packets.
    Timeout,
    /// There is no route, or a firewall reports that there is none.
    Unreachable,
    /// The connection was reset or closed.
    Reset,
    /// A proxy or firewall denies the host (403 or 407).
    ProxyDenied,
    /// The proxy allows the host but cannot reach it (502, 503, 504).
    ProxyUpstream,
    /// The proxy cannot be reached, or is not a proxy.
    ProxyUnusable,
    /// The certificate's issuer is not trusted by this machine.
    Untrusted,
    /// The certificate is for other names.
    NameMismatch,
    /// The certificate has expired or is not valid yet, or this machine's clock is wrong.
    CertificateExpired,
    /// The handshake failed for another reason.
    TlsFailed,
    /// The registry's network rules deny this client.
    RegistryDenied,
    /// The host that responds is not an Azure container registry.
    NotRegistry,
    /// The registry sends clients to another host for their tokens.
    ForeignRealm,
    /// The response violates the protocol.
    BadAnswer,
    /// The response is larger than a registry's response may be.
    TooLarge,
    /// The registry does not accept the credentials, or they do not allow a pull.
    CredentialsRefused,
    /// The repository, tag or blob does not exist.
    NotFound,
    /// The image has no variant for this platform.
    NoPlatform,
    /// The content does not match its digest.
    DigestMismatch,
    /// A blob comes from a storage account although dedicated data endpoints should be in use.
    StorageRedirect,
    /// A blob comes from a data endpoint of the registry that is not among the expected ones.
    UnlistedHost,
    /// A blob comes from a host that does not belong to the registry.
    ForeignHost,
    /// Too many redirects.
    RedirectLoop,
    /// The data endpoint rejects the link that the registry sent.
    LinkRefused,
    /// The host received too many requests (429).
    Throttled,
}

/// How a check, a pull or a blob ended: where, why, and a description.
///
/// All fields are `null` if nothing failed and there is no remark.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ending {
    /// The step that failed, if any.
    pub step: Option<Step>,
    /// Why the step failed.
    pub reason: Option<Reason>,
    /// A description of the failure, or a remark.
    pub detail: Option<String>,
    /// The seconds after which a throttled client may try again; absent if the host does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl From<Failure> for Ending {
    fn from(failure: Failure) -> Self {
        let Failure { step, reason, detail, retry_after } = failure;
        Self { step: Some(step), reason: Some(reason), detail: Some(detail), retry_after }
    }
}

impl Ending {
    /// A success, with a remark if there is one.
    pub fn remark(detail: Option<String>) -> Self {
        Self { detail, ..Self::default() }
    }
}

/// Why a check or a pull failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The step that failed.
    pub step: Step,
    /// Why the step failed.
    pub reason: Reason,
    /// A description, with the other host's message.
    pub detail: String,
    /// The seconds after which a throttled client may try again, if the host says so.
    pub retry_after: Option<u64>,
}

impl Failure {
    /// Creates a failure, and removes characters from `detail` that could mislead on a terminal.
    pub fn new(step: Step, reason: Reason, detail: impl AsRef<str>) -> Self {
        Self { step, reason, detail: printable(detail.as_ref()), retry_after: None }
    }

    /// The verdict on an endpoint that fails this way.
    pub fn verdict(&self) -> Verdict {
        match self.reason {
            Reason::Untrusted | Reason::NameMismatch => Verdict::Intercepted,
            _ => Verdict::Blocked,
        }
    }
}

/// The maximum length of text from another host, in characters.
const MAX_TEXT: usize = 300;

/// Makes text from another host safe for a terminal: no control characters, and at most 300 characters, then an ellipsis.
pub fn printable(text: &str) -> String {
    let text = text.trim();
    let mut shown: String = text
        .chars()
        .take(MAX_TEXT)
        .map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c })
        .collect();
    if text.chars().nth(MAX_TEXT).is_some() {
        shown.push('…');
    }
    // Azure Pipelines takes `##vso[…]` for a command, wherever it stands.
    shown.replace("##", "# #")
}

/// Invisible characters that change how other text is shown.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_hosts_cannot_control_the_terminal() {
        assert_eq!(printable(" a\x1b[2Jb\r\nc\u{202e}d "), "a [2Jb  c d");
        assert_eq!(printable(&"x".repeat(1000)).chars().count(), MAX_TEXT + 1);
    }
}
