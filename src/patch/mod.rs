//! `--set`, `--add` and `--remove`: changes to a request body at paths that the user writes.
//!
//! The rules are those of `az`'s generic update arguments. Names are in camel or snake case, a registry's properties
//! have an optional prefix `properties.`, `[0]` and `[key=value]` select an item of a list, and values are read as JSON
//! if possible.

mod apply;
mod navigate;
mod path;
mod schema;

pub use apply::{Step, apply};
pub use schema::{REGISTRY, REPLICATION};
