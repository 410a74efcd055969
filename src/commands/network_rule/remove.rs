//! `network-rule remove`.

use super::{RuleArgs, change};
use crate::commands::{Answer, PolicyArgs, RegistryArgs};
use crate::context::Context;
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
    _policy: PolicyArgs,
}

pub async fn run(args: &RemoveArgs, ctx: &Context) -> Result<Answer> {
    change(&args.registry, &args.rule, ctx, |rules, subnet, address| {
        if let Some(id) = subnet {
            rules.subnets.retain(|rule| {
                let known = rule["virtualNetworkSubnetResourceId"].as_str().unwrap_or_default();
                !known.eq_ignore_ascii_case(id)
            });
        }
        if let Some(address) = address {
            rules.ranges.retain(|rule| rule["value"].as_str() != Some(address));
        }
    })
    .await
}
