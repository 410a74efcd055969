//! Allow-lists for firewalls: the hosts that clients of registries need, in the language of the firewall.
//!
//! Pure: an allow-list in, text out. A format is one module with a [`Format`], and a row in [`FORMATS`].

mod address_range;
pub mod audit;
mod aws_network_firewall;
mod azure_firewall;
mod bicep;
mod calico;
mod cilium;
mod dns;
mod dnsmasq;
mod document;
mod envoy;
mod fortigate;
mod haproxy;
mod host_set;
mod iptables;
mod istio;
mod json;
mod kubernetes;
mod lanes;
mod language;
mod list;
mod name_pattern;
mod nftables;
mod no_proxy;
mod pac;
mod paloalto;
pub mod policy;
mod posix_regex;
mod rpz;
mod server_address;
mod source;
mod squid;
mod strangers;
mod suricata;
mod terraform;
mod unbound;
mod unjudged;

pub use language::{JUDGED, Language};
pub use nftables::NftTable;
pub use source::SourceAddress;
pub use unjudged::names_any;

use crate::domain::{Endpoint, Endpoints, Fqdn, HostPattern, Role};
use std::collections::HashMap;

/// The hosts of one registry, or of Azure itself, under a title that every format can show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The login server, or `azure-management`.
    pub title: Fqdn,
    /// The hosts, by role and name.
    pub endpoints: Vec<Endpoint>,
    /// Hosts that may be needed as well: nobody has said. They are not written into rules.
    pub possible: Vec<Endpoint>,
}

/// What a firewall must allow on port 443/TCP.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowList {
    /// Registries in the order in which they were named.
    pub groups: Vec<Group>,
    /// Service tags, for firewalls that know them.
    pub tags: Vec<ServiceTag>,
}

/// A set of addresses that Azure's own firewalls know by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceTag {
    /// The name.
    pub name: &'static str,
    /// The ports over TCP.
    pub ports: &'static [u16],
}

/// Options of the formats. Each format uses some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderOptions {
    /// The addresses that the rules apply to.
    pub sources: Vec<SourceAddress>,
    /// Priority of the rule collection group, 100 to 65000.
    pub priority: u32,
    /// The table that holds the sets of addresses.
    pub table: NftTable,
    /// Whether the rules also refuse all other web traffic.
    pub lockdown: bool,
    /// Whose file a value of NO_PROXY becomes; `None` for the value alone.
    pub client: Option<ProxyClient>,
}

/// A program with a file in which NO_PROXY is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyClient {
    /// Azure Kubernetes Service: `--http-proxy-config`.
    Aks,
    /// A drop-in of a systemd unit.
    Systemd,
    /// OpenShift's cluster-wide proxy.
    Openshift,
    /// Docker's `config.json`.
    Docker,
}

impl ProxyClient {
    /// The names that `--as` takes.
    pub const ALL: [(&str, Self); 4] = [
        ("aks", Self::Aks),
        ("systemd", Self::Systemd),
        ("openshift", Self::Openshift),
        ("docker", Self::Docker),
    ];
}

/// An option that only some formats can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatOption {
    /// `--source`.
    Source,
    /// `--priority`.
    Priority,
    /// `--table`.
    Table,
    /// `--lockdown`.
    Lockdown,
    /// `--as`.
    As,
    /// Service tags, which `--include tasks-pool` needs.
    ServiceTags,
}

/// A firewall's language.
pub trait Format: Sync {
    /// The name that `--format` takes.
    fn name(&self) -> &'static str;
    /// What is written, in a few words.
    fn about(&self) -> &'static str;
    /// Whether the format can use an option.
    fn accepts(&self, _option: FormatOption) -> bool {
        false
    }
    /// The rules as text. The same list always gives the same text.
    fn render(&self, list: &AllowList, options: &RenderOptions) -> String;
}

