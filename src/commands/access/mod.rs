//! Opens a registry for the machine that this program runs on, and closes it again.
//!
//! The registry itself says from which address it sees this machine, when it refuses it. No third party is asked.

mod record;

use super::args::RegistryArgs;
use super::network_rule::{NEEDS_PREMIUM, Ruled};
use super::premium;
use super::probing::Probing;
use crate::arm::{NetworkRules, Registry};
use crate::domain::{Fqdn, Role};
use crate::error::UserError;
use crate::locate::{Location, locate};
use crate::message::Code;
use crate::probe::{HTTPS, Reason, Route, Target, denied_address};
use crate::session::Session;
use anyhow::{Context as _, Result};
use record::Record;
use serde_json::Value;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// The most addresses that are added: a pool of addresses may send each connection from another one.
const MAX_ADDRESSES: usize = 4;
/// The most rules for addresses that a registry may have.
const MAX_RULES: usize = 100;
/// After how many attempts the rule is looked at again.
const LOOK_AGAIN: u32 = 5;
/// The pause between two attempts to reach the registry.
const PAUSE: Duration = Duration::from_secs(2);
/// The time limit for each step of an attempt.
const STEP: Duration = Duration::from_secs(10);

/// A registry that is opened for this machine.
pub struct Access<'a> {
    location: Location,
    name: String,
    login_server: Fqdn,
    record: Record,
    stopped: Cell<bool>,
    session: &'a Session,
}

/// What happened while a registry was opened.
#[derive(Debug, Clone, Default)]
pub struct Opened {
    /// The addresses that were added.
    pub added: BTreeSet<IpAddr>,
    /// Whether the registry lets this machine in now.
    pub reachable: bool,
}

/// How the registry sees this machine.
enum Seen {
    /// It lets it in.
    In,
    /// It refuses this address.
    Denied(IpAddr),
    /// It cannot be reached, or its answer names no address; why.
    Nothing(String),
}

impl<'a> Access<'a> {
    /// Finds the registry.
    ///
    /// # Errors
    /// It does not exist, is not Premium, or has no public network access.
    pub async fn new(registry: &RegistryArgs, session: &'a Session) -> Result<Self> {
        let (name, group) = registry.resolve(session)?;
        let location = locate(&name, group.as_deref(), session).await?;
        let found = location.registry(session.arm().await?).await?;
        let found = premium(found, NEEDS_PREMIUM)?;
        let properties = found.properties.as_ref().context("ARM's answer has no properties")?;
        let login_server =
            properties.login_server.as_deref().context("ARM's answer has no login server")?;
        let login_server = Fqdn::parse(login_server)?;
        let access = properties.public_network_access.clone().map(String::from);
        if access.is_some_and(|access| access.eq_ignore_ascii_case("Disabled")) {
            let message = format!(
                "Public network access of '{name}' is disabled: only private endpoints reach it, and rules for addresses have no effect."
            );
            return Err(UserError::new(message).about(Code::Refused).into());
        }
        let record = Record::new(&location.path().id(), session)?;
        Ok(Self {
            location,
            name: name.to_string(),
            login_server,
            record,
            stopped: Cell::new(false),
            session,
        })
    }

