//! The languages that a check can judge, and how a file's language is recognised.

use super::policy::{Includes, InvalidRules, Policy, RuleFile};
use super::rpz::Reading;
use super::{
    aws_network_firewall, azure_firewall, bicep, calico, cilium, dnsmasq, envoy, fortigate,
    haproxy, iptables, istio, json, list, nftables, no_proxy, pac, paloalto, rpz, squid, suricata,
    terraform, unbound, unjudged,
};

/// A language of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A configuration of Squid.
    Squid,
    /// A host or URL a line.
    List,
    /// What `firewall-rules --format json` writes.
    Json,
    /// A configuration of dnsmasq.
    Dnsmasq,
    /// A configuration of unbound.
    Unbound,
    /// Response policy zones.
    Rpz(Reading),
    /// Rules of nftables, with the configuration of the dnsmasq that fills their sets.
    Nftables,
    /// What `iptables-save` and `ipset save` print, with the configuration of the dnsmasq that fills the sets.
    Iptables,
    /// Rules of Suricata.
    Suricata,
    /// Rule collections of Azure Firewall.
    AzureFirewall,
    /// Terraform's resources for them.
    Terraform,
    /// Network policies of Cilium.
    Cilium,
    /// Network policies of Calico.
    Calico,
    /// Service entries and sidecars of Istio.
    Istio,
    /// Security rules of PAN-OS in `set` format, or a list of URLs for it.
    PaloAlto,
    /// A configuration of FortiOS.
    FortiGate,
    /// Rule groups of AWS Network Firewall.
    AwsNetworkFirewall,
    /// A configuration of HAProxy.
    HaProxy,
    /// A bootstrap file of Envoy.
    Envoy,
    /// A value of NO_PROXY.
    NoProxy,
    /// A proxy auto-config file.
    Pac,
    /// Any other text. Nothing in it is judged.
    Other,
}

/// The languages that can be judged, by the names that `--from` takes.
pub const JUDGED: [(&str, Language); 23] = [
    ("squid", Language::Squid),
    ("list", Language::List),
    ("json", Language::Json),
    ("dnsmasq", Language::Dnsmasq),
    ("nftables", Language::Nftables),
    ("iptables", Language::Iptables),
    ("suricata", Language::Suricata),
    ("azure-firewall", Language::AzureFirewall),
    ("terraform", Language::Terraform),
    ("aws-network-firewall", Language::AwsNetworkFirewall),
    ("paloalto", Language::PaloAlto),
    ("fortigate", Language::FortiGate),
    ("cilium", Language::Cilium),
    ("calico", Language::Calico),
    ("istio", Language::Istio),
    ("haproxy", Language::HaProxy),
    ("envoy", Language::Envoy),
    ("no-proxy", Language::NoProxy),
    ("pac", Language::Pac),
    ("unbound", Language::Unbound),
    ("rpz", Language::Rpz(Reading::Either)),
    ("rpz-unbound", Language::Rpz(Reading::Unbound)),
    ("rpz-bind", Language::Rpz(Reading::Bind)),
];

impl Language {
    /// The name that `--from` takes; `None` for a language that cannot be judged.
    pub fn name(self) -> Option<&'static str> {
        JUDGED.iter().find(|(_, language)| *language == self).map(|(name, _)| *name)
    }

    /// Recognises the language of a file by its content.
    pub fn recognise(text: &str) -> Self {
        let has_squid_rules = || {
            text.lines().any(|line| {
                let first = line.split_whitespace().next();
                matches!(first, Some("http_access" | "acl"))
            })
        };
        if json::is_ours(text) {
            Self::Json
        } else if pac::is_script(text) {
            Self::Pac
        } else if bicep::is_source(text) {
            Self::Other
        } else if unjudged::is_script(text) {
            // A script that only sets variables is read like other files that do.
            if no_proxy::is_plain_script(text) { Self::NoProxy } else { Self::Other }
        } else if terraform::is_rules(text) {
            Self::Terraform
        } else if azure_firewall::is_rules(text) || azure_firewall::is_policy(text) {
            Self::AzureFirewall
        } else if aws_network_firewall::is_group(text) {
            Self::AwsNetworkFirewall
        } else if paloalto::is_config(text) {
            Self::PaloAlto
        } else if fortigate::is_config(text) {
            Self::FortiGate
        } else if haproxy::is_config(text) {
            Self::HaProxy
        } else if envoy::is_config(text) {
            Self::Envoy
        } else if iptables::is_rules(text) {
            Self::Iptables
        } else if nftables::is_rules(text) {
            Self::Nftables
        } else if suricata::is_rules(text) {
            Self::Suricata
        } else if cilium::is_policy(text) {
            Self::Cilium
        } else if calico::is_policy(text) {
            Self::Calico
        } else if istio::is_policy(text) {
            Self::Istio
        } else if has_squid_rules() {
            Self::Squid
        } else if no_proxy::is_setting(text) {
            Self::NoProxy
        } else if list::is_list(text) {
            Self::List
        } else if dnsmasq::is_config(text) {
            Self::Dnsmasq
        } else if unbound::is_config(text) {
            Self::Unbound
        } else if rpz::is_zone(text) {
            Self::Rpz(Reading::Either)
        } else {
            Self::Other
        }
    }

    /// Whether files of two languages make one policy: dnsmasq fills the sets of nftables and of iptables.
    pub fn goes_with(self, other: Self) -> bool {
        self == other || matches!((self, other), (Self::Nftables | Self::Iptables, Self::Dnsmasq))
    }

    /// Reads files as one policy, in order.
    ///
    /// # Arguments
    /// * `is_said` - whether the user names the language.
    ///
    /// # Errors
    /// [`InvalidRules`] if the program would refuse the files.
    pub fn read(
        self,
        files: &[RuleFile],
        includes: &dyn Includes,
        is_said: bool,
    ) -> Result<Box<dyn Policy>, InvalidRules> {
        Ok(match self {
            Self::Squid => Box::new(squid::read(files, includes)?),
            Self::List => Box::new(list::read(files)),
            Self::Json => Box::new(json::read(files)?),
            Self::Dnsmasq => Box::new(dnsmasq::read(files, includes)?),
            Self::Nftables => Box::new(nftables::read(files, includes)?),
            Self::Iptables => Box::new(iptables::read(files, includes)?),
            Self::Suricata => Box::new(suricata::read(files)),
            Self::AzureFirewall => Box::new(azure_firewall::read(files)?),
            Self::Terraform => Box::new(terraform::read(files)?),
            Self::AwsNetworkFirewall => Box::new(aws_network_firewall::read(files)?),
            Self::PaloAlto => Box::new(paloalto::read(files)),
            Self::FortiGate => Box::new(fortigate::read(files)?),
            Self::Cilium => Box::new(cilium::read(files)?),
            Self::Calico => Box::new(calico::read(files)?),
            Self::Istio => Box::new(istio::read(files)?),
            Self::HaProxy => Box::new(haproxy::read(files, includes)?),
            Self::Envoy => Box::new(envoy::read(files)?),
            Self::NoProxy => Box::new(no_proxy::read(files, is_said)?),
            Self::Pac => Box::new(pac::read(files)?),
            Self::Unbound => Box::new(unbound::read(files, includes)?),
            Self::Rpz(reading) => Box::new(rpz::read(files, reading)),
            Self::Other => Box::new(unjudged::read(files)),
        })
    }
}
