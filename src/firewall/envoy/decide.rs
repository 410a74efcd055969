//! Decides where Envoy sends a TLS connection: to the filter chain with the most specific name, else to one without names,
//! else to the default chain; without any, the connection is closed.
//!
//! Source: API reference v3, "FilterChainMatch". `tests/judges/envoy.py` compares the decisions with the program's.

use super::read::{Chain, Listener, Rules, Target};
use crate::firewall::name_pattern::NamePattern;
use crate::firewall::policy::{Decision, Flow, Mentions, Outcome, Policy, Scope, worst};
use crate::firewall::server_address::{all_alike, leads_to};
use std::sync::Arc;

const HTTPS: u16 = 443;

impl Listener {
    /// The chain for a host.
    fn chain(&self, host: &str) -> Option<&Chain> {
        // An exact name, then the longest domain, then a chain for every name; TLS before any protocol.
        let rank = |chain: &Chain| {
            let fitting = chain.names.iter().filter(|pattern| pattern.matches(host));
            let lengths = fitting.map(|pattern| match pattern {
                NamePattern::Exact(_) => usize::MAX,
                NamePattern::Below(domain) => domain.len(),
                _ => 0,
            });
            let length = lengths.max().or_else(|| chain.names.is_empty().then_some(0))?;
            Some((length, chain.is_tls))
        };
        let ranked = self.chains.iter().filter_map(|chain| Some((rank(chain)?, chain)));
        ranked.max_by_key(|(rank, _)| *rank).map(|(_, chain)| chain).or(self.default.as_ref())
    }
}

impl Rules {
    fn target(&self, target: &Target, flow: &Flow<'_>) -> Outcome {
        let name = match target {
            Target::Unknown(why) => return Outcome::Unknown(Arc::clone(why)),
            Target::Named { port, cluster } => {
                return if self.clusters.get(cluster).is_some_and(|cluster| cluster.is_dynamic) {
                    leads_to(flow.host.as_str(), port, flow)
                } else {
                    let why = "the name in TLS leads to a cluster that is no dynamic_forward_proxy";
                    Outcome::Unknown(why.into())
                };
            }
            Target::Cluster(name) => name,
        };
        match self.clusters.get(name) {
            None => Outcome::Deny,
            Some(cluster) => match &cluster.unknown {
                Some(why) => Outcome::Unknown(Arc::clone(why)),
                None if cluster.is_original => Outcome::Allow,
                None => all_alike(cluster.servers.iter().map(|(host, port)| {
                    // An unspecified address is no server here.
                    if host
                        .parse::<std::net::IpAddr>()
                        .is_ok_and(|address| address.is_unspecified())
                    {
                        Outcome::Unknown("the server has no address".into())
                    } else {
                        leads_to(host, port, flow)
                    }
                })),
            },
        }
    }

    fn at(&self, listener: &Listener, flow: &Flow<'_>) -> Decision {
        match listener.chain(flow.host.as_str()) {
            Some(chain) => Decision::by(self.target(&chain.target, flow), &chain.place),
            None => Decision::by_default(Outcome::Deny),
        }
    }
}

impl Policy for Rules {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        if let Some((place, why)) = &self.hidden {
            return Decision::by(Outcome::Unknown(Arc::clone(why)), place);
        }
        let is_for_tls = |listener: &&Listener| listener.port.is_none_or(|port| port == HTTPS);
        let mut listeners: Vec<&Listener> = self.listeners.iter().filter(is_for_tls).collect();
        if listeners.is_empty() {
            // Something else sends connections to the port.
            listeners = self.listeners.iter().collect();
        }
        let decisions = listeners.into_iter().map(|listener| self.at(listener, flow));
        worst(flow.purpose, decisions).unwrap_or_else(|| Decision::by_default(otherwise.clone()))
    }

    fn mentions(&self) -> Mentions<'_> {
        Mentions { hosts: vec![&self.names], ..Mentions::default() }
    }

    fn scope(&self) -> Scope {
        Scope::Whole
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use crate::firewall::policy::{RuleFile, decision_for};

    fn chain(matches: &str, cluster: &str) -> String {
        format!(
            "    - filter_chain_match: {{{matches}}}\n      filters:\n      - name: tcp\n        typed_config:\n          '@type': \
             type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy\n          cluster: {cluster}\n"
        )
    }

    fn outcome(chains: &[String], host: &str) -> Outcome {
        let text = format!(
            "static_resources:\n  listeners:\n  - address: {{socket_address: {{address: 0.0.0.0, port_value: 443}}}}\n    listener_filters: [{{name: envoy.filters.listener.tls_inspector}}]\n    filter_chains:\n{}  \
             clusters:\n  - {{name: out, type: ORIGINAL_DST}}\n  - {{name: none}}\n",
            chains.concat()
        );
        let rules = read(&[RuleFile { name: "f".into(), text }]).unwrap();
        decision_for(&rules, host, &Outcome::Deny).outcome
    }

    #[test]
    fn the_most_specific_name_decides() {
        let contoso = "contoso.azurecr.io";
        let named = chain("server_names: [contoso.azurecr.io, '*.data.azurecr.io']", "out");
        let wide = chain("server_names: ['*.azurecr.io']", "none");
        let all = chain("", "none");
        assert_eq!(outcome(&[wide.clone(), named.clone(), all], contoso), Outcome::Allow);
        assert_eq!(outcome(&[named.clone(), wide.clone()], "fabrikam.azurecr.io"), Outcome::Deny);
        assert_eq!(
            outcome(std::slice::from_ref(&named), "contoso.eastus.data.azurecr.io"),
            Outcome::Allow
        );
        assert_eq!(outcome(&[named], "fabrikam.azurecr.io"), Outcome::Deny);
        let narrowed = chain("server_names: [contoso.azurecr.io], source_ports: [1]", "out");
        assert!(matches!(outcome(&[narrowed], contoso), Outcome::Unknown(_)));
    }
}
