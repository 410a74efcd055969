//! Reads a mesh's ServiceEntries and Sidecars, and decides which hosts a proxy with `REGISTRY_ONLY` sends on.
//!
//! Sources: Istio's reference, "Service Entry", "Sidecar" (egress hosts are `namespace/name`), and "Global Mesh Options"
//! (`outboundTrafficPolicy`). Without a mode in the files, hosts that no entry names count as refused.

use crate::firewall::address_range::AddressRange;
use crate::firewall::document::{self, Node};
use crate::firewall::host_set::HostSet;
use crate::firewall::kubernetes;
use crate::firewall::name_pattern::NamePattern;
use crate::firewall::policy::{
    Decision, Flow, InvalidRules, Match, Mentions, Outcome, Place, Policy, RuleFile, Scope, worst,
};
use std::sync::Arc;

/// Settings that keep connections from the proxy ("Accessing External Services").
const AROUND: [&str; 6] = [
    "includeIPRanges",
    "excludeIPRanges",
    "includeOutboundPorts",
    "excludeOutboundPorts",
    // The names that annotations of pods have.
    "includeOutboundIPRanges",
    "excludeOutboundIPRanges",
];

/// A mesh.
#[derive(Debug, Default)]
pub struct Mesh {
    entries: Vec<Entry>,
    sidecars: Vec<Sidecar>,
    /// Whether the mesh lets everything out; `None` if the files do not say.
    allows_any: Option<bool>,
    names: HostSet,
    hidden: Option<(Place, Arc<str>)>,
}

/// A host of a ServiceEntry.
#[derive(Debug)]
struct Entry {
    pattern: NamePattern,
    namespace: Option<String>,
    ports: Vec<(u16, String)>,
    /// Why not every workload may see it.
    narrowed: Option<Arc<str>>,
    place: Place,
}

/// What a Sidecar lets workloads see.
#[derive(Debug)]
struct Sidecar {
    namespace: Option<String>,
    /// Namespace and name; `None` for a Sidecar without egress, which sees what the mesh has.
    egress: Option<Vec<(String, NamePattern)>>,
    allows_any: Option<bool>,
}

/// Whether a text has objects of Istio that bear on egress.
pub fn is_policy(text: &str) -> bool {
    text.contains("networking.istio.io/")
        && ["ServiceEntry", "Sidecar"].iter().any(|kind| text.contains(kind))
        || text.contains("REGISTRY_ONLY")
}

/// Reads files as one mesh.
///
/// # Errors
/// [`InvalidRules`] if a file is no YAML.
pub fn read(files: &[RuleFile]) -> Result<Mesh, InvalidRules> {
    let mut mesh = Mesh::default();
    for file in files {
        for document in document::read(&file.text, &file.name)? {
            mesh.object(&document, file);
        }
    }
    let entries = std::mem::take(&mut mesh.entries);
    for entry in &entries {
        entry.pattern.mention(&mut mesh.names, &entry.place);
    }
    mesh.entries = entries;
    Ok(mesh)
}

/// `REGISTRY_ONLY` or `ALLOW_ANY` in the settings of a Sidecar.
fn mode(node: &Node) -> Option<bool> {
    match node.at(&["outboundTrafficPolicy", "mode"]).and_then(Node::text)? {
        "REGISTRY_ONLY" => Some(false),
        "ALLOW_ANY" => Some(true),
        _ => None,
    }
}

/// Whether a setting keeps connections to registries or strangers from the proxy.
///
/// # Arguments
/// * `text` - ports, or ranges of addresses, with commas between them.
fn leads_around(option: &str, text: &str) -> bool {
    let mut items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    match option {
        "excludeOutboundPorts" => items.any(|port| matches!(port, "443" | "80" | "*")),
        "excludeIPRanges" | "excludeOutboundIPRanges" => items
            .any(|range| AddressRange::parse(range).is_none_or(|range| !range.holds_no_registry())),
        // What is not included goes around it.
        _ => items.next().is_some_and(|first| first != "*"),
    }
}

/// Every value of a name in a document, at any depth.
fn find_all<'n>(node: &'n Node, name: &str, found: &mut Vec<&'n Node>) {
    match &node.value {
        document::Value::List(items) => items.iter().for_each(|item| find_all(item, name, found)),
        document::Value::Object(entries) => {
            for (key, value) in entries {
                if key == name {
                    found.push(value);
                }
                find_all(value, name, found);
            }
        }
        _ => {}
    }
}

