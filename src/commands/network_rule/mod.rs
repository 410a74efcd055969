//! `network-rule`: which addresses and subnets may reach a registry over the public network.

mod add;
mod list;
mod remove;

use super::access::Access;
use super::args::{InOrder, PolicyArgs, RegistryArgs};
use super::progress::complete;
use super::{Answer, premium};
use crate::arm::{
    ArmError, NetworkRules, Registry, RegistryPath, RegistryPropertiesUpdate,
    RegistryUpdateParameters,
};
use crate::error::UserError;
use crate::locate::{Location, locate};
use crate::message::Code;
use crate::output::Outcome;
use crate::session::Session;
use crate::views;
use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;

/// Arguments of `network-rule`.
#[derive(Debug, Clone, Args)]
pub struct NetworkRuleArgs {
    #[command(subcommand)]
    command: NetworkRuleCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum NetworkRuleCommand {
    /// List the network rules of a registry
    List(list::ListArgs),
    /// Allow an address range or a subnet
    Add(InOrder<add::AddArgs>),
    /// Remove a network rule
    Remove(InOrder<remove::RemoveArgs>),
}

/// The address or subnet of a rule.
#[derive(Debug, Clone, Args)]
struct RuleArgs {
    /// IPv4 or IPv6 address, or a CIDR range
    #[arg(long, value_name = "ADDRESS")]
    ip_address: Option<String>,

    /// This machine, as the registry sees it
    #[arg(long, conflicts_with_all = ["ip_address", "subnet"])]
    my_address: bool,

    /// Name or id of a subnet (deprecated)
    #[arg(long, value_name = "SUBNET", hide = true)]
    subnet: Option<String>,

    /// The subnet's virtual network, if --subnet is a name (deprecated)
    #[arg(long, value_name = "VNET", hide = true)]
    vnet_name: Option<String>,
}

/// How often a change is tried.
const ATTEMPTS: u32 = 8;
/// The shortest and the longest time that a change is taken to need, for the wait after it.
const SHORTEST_SETTLE: Duration = Duration::from_millis(300);
const LONGEST_SETTLE: Duration = Duration::from_secs(3);
/// The pause after the first conflict. Each one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Flags that `az` marks as deprecated.
const DEPRECATED: [&str; 2] = ["--subnet", "--vnet-name"];

/// Runs a command on network rules.
///
/// # Errors
/// Fails if the registry does not exist or is not Premium, or ARM rejects a request.
pub async fn run(args: &NetworkRuleArgs, session: &Session) -> Result<Answer> {
    match &args.command {
        NetworkRuleCommand::List(args) => list::run(args, session).await,
        NetworkRuleCommand::Add(args) => add::run(args, session).await,
        NetworkRuleCommand::Remove(args) => remove::run(args, session).await,
    }
}

pub(super) const NEEDS_PREMIUM: &str =
    "Network rules are only supported for managed registries in Premium SKU.";

/// Reads a registry's rules, changes them, and sends them back.
///
/// # Arguments
/// * `edit` - changes the rules; it receives the subnet's id and the address of the rule.
async fn change(
    registry: &RegistryArgs,
    rule: &RuleArgs,
    policy: &PolicyArgs,
    session: &Session,
    edit: impl Fn(&mut NetworkRules, Option<&str>, Option<&str>),
) -> Result<Answer> {
    session.use_policy_token(policy.token());
    let (name, group) = registry.resolve(session)?;
    let address = rule.ip_address.as_deref().filter(|text| !text.is_empty());
    let location = locate(&name, group.as_deref(), session).await?;
    let target = Ruled { location: &location, name: name.as_str(), session };
    let began = Instant::now();
    let body = target.checked(location.body(session.arm().await?).await?).await?;
    let mut rules = NetworkRules::of_registry(&body);
    edit(&mut rules, rule.subnet_id(location.path())?.as_deref(), address);
    let mut registry = match target.write(rules.clone(), etag(&body)).await {
        Ok(registry) => registry,
        // Somebody else has changed the registry since, and nothing was written.
        Err(error) if etag(&body).is_some() && is_stale(&error) => {
            let body = target.read().await?;
            rules = NetworkRules::of_registry(&body);
            edit(&mut rules, rule.subnet_id(location.path())?.as_deref(), address);
            target.write(rules.clone(), etag(&body)).await?
        }
        Err(error) => return Err(error),
    };
    // Where the answer itself does not show the change, ARM wrote the range in another way, and nothing can be compared.
    if let Some(range) = address
        && shows(&registry, range) == rules.allows_range(range)
    {
        let again = |rules: &mut NetworkRules| edit(rules, None, Some(range));
        let confirmed = target.confirm(range, rules.allows_range(range), began, again).await;
        if let Some(read) = confirmed.map_err(after_change)? {
            registry = read;
        }
    }
    Ok(Answer::Value(Outcome::new(views::network_rules::registry(&registry))))
}

/// An error after a change was made.
fn after_change(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<ArmError>() {
        Ok(error) => error.after_change().into(),
        Err(error) => error,
    }
}

/// Whether a registry has a rule with exactly this address or range.
fn shows(registry: &Registry, range: &str) -> bool {
    let set =
        registry.properties.as_ref().and_then(|properties| properties.network_rule_set.as_ref());
    let rules = set.and_then(|set| set.ip_rules.as_ref()).into_iter().flatten();
    rules.into_iter().any(|rule| rule.ip_address_or_range.as_deref() == Some(range))
}

/// A registry whose rules are changed.
pub(super) struct Ruled<'a> {
    pub location: &'a Location,
    pub name: &'a str,
    pub session: &'a Session,
}

