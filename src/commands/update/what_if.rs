//! `update --what-if`: shows what an update would change, and why the service would reject it.
//!
//! The rules between settings are the service's own, as far as they are known; `blocked` lists the violations.

use crate::arm::{
    ArmClient, ArmError, EnabledState, Given, NetworkRuleSetUpdate, PrivateEndpointConnection,
    Registry, RegistryPath, RegistryUpdateParameters, Replication, SkuName, typed,
};
use crate::commands::Answer;
use crate::commands::annotations::{self, Severity};
use crate::commands::endpoint_source::registry_and_replications;
use crate::domain::{Endpoint, Endpoints, Fqdn, RegistryName};
use crate::error::{CHANGES, FAILURE, OK};
use crate::locate::locate;
use crate::message::Code;
use crate::output::Outcome;
use crate::session::Session;
use crate::views::what_if::{self, Change, NotChecked, Plan, PrivateEndpoint};
use anyhow::{Context as _, Result};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const WRITE: &str = "Microsoft.ContainerRegistry/registries/write";

/// Shows what an update would do. The exit code is 1 if the service would reject it.
///
/// # Arguments
/// * `detailed_exitcode` - whether the exit code is 2 if something would change.
///
/// # Errors
/// Fails if the registry does not exist, or ARM refuses to return it.
pub(super) async fn run(
    name: &RegistryName,
    group: Option<&str>,
    parameters: &RegistryUpdateParameters,
    detailed_exitcode: bool,
    session: &Session,
) -> Result<Answer> {
    let location = locate(name, group, session).await?;
    let arm = session.arm().await?;
    let path = location.path();
    let (read, rights, locks) = tokio::join!(
        registry_and_replications(&location, session),
        rights(arm, path),
        arm.list_locks(path.subscription)
    );
    let (registry, replications) = read?;
    let suffix = session.cloud()?.storage_suffix.clone().unwrap_or_default();
    let mut plan = plan(&registry, &replications, parameters, &suffix)?;
    match rights {
        Ok(true) => {}
        Ok(false) => {
            plan.blocked.push(format!("This login is not allowed to change the registry: {WRITE}"));
        }
        Err(error) => {
            plan.not_checked
                .push(unread("whether this login is allowed to change the registry", &error));
        }
    }
    match locks {
        Ok(locks) => {
            let id = path.id();
            let forbidding = locks.iter().filter(|lock| lock.forbids_changes(&id));
            plan.blocked.extend(forbidding.map(|lock| format!("A lock forbids it: {}", lock.id())));
        }
        Err(error) => {
            plan.not_checked.push(unread("whether a lock forbids changes to the registry", &error));
        }
    }
    if plan.changes.is_empty() {
        session.streams.note(
            Code::Summary,
            "The update changes nothing: the registry already has these settings.",
        );
    }
    for reason in &plan.blocked {
        annotations::write(Severity::Error, None, reason, &session.env, &session.streams);
    }
    let exit_code = match (plan.blocked.is_empty(), plan.changes.is_empty()) {
        (false, _) => FAILURE,
        (true, false) if detailed_exitcode => CHANGES,
        (true, _) => OK,
    };
    let value = serde_json::to_value(&plan).context("a plan is plain JSON")?;
    let outcome = Outcome::new(value).with_exit_code(exit_code);
    Ok(Answer::Value(outcome.with_table(move || what_if::rows(&plan))))
}

/// What could not be checked because ARM refused to say.
fn unread(what: &str, error: &ArmError) -> NotChecked {
    let why = error.to_string().lines().next().unwrap_or_default().to_owned();
    NotChecked { what: what.to_owned(), why }
}

async fn rights(arm: &ArmClient, registry: RegistryPath<'_>) -> Result<bool, ArmError> {
    Ok(arm.get_permissions(registry).await?.allow(WRITE))
}