/// All formats, in the order in which help shows them.
pub const FORMATS: [&dyn Format; 18] = [
    &list::List,
    &json::Json,
    &squid::Squid,
    &dnsmasq::Dnsmasq,
    &nftables::Nftables,
    &iptables::Iptables,
    &rpz::Rpz,
    &suricata::Suricata,
    &azure_firewall::AzureFirewall,
    &terraform::Terraform,
    &bicep::Bicep,
    &aws_network_firewall::AwsNetworkFirewall,
    &paloalto::PaloAlto,
    &fortigate::FortiGate,
    &cilium::Cilium,
    &calico::Calico,
    &istio::Istio,
    &no_proxy::NoProxy,
];

impl Group {
    /// The hosts of a registry.
    pub fn of_registry(registry: &Endpoints) -> Self {
        let of_all_regions = |mut endpoint: Endpoint| {
            // The wildcard serves every region, and is one rule.
            if endpoint.role == Role::Storage {
                endpoint.region = None;
            }
            endpoint
        };
        let mut endpoints: Vec<Endpoint> = registry.iter().map(of_all_regions).collect();
        endpoints.sort_by(|a, b| (a.role, &a.host).cmp(&(b.role, &b.host)));
        endpoints.dedup_by(|a, b| a.host == b.host);
        Self { title: registry.login_server.clone(), endpoints, possible: registry.possible() }
    }

    /// Hosts of something that is no registry.
    pub fn of_hosts(title: Fqdn, role: Role, hosts: Vec<HostPattern>) -> Self {
        let endpoint = |host| Endpoint { host, role, region: None };
        let mut endpoints: Vec<Endpoint> = hosts.into_iter().map(endpoint).collect();
        endpoints.sort_by(|a, b| a.host.cmp(&b.host));
        endpoints.dedup_by(|a, b| a.host == b.host);
        Self { title, endpoints, possible: Vec::new() }
    }

    /// The first label of the title: a name for rules.
    fn label(&self) -> &str {
        self.title.split_label().0
    }
}

impl AllowList {
    /// Every host once, in order. Registries share the storage wildcard.
    fn endpoints(&self) -> Vec<&Endpoint> {
        let mut seen = std::collections::HashSet::new();
        let endpoints = self.groups.iter().flat_map(|group| &group.endpoints);
        endpoints.filter(|endpoint| seen.insert(&endpoint.host)).collect()
    }

    /// The registries that need each host or wildcard, by its text.
    fn registries(&self) -> HashMap<String, Vec<String>> {
        let mut registries: HashMap<String, Vec<String>> = HashMap::new();
        for group in &self.groups {
            for endpoint in &group.endpoints {
                let needed_by = registries.entry(endpoint.host.to_string()).or_default();
                needed_by.push(group.title.to_string());
            }
        }
        registries
    }

    /// The hosts that are needed by name.
    pub fn hosts(&self) -> impl Iterator<Item = &Fqdn> {
        self.endpoints().into_iter().filter_map(|endpoint| match &endpoint.host {
            HostPattern::Exact(host) => Some(host),
            HostPattern::Below(_) => None,
        })
    }

    /// Comment lines that name what the rules are for, each after `mark`.
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

/// A list that the tests of the formats share: a registry in two regions, and one without data endpoints.
#[cfg(test)]
fn example() -> (AllowList, RenderOptions) {
    let login_server = Fqdn::parse("contoso.azurecr.io").unwrap();
    let contoso = Endpoints::planned(&login_server, ["westus", "eastus"], false).unwrap();
    let tailspin = Endpoints {
        login_server: Fqdn::parse("tailspin.azurecr.io").unwrap(),
        data: vec![Endpoint::storage_wildcard("westus2", "core.windows.net").unwrap()],
        regional: crate::domain::Regional::Off,
    };
    let groups = [contoso, tailspin].iter().map(Group::of_registry).collect();
    let sources = vec!["10.0.0.0/8".parse().unwrap()];
    let table = NftTable::default();
    (
        AllowList { groups, tags: Vec::new() },
        RenderOptions { sources, priority: 500, table, lockdown: false, client: None },
    )
}
