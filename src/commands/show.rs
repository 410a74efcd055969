//! `show`: a registry, whole.

use super::{Answer, RegistryArgs};
use crate::context::Context;
use crate::output::Outcome;
use crate::view;
use anyhow::Result;
use clap::Args;

/// Examples under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  az-acr show -n contoso
  az-acr show -n contoso --query loginServer -o tsv";

/// Arguments of `show`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ShowArgs {
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Shows a registry.
///
/// # Errors
/// No such registry, or ARM refuses.
pub async fn run(args: &ShowArgs, ctx: &Context) -> Result<Answer> {
    let (name, group) = args.registry.resolve(ctx)?;
    let registry = ctx
        .with_registry(&name, group.as_deref(), async |arm, of| Ok(arm.get_registry(of).await?))
        .await?;
    let outcome = Outcome::new(view::registry(&registry)).with_table(view::registry_rows);
    Ok(Answer::Value(outcome))
}
