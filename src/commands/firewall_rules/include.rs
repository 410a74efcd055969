//! `firewall-rules --include`: what clients and services need besides a registry's own endpoints.

use crate::domain::{Fqdn, HostPattern, Role};
use crate::error::UserError;
use crate::firewall::{AllowList, Group, ServiceTag};
use crate::session::Session;
use anyhow::Result;
use azure_core::http::Url;
use clap::ValueEnum;

/// What else needs hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Include {
    /// Microsoft's own registry of images.
    Mcr,
    /// An agent pool of ACR Tasks in a virtual network.
    TasksPool,
    /// A connected registry at the edge.
    ConnectedRegistry,
    /// A login to Azure, as for `az acr login`.
    AzureLogin,
}

/// The service tags of an agent pool (Microsoft Learn, "Run tasks with a dedicated pool": firewall rules).
const TASKS_POOL: [ServiceTag; 5] = [
    ServiceTag { name: "AzureKeyVault", ports: &[443] },
    ServiceTag { name: "Storage", ports: &[443] },
    ServiceTag { name: "EventHub", ports: &[443] },
    ServiceTag { name: "AzureActiveDirectory", ports: &[443] },
    ServiceTag { name: "AzureMonitor", ports: &[443, 12000] },
];

/// Adds what is needed to the list.
///
/// # Errors
/// A registry does not have what is needed, or a host of the cloud is not valid.
pub(super) fn add(
    includes: impl Iterator<Item = Include>,
    list: &mut AllowList,
    session: &Session,
) -> Result<()> {
    let mut done = Vec::new();
    for include in includes {
        if done.contains(&include) {
            continue;
        }
        done.push(include);
        match include {
            Include::Mcr => list.groups.push(mcr(session)?),
            Include::TasksPool => list.tags.extend(TASKS_POOL),
            Include::ConnectedRegistry => require_data_endpoints(list)?,
            Include::AzureLogin => list.groups.push(azure_login(session)?),
        }
    }
    Ok(())
}

/// Microsoft's own registry and its data endpoints (microsoft/containerregistry, "Client firewall rules").
fn mcr(session: &Session) -> Result<Group> {
    let hosts = match session.cloud()?.name.as_str() {
        "AzureChinaCloud" => vec![HostPattern::from(Fqdn::parse("mcr.azure.cn")?)],
        _ => vec![
            HostPattern::from(Fqdn::parse("mcr.microsoft.com")?),
            HostPattern::Below(Fqdn::parse("data.mcr.microsoft.com")?),
        ],
    };
    Ok(Group::of_hosts(Fqdn::parse("mcr")?, Role::Other, hosts))
}

fn azure_login(session: &Session) -> Result<Group> {
    let cloud = session.cloud()?;
    let host = |url: &str| {
        let url = Url::parse(url).ok();
        url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    };
    let hosts = [host(&cloud.resource_manager), host(&cloud.active_directory)];
    let hosts =
        hosts.iter().map(|host| Ok(Fqdn::parse(host)?.into())).collect::<Result<Vec<_>>>()?;
    Ok(Group::of_hosts(Fqdn::parse("azure-management")?, Role::Management, hosts))
}

/// A connected registry synchronises through dedicated data endpoints (Microsoft Learn, "What is a connected registry?").
fn require_data_endpoints(list: &AllowList) -> Result<(), UserError> {
    let uses_storage = |group: &&Group| group.endpoints.iter().any(|e| e.role == Role::Storage);
    match list.groups.iter().find(uses_storage) {
        None => Ok(()),
        Some(group) => {
            let message = format!(
                "argument --include connected-registry: {} has no dedicated data endpoints, which connected \
                 registries need.",
                group.title
            );
            Err(UserError::usage(message).hint("--planned plans for the time after the switch."))
        }
    }
}
