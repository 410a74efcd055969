//! `show`: shows a registry.

use super::Answer;
use super::args::RegistryArgs;
use crate::locate::locate;
use crate::output::Outcome;
use crate::session::Session;
use crate::views;
use anyhow::Result;
use clap::Args;

/// Examples under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  az-acr show -n contoso
  az-acr show -n contoso --query loginServer -o tsv
  az-acr show -n contoso --raw --query properties";

/// Arguments of `show`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ShowArgs {
    #[command(flatten)]
    registry: RegistryArgs,

    /// Show the JSON of Azure Resource Manager, with properties that az leaves out
    #[arg(long)]
    raw: bool,
}

/// Shows a registry.
///
/// # Errors
/// Fails if the registry does not exist, or ARM rejects the request.
pub async fn run(args: &ShowArgs, session: &Session) -> Result<Answer> {
    let (name, group) = args.registry.resolve(session)?;
    let location = locate(&name, group.as_deref(), session).await?;
    let arm = session.arm().await?;
    if args.raw {
        let value = arm.get_registry_raw(location.path()).await?;
        return Ok(Answer::Value(Outcome::new(value)));
    }
    let registry = location.registry(arm).await?;
    let outcome = Outcome::new(views::registry::json(&registry));
    Ok(Answer::Value(outcome.with_table(move || views::registry::rows(&[registry]))))
}
