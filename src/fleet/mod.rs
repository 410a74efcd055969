//! Many registries: what Azure Resource Graph says about each, and what of it could not be read. Pure.

mod coverage;
mod fold;
mod registry;

pub use coverage::{Coverage, Unread};
pub use fold::Fold;
pub use registry::{Difference, Exposure, FleetRegistry, NextStep, Source};
