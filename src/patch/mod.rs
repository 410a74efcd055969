//! `--set`, `--add` and `--remove`: changes to a request body by paths that the user writes.
//!
//! The rules are those of `az`'s generic update arguments: names in camel or snake case, properties of a registry with
//! or without `properties.` in front, `[0]` and `[key=value]` to pick from lists, values read as JSON where they can be.

mod apply;
mod navigate;
mod path;
mod schema;

pub use apply::{Step, apply};
pub use schema::{REGISTRY, REPLICATION};
