//! Reads Calico's network policies, and decides what they do to the egress of the pods that they select.
//!
//! Sources: Calico's reference, "Global network policy" (order, types, default deny of what is selected), and "DNS policy"
//! of Calico Enterprise (`*` stands for one or more labels).

use super::rule::{Destination, Rule, pattern};
use crate::firewall::document::{self, Node};
use crate::firewall::host_set::HostSet;
use crate::firewall::name_pattern::NamePattern;
use crate::firewall::policy::{
    Decision, Flow, InvalidRules, Match, Mentions, Outcome, Place, Policy, Purpose, RuleFile,
    Scope, Step, first_match, worst,
};
use ipnet::IpNet;
use std::sync::Arc;

/// Policies and the sets that they refer to.
#[derive(Debug, Default)]
pub struct Policies {
    specs: Vec<Spec>,
    sets: Vec<NetworkSet>,
    names: HostSet,
    hidden: Option<(Place, Arc<str>)>,
}

/// A policy for some pods.
#[derive(Debug)]
struct Spec {
    /// `None` for all namespaces.
    namespace: Option<String>,
    selector: String,
    order: f64,
    name: String,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct NetworkSet {
    /// `None` for a GlobalNetworkSet.
    namespace: Option<String>,
    labels: Vec<(String, String)>,
    domains: Vec<(NamePattern, Place)>,
    has_nets: bool,
}

/// Whether a text has policies of Calico.
pub fn is_policy(text: &str) -> bool {
    text.contains("projectcalico.org/v3")
        && ["NetworkPolicy", "NetworkSet"].iter().any(|kind| text.contains(kind))
}

/// Reads files as one set of policies.
///
/// # Errors
/// [`InvalidRules`] if a file is no YAML.
pub fn read(files: &[RuleFile]) -> Result<Policies, InvalidRules> {
    let mut policies = Policies::default();
    for file in files {
        for document in document::read(&file.text, &file.name)? {
            policies.object(&document, file);
        }
    }
    // Policies without an order come last; of equals, the name decides.
    policies.specs.sort_by(|a, b| a.order.total_cmp(&b.order).then_with(|| a.name.cmp(&b.name)));
    let mut names = HostSet::default();
    for rule in policies.specs.iter().flat_map(|policy| &policy.rules) {
        if let Destination::Domains(patterns) = &rule.destination {
            for pattern in patterns {
                pattern.mention(&mut names, &rule.place);
            }
        }
    }
    for (pattern, place) in policies.sets.iter().flat_map(|set| &set.domains) {
        pattern.mention(&mut names, place);
    }
    policies.names = names;
    Ok(policies)
}

impl Policies {
    fn hide(&mut self, place: Place, why: &str) {
        self.hidden.get_or_insert_with(|| (place, why.into()));
    }

    fn object(&mut self, node: &Node, file: &RuleFile) {
        let place = |node: &Node| Place { file: Arc::clone(&file.name), line: node.line };
        for item in node.items_of("items") {
            if item.text_of("kind").is_none() {
                self.hide(place(item), "an object of the list has no kind");
            }
            self.object(item, file);
        }
        if node.unknown().is_some() {
            self.hide(place(node), "aliases of YAML are not read");
        }
        let is_calico =
            node.text_of("apiVersion").is_some_and(|version| version.contains("projectcalico.org"));
        let kind = node.text_of("kind").unwrap_or_default();
        let Some(spec) = node.get("spec") else { return };
        let namespace = node.at(&["metadata", "namespace"]).and_then(Node::text);
        match (kind, is_calico) {
            ("GlobalNetworkPolicy", true) => self.policy(node, spec, None, file),
            ("NetworkPolicy", true) => {
                let namespace = namespace.unwrap_or("default").to_owned();
                self.policy(node, spec, Some(namespace), file);
            }
            ("GlobalNetworkSet", true) => self.set(node, spec, None, file),
            ("NetworkSet", true) => {
                let namespace = namespace.unwrap_or("default").to_owned();
                self.set(node, spec, Some(namespace), file);
            }
            ("NetworkPolicy" | "AdminNetworkPolicy" | "BaselineAdminNetworkPolicy", false) => {
                self.hide(
                    place(node),
                    "Calico enforces policies of Kubernetes as well, which are not judged",
                );
            }
            ("Tier", true) => self.hide(place(node), "tiers are not judged"),
            _ => {}
        }
    }

    fn set(&mut self, node: &Node, spec: &Node, namespace: Option<String>, file: &RuleFile) {
        let place = |node: &Node| Place { file: Arc::clone(&file.name), line: node.line };
        let labels = match node.at(&["metadata", "labels"]).map(|labels| &labels.value) {
            Some(document::Value::Object(entries)) => entries
                .iter()
                .map(|(key, value)| (key.clone(), value.text().unwrap_or_default().to_owned()))
                .collect(),
            _ => Vec::new(),
        };
        let mut domains = Vec::new();
        for domain in spec.items_of("allowedEgressDomains") {
            match pattern(domain) {
                Some(pattern) => domains.push((pattern, place(domain))),
                None => self.hide(place(domain), "a domain with a wildcard inside is not judged"),
            }
        }
        self.sets.push(NetworkSet {
            namespace,
            labels,
            domains,
            has_nets: !spec.items_of("nets").is_empty(),
        });
    }

