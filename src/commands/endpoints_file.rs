//! The output of `show-endpoints` as input: for machines without access to Azure.

use crate::context::Context;
use crate::endpoints::Endpoints;
use crate::error::UserError;
use anyhow::{Context as _, Result};

/// One object of `show-endpoints`, or a list of them.
///
/// # Errors
/// The file cannot be read, or is something else.
pub fn read(file: &str, ctx: &Context) -> Result<Vec<Endpoints>> {
    let bytes = read_input(file, ctx)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let read = if first == Some(&b'[') {
        serde_json::from_slice(bytes)
    } else {
        serde_json::from_slice(bytes).map(|one| vec![one])
    };
    read.map_err(|e| {
        UserError::new(format!("{} is not the JSON of show-endpoints: {e}", shown(file)))
            .hint("Make it by: az-acr show-endpoints -n NAME > endpoints.json")
            .into()
    })
}

/// The endpoints that a registry will have, from those that it has.
///
/// # Errors
/// The login server has no second label.
pub fn plan(
    endpoints: &Endpoints,
    with_regions: &[&'static str],
    regional: bool,
) -> Result<Endpoints> {
    let regions = endpoints.data_endpoints.iter().map(|endpoint| endpoint.region.as_str());
    let regions = regions.chain(with_regions.iter().copied());
    let regional = regional || endpoints.regional_endpoints.is_some();
    Endpoints::planned(&endpoints.login_server, regions, regional)
        .with_context(|| format!("'{}' is no name of a login server", endpoints.login_server))
}

/// A file's bytes, or those of standard input for `-`.
///
/// # Errors
/// It cannot be read.
pub fn read_input(file: &str, ctx: &Context) -> Result<Vec<u8>> {
    let read = if file == "-" { ctx.streams.read_stdin() } else { std::fs::read(file) };
    read.map_err(|e| UserError::new(format!("cannot read {}: {e}", shown(file))).into())
}

/// What a file is called in messages.
pub fn shown(file: &str) -> &str {
    if file == "-" { "standard input" } else { file }
}