impl Mesh {
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
        for option in AROUND {
            let mut values = Vec::new();
            find_all(node, option, &mut values);
            find_all(node, &format!("traffic.sidecar.istio.io/{option}"), &mut values);
            let matters =
                |value: &&&Node| value.text().is_some_and(|text| leads_around(option, text));
            if let Some(value) = values.iter().find(matters) {
                let why = format!("{option} leads connections around the proxy");
                self.hide(place(value), &why);
            }
        }
        let namespace = node.at(&["metadata", "namespace"]).and_then(Node::text).map(str::to_owned);
        let spec = node.get("spec");
        match (node.text_of("kind").unwrap_or_default(), spec) {
            ("ServiceEntry", Some(spec)) => self.service_entry(spec, namespace.as_deref(), &place),
            ("Sidecar", Some(spec)) => self.sidecar(spec, namespace, &place(node)),
            ("ConfigMap", _) => {
                // The mesh's settings are a document in a text.
                let settings = node.at(&["data", "mesh"]).and_then(Node::text).unwrap_or_default();
                for settings in document::read(settings, &file.name).unwrap_or_default() {
                    self.mesh(&settings, &place(node));
                    if settings.get("outboundTrafficPolicy").is_none() {
                        self.allows_any.get_or_insert(true);
                    }
                }
            }
            ("DestinationRule", Some(spec)) if spec.get("trafficPolicy").is_none() => {}
            ("Gateway" | "Telemetry" | "PeerAuthentication" | "RequestAuthentication", _) => {}
            ("IstioOperator" | "Istio" | "", _) => self.mesh(node, &place(node)),
            (kind, spec) if kind.ends_with("NetworkPolicy") => {
                let is_for_ingress =
                    kind == "NetworkPolicy" && spec.is_some_and(kubernetes::is_for_ingress);
                if !is_for_ingress {
                    let why = "a network policy may refuse what the mesh allows, and is not judged";
                    self.hide(place(node), why);
                }
            }
            (kind, _) => {
                let version = node.text_of("apiVersion").unwrap_or_default();
                if version.contains("istio.io") {
                    let why = format!("objects of the kind {kind} are not judged");
                    self.hide(place(node), &why);
                }
            }
        }
    }

    /// Reads the settings of the mesh, wherever they stand in a document.
    fn mesh(&mut self, node: &Node, place: &Place) {
        let (mut policies, mut meshes, mut exports) = (Vec::new(), Vec::new(), Vec::new());
        find_all(node, "outboundTrafficPolicy", &mut policies);
        find_all(node, "meshConfig", &mut meshes);
        find_all(node, "defaultServiceExportTo", &mut exports);
        if !exports.is_empty() {
            self.hide(
                place.clone(),
                "defaultServiceExportTo limits who sees entries, and is not judged",
            );
        }
        for policy in &policies {
            let allows = match policy.text_of("mode") {
                Some("REGISTRY_ONLY") => false,
                // Without a mode, a mesh lets everything out.
                _ => true,
            };
            if self.allows_any.is_some_and(|known| known != allows) {
                self.hide(place.clone(), "the files have several modes of outboundTrafficPolicy");
            }
            self.allows_any = Some(allows);
        }
        let is_mesh =
            !meshes.is_empty() || !matches!(node.text_of("kind"), None | Some("ConfigMap"));
        if policies.is_empty() && is_mesh {
            self.allows_any = Some(true);
        }
    }

    fn service_entry(
        &mut self,
        spec: &Node,
        namespace: Option<&str>,
        place: &dyn Fn(&Node) -> Place,
    ) {
        let mut ports = Vec::new();
        for port in spec.items_of("ports") {
            let number = port.text_of("number").and_then(|text| text.parse().ok());
            let protocol = port.text_of("protocol").unwrap_or("TCP").to_ascii_uppercase();
            if let Some(number) = number {
                ports.push((number, protocol));
            }
        }
        let exported = spec.items_of("exportTo");
        let is_everywhere = exported.is_empty() || exported.iter().any(|to| to.text() == Some("*"));
        let resolution = spec.text_of("resolution").unwrap_or("NONE");
        let is_wild = |host: &Node| host.text().is_some_and(|text| text.contains('*'));
        let addresses: Vec<&str> =
            spec.items_of("addresses").iter().filter_map(Node::text).collect();
        let moves = |port: &Node| {
            port.get("targetPort").is_some_and(|target| target.text() != port.text_of("number"))
        };
        let narrowed = if !is_everywhere {
            Some("exportTo limits the namespaces that see the entry")
        } else if spec.get("workloadSelector").is_some() || !spec.items_of("endpoints").is_empty() {
            Some("the entry leads to workloads or endpoints of its own")
        } else if !addresses.is_empty() {
            Some("the entry is for some addresses, and those of the hosts are not known")
        } else if resolution == "STATIC" {
            Some("the entry has static endpoints, and none in the file")
        } else if resolution.starts_with("DNS") && spec.items_of("hosts").iter().any(is_wild) {
            Some("Istio refuses a wildcard with the resolution DNS")
        } else if resolution != "NONE" && spec.items_of("ports").iter().any(moves) {
            Some("the entry leads to another port")
        } else {
            None
        };
        let narrowed = narrowed.map(Arc::from);
        let by_name =
            |protocol: &str| matches!(protocol, "TLS" | "HTTPS" | "HTTP" | "HTTP2" | "GRPC");
        let open =
            ports.iter().any(|(port, protocol)| matches!(port, 443 | 80) && !by_name(protocol));
        let may_hold_strangers = |address: &&str| {
            AddressRange::parse(address).is_none_or(|range| range.may_hold_strangers())
        };
        if open && (addresses.is_empty() || addresses.iter().any(may_hold_strangers)) {
            // A port of TCP listens for every host: its addresses alone count.
            let why =
                "a port with the protocol TCP lets every host at the entry's addresses pass on it";
            self.hide(place(spec), why);
        }
        for host in spec.items_of("hosts") {
            let text = host.text().unwrap_or_default().to_ascii_lowercase();
            match NamePattern::with_star(&text) {
                Some(pattern) => self.entries.push(Entry {
                    pattern,
                    namespace: namespace.map(str::to_owned),
                    ports: ports.clone(),
                    narrowed: narrowed.clone(),
                    place: place(host),
                }),
                None => self.hide(place(host), "a host of the entry cannot be read"),
            }
        }
    }

    fn sidecar(&mut self, spec: &Node, namespace: Option<String>, place: &Place) {
        let listeners = spec.items_of("egress");
        let mut hosts = Vec::new();
        for listener in listeners {
            if listener.get("port").is_some() || listener.get("bind").is_some() {
                self.hide(place.clone(), "listeners of a Sidecar for single ports are not judged");
            }
            for host in listener.items_of("hosts") {
                let text = host.text().unwrap_or_default().to_ascii_lowercase();
                let (namespace, name) = text.split_once('/').unwrap_or(("*", &text));
                match NamePattern::with_star(name) {
                    Some(pattern) => hosts.push((namespace.to_owned(), pattern)),
                    None => self.hide(place.clone(), "a host of the Sidecar cannot be read"),
                }
            }
        }
        let egress = (!listeners.is_empty()).then_some(hosts);
        self.sidecars.push(Sidecar { namespace, egress, allows_any: mode(spec) });
    }

    /// What happens to connections of workloads with a Sidecar, or without one.
    fn decide_for(
        &self,
        sidecar: Option<&Sidecar>,
        flow: &Flow<'_>,
        otherwise: &Outcome,
    ) -> Decision {
        let host = flow.host.as_str();
        let mut may: Option<(Place, Arc<str>)> = None;
        for entry in self.entries.iter().filter(|entry| entry.pattern.matches(host)) {
            let Some((_, protocol)) = entry.ports.iter().find(|(port, _)| *port == flow.port)
            else {
                continue;
            };
            let is_plain = matches!(protocol.as_str(), "HTTP" | "HTTP2" | "GRPC");
            let fits = if (flow.port == 80) == is_plain {
                Match::Yes
            } else {
                Match::Maybe(
                    format!("the protocol {protocol} on port {} is not judged", flow.port).into(),
                )
            };
            let seen = sidecar.map_or(Match::Yes, |sidecar| sidecar.sees(entry, host));
            match fits.and(seen).unless_unknown(entry.narrowed.as_ref()) {
                Match::Yes => return Decision::by(Outcome::Allow, &entry.place),
                Match::Maybe(why) => drop(may.get_or_insert((entry.place.clone(), why))),
                Match::No => {}
            }
        }
        let allows_any = sidecar.and_then(|sidecar| sidecar.allows_any).or(self.allows_any);
        let rest = match allows_any {
            Some(true) => Outcome::Allow,
            Some(false) => Outcome::Deny,
            None => otherwise.clone(),
        };
        match may.filter(|_| rest != Outcome::Allow) {
            Some((place, why)) => Decision::by(Outcome::Unknown(why), &place),
            None => Decision::by_default(rest),
        }
    }
}

