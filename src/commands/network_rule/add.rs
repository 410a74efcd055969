//! `network-rule add`.

use super::{DEPRECATED, RuleArgs, change};
use crate::commands::Answer;
use crate::commands::args::{InOrder, PolicyArgs, RegistryArgs};
use crate::session::Session;
use anyhow::Result;
use clap::Args;

/// Arguments of `network-rule add`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr network-rule add -n contoso --ip-address 203.0.113.0/24")]
pub struct AddArgs {
    #[command(flatten)]
    registry: RegistryArgs,

    #[command(flatten)]
    rule: RuleArgs,

    #[command(flatten)]
    policy: PolicyArgs,
}

pub async fn run(args: &InOrder<AddArgs>, session: &Session) -> Result<Answer> {
    args.warn_of_deprecation(&DEPRECATED, &session.streams);
    let AddArgs { registry, rule, policy } = &args.args;
    change(registry, rule, policy, session, |rules, subnet, range| {
        if let Some(id) = subnet {
            rules.allow_subnet(id);
        }
        if let Some(range) = range {
            rules.allow_range(range);
        }
    })
    .await
}
