//! `network-rule add`.

use super::{DEPRECATED, RuleArgs, answer, change, wait_seconds};
use crate::commands::Answer;
use crate::commands::access::{Access, Opened};
use crate::commands::args::{InOrder, PolicyArgs, RegistryArgs};
use crate::session::Session;
use anyhow::Result;
use clap::Args;
use std::time::Duration;

/// Arguments of `network-rule add`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr network-rule add -n contoso --ip-address 203.0.113.0/24
  az-acr network-rule add -n contoso --my-address --wait")]
pub struct AddArgs {
    #[command(flatten)]
    registry: RegistryArgs,

    #[command(flatten)]
    rule: RuleArgs,

    /// Wait until this machine is let in
    ///
    /// With --my-address: at most this many seconds, 300 if none are given.
    #[arg(long, value_name = "SECONDS", requires = "my_address", num_args = 0..=1, default_missing_value = "300", value_parser = wait_seconds)]
    wait: Option<Duration>,

    #[command(flatten)]
    policy: PolicyArgs,
}

pub async fn run(args: &InOrder<AddArgs>, session: &Session) -> Result<Answer> {
    args.warn_of_deprecation(&DEPRECATED, &session.streams);
    let AddArgs { registry, rule, wait, policy } = &args.args;
    if rule.my_address {
        session.use_policy_token(policy.token());
        return my_address(registry, *wait, session).await;
    }
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

/// Opens the registry for this machine. What was added stays if something fails later, and is recorded.
async fn my_address(
    registry: &RegistryArgs,
    wait: Option<Duration>,
    session: &Session,
) -> Result<Answer> {
    let access = Access::new(registry, session).await?;
    let mut opened = Opened::default();
    access.open(wait, &mut opened).await?;
    access.warn_of_leftovers(&opened);
    let addresses: Vec<String> = opened.added.iter().map(ToString::to_string).collect();
    let name = access.name();
    let note = match (addresses.is_empty(), opened.reachable) {
        (true, _) => format!("'{name}' lets this machine in already; nothing was changed."),
        (false, true) => format!("'{name}' lets this machine in, as {}.", addresses.join(", ")),
        (false, false) => format!(
            "Added {} to '{name}'. It may take minutes until the rule works; --wait waits for it.",
            addresses.join(", ")
        ),
    };
    answer(&access, &opened.added, &note, session).await
}
