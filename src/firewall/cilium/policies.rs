//! Reads Cilium's network policies, and decides what they do to the egress of the pods that they select.
//!
//! The semantics are those of Cilium's documentation ("Layer 3 Policies", "Deny Policies", "Policy Enforcement Modes") and
//! of its rule validation: a deny beats every allow; names need a DNS rule for the same pods; `egress` and `egressDeny`
//! with an entry switch the default to deny, unless `enableDefaultDeny` says otherwise.

use super::rule::{Ports, Rule};
use crate::firewall::document::{self, Node};
use crate::firewall::host_set::HostSet;
use crate::firewall::kubernetes;
use crate::firewall::policy::{
    Decision, Flow, InvalidRules, Match, Mentions, Outcome, Place, Policy, RuleFile, Scope, worst,
};
use std::sync::Arc;

/// Policies.
#[derive(Debug, Default)]
pub struct Policies {
    specs: Vec<Spec>,
    /// The specs that apply to the same pods, for each kind of pods that policies name.
    groups: Vec<Vec<usize>>,
    names: HostSet,
    /// Patterns with stars.
    patterns: Vec<String>,
    hidden: Option<(Place, Arc<str>)>,
}

/// The part of a policy for some pods.
#[derive(Debug)]
struct Spec {
    /// Whether it is for nodes instead of pods.
    is_node: bool,
    /// The namespace; `None` for all.
    namespace: Option<String>,
    /// Which pods; `None` for all.
    selector: Option<String>,
    allows: Vec<Rule>,
    denies: Vec<Rule>,
    /// Whether pods that it selects lose all other egress.
    denies_by_default: bool,
}

/// Whether a text has policies of Cilium.
pub fn is_policy(text: &str) -> bool {
    text.contains("CiliumNetworkPolicy") || text.contains("CiliumClusterwideNetworkPolicy")
}

/// Reads files as one set of policies.
///
/// # Errors
/// [`InvalidRules`] if a file is no YAML, or Cilium would refuse a policy.
pub fn read(files: &[RuleFile]) -> Result<Policies, InvalidRules> {
    let mut policies = Policies::default();
    for file in files {
        for document in document::read(&file.text, &file.name)? {
            policies.object(&document, &file.name)?;
        }
    }
    policies.groups = policies.groups();
    for spec in &policies.specs {
        for rule in &spec.allows {
            for (name, place) in rule.names.hosts() {
                policies.names.insert_host(name, place);
            }
            for (pattern, place) in &rule.patterns {
                let domain = pattern.trim_start_matches('*').trim_start_matches('.');
                if pattern.starts_with('*') && !domain.contains('*') {
                    policies.names.insert_below(domain, place);
                }
                let parts = pattern.split('*').filter(|part| !part.is_empty());
                policies.patterns.extend(parts.map(str::to_owned));
                policies.patterns.push(pattern.replace('*', "x"));
            }
        }
    }
    Ok(policies)
}

impl Policies {
    fn hide(&mut self, node: &Node, file: &Arc<str>, why: &str) {
        let place = Place { file: Arc::clone(file), line: node.line };
        self.hidden.get_or_insert_with(|| (place, why.into()));
    }

    fn object(&mut self, node: &Node, file: &Arc<str>) -> Result<(), InvalidRules> {
        if node.unknown().is_some() || has_merge(node) {
            self.hide(node, file, "aliases and merges of YAML are not read");
        }
        for item in node.items_of("items") {
            self.object(item, file)?;
        }
        let kind = node.text_of("kind").unwrap_or_default();
        let namespace = match kind {
            "CiliumNetworkPolicy" => {
                let namespace = node.at(&["metadata", "namespace"]).and_then(Node::text);
                Some(namespace.unwrap_or("default").to_owned())
            }
            "CiliumClusterwideNetworkPolicy" => None,
            kind if kubernetes::POLICIES.contains(&kind) => {
                self.hide(
                    node,
                    file,
                    "Cilium enforces policies of Kubernetes as well, which are not judged",
                );
                return Ok(());
            }
            "ConfigMap" => {
                let setting = |name: &str| node.at(&["data", name]).and_then(Node::text);
                if setting("enable-policy") == Some("never")
                    || setting("enable-l7-proxy") == Some("false")
                {
                    self.hide(node, file, "Cilium's settings switch policies or names off");
                }
                return Ok(());
            }
            "" if node.get("spec").is_some() => {
                self.hide(node, file, "the object has no kind");
                return Ok(());
            }
            _ => return Ok(()),
        };
        let specs = node.get("spec").into_iter().chain(node.items_of("specs"));
        for spec in specs {
            let spec = Self::spec(spec, namespace.clone(), file)?;
            self.specs.push(spec);
        }
        Ok(())
    }