/// The plan for an update.
///
/// # Arguments
/// * `registry` - its current state.
/// * `replications` - its replications.
/// * `parameters` - the body of the PATCH that would be sent.
/// * `storage_suffix` - the cloud's suffix, for the wildcard that clients use without dedicated data endpoints.
fn plan(
    registry: &Registry,
    replications: &[Replication],
    parameters: &RegistryUpdateParameters,
    storage_suffix: &str,
) -> Result<Plan> {
    let before = Settings::of(registry);
    let after = before.after(parameters);
    let properties = registry.properties.clone().unwrap_or_default();
    let login_server = Fqdn::parse(properties.login_server.as_deref().unwrap_or_default())?;
    let home = registry.location.as_deref();
    let replicas = replications.iter().filter_map(|replication| replication.location.as_deref());
    let regions: BTreeSet<&str> = replicas.chain(home).collect();
    let old = before.endpoints(&login_server, &regions, storage_suffix)?;
    let new = after.endpoints(&login_server, &regions, storage_suffix)?;
    let difference = |a: &[Endpoint], b: &[Endpoint]| {
        a.iter().filter(|endpoint| !b.contains(endpoint)).cloned().collect::<Vec<_>>()
    };
    let connections = properties.private_endpoint_connections.unwrap_or_default();
    let private_endpoints = private_endpoints(&before, &after, &connections, &regions);
    let mut not_checked = not_checked(&private_endpoints);
    if after.exports_disabled && !before.exports_disabled && after.public_access {
        not_checked.push(NotChecked {
            what: "whether exports can be disabled while public network access is on".to_owned(),
            why: "Microsoft's policy for it (524b0254) says that they cannot: --public-network-enabled false".to_owned(),
        });
    }
    let replicated = regions.len() > 1;
    Ok(Plan {
        registry: registry.name.clone(),
        changes: changes(registry, parameters)?,
        added: difference(&new, &old),
        removed: difference(&old, &new),
        not_checked,
        private_endpoints,
        warnings: after.warnings(&before),
        blocked: after.blocked(replicated),
    })
}

/// The settings that the service's rules depend on.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
struct Settings {
    sku: SkuName,
    data_endpoints: bool,
    regional_endpoints: bool,
    dual_stack: bool,
    content_trust: bool,
    anonymous_pull: bool,
    exports_disabled: bool,
    public_access: bool,
    denies_by_default: bool,
    ip_rules: usize,
    subnet_rules: usize,
}

impl Settings {
    fn of(registry: &Registry) -> Self {
        let properties = registry.properties.clone().unwrap_or_default();
        let rules = properties.network_rule_set.unwrap_or_default();
        let sku = registry.sku.as_ref().and_then(|sku| sku.name.clone());
        let policies = properties.policies.unwrap_or_default();
        let status_is =
            |status: Option<String>, wanted: &str| status.is_some_and(|s| is(&s, wanted));
        let trust = policies.trust_policy.and_then(|policy| policy.status);
        let exports = policies.export_policy.and_then(|policy| policy.status);
        Self {
            sku: sku.unwrap_or(SkuName::UnknownValue(String::new())),
            data_endpoints: properties.data_endpoint_enabled == Some(true),
            regional_endpoints: properties.regional_endpoints == Some(EnabledState::Enabled),
            dual_stack: properties.endpoint_protocol.is_some_and(|p| is(&p, "IPv4AndIPv6")),
            content_trust: status_is(trust, "enabled"),
            exports_disabled: status_is(exports, "disabled"),
            anonymous_pull: properties.anonymous_pull_enabled == Some(true),
            public_access: properties.public_network_access != Some(EnabledState::Disabled),
            denies_by_default: rules.default_action.is_some_and(|action| is(&action, "Deny")),
            ip_rules: rules.ip_rules.map_or(0, |rules| rules.len()),
            subnet_rules: rules.virtual_network_rules.map_or(0, |rules| rules.len()),
        }
    }

