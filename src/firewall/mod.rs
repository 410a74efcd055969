//! Allow-lists for firewalls: what clients of a registry must reach, in the language of the firewall.
//!
//! Pure: rules in, text out. A format is a file with a [`Format`], and a row in [`FORMATS`].

mod azure_firewall;
mod cilium;
mod dnsmasq;
pub mod drift;
mod fqdn;
mod json;
mod list;
mod nftables;
mod squid;
mod terraform;

pub use fqdn::{Fqdn, FqdnError};

use crate::endpoints::{Endpoint, Endpoints};
use serde::Serialize;

/// What a host is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The global login server: authentication, manifests.
    Login,
    /// The login server of one region.
    Regional,
    /// A dedicated data endpoint: layers.
    Data,
    /// Any storage account of the cloud: layers, as long as there are no dedicated data endpoints.
    Storage,
    /// Azure Resource Manager and Entra, for machines that also log in to Azure.
    Management,
}

/// A host that clients must reach on port 443/TCP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Host {
    /// The name, or a wildcard.
    pub fqdn: Fqdn,
    /// What for.
    pub kind: Kind,
    /// The region, where it has one.
    pub region: Option<String>,
}

/// The hosts of one registry (or of the cloud's management), under a name that every format can show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The login server, or `azure-management`.
    pub title: Fqdn,
    /// The hosts: login server first, then by kind and name.
    pub hosts: Vec<Host>,
}

/// What to allow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// Registries in the order in which they were named.
    pub groups: Vec<Group>,
}

/// What the formats for Azure Firewall can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Addresses that the rules are for: `*`, addresses, ranges.
    pub sources: Vec<String>,
    /// Priority of the rule collection group, 100 to 65000.
    pub priority: u32,
}

/// A firewall's language.
pub trait Format: Sync {
    /// The name that `--format` takes.
    fn name(&self) -> &'static str;
    /// The rules as text. The same rules give the same text at any time.
    fn render(&self, rules: &Rules, options: &Options) -> String;
}

/// All formats, in the order in which help shows them.
pub const FORMATS: [&dyn Format; 8] = [
    &list::List,
    &json::Json,
    &squid::Squid,
    &dnsmasq::Dnsmasq,
    &nftables::Nftables,
    &azure_firewall::AzureFirewall,
    &terraform::Terraform,
    &cilium::Cilium,
];

impl Group {
    /// The hosts of a registry.
    ///
    /// # Errors
    /// [`FqdnError`] when a name holds characters that a rule file could mistake for something else.
    pub fn of_registry(endpoints: &Endpoints) -> Result<Self, FqdnError> {
        let title = Fqdn::parse(&endpoints.login_server)?;
        let mut hosts = vec![Host { fqdn: title.clone(), kind: Kind::Login, region: None }];
        let regional = endpoints.regional_endpoints.iter().flatten();
        for (endpoint, kind) in regional
            .map(|endpoint| (endpoint, Kind::Regional))
            .chain(endpoints.data_endpoints.iter().map(|endpoint| (endpoint, data_kind(endpoint))))
        {
            let fqdn = Fqdn::parse(&endpoint.endpoint)?;
            // The wildcard stands for every region, and is one rule.
            let region = (kind != Kind::Storage).then(|| endpoint.region.clone());
            hosts.push(Host { fqdn, kind, region });
        }
        hosts.sort_by(|a, b| (a.kind, &a.fqdn).cmp(&(b.kind, &b.fqdn)));
        hosts.dedup_by(|a, b| a.fqdn == b.fqdn);
        Ok(Self { title, hosts })
    }

    /// The hosts that a login to Azure needs.
    ///
    /// # Errors
    /// [`FqdnError`] when a cloud's endpoint is no host name.
    pub fn of_management(hosts: &[&str]) -> Result<Self, FqdnError> {
        let host = |name: &&str| {
            Ok(Host { fqdn: Fqdn::parse(name)?, kind: Kind::Management, region: None })
        };
        let mut hosts = hosts.iter().map(host).collect::<Result<Vec<_>, FqdnError>>()?;
        hosts.sort_by(|a, b| a.fqdn.cmp(&b.fqdn));
        hosts.dedup_by(|a, b| a.fqdn == b.fqdn);
        Ok(Self { title: Fqdn::parse("azure-management")?, hosts })
    }

    /// The first label of the title: a name for rules.
    fn label(&self) -> &str {
        self.title.as_str().split('.').next().unwrap_or_default()
    }
}

fn data_kind(endpoint: &Endpoint) -> Kind {
    if endpoint.endpoint.starts_with("*.") { Kind::Storage } else { Kind::Data }
}

impl Rules {
    /// Every host once, in order; a second registry's storage wildcard is the first one's.
    fn hosts(&self) -> Vec<&Host> {
        let mut seen = std::collections::HashSet::new();
        let hosts = self.groups.iter().flat_map(|group| &group.hosts);
        hosts.filter(|host| seen.insert(&host.fqdn)).collect()
    }

    /// Lines that name what the rules are for, each behind `mark`.
    fn header(&self, mark: &str) -> String {
        let mut header = format!(
            "{mark} Hosts that clients of Azure container registries need, port 443/TCP:\n"
        );
        for group in &self.groups {
            header.push_str(mark);
            header.push_str("   ");
            header.push_str(group.title.as_str());
            header.push('\n');
        }
        header.push_str(mark);
        header.push_str(" Written by az-acr firewall-rules.\n");
        header
    }
}

/// Rules that the tests of the formats share: a registry in two regions, and one without data endpoints.
#[cfg(test)]
fn example() -> (Rules, Options) {
    let contoso = Endpoints::planned("contoso.azurecr.io", ["westus", "eastus"], false).unwrap();
    let old = Endpoints {
        login_server: "tailspin.azurecr.io".to_owned(),
        data_endpoints: vec![Endpoint::storage_wildcard("westus2", "core.windows.net")],
        regional_endpoints: None,
    };
    let groups = [contoso, old].map(|endpoints| Group::of_registry(&endpoints).unwrap());
    (
        Rules { groups: groups.into() },
        Options { sources: vec!["10.0.0.0/8".to_owned()], priority: 500 },
    )
}
