//! `--check`: whether rules let each client have its hosts.

use crate::clients::{Client, Judged, Kind};
use crate::commands::rule_files::Rules;
use crate::domain::Fqdn;
use crate::firewall::audit::{decide_for_client, otherwise};
use crate::firewall::policy::{Decision, Flow, Outcome, Purpose};
use crate::probe::HTTPS;
use std::net::IpAddr;

/// Judges the hosts of each client. Returns whether one is refused a host, or nobody can tell.
///
/// A private address is the one that the firewall sees; a public one usually belongs to the firewall itself, or to a NAT
/// gateway behind it, so it says nothing about rules for single clients.
pub(super) fn judge(clients: &mut [Client], rules: &Rules) -> bool {
    let policy = &*rules.policy;
    let otherwise = otherwise(policy, None);
    let mut refused = false;
    for client in clients {
        let sources: Vec<Option<IpAddr>> = match client.kind {
            Kind::Private => client.addresses.iter().copied().map(Some).collect(),
            Kind::Public | Kind::Tasks | Kind::Unknown => vec![None],
        };
        let hosts: Vec<Fqdn> =
            client.hosts.iter().filter_map(|name| Fqdn::parse(name).ok()).collect();
        let decisions: Vec<Vec<Decision>> = sources
            .into_iter()
            .map(|source| {
                decide_for_client(policy, &hosts, |host| {
                    let flow = Flow {
                        host,
                        port: HTTPS,
                        source,
                        purpose: Purpose::Needed,
                        addresses: &[],
                        hook: None,
                    };
                    policy.decide(&flow, &otherwise)
                })
            })
            .collect();
        let mut judged = Judged::default();
        for (i, host) in hosts.iter().enumerate() {
            let mut outcomes = decisions.iter().map(|decisions| &decisions[i].outcome);
            if outcomes.clone().any(|outcome| *outcome == Outcome::Deny) {
                judged.refused.push(host.to_string());
            } else if outcomes.any(|outcome| matches!(outcome, Outcome::Unknown(_))) {
                judged.unjudged.push(host.to_string());
            }
        }
        judged.ok = judged.refused.is_empty() && judged.unjudged.is_empty();
        refused |= !judged.ok;
        client.check = Some(judged);
    }
    refused
}
