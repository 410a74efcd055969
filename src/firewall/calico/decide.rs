//! Decides what Calico's network policies do to the egress of the pods that they select.

use super::policies::{NetworkSet, Policies, Spec};
use super::rule::{Destination, Rule};
use crate::firewall::address_range::AddressRange;
use crate::firewall::policy::{
    Decision, Flow, Match, Mentions, Outcome, Policy, Purpose, Scope, Step, first_match, worst,
};
use ipnet::IpNet;
use std::sync::Arc;

/// The port of DNS servers.
const DNS: u16 = 53;

impl Policies {
    fn step(&self, policy: &Spec, rule: &Rule, flow: &Flow<'_>) -> Option<Step> {
        let outcome = match rule.action.as_str() {
            "Allow" => Outcome::Allow,
            "Deny" => Outcome::Deny,
            "Log" => return None,
            // What comes next is not in these policies.
            _ => Outcome::Unknown("the action Pass is not judged".into()),
        };
        if !rule.is_for("TCP", "6") {
            return None;
        }
        let port = rule.ports.contain(flow.port);
        let host = flow.host.as_str();
        let destination = match &rule.destination {
            Destination::Everywhere => Match::Yes,
            Destination::Domains(patterns) => {
                Match::from_bool(patterns.iter().any(|pattern| pattern.matches(host)))
            }
            Destination::Nets(nets) if nets.iter().any(is_all) => Match::Yes,
            // Registries have IPv4 addresses.
            Destination::Nets(nets)
                if flow.purpose == Purpose::Needed
                    && nets.iter().all(|net| matches!(net, IpNet::V6(_))) =>
            {
                Match::No
            }
            Destination::Nets(nets) if !flow.addresses.is_empty() => Match::from_bool(
                flow.addresses.iter().any(|address| nets.iter().any(|net| net.contains(address))),
            ),
            Destination::Nets(nets) if flow.purpose == Purpose::Stranger => {
                let may_hold = |net: &IpNet| AddressRange::from(*net).may_hold_strangers();
                Match::from_bool(outcome != Outcome::Deny && nets.iter().any(may_hold))
            }
            Destination::Nets(nets)
                if nets.iter().all(|net| AddressRange::from(*net).holds_no_registry()) =>
            {
                Match::No
            }
            Destination::Nets(_) => {
                Match::Maybe("the address of the host is not known; name it with --resolve".into())
            }
            // Names have no effect in rules that do not allow.
            Destination::Selector(selector, is_global) => {
                let host = (outcome != Outcome::Deny).then_some(host);
                self.selected(policy, selector, *is_global, host)
            }
        };
        // Names are for allow rules only.
        let names_deny =
            outcome == Outcome::Deny && matches!(rule.destination, Destination::Domains(_));
        let refused: Option<Arc<str>> =
            names_deny.then(|| "Calico refuses domains in rules that deny".into());
        let matched = Match::from_bool(port)
            .and(destination)
            .unless_unknown(rule.unknown.as_ref())
            .unless_unknown(refused.as_ref());
        let is_about_hosts = !matches!(rule.destination, Destination::Everywhere);
        let shown = is_about_hosts || outcome == Outcome::Allow;
        Some(Step {
            matched,
            outcome,
            places: shown.then(|| rule.place.clone()).into_iter().collect(),
        })
    }

    /// Whether the rules may let pods ask a DNS server, whose address nobody knows.
    fn may_ask_dns(&self, group: &[&Spec]) -> bool {
        let rules =
            group.iter().flat_map(|policy| policy.rules.iter().map(move |rule| (policy, rule)));
        let steps = rules.filter_map(|(policy, rule)| {
            let outcome = match rule.action.as_str() {
                "Log" => return None,
                "Deny" => Outcome::Deny,
                _ => Outcome::Allow,
            };
            let is_for_dns = rule.is_for("UDP", "17") && rule.ports.contain(DNS);
            let matched = Match::from_bool(is_for_dns)
                .and(self.has_dns_server(policy, rule))
                .unless_unknown(rule.unknown.as_ref());
            Some(Step { matched, outcome, places: Vec::new() })
        });
        // A rule that may allow it is enough, if none before it may deny it.
        for step in steps {
            match (step.matched, step.outcome) {
                (Match::No, _) => {}
                (Match::Yes | Match::Maybe(_), outcome) => return outcome != Outcome::Deny,
            }
        }
        false
    }

