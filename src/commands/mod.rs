//! The commands, one file each: arguments, checks, and what they do.

mod access;
pub mod annotations;
pub mod args;
pub mod check_endpoints;
pub mod completion;
pub mod emulator;
mod endpoint_source;
pub mod firewall_log;
pub mod firewall_rules;
mod fleet;
mod input;
pub mod list;
pub mod list_clients;
pub mod list_endpoints;
mod mask;
mod moment;
pub mod network_rule;
pub mod private_endpoint_connection;
mod probing;
mod progress;
pub mod replication;
mod rule_files;
pub mod shim;
pub mod show;
pub mod show_endpoints;
mod step_summary;
pub mod update;
pub mod with_access;

use crate::arm::{Registry, SkuName};
use crate::error::UserError;
use crate::output::Outcome;

/// The result of a command.
#[derive(Debug)]
pub enum Answer {
    /// A value, written in the format of `--output`.
    Value(Outcome),
    /// Bytes, written unchanged.
    Text(Vec<u8>),
    /// The output has been written as it arrived; this is the exit code.
    Written(u8),
}

/// Requires the Premium SKU of a registry. `az` also checks this before the request.
fn premium(registry: Registry, otherwise: &str) -> Result<Registry, UserError> {
    match sku(&registry) {
        Some(SkuName::Premium) => Ok(registry),
        _ => Err(UserError::new(otherwise)),
    }
}

fn sku(registry: &Registry) -> Option<&SkuName> {
    registry.sku.as_ref().and_then(|sku| sku.name.as_ref())
}
