//! Judges configurations of HAProxy that choose a server by the name in TLS.

mod acl;
mod config;
mod decide;
mod proxies;

pub use config::is_config;
pub use decide::read;