    fn after(&self, parameters: &RegistryUpdateParameters) -> Self {
        let mut after = self.clone();
        if let Some(sku) = typed(parameters.sku.as_ref()).and_then(|sku| typed(sku.name.as_ref())) {
            after.sku = sku.clone();
        }
        let Some(properties) = parameters.properties() else { return after };
        let set = |target: &mut bool, value: Option<bool>| *target = value.unwrap_or(*target);
        let flag = |value: &Option<Given<bool>>| typed(value.as_ref()).copied();
        let state = |value: &Option<Given<EnabledState>>| {
            typed(value.as_ref()).map(|state| is(&String::from(state.clone()), "Enabled"))
        };
        let text = |value: &Option<Given<String>>, wanted: &str| {
            typed(value.as_ref()).map(|text| is(text, wanted))
        };
        set(&mut after.data_endpoints, flag(&properties.data_endpoint_enabled));
        set(&mut after.anonymous_pull, flag(&properties.anonymous_pull_enabled));
        set(&mut after.regional_endpoints, state(&properties.regional_endpoints));
        set(&mut after.public_access, state(&properties.public_network_access));
        set(&mut after.dual_stack, text(&properties.endpoint_protocol, "IPv4AndIPv6"));
        if let Some(policies) = typed(properties.policies.as_ref()) {
            if let Some(trust) = typed(policies.trust_policy.as_ref()) {
                set(&mut after.content_trust, text(&trust.status, "enabled"));
            }
            if let Some(exports) = typed(policies.export_policy.as_ref()) {
                set(&mut after.exports_disabled, text(&exports.status, "disabled"));
            }
        }
        if let Some(rules) = typed(properties.network_rule_set.as_ref()) {
            after.set_network_rules(rules);
        }
        after
    }

    fn set_network_rules(&mut self, rules: &NetworkRuleSetUpdate) {
        if let Some(action) = typed(rules.default_action.as_ref()) {
            self.denies_by_default = is(action, "Deny");
        }
        if let Some(rules) = typed(rules.ip_rules.as_ref()) {
            self.ip_rules = rules.len();
        }
        if let Some(rules) = typed(rules.virtual_network_rules.as_ref()) {
            self.subnet_rules = rules.len();
        }
    }

    /// The regional and data endpoints of these settings.
    fn endpoints(
        &self,
        login_server: &Fqdn,
        regions: &BTreeSet<&str>,
        storage_suffix: &str,
    ) -> Result<Vec<Endpoint>> {
        let regions = || regions.iter().copied();
        let planned = Endpoints::planned(login_server, regions(), self.regional_endpoints)?;
        let wildcard = |region| Endpoint::storage_wildcard(region, storage_suffix);
        let data = if self.data_endpoints {
            planned.data
        } else {
            regions().map(wildcard).collect::<Result<_, _>>()?
        };
        Ok(data.into_iter().chain(planned.regional.hosts().to_vec()).collect())
    }

    /// Why the service would reject the update.
    fn blocked(&self, replicated: bool) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.sku != SkuName::Premium {
            let sku = String::from(self.sku.clone());
            for (on, feature) in [
                (self.data_endpoints, "Dedicated data endpoints need"),
                (self.regional_endpoints, "Regional endpoints need"),
                (self.denies_by_default, "The default action Deny needs"),
                (self.ip_rules > 0, "IP rules need"),
                (self.subnet_rules > 0, "Subnet rules need"),
                (!self.public_access, "Disabled public network access needs"),
                (replicated, "Replicas need"),
            ] {
                if on {
                    reasons.push(format!("{feature} the Premium SKU, not {sku}: --sku Premium"));
                }
            }
        }
        if self.sku == SkuName::Basic && self.anonymous_pull {
            reasons.push("Anonymous pulls need the Standard or Premium SKU".to_owned());
        }
        if self.dual_stack && !self.data_endpoints {
            reasons.push(
                "IPv4AndIPv6 needs dedicated data endpoints: --data-endpoint-enabled".to_owned(),
            );
        }
        if self.regional_endpoints && self.content_trust {
            reasons.push("Regional endpoints and content trust cannot be used together".to_owned());
        }
        reasons
    }

    /// What else the user should know. Source: Microsoft Learn, "IPv6 dual stack" of Azure Container Registry.
    fn warnings(&self, before: &Self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.dual_stack && !before.dual_stack {
            warnings.push(
                "ACR Tasks do not support IPv4AndIPv6: this registry's tasks will stop working"
                    .to_owned(),
            );
            warnings.push(
                "IPv4AndIPv6 applies to public endpoints, not to private endpoints".to_owned(),
            );
        }
        warnings
    }
}