impl Sidecar {
    /// Whether workloads with this Sidecar see an entry.
    fn sees(&self, entry: &Entry, host: &str) -> Match {
        let Some(egress) = &self.egress else { return Match::Yes };
        let covers = |pattern: &NamePattern| match (pattern, &entry.pattern) {
            // A Sidecar names hosts of entries, not hosts of connections.
            (NamePattern::Exact(name), NamePattern::Below(_)) => {
                if name == host {
                    Match::Maybe("the Sidecar names one host of a wildcard".into())
                } else {
                    Match::No
                }
            }
            // Newer versions import entries whose hosts are all among the Sidecar's, older ones also others.
            (NamePattern::Below(narrow), NamePattern::Below(domain))
                if narrow.ends_with(&format!(".{domain}")) && pattern.matches(host) =>
            {
                Match::Maybe("the Sidecar names a part of a wildcard".into())
            }
            (pattern, _) => Match::from_bool(pattern.matches(host)),
        };
        let one = |(namespace, pattern): &(String, NamePattern)| {
            let same = match (namespace.as_str(), &self.namespace, &entry.namespace) {
                ("*", ..) => Match::Yes,
                ("~", ..) => Match::No,
                (".", Some(mine), Some(its)) => Match::from_bool(mine == its),
                (".", ..) => Match::Maybe("the namespaces are not in the files".into()),
                (named, _, Some(its)) => Match::from_bool(named == its),
                _ => Match::Maybe("the namespace of the entry is not in the files".into()),
            };
            same.and(covers(pattern))
        };
        egress.iter().map(one).fold(Match::No, Match::or)
    }
}