    fn policy(&mut self, node: &Node, spec: &Node, namespace: Option<String>, file: &RuleFile) {
        let place = Place { file: Arc::clone(&file.name), line: node.line };
        if spec.text_of("tier").is_some_and(|tier| tier != "default") {
            self.hide(place.clone(), "tiers are not judged");
        }
        for option in [
            "doNotTrack",
            "preDNAT",
            "applyOnForward",
            "serviceAccountSelector",
            "namespaceSelector",
        ] {
            if spec.get(option).is_some_and(|value| value.text() != Some("false")) {
                self.hide(place.clone(), &format!("{option} is not judged"));
            }
        }
        let types: Vec<&str> = spec.items_of("types").iter().filter_map(Node::text).collect();
        let egress = spec.items_of("egress");
        // Without types, a policy is for the directions that it has rules for; without rules, for ingress.
        let is_for_egress =
            if types.is_empty() { !egress.is_empty() } else { types.contains(&"Egress") };
        if !is_for_egress {
            return;
        }
        let order = spec.text_of("order").map_or(Some(f64::INFINITY), |text| text.parse().ok());
        let Some(order) = order else {
            return self.hide(place, "the order of a policy is no number");
        };
        let rules = egress.iter().map(|rule| Rule::read(rule, file)).collect();
        let selector = spec.text_of("selector").unwrap_or("all()").trim().to_owned();
        self.specs.push(Spec {
            namespace,
            selector,
            order,
            name: node
                .at(&["metadata", "name"])
                .and_then(Node::text)
                .unwrap_or_default()
                .to_owned(),
            rules,
        });
    }

    /// The policies that apply to the same pods, for each kind of pods that policies name.
    fn groups(&self) -> Vec<Vec<&Spec>> {
        let mut kinds: Vec<(&Option<String>, &str)> = Vec::new();
        for policy in &self.specs {
            let kind = (&policy.namespace, policy.selector.as_str());
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let is_all = |selector: &str| matches!(selector, "all()" | "");
        let covers = |policy: &Spec, (namespace, selector): &(&Option<String>, &str)| {
            (policy.namespace.is_none() || policy.namespace == **namespace)
                && (is_all(&policy.selector) || policy.selector == *selector)
        };
        kinds
            .into_iter()
            .map(|kind| self.specs.iter().filter(|policy| covers(policy, &kind)).collect())
            .collect()
    }

    fn step(&self, policy: &Spec, rule: &Rule, flow: &Flow<'_>) -> Option<Step> {
        let outcome = match rule.action.as_str() {
            "Allow" => Outcome::Allow,
            "Deny" => Outcome::Deny,
            "Log" => return None,
            // What comes next is not in these policies.
            _ => Outcome::Unknown("the action Pass is not judged".into()),
        };
        if rule.is_elsewhere {
            return None;
        }
        let port = rule.ports.as_ref().is_none_or(|ports| {
            ports.iter().any(|(first, last)| (*first..=*last).contains(&flow.port))
        });
        let host = flow.host.as_str();
        let destination = match &rule.destination {
            Destination::Everywhere => Match::Yes,
            Destination::Domains(patterns) => {
                Match::from_bool(patterns.iter().any(|pattern| pattern.matches(host)))
            }
            Destination::Nets(nets) if nets.iter().any(|net| is_all(net, flow.purpose)) => {
                Match::Yes
            }
            // Registries have IPv4 addresses.
            Destination::Nets(nets) if nets.iter().all(|net| matches!(net, IpNet::V6(_))) => {
                Match::from_bool(false)
            }
            Destination::Nets(nets) if !flow.addresses.is_empty() => Match::from_bool(
                flow.addresses.iter().any(|address| nets.iter().any(|net| net.contains(address))),
            ),
            Destination::Nets(_) => {
                Match::Maybe("the address of the host is not known; name it with --resolve".into())
            }
            Destination::Selector(selector, is_global) => {
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

    /// Whether a host is in the sets that a selector names.
    fn selected(&self, policy: &Spec, selector: &str, is_global: bool, host: &str) -> Match {
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
        let sets: Vec<&NetworkSet> = self.sets.iter().filter(is_named).collect();
        let is_simple = !selector.contains(['&', '|', '!', '(']) || selector.starts_with("has(");
        let named =
            sets.iter().flat_map(|set| &set.domains).any(|(pattern, _)| pattern.matches(host));
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
}

/// Whether a network stands for every address: that of IPv6 is another way, which only strangers must not have.
fn is_all(net: &IpNet, purpose: Purpose) -> bool {
    net.prefix_len() == 0 && (matches!(net, IpNet::V4(_)) || purpose == Purpose::Stranger)
}

impl Policy for Policies {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        if let Some((place, why)) = &self.hidden {
            return Decision::by(Outcome::Unknown(Arc::clone(why)), place);
        }
        let decisions = self.groups().into_iter().map(|group| {
            let rules =
                group.iter().flat_map(|policy| policy.rules.iter().map(move |rule| (policy, rule)));
            let steps = rules.filter_map(|(policy, rule)| self.step(policy, rule, flow));
            // Pods that a policy selects lose what no rule allows, and need DNS before they can use a name.
            let decision = first_match(steps, &Outcome::Deny);
            let mut rules = group.iter().flat_map(|policy| &policy.rules);
            let needs_dns = flow.purpose == Purpose::Needed && decision.outcome == Outcome::Allow;
            if needs_dns && !rules.any(|rule| rule.may_allow_dns) {
                let why =
                    "no rule for the same pods allows DNS (port 53 over UDP), which names need";
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
    use super::*;
    use crate::firewall::policy::decision_for;

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
}