impl Ruled<'_> {
    /// The registry's body, as ARM sends it.
    pub async fn read(&self) -> Result<Value> {
        let arm = self.session.arm().await?;
        self.checked(arm.get_registry_raw(self.location.path()).await?).await
    }

    /// The body of a registry that can have rules.
    async fn checked(&self, body: Value) -> Result<Value> {
        premium(self.session.arm().await?.registry_of(&body)?, NEEDS_PREMIUM)?;
        Ok(body)
    }

    /// Replaces the rules.
    ///
    /// # Arguments
    /// * `etag` - of the registry that the rules were read from.
    async fn write(&self, rules: NetworkRules, etag: Option<&str>) -> Result<Registry> {
        let arm = self.session.arm().await?;
        let path = self.location.path();
        let parameters = parameters(rules);
        let request = arm.begin_update_registry(path, &parameters, etag);
        let look = format!("az-acr network-rule list -n {}", self.name);
        complete(request, &format!("Updating {}", self.name), &look, self.session).await
    }

    /// Reads the rules back after a change: somebody else may have replaced the list at the same time. Returns the registry
    /// if it had to be changed again.
    async fn confirm(
        &self,
        range: &str,
        wanted: bool,
        began: Instant,
        again: impl Fn(&mut NetworkRules),
    ) -> Result<Option<Registry>> {
        let done = |rules: &NetworkRules| rules.allows_range(range) == wanted;
        settle(began).await;
        if done(&NetworkRules::of_registry(&self.read().await?)) {
            return Ok(None);
        }
        // A read may lag behind a write, so look once more before anything is written again.
        settle(began).await;
        if !self.change_until(again, done).await? {
            return Ok(None);
        }
        let registry = self.session.arm().await?.get_registry(self.location.path()).await?;
        Ok(Some(registry))
    }

    /// Changes the rules and reads them back, again if somebody else has changed them at the same time: ARM replaces lists as
    /// a whole, and refuses a stale one only where it gives an `etag`.
    ///
    /// # Arguments
    /// * `edit` - changes the rules, unless they are as wanted.
    /// * `done` - whether the rules are as wanted.
    ///
    /// Returns whether anything had to be changed.
    pub async fn change_until(
        &self,
        edit: impl Fn(&mut NetworkRules),
        done: impl Fn(&NetworkRules) -> bool,
    ) -> Result<bool> {
        let mut pause = FIRST_PAUSE;
        for attempt in 0..ATTEMPTS {
            let began = Instant::now();
            let read = self.read().await;
            let body = if attempt > 0 { read.map_err(after_change)? } else { read? };
            let mut rules = NetworkRules::of_registry(&body);
            if done(&rules) {
                return Ok(attempt > 0);
            }
            edit(&mut rules);
            match self.write(rules, etag(&body)).await {
                Ok(_) => settle(began).await,
                Err(error) if may_pass(&error) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => return Err(error),
            }
        }
        let rules = NetworkRules::of_registry(&self.read().await.map_err(after_change)?);
        if done(&rules) {
            return Ok(true);
        }
        let message = format!(
            "Others keep changing the network rules of '{}'; {ATTEMPTS} attempts were lost.",
            self.name
        );
        Err(UserError::new(message).about(Code::Conflict).into())
    }
}