    /// Adds the address of this machine, if the registry refuses it.
    ///
    /// # Arguments
    /// * `wait` - until the rule works, and for how long; addresses of a pool are added as they show up.
    ///
    /// # Errors
    /// The registry cannot be reached, there are too many rules, ARM refuses the change, or the time is up. What was
    /// added remains recorded.
    pub async fn open(&self, wait: Option<Duration>, opened: &mut Opened) -> Result<()> {
        let spinner = self
            .session
            .streams
            .spinner(&format!("Asking {} which address it sees", self.login_server));
        let started = Instant::now();
        // Those with a rule, whoever made it.
        let mut known = BTreeSet::new();
        let mut attempts = 0;
        while !self.stopped.get() {
            let left = wait.map(|wait| wait.saturating_sub(started.elapsed()));
            match self.look().await? {
                Seen::In => {
                    opened.reachable = true;
                    return Ok(());
                }
                Seen::Denied(address) if !known.contains(&address) => {
                    if known.len() == MAX_ADDRESSES {
                        return Err(self.too_many_addresses(&known).into());
                    }
                    spinner.set_message(format!("Adding {address} to {}", self.name));
                    self.add(address, &mut opened.added).await?;
                    known.insert(address);
                    if wait.is_none() {
                        return Ok(());
                    }
                }
                Seen::Denied(address) if left.is_some_and(|left| !left.is_zero()) => {
                    attempts += 1;
                    // Somebody else may have replaced the list of rules.
                    if attempts % LOOK_AGAIN == 0 && opened.added.contains(&address) {
                        self.ensure(address).await?;
                    }
                }
                Seen::Nothing(why)
                    if known.is_empty() || left.is_none_or(|left| left.is_zero()) =>
                {
                    return Err(self.no_address(&why).into());
                }
                Seen::Nothing(_) => {}
                Seen::Denied(address) => {
                    let waited = wait.unwrap_or_default().as_secs();
                    let message = format!(
                        "{} still refuses {address} after {waited} seconds.",
                        self.login_server
                    );
                    return Err(UserError::new(message).about(Code::Timeout).into());
                }
            }
            if let Some(left) = left {
                spinner.set_message(format!(
                    "Waiting until {} lets this machine in (at most {} s)",
                    self.login_server,
                    left.as_secs()
                ));
                tokio::time::sleep(PAUSE.min(left)).await;
            }
        }
        Ok(())
    }

    /// Ends [`Access::open`] after the step that it is at: a change that ARM has accepted cannot be taken back half-way.
    pub fn stop(&self) {
        self.stopped.set(true);
    }

    /// Removes addresses from the rules and from the record: as many as it can.
    ///
    /// # Errors
    /// ARM refuses a change; the first error.
    pub async fn close(&self, addresses: &BTreeSet<IpAddr>) -> Result<()> {
        let mut result = Ok(());
        for &address in addresses {
            let removed = self
                .rules()
                .change_until(
                    |rules| rules.remove_address(address),
                    |rules| !rules.allows_address(address),
                )
                .await;
            let forgotten = match removed {
                Ok(_) => self.record.remove(address),
                Err(error) => Err(error),
            };
            result = result.and(forgotten);
        }
        result
    }

    /// Warns of addresses that an earlier run has added and not removed, e.g. because it was killed.
    pub fn warn_of_leftovers(&self, opened: &Opened) {
        let recorded = match self.record.addresses() {
            Ok(recorded) => recorded,
            Err(error) => return self.session.streams.warning(Code::Failed, &format!("{error:#}")),
        };
        let left: Vec<String> =
            recorded.difference(&opened.added).map(ToString::to_string).collect();
        if !left.is_empty() {
            let message = format!(
                "'{0}' is still open for {1} from an earlier run. To close it: az-acr network-rule remove -n {0} --my-address",
                self.name,
                left.join(", ")
            );
            self.session.streams.warning(Code::Setting, &message);
        }
    }

    /// The addresses that were added from this machine and not removed.
    ///
    /// # Errors
    /// There are none, or the record cannot be read.
    pub fn recorded(&self) -> Result<BTreeSet<IpAddr>> {
        let addresses = self.record.addresses()?;
        if addresses.is_empty() {
            let message = format!("No address of this machine is recorded for '{}'.", self.name);
            let hint = format!(
                "To remove an address that you know: az-acr network-rule remove -n {} --ip-address ADDRESS",
                self.name
            );
            return Err(UserError::new(message).hint(hint).into());
        }
        Ok(addresses)
    }

    /// The registry as ARM shows it now.
    ///
    /// # Errors
    /// ARM refuses the request.
    pub async fn registry(&self) -> Result<Registry> {
        Ok(self.session.arm().await?.get_registry(self.location.path()).await?)
    }

