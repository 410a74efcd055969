//! Messages for people and for programs: what is said on standard error, with a code that does not change.
//!
//! `docs/ci.md` lists the codes; a test compares the two.

use serde::Serialize;

/// How bad a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Only errors (`--only-show-errors`).
    Error,
    /// Errors and warnings.
    Warning,
    /// Also what is being done (`--verbose`).
    Info,
    /// Also every request (`--debug`).
    Debug,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Code {
    /// The command line is invalid.
    Usage,
    /// A file, a variable or a value is not what it should be.
    InvalidInput,
    /// Nobody is logged in, or the token was refused.
    NotLoggedIn,
    /// The login may not do this (HTTP 403).
    AccessDenied,
    /// The resource does not exist (HTTP 404).
    NotFound,
    /// The resource is locked or is being changed (HTTP 409).
    Conflict,
    /// Too many requests (HTTP 429).
    Throttled,
    /// Azure refused the request for another reason.
    Refused,
    /// A host cannot be reached.
    Unreachable,
    /// A host's certificate is not trusted.
    UntrustedCertificate,
    /// An answer is incomplete or not understood.
    IncompleteAnswer,
    /// An operation did not end in time.
    Timeout,
    /// Anything else went wrong.
    Failed,
    /// A flag is in preview, or will be removed.
    Flag,
    /// A name was understood differently from how it was written.
    Name,
    /// Layers come from any storage account.
    Wildcard,
    /// Client firewalls need new hosts.
    NewHosts,
    /// Only some regions are covered.
    SomeRegions,
    /// The SKU lacks a feature.
    Sku,
    /// What a setting means for something else.
    Setting,
    /// A part could not be judged.
    NotJudged,
    /// A part could not be read.
    NotRead,
    /// The network between this machine and a host is not as it should be.
    Network,
    /// How a command ended.
    Summary,
}

/// A message as a line of JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line<'a> {
    /// `error`, `warning`, `info` or `debug`; `note` for summaries.
    pub level: &'a str,
    /// What it is about; `null` for `info` and `debug`.
    pub code: Option<Code>,
    /// The text.
    pub message: &'a str,
    /// What to do next.
    pub hint: Option<String>,
    /// The exit code that goes with it; `null` if the command goes on.
    pub exit_code: Option<u8>,
}

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MessageFormat {
    /// `WARNING: …`, as `az` writes it.
    #[default]
    Text,
    /// A line of JSON for each message.
    Json,
}
