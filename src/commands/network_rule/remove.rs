//! `network-rule remove`.

use super::{DEPRECATED, RuleArgs, answer, change};
use crate::commands::Answer;
use crate::commands::access::Access;
use crate::commands::args::{InOrder, PolicyArgs, RegistryArgs};
use crate::session::Session;
use anyhow::Result;
use clap::Args;

/// Arguments of `network-rule remove`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr network-rule remove -n contoso --ip-address 203.0.113.0/24
  az-acr network-rule remove -n contoso --my-address")]
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
    if rule.my_address {
        session.use_policy_token(policy.token());
        let access = Access::new(registry, session).await?;
        let addresses = access.recorded()?;
        access.close(&addresses).await?;
        let names: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let note = format!("Removed {} from '{}'.", names.join(", "), access.name());
        return answer(&access, &addresses, &note, session).await;
    }
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
