//! `--check`: whether rules let each client have its hosts.

use crate::clients::{Client, Judged, Kind};
use crate::commands::rule_files::Rules;
use crate::domain::Fqdn;
use crate::firewall::policy::{Flow, Outcome, Purpose, Scope};
use crate::probe::HTTPS;
use std::net::IpAddr;

/// Judges the hosts of each client. Returns whether one is refused a host, or nobody can tell.
///
/// A private address is the one that the firewall sees; a public one usually belongs to the firewall itself, or to a NAT
/// gateway behind it, so it says nothing about rules for single clients.
pub(super) fn judge(clients: &mut [Client], rules: &Rules) -> bool {
    let policy = &*rules.policy;
    let otherwise = match policy.scope() {
        Scope::Whole => policy.default_outcome(),
        Scope::Part => Outcome::Deny,
    };
    let mut refused = false;
    for client in clients {
        let sources: Vec<Option<IpAddr>> = match client.kind {
            Kind::Private => client.addresses.iter().copied().map(Some).collect(),
            Kind::Public | Kind::Tasks | Kind::Unknown => vec![None],
        };
        let mut judged = Judged::default();
        for name in &client.hosts {
            let Ok(host) = Fqdn::parse(name) else { continue };
            let outcome = |source: &Option<IpAddr>| {
                let flow = Flow {
                    host: &host,
                    port: HTTPS,
                    source: *source,
                    purpose: Purpose::Needed,
                    addresses: &[],
                    hook: None,
                };
                policy.decide(&flow, &otherwise).outcome
            };
            let outcomes: Vec<Outcome> = sources.iter().map(outcome).collect();
            if outcomes.contains(&Outcome::Deny) {
                judged.refused.push(name.clone());
            } else if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Unknown(_))) {
                judged.unjudged.push(name.clone());
            }
        }
        judged.ok = judged.refused.is_empty() && judged.unjudged.is_empty();
        refused |= !judged.ok;
        client.check = Some(judged);
    }
    refused
}
