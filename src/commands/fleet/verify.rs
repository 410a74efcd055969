//! `--verify`: asks Azure Resource Manager about each registry, side by side, and compares.

use crate::arm::{ArmClient, ArmError, Lock, Registry, RegistryPath, Replication, ResourceRow};
use crate::fleet::{Coverage, FleetRegistry, NextStep, Source};
use futures::StreamExt as _;
use std::collections::HashMap;

/// How many registries are asked about at the same time.
const CONCURRENT: usize = 8;
const WRITE: &str = "Microsoft.ContainerRegistry/registries/write";

/// Asks Azure Resource Manager.
pub(super) struct Verifier<'a> {
    arm: &'a ArmClient,
    source: Source,
    /// The locks of each subscription; `None` if they could not be read.
    locks: HashMap<String, Option<Vec<Lock>>>,
}

/// What Azure Resource Manager says about one registry.
enum Verified {
    Found(Box<FleetRegistry>),
    /// The registry with this id was deleted, and Resource Graph does not know yet.
    Gone(String),
    Unknown(Box<FleetRegistry>, String),
}

impl<'a> Verifier<'a> {
    pub(super) fn new(arm: &'a ArmClient, source: Source) -> Self {
        Self { arm, source, locks: HashMap::new() }
    }

    /// Replaces what Resource Graph says by what Azure Resource Manager says. Registries that no longer exist go.
    pub(super) async fn verify(
        &mut self,
        registries: Vec<FleetRegistry>,
        coverage: &mut Coverage,
    ) -> Vec<FleetRegistry> {
        self.read_locks(&registries).await;
        let this = &*self;
        let answers = registries.into_iter().map(|registry| this.ask(registry));
        let answers: Vec<Verified> =
            futures::stream::iter(answers).buffered(CONCURRENT).collect().await;
        let mut verified = Vec::new();
        for answer in answers {
            match answer {
                Verified::Found(registry) => verified.push(*registry),
                Verified::Gone(id) => coverage.deleted.push(id),
                Verified::Unknown(registry, reason) => {
                    coverage.unverified.push((registry.id.clone(), reason));
                    verified.push(*registry);
                }
            }
        }
        verified
    }

    /// Reads the locks of subscriptions that are new, all at once.
    async fn read_locks(&mut self, registries: &[FleetRegistry]) {
        let mut new: Vec<&str> = registries.iter().map(|r| r.subscription_id.as_str()).collect();
        new.sort_unstable();
        new.dedup();
        new.retain(|id| !self.locks.contains_key(*id));
        let arm = self.arm;
        let requests = new.into_iter().map(async |id: &str| {
            let locks = arm.list_locks(id).await;
            (id.to_owned(), locks.ok())
        });
        let read: Vec<_> = futures::stream::iter(requests).buffered(CONCURRENT).collect().await;
        self.locks.extend(read);
    }

    async fn ask(&self, graph: FleetRegistry) -> Verified {
        let of = RegistryPath {
            subscription: &graph.subscription_id,
            resource_group: &graph.resource_group,
            registry: &graph.name,
        };
        let read = tokio::join!(self.arm.get_registry(of), self.arm.list_replications(of));
        let (registry, replications) = match read {
            (Ok(registry), Ok(replications)) => (registry, replications),
            (Err(error), _) if is_gone(&error) => return Verified::Gone(graph.id),
            (Err(error), _) | (_, Err(error)) => {
                return Verified::Unknown(Box::new(graph), first_line(&error));
            }
        };
        let replicas: Vec<Option<String>> =
            replications.into_iter().map(|Replication { location, .. }| location).collect();
        let mut arm = FleetRegistry::new(row(&graph, registry), &replicas, &self.source);
        if matches!(arm.next_step(), Some(NextStep::Switch | NextStep::UpgradeToPremium)) {
            arm.immutable = self.is_immutable(of, &arm.id).await;
        }
        // From now on, an unknown right is one that could not be read.
        arm.differences = Some(graph.differences(&arm));
        Verified::Found(Box::new(arm))
    }

    /// Whether the caller cannot change a registry; `None` if that could not be read.
    async fn is_immutable(&self, of: RegistryPath<'_>, id: &str) -> Option<bool> {
        let locks = self.locks.get(of.subscription)?.as_ref();
        if locks.is_some_and(|locks| locks.iter().any(|lock| lock.forbids_changes(id))) {
            return Some(true);
        }
        let permissions = self.arm.get_permissions(of).await.ok()?;
        if !permissions.allow(WRITE) {
            return Some(true);
        }
        locks.map(|_| false)
    }
}

/// A registry of Azure Resource Manager as a row of Resource Graph.
fn row(graph: &FleetRegistry, registry: Registry) -> ResourceRow {
    let properties = registry.properties.unwrap_or_default();
    ResourceRow {
        id: graph.id.clone(),
        name: graph.name.clone(),
        r#type: registry.r#type.unwrap_or_default(),
        subscription_id: graph.subscription_id.clone(),
        resource_group: graph.resource_group.clone(),
        location: registry.location,
        tags: registry.tags,
        sku: registry.sku.and_then(|sku| sku.name),
        login_server: properties.login_server,
        data_endpoint_enabled: properties.data_endpoint_enabled,
        data_endpoint_host_names: properties.data_endpoint_host_names,
        regional_endpoints: properties.regional_endpoints,
        regional_endpoint_host_names: properties.regional_endpoint_host_names,
        public_network_access: properties.public_network_access,
        default_action: properties.network_rule_set.and_then(|rules| rules.default_action),
        export_policy: properties.policies.and_then(|p| p.export_policy).and_then(|p| p.status),
        anonymous_pull_enabled: properties.anonymous_pull_enabled,
    }
}

/// Whether the registry or its group does not exist. A subscription that is not found may be one without access.
fn is_gone(error: &ArmError) -> bool {
    matches!(error, ArmError::Service { status: 404, error }
        if error.has_code("ResourceNotFound") || error.has_code("ResourceGroupNotFound"))
}

fn first_line(error: &ArmError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
