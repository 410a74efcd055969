//! What `az` keeps on this machine: settings, clouds, subscriptions and logins.
//!
//! The files belong to `az`, so this program only reads them.

pub mod certificate;
pub mod cloud;
pub mod config;
pub mod credential;
mod ini;
pub mod profile;
pub mod token_cache;

use crate::files;
use crate::net::NetError;
use std::path::PathBuf;

/// A file or variable cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AzureError {
    /// A file exists but cannot be read.
    #[error("cannot read {path}: {detail}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's message.
        detail: String,
    },
    /// A file exists but its content is invalid.
    #[error("{path} is damaged: {detail}. {remedy}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        detail: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A variable or option has an invalid value.
    #[error("{name} is set to '{value}', which is not {expected}")]
    Setting {
        /// The variable, or `[section] option in file`.
        name: String,
        /// Its value.
        value: String,
        /// What it should be.
        expected: String,
    },
    /// There is no cloud with this name.
    #[error(
        "The cloud '{name}' is not registered. Known clouds: {known}. To register another, use 'az cloud register'"
    )]
    UnknownCloud {
        /// The name.
        name: String,
        /// The known names.
        known: String,
    },
    /// No user is logged in.
    #[error("Please run 'az login' to setup account.")]
    NotLoggedIn {
        /// The logins that were tried, and why each does not apply.
        tried: Vec<String>,
    },
    /// There is no subscription with this name or id.
    #[error("Subscription '{0}' not found. Check the spelling and casing and try again.")]
    UnknownSubscription(String),
    /// Several subscriptions have this name.
    #[error("Multiple subscriptions with the name '{0}' found. Specify the subscription ID.")]
    AmbiguousSubscription(String),
    /// No subscription was chosen, and there are several or none.
    #[error("{0}")]
    NoSubscription(String),
    /// No credential could be created.
    #[error("{0}")]
    Credential(String),
    /// The proxy or the root certificates cannot be used.
    #[error(transparent)]
    Net(#[from] NetError),
}

/// Keeps azure_identity's message about a value that it cannot use.
impl From<azure_core::Error> for AzureError {
    fn from(error: azure_core::Error) -> Self {
        Self::Credential(error.to_string())
    }
}

/// Reads a text file. Returns `None` if it does not exist, and an error if it cannot be read.
fn read_text(path: &std::path::Path) -> Result<Option<String>, AzureError> {
    match files::read(path) {
        Ok(None) => Ok(None),
        Ok(Some(bytes)) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(e) => Err(AzureError::Damaged {
                path: path.to_owned(),
                detail: e.to_string(),
                remedy: "It must be UTF-8 text",
            }),
        },
        Err(e) => Err(AzureError::Unreadable { path: path.to_owned(), detail: e.to_string() }),
    }
}