/// Waits until others have written who read the list before this change: one to three times as long as the change took here,
/// each process another time.
///
/// # Arguments
/// * `began` - when the list was read.
async fn settle(began: Instant) {
    let base = began.elapsed().clamp(SHORTEST_SETTLE, LONGEST_SETTLE);
    let jitter = u32::from(azure_core::Uuid::new_v4().as_bytes()[0]);
    tokio::time::sleep(base + base * jitter / 128).await;
}

/// The `etag` of a registry's body. No recording of ARM has one for registries; where one comes, a stale list is refused.
fn etag(body: &Value) -> Option<&str> {
    body["etag"].as_str().filter(|etag| !etag.is_empty())
}

/// Whether ARM refused a change because the registry is another one than when it was read.
fn is_stale(error: &anyhow::Error) -> bool {
    error.downcast_ref::<ArmError>().is_some_and(|error| error.status() == Some(412))
}

/// Whether another attempt on the fresh state may work: somebody else is changing the registry, or the connection broke, so that
/// nobody knows whether the change was made.
fn may_pass(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<ArmError>().map(ArmError::cause) {
        Some(ArmError::Connection { certificate, .. }) => !certificate,
        Some(error) => matches!(error.status(), Some(409 | 412)),
        None => false,
    }
}

/// How long to wait for a rule: a number of seconds.
///
/// # Errors
/// A sentence that says what is expected.
pub(super) fn wait_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (1..=3_600).contains(seconds));
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| "expected a number of seconds, from 1 to 3600".to_owned())
}

/// Writes what happened to a registry that was opened or closed.
async fn answer(
    access: &Access<'_>,
    addresses: &BTreeSet<IpAddr>,
    note: &str,
    session: &Session,
) -> Result<Answer> {
    let registry = access.registry().await?;
    let mut value = views::network_rules::registry(&registry);
    value["myAddresses"] = addresses.iter().map(ToString::to_string).collect();
    session.streams.note(Code::Setting, note);
    Ok(Answer::Value(Outcome::new(value)))
}

/// The body of a PATCH with these rules.
fn parameters(rules: NetworkRules) -> RegistryUpdateParameters {
    let properties = RegistryPropertiesUpdate {
        network_rule_set: Some(rules.into()),
        ..RegistryPropertiesUpdate::default()
    };
    RegistryUpdateParameters {
        properties: Some(properties.into()),
        ..RegistryUpdateParameters::default()
    }
}

impl RuleArgs {
    /// The id of the subnet, if the rule names one.
    fn subnet_id(&self, of: RegistryPath<'_>) -> Result<Option<String>, UserError> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let is_id =
            |text: &str| text.starts_with("/subscriptions/") && text.contains("/providers/");
        match (given(&self.subnet), given(&self.vnet_name)) {
            (None, None) => Ok(None),
            (Some(id), None) if is_id(&id) => Ok(Some(id)),
            (Some(name), Some(vnet)) if !is_id(&name) => Ok(Some(format!(
                "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Network/virtualNetworks/{vnet}/subnets/{name}",
                of.subscription, of.resource_group
            ))),
            _ => Err(UserError::new("Usage error: [--subnet ID | --subnet NAME --vnet-name NAME]")),
        }
    }
}
