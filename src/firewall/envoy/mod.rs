//! Judges static configurations of Envoy that choose a cluster by the name in TLS.

mod decide;
mod read;

pub use read::{is_config, read};