fn is(text: &str, wanted: &str) -> bool {
    text.eq_ignore_ascii_case(wanted)
}

/// The members that each private endpoint gains. Each member uses an address in the endpoint's subnet.
///
/// A private endpoint has the members `registry` and `registry_data_<region>` from the start: creating it enables
/// dedicated data endpoints. Regional endpoints add `registry_<region>`.
fn private_endpoints(
    before: &Settings,
    after: &Settings,
    connections: &[PrivateEndpointConnection],
    regions: &BTreeSet<&str>,
) -> Vec<PrivateEndpoint> {
    if before.regional_endpoints || !after.regional_endpoints {
        return Vec::new();
    }
    let members: Vec<String> = regions.iter().map(|region| format!("registry_{region}")).collect();
    connections
        .iter()
        .map(|connection| {
            let properties = connection.properties.as_ref();
            let id = properties
                .and_then(|p| p.private_endpoint.as_ref())
                .and_then(|endpoint| endpoint.id.clone());
            PrivateEndpoint {
                connection: connection.name.clone(),
                id,
                addresses: members.len(),
                members: members.clone(),
            }
        })
        .collect()
}

/// What depends on Microsoft.Network, which this command does not read.
fn not_checked(private_endpoints: &[PrivateEndpoint]) -> Vec<NotChecked> {
    let of_endpoint = |endpoint: &PrivateEndpoint| {
        NotChecked {
        what: format!(
            "whether the subnet of {} has {} free addresses, and whether its addresses are dynamic",
            endpoint.id.as_deref().unwrap_or("a private endpoint"),
            endpoint.addresses
        ),
        why: "subnets and network interfaces belong to Microsoft.Network; a private endpoint with static addresses \
              never gets the new members"
            .to_owned(),
    }
    };
    private_endpoints.iter().map(of_endpoint).collect()
}

/// Properties that the update would change, with their values before and after.
fn changes(registry: &Registry, parameters: &RegistryUpdateParameters) -> Result<Vec<Change>> {
    let current = serde_json::to_value(registry).context("a registry is plain JSON")?;
    let body = serde_json::to_value(parameters).context("parameters are plain JSON")?;
    let mut changes = Vec::new();
    for (name, after) in body.as_object().unwrap_or(&Map::new()) {
        collect(name, &current[name], after, &mut changes);
    }
    Ok(changes)
}

fn collect(path: &str, before: &Value, after: &Value, changes: &mut Vec<Change>) {
    match after {
        // Tags are replaced as a whole, other objects member by member.
        Value::Object(members) if path != "tags" => {
            for (name, after) in members {
                // Named as `az` shows it: without `properties`, and with `az`'s spelling of one policy.
                let shown = if name == "azureADAuthenticationAsArmPolicy" {
                    "azureAdAuthenticationAsArmPolicy"
                } else {
                    name
                };
                let path =
                    if path == "properties" { shown.to_owned() } else { format!("{path}.{shown}") };
                collect(&path, before.get(shown).unwrap_or(&Value::Null), after, changes);
            }
        }
        after if before != after => changes.push(Change {
            property: path.to_owned(),
            before: before.clone(),
            after: after.clone(),
        }),
        _ => {}
    }
}
