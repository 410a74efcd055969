//! Reads Calico's network policies.
//!
//! Sources: Calico's reference, "Global network policy" (order, types, default deny of what is selected), and "DNS policy"
//! of Calico Enterprise (`*` stands for one or more labels).

use super::rule::{Destination, Rule, pattern};
use crate::firewall::document::{self, Node};
use crate::firewall::host_set::HostSet;
use crate::firewall::kubernetes;
use crate::firewall::name_pattern::NamePattern;
use crate::firewall::policy::{InvalidRules, Place, RuleFile};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Policies and the sets that they refer to.
#[derive(Debug, Default)]
pub struct Policies {
    pub(super) specs: Vec<Spec>,
    /// The policies that apply to the same pods, for each kind of pods that policies name.
    pub(super) groups: Vec<Vec<usize>>,
    pub(super) sets: Vec<NetworkSet>,
    pub(super) names: HostSet,
    pub(super) hidden: Option<(Place, Arc<str>)>,
}

/// A policy for some pods.
#[derive(Debug)]
pub(super) struct Spec {
    /// `None` for all namespaces.
    pub namespace: Option<String>,
    pub selector: String,
    pub order: f64,
    pub name: String,
    pub rules: Vec<Rule>,
}

#[derive(Debug)]
pub(super) struct NetworkSet {
    /// `None` for a GlobalNetworkSet.
    pub namespace: Option<String>,
    pub labels: Vec<(String, String)>,
    pub domains: Vec<(NamePattern, Place)>,
    pub has_nets: bool,
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
    policies.groups = groups(&policies.specs);
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
            (kind, false) if kubernetes::POLICIES.contains(&kind) => {
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
}

/// The policies that apply to the same pods, for each kind of pods that policies name.
fn groups(specs: &[Spec]) -> Vec<Vec<usize>> {
    let is_all = |selector: &str| matches!(selector, "all()" | "");
    // Policies by the pods that they name, and those for all pods.
    let mut kinds: BTreeMap<(Option<&str>, &str), Vec<usize>> = BTreeMap::new();
    for (at, spec) in specs.iter().enumerate() {
        kinds.entry((spec.namespace.as_deref(), &spec.selector)).or_default().push(at);
    }
    let wide: Vec<(Option<&str>, &str)> = kinds
        .keys()
        .filter(|(namespace, selector)| namespace.is_none() || is_all(selector))
        .copied()
        .collect();
    let covers = |(namespace, selector): (Option<&str>, &str), kind: (Option<&str>, &str)| {
        (namespace.is_none() || namespace == kind.0) && (is_all(selector) || selector == kind.1)
    };
    let of_kind = |kind: (Option<&str>, &str)| {
        let wide = wide.iter().filter(|other| **other != kind && covers(**other, kind));
        let mut group: Vec<usize> =
            wide.chain([&kind]).filter_map(|kind| kinds.get(kind)).flatten().copied().collect();
        group.sort_unstable();
        group
    };
    kinds.keys().map(|kind| of_kind(*kind)).collect()
}