    fn spec(node: &Node, namespace: Option<String>, file: &Arc<str>) -> Result<Spec, InvalidRules> {
        let place = Place { file: Arc::clone(file), line: node.line };
        let is_node = node.get("nodeSelector").is_some();
        let selector = node.get("endpointSelector").or_else(|| node.get("nodeSelector"));
        if selector.is_none() {
            let what = "Cilium refuses a policy without a selector".to_owned();
            return Err(InvalidRules { place, what });
        }
        let is_empty = |node: &Node| node.value == document::Value::Object(Vec::new());
        let selector = selector.filter(|node| !is_empty(node));
        let mut allows = Vec::new();
        let mut denies = Vec::new();
        for rule in node.items_of("egress") {
            allows.push(Rule::read(rule, file)?);
        }
        for rule in node.items_of("egressDeny") {
            let rule = Rule::read(rule, file)?;
            if rule.has_names() {
                let what =
                    "egressDeny has no toFQDNs, and Cilium does not enforce the policy".to_owned();
                return Err(InvalidRules { place: rule.place, what });
            }
            denies.push(rule);
        }
        let said = node.at(&["enableDefaultDeny", "egress"]).and_then(Node::text);
        let has_rules = !allows.is_empty() || !denies.is_empty();
        Ok(Spec {
            is_node,
            namespace,
            selector: selector.map(|node| format!("{:?}", without_lines(node))),
            allows,
            denies,
            denies_by_default: said.map_or(has_rules, |said| said == "true"),
        })
    }

