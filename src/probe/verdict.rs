//! What a check can say: verdicts, steps, and the closed list of reasons.

use serde::Serialize;

/// What is known about an endpoint after a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// The endpoint answers as it should.
    Reachable,
    /// The same, over a private address.
    Private,
    /// The endpoint cannot be used; step and reason say where and why.
    Blocked,
    /// A planned name that is not there yet.
    NotPublished,
    /// Somebody else answers in the endpoint's place, with a certificate that clients refuse.
    Intercepted,
}

impl Verdict {
    /// Whether a client can use the endpoint.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Reachable | Self::Private)
    }
}

/// Where a check or a pull ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// Finding the addresses of a name.
    Dns,
    /// Connecting.
    Tcp,
    /// Reaching the proxy, and its answer to CONNECT.
    Proxy,
    /// The TLS handshake, and whose certificate it shows.
    Tls,
    /// A request and its answer.
    Http,
    /// A pull's first request: how does the registry want clients to log in?
    Challenge,
    /// A pull's token.
    Token,
    /// A pull's manifests.
    Manifest,
    /// Where the registry sends a client for a blob.
    Redirect,
    /// The first bytes of a blob.
    Layer,
}

/// Why a check or a pull ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// DNS says that there is no such name (NXDOMAIN).
    NameNotFound,
    /// The name is in DNS, and has no address.
    NoAddress,
    /// DNS leads nowhere (0.0.0.0 or ::), as filters on names answer.
    Sinkholed,
    /// The resolver does not answer.
    ResolverTimeout,
    /// The resolver answers with an error (SERVFAIL, REFUSED), or none is configured.
    ResolverFailed,
    /// Nothing listens there, or a firewall rejects.
    Refused,
    /// No answer within the timeout: mostly a firewall that drops.
    Timeout,
    /// No route, or a firewall says so.
    Unreachable,
    /// The connection was reset or closed.
    Reset,
    /// A proxy or firewall refuses by policy (403 or 407).
    ProxyDenied,
    /// The proxy lets the name through and cannot reach it (502, 503, 504): DNS or the way beyond.
    ProxyUpstream,
    /// The proxy cannot be reached, or is none.
    ProxyUnusable,
    /// A certificate of an authority that nobody here trusts.
    Untrusted,
    /// A certificate for other names.
    NameMismatch,
    /// A certificate that has expired or is not valid yet; or this machine's clock is wrong.
    CertificateExpired,
    /// The handshake failed otherwise.
    TlsFailed,
    /// The registry's own network rules refuse this client.
    RegistryDenied,
    /// What answers is no Azure container registry.
    NotRegistry,
    /// The registry sends clients to another host for their tokens.
    ForeignRealm,
    /// An answer that breaks the protocol.
    BadAnswer,
    /// An answer that is larger than any registry's.
    TooLarge,
    /// The registry does not take the credentials, or they may not pull.
    CredentialsRefused,
    /// There is no such repository, tag or blob.
    NotFound,
    /// The image has nothing for this platform.
    NoPlatform,
    /// The bytes are not those that the digest names.
    DigestMismatch,
    /// A blob comes from the storage wildcard although data endpoints are believed on.
    StorageRedirect,
    /// A blob comes from a host of the registry that is not on the list: a region that the firewall lacks.
    UnlistedHost,
    /// A blob comes from a host that is not Azure's.
    ForeignHost,
    /// One redirect after another.
    RedirectLoop,
    /// The data endpoint refuses the registry's link.
    LinkRefused,
}

/// A check or a pull that ended before its aim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Where.
    pub step: Step,
    /// Why.
    pub reason: Reason,
    /// In words, with what the other side said.
    pub detail: String,
}

impl Failure {
    /// A failure; `detail` loses what could fool a terminal.
    pub fn new(step: Step, reason: Reason, detail: impl AsRef<str>) -> Self {
        Self { step, reason, detail: printable(detail.as_ref()) }
    }

    /// The verdict that an endpoint gets for it.
    pub fn verdict(&self) -> Verdict {
        match self.reason {
            Reason::Untrusted | Reason::NameMismatch => Verdict::Intercepted,
            _ => Verdict::Blocked,
        }
    }
}

/// The longest text from a stranger that is repeated, in characters.
const LONGEST_TEXT: usize = 300;

/// Text from the other side, fit for a terminal: control characters and what is beyond 300 characters are gone.
pub fn printable(text: &str) -> String {
    let text = text.trim();
    let mut shown: String = text
        .chars()
        .take(LONGEST_TEXT)
        .map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c })
        .collect();
    if text.chars().nth(LONGEST_TEXT).is_some() {
        shown.push('…');
    }
    shown
}

/// Characters that change the direction or join of text and show nothing themselves.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_cannot_write_on_the_terminal() {
        assert_eq!(printable(" a\x1b[2Jb\r\nc\u{202e}d "), "a [2Jb  c d");
        assert_eq!(printable(&"x".repeat(1000)).chars().count(), LONGEST_TEXT + 1);
    }
}