impl Policy for Mesh {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        if let Some((place, why)) = &self.hidden {
            return Decision::by(Outcome::Unknown(Arc::clone(why)), place);
        }
        // Each Sidecar is for some workloads, and there may be workloads without one.
        let without = Some(self.decide_for(None, flow, otherwise));
        let with =
            self.sidecars.iter().map(|sidecar| self.decide_for(Some(sidecar), flow, otherwise));
        worst(flow.purpose, without.into_iter().chain(with))
            .unwrap_or_else(|| Decision::by_default(otherwise.clone()))
    }

    fn mentions(&self) -> Mentions<'_> {
        Mentions { hosts: vec![&self.names], ..Mentions::default() }
    }

    fn scope(&self) -> Scope {
        Scope::Part
    }

    fn filters_port_80(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firewall::policy::decision_for;

    const ENTRY: &str = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: acr, namespace: infra}\n\
                         spec:\n  hosts: [contoso.azurecr.io, '*.data.azurecr.io']\n  ports: [{number: 443, name: tls, protocol: TLS}]\n";

    fn outcome(text: &str, host: &str) -> Outcome {
        let mesh = read(&[RuleFile { name: "f".into(), text: text.to_owned() }]).unwrap();
        decision_for(&mesh, host, &Outcome::Deny).outcome
    }

    #[test]
    fn entries_let_their_hosts_pass() {
        for (host, expected) in [
            ("contoso.azurecr.io", Outcome::Allow),
            ("contoso.eastus.data.azurecr.io", Outcome::Allow),
            ("fabrikam.azurecr.io", Outcome::Deny),
        ] {
            assert_eq!(outcome(ENTRY, host), expected, "{host}");
        }
        let any = format!(
            "{ENTRY}---\nkind: IstioOperator\nspec: {{meshConfig: {{outboundTrafficPolicy: {{mode: ALLOW_ANY}}}}}}\n"
        );
        assert_eq!(outcome(&any, "fabrikam.azurecr.io"), Outcome::Allow);
    }

    #[test]
    fn a_sidecar_must_see_the_entry() {
        let with = |hosts: &str| {
            format!(
                "{ENTRY}---\napiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {{name: d, namespace: app}}\nspec:\n  egress:\n  - hosts: {hosts}\n"
            )
        };
        let contoso = "contoso.azurecr.io";
        assert_eq!(outcome(&with("['*/*']"), contoso), Outcome::Allow);
        assert_eq!(outcome(&with("[infra/contoso.azurecr.io]"), contoso), Outcome::Allow);
        assert_eq!(outcome(&with("['./*', 'istio-system/*']"), contoso), Outcome::Deny);
        assert_eq!(outcome(&with("['~/*']"), contoso), Outcome::Deny);
    }
}
