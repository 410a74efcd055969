//! `unbound`: configurations of the resolver, with the policy zones that they load. Only read, never written: what
//! `firewall-rules` writes for unbound is a policy zone (`rpz`).

mod config;
mod filter;
mod keywords;

pub use config::{is_config, read};