    /// Whether a DNS server is where a rule is for.
    fn has_dns_server(&self, policy: &Spec, rule: &Rule) -> Match {
        let unknown = || Match::Maybe("the address of the DNS server is not known".into());
        let is_elsewhere = policy.namespace.as_deref().is_some_and(|name| name != "kube-system")
            && !matches!(rule.destination, Destination::Selector(_, true));
        match &rule.destination {
            Destination::Everywhere => Match::Yes,
            // Servers for names are not themselves reached by a name.
            Destination::Domains(_) => Match::No,
            Destination::Nets(nets) if nets.iter().any(is_all) => Match::Yes,
            // Rules see the pods of the cluster's servers, whose addresses change, not that of their service.
            Destination::Nets(nets) => {
                let is_one = |net: &IpNet| net.network() == net.broadcast();
                // Who denies one address means something else, such as a metadata service.
                let is_likely = |net: &IpNet| {
                    AddressRange::from(*net).may_hold_dns_server()
                        && !(rule.action == "Deny" && is_one(net))
                };
                if nets.iter().any(is_likely) { unknown() } else { Match::No }
            }
            // Without namespaceSelector, a policy of a namespace means pods of that one.
            Destination::Selector(..) if is_elsewhere && rule.unknown.is_none() => Match::No,
            Destination::Selector(selector, is_global) => {
                let (sets, is_simple) = self.named_sets(policy, selector, *is_global);
                let are_names =
                    is_simple && !sets.is_empty() && !sets.iter().any(|set| set.has_nets);
                if are_names { Match::No } else { unknown() }
            }
        }
    }

    /// Whether a host is in the sets that a selector names.
    ///
    /// # Arguments
    /// * `host` - `None` if names do not count.
    fn selected(
        &self,
        policy: &Spec,
        selector: &str,
        is_global: bool,
        host: Option<&str>,
    ) -> Match {
        let (sets, is_simple) = self.named_sets(policy, selector, is_global);
        let mut domains = sets.iter().flat_map(|set| &set.domains);
        let named = host.is_some_and(|host| domains.any(|(pattern, _)| pattern.matches(host)));
        if named {
            Match::Yes
        } else if !is_simple || sets.is_empty() {
            Match::Maybe(
                format!("what the selector '{selector}' stands for is not in the files").into(),
            )
        } else if sets.iter().any(|set| set.has_nets) {
            Match::Maybe("a set has addresses, and that of the host is not known".into())
        } else {
            Match::No
        }
    }

    /// The sets that a selector names, and whether it is simple enough for these to be all.
    fn named_sets(
        &self,
        policy: &Spec,
        selector: &str,
        is_global: bool,
    ) -> (Vec<&NetworkSet>, bool) {
        // Without a selector of namespaces, a policy of a namespace means the sets of that one.
        let is_there = |set: &NetworkSet| match (is_global, &policy.namespace) {
            (true, _) => set.namespace.is_none(),
            (false, None) => true,
            (false, own) => set.namespace == *own,
        };
        let is_named = |set: &&NetworkSet| {
            is_there(set)
                && set.labels.iter().any(|(key, value)| {
                    let texts = [
                        format!("{key} == '{value}'"),
                        format!("{key} == \"{value}\""),
                        format!("{key}=='{value}'"),
                        format!("has({key})"),
                    ];
                    texts.iter().any(|text| text == selector)
                })
        };
        let sets = self.sets.iter().filter(is_named).collect();
        let is_simple = !selector.contains(['&', '|', '!', '(']) || selector.starts_with("has(");
        (sets, is_simple)
    }
}

/// Whether a network stands for every address of IPv4.
fn is_all(net: &IpNet) -> bool {
    net.prefix_len() == 0 && matches!(net, IpNet::V4(_))
}