    /// How users call the registry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds a rule, unless there is one already: somebody else's, which stays.
    async fn add(&self, address: IpAddr, added: &mut BTreeSet<IpAddr>) -> Result<()> {
        let body = self.rules().read().await?;
        if NetworkRules::of_registry(&body).allows_address(address) {
            return Ok(());
        }
        check(&self.name, &body, address)?;
        // Recorded first: if this process ends now, the rule can still be removed.
        self.record.add(address)?;
        added.insert(address);
        self.ensure(address).await
    }

    /// Adds a rule that is missing.
    async fn ensure(&self, address: IpAddr) -> Result<()> {
        self.rules()
            .change_until(
                |rules| rules.allow_range(&address.to_string()),
                |rules| rules.allows_address(address),
            )
            .await?;
        Ok(())
    }

    fn rules(&self) -> Ruled<'_> {
        Ruled { location: &self.location, name: &self.name, session: self.session }
    }

    async fn look(&self) -> Result<Seen> {
        let probing = Probing {
            route: Route { proxies: self.proxies()?, ..Route::default() },
            timeout: STEP,
            on_step: Box::new(|_, _| {}),
        };
        let target = Target {
            host: self.login_server.clone(),
            port: HTTPS,
            role: Role::Login,
            region: None,
            planned: false,
        };
        let checked = probing
            .run(self.session, async |prober| prober.check_all(&[target], |_| {}).await)
            .await?;
        let checks = checked.into_iter().flat_map(|target| target.families).collect::<Vec<_>>();
        if checks.iter().any(|check| check.verdict.is_usable()) {
            return Ok(Seen::In);
        }
        let denial =
            checks.iter().find(|check| check.ending.reason == Some(Reason::RegistryDenied));
        let detail = |check: &crate::probe::Check| check.ending.detail.clone().unwrap_or_default();
        if let Some(address) = denial.and_then(|check| denied_address(&detail(check))) {
            return Ok(Seen::Denied(address));
        }
        Ok(Seen::Nothing(denial.or(checks.first()).map(detail).unwrap_or_default()))
    }

    fn proxies(&self) -> Result<Option<hyper_util::client::proxy::matcher::Matcher>> {
        if self.session.cloud()?.is_emulator() { Ok(None) } else { self.session.proxies(None) }
    }

    fn no_address(&self, why: &str) -> UserError {
        let name = &self.name;
        UserError::new(format!("{} does not say which address it sees: {why}", self.login_server))
            .hint(format!(
                "To add an address that you know: az-acr network-rule add -n {name} --ip-address ADDRESS"
            ))
            .about(Code::Unreachable)
    }

    fn too_many_addresses(&self, added: &BTreeSet<IpAddr>) -> UserError {
        let added: Vec<String> = added.iter().map(ToString::to_string).collect();
        UserError::new(format!(
            "{} refuses yet another address after {} got rules: {}.",
            self.login_server,
            added.len(),
            added.join(", ")
        ))
        .hint(format!(
            "To remove them again: az-acr network-rule remove -n {} --my-address",
            self.name
        ))
    }
}

/// Checks whether a rule can be added, before anything is changed.
fn check(name: &str, body: &Value, address: IpAddr) -> Result<(), UserError> {
    let rules = body.pointer("/properties/networkRuleSet/ipRules").and_then(Value::as_array);
    let count = rules.map_or(0, Vec::len);
    if count >= MAX_RULES {
        return Err(UserError::new(format!(
            "'{name}' has {count} rules for addresses, as many as it may have."
        ))
        .hint(format!("To see them: az-acr network-rule list -n {name}"))
        .about(Code::Refused));
    }
    let protocol = body.pointer("/properties/endpointProtocol").and_then(Value::as_str);
    if address.is_ipv6() && protocol != Some("IPv4AndIPv6") {
        let message =
            format!("'{name}' sees this machine as {address}, and takes rules for IPv4 only.");
        return Err(UserError::new(message).about(Code::Refused));
    }
    Ok(())
}
