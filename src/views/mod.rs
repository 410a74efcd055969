//! Typed values in the shape that users see: JSON as `az` prints it, and table rows with a style.

pub mod checks;
pub mod clients;
pub mod endpoints;
pub mod findings;
pub mod firewall_log;
pub mod fleet;
mod json;
pub mod network_rules;
pub mod private_endpoint_connection;
pub mod registry;
pub mod replication;
pub mod what_if;
