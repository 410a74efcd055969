//! How requests leave this machine: trusted root certificates, proxies, and the HTTP client that uses both.

pub mod client;
pub mod proxy;
pub mod request_log;
mod resolver;
pub mod roots;

/// A network variable or option cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// A variable or option has an invalid value.
    #[error("{name} is set to '{value}', which is not {expected}")]
    Setting {
        /// The variable or option.
        name: String,
        /// Its value, without a password.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The HTTP client could not be created.
    #[error("cannot create an HTTP client: {0}")]
    Client(String),
}