impl Policy for Policies {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        if let Some((place, why)) = &self.hidden {
            return Decision::by(Outcome::Unknown(Arc::clone(why)), place);
        }
        let decisions = self.groups.iter().map(|group| {
            let group: Vec<&Spec> = group.iter().map(|at| &self.specs[*at]).collect();
            let rules =
                group.iter().flat_map(|policy| policy.rules.iter().map(move |rule| (policy, rule)));
            let steps = rules.filter_map(|(policy, rule)| self.step(policy, rule, flow));
            // Pods that a policy selects lose what no rule allows, and need DNS before they can use a name.
            let decision = first_match(steps, &Outcome::Deny);
            let needs_dns = flow.purpose == Purpose::Needed && decision.outcome == Outcome::Allow;
            if needs_dns && !self.may_ask_dns(&group) {
                let why = "no rule for the same pods is sure to allow DNS (port 53 over UDP), which names need: \
                           it must select the DNS servers, not the address of their service";
                return Decision { outcome: Outcome::Unknown(why.into()), ..decision };
            }
            decision
        });
        worst(flow.purpose, decisions).unwrap_or_else(|| Decision::by_default(otherwise.clone()))
    }

    fn mentions(&self) -> Mentions<'_> {
        Mentions { hosts: vec![&self.names], ..Mentions::default() }
    }

    fn scope(&self) -> Scope {
        Scope::Part
    }

    fn default_outcome(&self) -> Outcome {
        Outcome::Allow
    }

    fn filters_port_80(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use crate::firewall::policy::{RuleFile, decision_for};

    fn outcome(text: &str, host: &str) -> Outcome {
        let policies = read(&[RuleFile { name: "f".into(), text: text.to_owned() }]).unwrap();
        decision_for(&policies, host, &Outcome::Deny).outcome
    }

    fn policy(name: &str, order: u32, rule: &str) -> String {
        format!(
            "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {{name: {name}}}\nspec:\n  order: {order}\n  selector: all()\n  types: [Egress]\n  egress:\n  - {rule}\n"
        )
    }

    #[test]
    fn policies_are_judged_by_their_order() {
        let set = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: s, labels: {az-acr: hosts}}\nspec: {allowedEgressDomains: [contoso.azurecr.io, '*.data.azurecr.io']}\n";
        let allow = "{action: Allow, protocol: TCP, destination: {selector: \"az-acr == 'hosts'\", ports: [443]}}";
        let deny = "{action: Deny}";
        let of = |first: (u32, &str), second: (u32, &str), host: &str| {
            outcome(
                &format!(
                    "{set}{}{}{}",
                    policy("a", first.0, first.1),
                    policy("b", second.0, second.1),
                    policy("dns", 1, "{action: Allow, protocol: UDP, destination: {ports: [53]}}")
                ),
                host,
            )
        };
        assert_eq!(of((10, allow), (20, deny), "contoso.azurecr.io"), Outcome::Allow);
        assert_eq!(of((10, allow), (20, deny), "contoso.eastus.data.azurecr.io"), Outcome::Allow);
        assert_eq!(of((30, allow), (20, deny), "contoso.azurecr.io"), Outcome::Deny);
        assert_eq!(of((10, allow), (20, deny), "fabrikam.azurecr.io"), Outcome::Deny);
        // What a policy selects loses everything else, even without a rule that denies.
        let other = policy(
            "a",
            1,
            "{action: Allow, protocol: TCP, destination: {domains: [mcr.microsoft.com]}}",
        );
        assert_eq!(outcome(&other, "contoso.azurecr.io"), Outcome::Deny);
        let unknown =
            policy("a", 1, "{action: Allow, destination: {selector: role == 'registry'}}");
        assert!(matches!(outcome(&unknown, "contoso.azurecr.io"), Outcome::Unknown(_)));
    }

    #[test]
    fn names_need_a_rule_that_lets_dns_pass() {
        let set = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: s, labels: {az-acr: hosts}}\nspec: {allowedEgressDomains: [contoso.azurecr.io]}\n";
        let hosts = "{action: Allow, protocol: TCP, destination: {selector: \"az-acr == 'hosts'\", ports: [443]}}";
        let dns = "{action: Allow, protocol: UDP, destination: {ports: [53]}}";
        for (rules, is_allowed) in [
            (vec![dns], true),
            (
                vec![
                    "{action: Allow, protocol: UDP, destination: {nets: [169.254.20.10/32], ports: [53]}}",
                ],
                true,
            ),
            // The address of a service, which rules do not see.
            (
                vec![
                    "{action: Allow, protocol: UDP, destination: {nets: [10.96.0.10/32], ports: [53]}}",
                ],
                false,
            ),
            (
                vec![
                    "{action: Allow, protocol: UDP, destination: {selector: \"k8s-app == 'kube-dns'\", ports: [53]}}",
                ],
                true,
            ),
            (vec!["{action: Allow, destination: {nets: [10.0.0.0/8]}}"], true),
            (vec![], false),
            // Without a protocol it is for DNS as well, but no server is in the set of names.
            (vec!["{action: Allow, destination: {selector: \"az-acr == 'hosts'\"}}"], false),
            (
                vec![
                    "{action: Allow, protocol: UDP, destination: {domains: [dns.contoso.com], ports: [53]}}",
                ],
                false,
            ),
            (vec!["{action: Allow, destination: {nets: [20.62.0.0/16]}}"], false),
            (vec!["{action: Log, protocol: UDP, destination: {ports: [53]}}"], false),
            (vec!["{action: Deny, protocol: UDP}", dns], false),
            (vec!["{action: Allow, protocol: UDP, destination: {notPorts: [53]}}"], false),
            (vec!["{action: Deny, protocol: UDP, destination: {notPorts: [53]}}", dns], true),
        ] {
            let policies: Vec<String> =
                rules.iter().zip(1..).map(|(rule, order)| policy("dns", order, rule)).collect();
            let text = format!("{set}{}{}", policy("hosts", 90, hosts), policies.concat());
            let outcome = outcome(&text, "contoso.azurecr.io");
            assert_eq!(outcome == Outcome::Allow, is_allowed, "{outcome:?} {text}");
        }
    }
}