    /// The policies that apply to the same pods, for each kind of pods that policies name.
    fn groups(&self) -> Vec<Vec<usize>> {
        let mut kinds: Vec<(bool, &Option<String>, &Option<String>)> = Vec::new();
        // A policy without rules for egress leaves it as it is.
        let is_about_egress = |spec: &&Spec| {
            spec.denies_by_default || !spec.allows.is_empty() || !spec.denies.is_empty()
        };
        for spec in self.specs.iter().filter(is_about_egress) {
            let kind = (spec.is_node, &spec.namespace, &spec.selector);
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let covers = |spec: &Spec, (is_node, namespace, selector): &(bool, &Option<String>, &Option<String>)| {
            spec.is_node == *is_node
                && (spec.namespace.is_none() || spec.namespace == **namespace)
                && (spec.selector.is_none() || spec.selector == **selector)
        };
        let group =
            |kind| (0..self.specs.len()).filter(|at| covers(&self.specs[*at], &kind)).collect();
        kinds.into_iter().map(group).collect()
    }
}

/// Whether a merge key of YAML is in a value.
fn has_merge(node: &Node) -> bool {
    match &node.value {
        document::Value::List(items) => items.iter().any(has_merge),
        document::Value::Object(entries) => {
            entries.iter().any(|(key, node)| key == "<<" || has_merge(node))
        }
        _ => false,
    }
}

/// A value without its lines, to compare it with others.
fn without_lines(node: &Node) -> Node {
    use document::Value;
    let value = match &node.value {
        Value::List(items) => Value::List(items.iter().map(without_lines).collect()),
        Value::Object(entries) => Value::Object(
            entries.iter().map(|(key, node)| (key.clone(), without_lines(node))).collect(),
        ),
        other => other.clone(),
    };
    Node { line: 0, is_plain: false, value }
}

/// What policies do to the pods that they select.
fn decide_group(specs: &[&Spec], flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
    let mut unknown: Option<(Place, Arc<str>)> = None;
    for rule in specs.iter().flat_map(|spec| &spec.denies) {
        let (matched, place) = rule.matches(flow, false);
        match matched {
            Match::Yes => return Decision::by(Outcome::Deny, &place),
            Match::Maybe(why) => drop(unknown.get_or_insert((place, why))),
            Match::No => {}
        }
    }
    let lookup = lookup(specs, flow);
    let mut allowed = None;
    let mut may_allow: Option<(Place, Arc<str>)> = None;
    for rule in specs.iter().flat_map(|spec| &spec.allows) {
        let (matched, place) = rule.matches(flow, true);
        // A name without its address matches nothing.
        let matched = if rule.has_names() { matched.and(lookup.clone()) } else { matched };
        match matched {
            Match::Yes => {
                allowed = Some(place);
                break;
            }
            Match::Maybe(why) => drop(may_allow.get_or_insert((place, why))),
            Match::No => {}
        }
    }
    let denies_by_default = specs.iter().any(|spec| spec.denies_by_default);
    let rest = if denies_by_default { Outcome::Deny } else { otherwise.clone() };
    let end = match allowed {
        Some(place) => Decision::by(Outcome::Allow, &place),
        None => Decision::by_default(rest),
    };
    // What may be allowed does not matter where all is allowed, and what may be denied not where all is denied.
    let open = match end.outcome {
        Outcome::Allow => unknown,
        _ => may_allow,
    };
    match open {
        Some((place, why)) => Decision::by(Outcome::Unknown(why), &place),
        None => end,
    }
}

/// Whether pods can look a name up so that Cilium learns its addresses.
fn lookup(specs: &[&Spec], flow: &Flow<'_>) -> Match {
    let denied = specs.iter().flat_map(|spec| &spec.denies).any(Rule::may_hold_dns);
    if denied {
        return Match::Maybe("egressDeny may deny the DNS that names need".into());
    }
    let mut ports: Vec<(Option<&str>, &Rule, &Ports)> = Vec::new();
    for spec in specs {
        for rule in spec.allows.iter().filter(|rule| rule.may_hold_dns()) {
            let for_dns = rule.ports.iter().filter(|ports| ports.is_for_dns());
            ports.extend(for_dns.map(|ports| (spec.namespace.as_deref(), rule, ports)));
        }
    }
    // The proxy learns addresses only from the answers that a rule with names lets pass.
    let restricted: Vec<_> = ports.iter().filter(|(_, _, ports)| !ports.dns.is_empty()).collect();
    if restricted.is_empty() {
        return Match::Maybe(
            "toFQDNs needs a DNS rule (port 53, rules.dns) for the same pods".into(),
        );
    }
    let host = flow.host.as_str();
    let answers = |(namespace, rule, ports): &&(Option<&str>, &Rule, &Ports)| {
        let named = ports.dns.iter().map(|name| name.matches(host)).fold(Match::No, Match::or);
        named.and(rule.has_dns_servers(*namespace))
    };
    let answered = restricted.iter().map(answers).fold(Match::No, Match::or);
    if answered == Match::No && restricted.len() < ports.len() {
        return Match::Maybe("a DNS rule without names may let the lookup pass".into());
    }
    answered
}

impl Policy for Policies {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        if let Some((place, why)) = &self.hidden {
            return Decision::by(Outcome::Unknown(Arc::clone(why)), place);
        }
        let decisions = self.groups.iter().map(|group| {
            let specs: Vec<&Spec> = group.iter().map(|at| &self.specs[*at]).collect();
            decide_group(&specs, flow, otherwise)
        });
        worst(flow.purpose, decisions).unwrap_or_else(|| Decision::by_default(otherwise.clone()))
    }

    fn mentions(&self) -> Mentions<'_> {
        Mentions {
            hosts: vec![&self.names],
            examples: self.patterns.clone(),
            ..Mentions::default()
        }
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
