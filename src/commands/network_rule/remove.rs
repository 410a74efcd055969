//! `network-rule remove`.

use super::{DEPRECATED, RuleArgs, change};
use crate::commands::Answer;
use crate::commands::args::{InOrder, PolicyArgs, RegistryArgs};
use crate::session::Session;
use anyhow::Result;
use clap::Args;

/// Arguments of `network-rule remove`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr network-rule remove -n contoso --ip-address 203.0.113.0/24")]
pub struct RemoveArgs {
    #[command(flatten)]
    registry: RegistryArgs,

    #[command(flatten)]
    rule: RuleArgs,

    #[command(flatten)]
    policy: PolicyArgs,
}

pub async fn run(args: &InOrder<RemoveArgs>, session: &Session) -> Result<Answer> {
    args.warn_of_deprecation(&DEPRECATED, &session.streams);
    let RemoveArgs { registry, rule, policy } = &args.args;
    change(registry, rule, policy, session, |rules, subnet, range| {
        if let Some(id) = subnet {
            rules.remove_subnet(id);
        }
        if let Some(range) = range {
            rules.remove_range(range);
        }
    })
    .await
}
