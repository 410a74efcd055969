//! `network-rule add`.

use super::{RuleArgs, change};
use crate::commands::{Answer, PolicyArgs, RegistryArgs};
use crate::context::Context;
use anyhow::Result;
use clap::Args;
use serde_json::json;

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
    _policy: PolicyArgs,
}

pub async fn run(args: &AddArgs, ctx: &Context) -> Result<Answer> {
    change(&args.registry, &args.rule, ctx, |rules, subnet, address| {
        if let Some(id) = subnet {
            rules.subnets.push(json!({"action": "Allow", "virtualNetworkSubnetResourceId": id}));
        }
        if let Some(address) = address {
            rules.ranges.push(json!({"action": "Allow", "value": address}));
        }
    })
    .await
}
