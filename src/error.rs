//! Errors as users see them: the message, the hints and the exit code. The only place for exit codes, and for the hints
//! that depend on what failed in ARM or in a login.

use crate::arm::ArmError;
use crate::azure::AzureError;
use crate::domain::{EndpointsError, ParseRegistryNameError, UnknownRegion};
use crate::message::Code;
use crate::streams::Streams;

/// The command succeeded.
pub const OK: u8 = 0;
/// The command failed.
pub const FAILURE: u8 = 1;
/// The command line is invalid.
pub const USAGE: u8 = 2;
/// Something would change: `update --what-if --detailed-exitcode`, which exits with 1 for every error.
pub const CHANGES: u8 = 2;
/// The resource does not exist in ARM (HTTP 404).
pub const NOT_FOUND: u8 = 3;

/// An error that the user can correct.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UserError {
    /// What is wrong.
    pub message: String,
    /// What to do, one line each.
    pub hints: Vec<String>,
    /// The exit code.
    pub exit_code: u8,
    /// What it is about.
    pub code: Code,
}

impl UserError {
    /// An error that exits with 1.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hints: Vec::new(),
            exit_code: FAILURE,
            code: Code::InvalidInput,
        }
    }

    /// An error in the command line: exits with 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit_code: USAGE, code: Code::Usage, ..Self::new(message) }
    }

    /// Says what it is about.
    #[must_use]
    pub fn about(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    /// Adds a line about what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// Writes an error, `ERROR: …` and hints, to standard error; returns the exit code.
pub fn report(error: &anyhow::Error, streams: &Streams) -> u8 {
    let exit_code = exit_code(error);
    streams.error(code(error), &text(error), &hints(error), exit_code);
    exit_code
}

/// The message, followed by the causes that add information.
fn text(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// What the error is about.
fn code(error: &anyhow::Error) -> Code {
    if let Some(error) = error.downcast_ref::<UserError>() {
        return error.code;
    }
    if let Some(error) = error.downcast_ref::<AzureError>() {
        return match error {
            AzureError::NotLoggedIn { .. } => Code::NotLoggedIn,
            _ => Code::InvalidInput,
        };
    }
    if error.is::<ParseRegistryNameError>()
        || error.is::<UnknownRegion>()
        || error.is::<EndpointsError>()
    {
        return Code::InvalidInput;
    }
    match error.downcast_ref::<ArmError>().map(ArmError::cause) {
        Some(ArmError::Connection { certificate: true, .. }) => Code::UntrustedCertificate,
        Some(ArmError::Connection { .. }) => Code::Unreachable,
        Some(ArmError::Unsent(_)) => Code::NotLoggedIn,
        Some(ArmError::OperationTimeout { .. }) => Code::Timeout,
        Some(error) => match error.status() {
            Some(401) => Code::NotLoggedIn,
            Some(403) => Code::AccessDenied,
            Some(404) => Code::NotFound,
            Some(409) => Code::Conflict,
            Some(429) => Code::Throttled,
            Some(_) => Code::Refused,
            None => Code::IncompleteAnswer,
        },
        None => Code::Failed,
    }
}

fn exit_code(error: &anyhow::Error) -> u8 {
    if let Some(error) = error.downcast_ref::<UserError>() {
        return error.exit_code;
    }
    match error.downcast_ref::<ArmError>().and_then(ArmError::status) {
        Some(404) => NOT_FOUND,
        _ => FAILURE,
    }
}

fn hints(error: &anyhow::Error) -> Vec<String> {
    if let Some(error) = error.downcast_ref::<UserError>() {
        return error.hints.clone();
    }
    let arm = error.downcast_ref::<ArmError>();
    let mut hints = Vec::new();
    if let Some(ArmError::Unconfirmed(_)) = arm {
        const CHECK: &str =
            "Azure may have made the change or may still be making it. Check before you repeat it.";
        hints.push(CHECK.to_owned());
    }
    hints.extend(hints_of_cause(arm.map(ArmError::cause), error.downcast_ref::<AzureError>()));
    hints
}

/// Says what works without Azure, if that is what failed: no login, no access, no network, or no registry was named.
pub fn without_azure(error: anyhow::Error, hint: &str) -> anyhow::Error {
    let code = code(&error);
    let is_about_access = matches!(
        code,
        Code::NotLoggedIn
            | Code::AccessDenied
            | Code::Unreachable
            | Code::UntrustedCertificate
            | Code::Usage
    );
    if !is_about_access {
        return error;
    }
    let mut hints = hints(&error);
    hints.push(hint.to_owned());
    let (message, exit_code) = (text(&error), exit_code(&error));
    UserError { message, hints, exit_code, code }.into()
}

fn hints_of_cause(arm: Option<&ArmError>, azure: Option<&AzureError>) -> Vec<String> {
    let hint: &str = match (arm, azure) {
        (Some(ArmError::Connection { certificate: true, .. }), _) => {
            "If a proxy intercepts TLS, set REQUESTS_CA_BUNDLE to a PEM file with the proxy's CA certificate."
        }
        (Some(ArmError::Connection { .. }), _) => {
            "Check the network, HTTPS_PROXY and NO_PROXY. To see each request, add --debug."
        }
        // The emulator's own file is no login.
        (Some(ArmError::Unsent(text)), _) if text.contains("the emulator's state in") => {
            return Vec::new();
        }
        (Some(ArmError::Unsent(_)), _) => {
            "Run 'az login', or check the environment variables of the credential. To see which credential was used, add --debug."
        }
        (Some(error), _) if error.status() == Some(401) => {
            "The token was rejected. Run 'az login' and try again."
        }
        (_, Some(AzureError::NotLoggedIn { tried })) => {
            const TRY: &str = "To try az-acr without Azure, run: az-acr --cloud emulator show-endpoints --name contoso";
            let tried = tried.iter().map(|login| format!("Tried {login}."));
            return tried.chain([TRY.to_owned()]).collect();
        }
        _ => return Vec::new(),
    };
    vec![hint.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_code_and_its_hint() {
        let refused =
            |status| ArmError::Status { status, reason: "No".to_owned(), content: String::new() };
        let connection = |certificate| ArmError::Connection {
            host: "h".to_owned(),
            detail: "d".to_owned(),
            certificate,
        };
        for (error, code, hint) in [
            (anyhow::Error::from(refused(404)), 3, ""),
            (refused(403).into(), 1, ""),
            (refused(401).into(), 1, "az login"),
            (connection(true).into(), 1, "REQUESTS_CA_BUNDLE"),
            (connection(false).into(), 1, "HTTPS_PROXY"),
            (ArmError::Unsent("no".to_owned()).into(), 1, "--debug"),
            (AzureError::NotLoggedIn { tried: Vec::new() }.into(), 1, "--cloud emulator"),
            (UserError::usage("what").hint("that").into(), 2, "that"),
            (anyhow::anyhow!("else"), 1, ""),
        ] {
            let (streams, stdout, stderr) = Streams::memory("");
            assert_eq!(report(&error, &streams), code, "{error}");
            assert!(stderr.text().starts_with("ERROR: "), "{}", stderr.text());
            assert!(stderr.text().contains(hint), "{}", stderr.text());
            assert_eq!(stdout.text(), "");
        }
    }
}
