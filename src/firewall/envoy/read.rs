//! Reads the listeners and clusters of a bootstrap file of Envoy, as YAML or JSON (API reference v3, "Listener", "Cluster").
//!
//! What other servers say while Envoy runs (LDS, CDS) is not in the file.

use crate::firewall::document::{self, Node};
use crate::firewall::host_set::HostSet;
use crate::firewall::name_pattern::NamePattern;
use crate::firewall::policy::{InvalidRules, Place, RuleFile};
use std::collections::HashMap;
use std::sync::Arc;

/// A configuration.
#[derive(Debug, Default)]
pub struct Rules {
    pub listeners: Vec<Listener>,
    pub clusters: HashMap<String, Cluster>,
    pub names: HostSet,
    /// Why nothing can be said about the files.
    pub hidden: Option<(Place, Arc<str>)>,
}

/// A socket, and the filter chains of which one gets a connection.
#[derive(Debug)]
pub struct Listener {
    pub port: Option<u16>,
    pub chains: Vec<Chain>,
    /// The chain for connections that no other matches.
    pub default: Option<Chain>,
}

/// A filter chain.
#[derive(Debug)]
pub struct Chain {
    /// The names that it is for; none for every connection.
    pub names: Vec<NamePattern>,
    /// Whether it is for TLS alone, which is more specific.
    pub is_tls: bool,
    pub target: Target,
    pub place: Place,
}

/// Where a chain sends connections.
#[derive(Debug)]
pub enum Target {
    Cluster(String),
    /// To the host that the client names.
    Named {
        port: String,
        /// The cluster, which must look the name up.
        cluster: String,
    },
    Unknown(Arc<str>),
}

/// A cluster.
#[derive(Debug, Default)]
pub struct Cluster {
    /// Names or addresses, and ports.
    pub servers: Vec<(String, String)>,
    /// Whether connections go where the client wanted to go.
    pub is_original: bool,
    /// Whether connections go to the name that a filter has put aside (`dynamic_forward_proxy`), without more TLS.
    pub is_dynamic: bool,
    pub unknown: Option<Arc<str>>,
}

/// Whether a text is a bootstrap file of Envoy.
pub fn is_config(text: &str) -> bool {
    text.contains("static_resources") && text.contains("listeners")
}

/// Reads files as one configuration.
///
/// # Errors
/// [`InvalidRules`] if a file is no YAML, or Envoy would not start.
pub fn read(files: &[RuleFile]) -> Result<Rules, InvalidRules> {
    let mut rules = Rules::default();
    for file in files {
        for document in document::read(&file.text, &file.name)? {
            rules.bootstrap(&document, file)?;
        }
    }
    let chains = rules.listeners.iter().flat_map(|listener| &listener.chains);
    let mut names = HostSet::default();
    for chain in chains {
        for pattern in &chain.names {
            pattern.mention(&mut names, &chain.place);
        }
    }
    rules.names = names;
    Ok(rules)
}

impl Rules {
    fn hide(&mut self, place: Place, why: &str) {
        self.hidden.get_or_insert_with(|| (place, why.into()));
    }

    fn bootstrap(&mut self, node: &Node, file: &RuleFile) -> Result<(), InvalidRules> {
        let place = |node: &Node| Place { file: Arc::clone(&file.name), line: node.line };
        if node.unknown().is_some() {
            self.hide(place(node), "aliases of YAML are not read");
        }
        if let Some(dynamic) = node.get("dynamic_resources") {
            let served = ["lds_config", "cds_config", "ads_config"];
            if served.iter().any(|name| dynamic.get(name).is_some()) {
                self.hide(
                    place(dynamic),
                    "listeners and clusters that a server sends are not in the file",
                );
            }
        }
        let Some(resources) = node.get("static_resources") else {
            self.hide(place(node), "there are no static_resources in the file");
            return Ok(());
        };
        for listener in resources.items_of("listeners") {
            self.listener(listener, &place)?;
        }
        for cluster in resources.items_of("clusters") {
            let name = cluster.text_of("name").unwrap_or_default().to_owned();
            self.clusters.insert(name, Cluster::read(cluster));
        }
        Ok(())
    }

    fn listener(
        &mut self,
        node: &Node,
        place: &dyn Fn(&Node) -> Place,
    ) -> Result<(), InvalidRules> {
        let port = node.at(&["address", "socket_address", "port_value"]);
        let port = port.and_then(|port| port.text()?.parse().ok());
        let judged = [
            "name",
            "address",
            "filter_chains",
            "default_filter_chain",
            "listener_filters",
            "stat_prefix",
            "per_connection_buffer_limit_bytes",
            "traffic_direction",
            "listener_filters_timeout",
            "enable_reuse_port",
            "reuse_port",
            "tcp_backlog_size",
            "access_log",
            "socket_options",
            "additional_addresses",
        ];
        if let document::Value::Object(entries) = &node.value
            && let Some((key, value)) =
                entries.iter().find(|(key, _)| !judged.contains(&key.as_str()))
        {
            self.hide(place(value), &format!("{key} of a listener is not judged"));
        }
        for filter in node.items_of("listener_filters") {
            let name = filter.text_of("name").unwrap_or_default();
            let harmless = ["tls_inspector", "http_inspector", "original_dst"];
            if !harmless.iter().any(|known| name.ends_with(known)) {
                self.hide(place(filter), &format!("the listener filter {name} is not judged"));
            }
        }
        let mut chains = Vec::new();
        for chain in node.items_of("filter_chains") {
            chains.push(self.chain(chain, place)?);
        }
        let inspects = node.items_of("listener_filters").iter().any(|filter| {
            filter.text_of("name").is_some_and(|name| name.ends_with("tls_inspector"))
        });
        let needs_name = |chain: &Chain| !chain.names.is_empty() || chain.is_tls;
        if !inspects && chains.iter().any(needs_name) {
            // Older versions add it; 1.40 does not.
            let why = "without the listener filter tls_inspector, Envoy does not know the name";
            self.hide(place(node), why);
        }
        let default =
            node.get("default_filter_chain").map(|chain| self.chain(chain, place)).transpose()?;
        self.listeners.push(Listener { port, chains, default });
        Ok(())
    }

    fn chain(
        &mut self,
        node: &Node,
        place: &dyn Fn(&Node) -> Place,
    ) -> Result<Chain, InvalidRules> {
        let (mut names, mut is_tls) = (Vec::new(), false);
        let entries = match node.get("filter_chain_match").map(|node| &node.value) {
            Some(document::Value::Object(entries)) => entries.as_slice(),
            _ => &[],
        };
        for (key, value) in entries {
            match (key.as_str(), value.text()) {
                ("server_names", _) => {
                    for name in value.items() {
                        let text = name.text().unwrap_or_default();
                        match NamePattern::with_star(text) {
                            Some(pattern @ (NamePattern::Exact(_) | NamePattern::Below(_)))
                                if text.chars().all(|c| !c.is_ascii_uppercase()) =>
                            {
                                names.push(pattern);
                            }
                            _ if text.trim_start_matches("*.").contains('*') => {
                                let what =
                                    "Envoy refuses a wildcard that is no whole label at the start"
                                        .to_owned();
                                return Err(InvalidRules { place: place(name), what });
                            }
                            _ => {
                                self.hide(place(name), "a name of the filter chain cannot be read");
                            }
                        }
                    }
                }
                ("transport_protocol", Some("tls")) => is_tls = true,
                ("transport_protocol", Some("" | "raw_buffer")) if value.text() == Some("") => {}
                _ => self.hide(place(value), &format!("{key} of filter_chain_match is not judged")),
            }
        }
        let judged = ["filter_chain_match", "filters", "name"];
        if let document::Value::Object(entries) = &node.value
            && let Some((key, value)) =
                entries.iter().find(|(key, _)| !judged.contains(&key.as_str()))
        {
            self.hide(place(value), &format!("{key} of a filter chain is not judged"));
        }
        Ok(Chain { names, is_tls, target: target(node.items_of("filters")), place: place(node) })
    }
}

/// Where the filters of a chain send connections.
fn target(filters: &[Node]) -> Target {
    let unknown = |why: &str| Target::Unknown(why.into());
    let kind = |filter: &Node| {
        let config = filter.get("typed_config");
        let kind = config.and_then(|config| config.text_of("@type")).unwrap_or_default();
        kind.rsplit('.').next().unwrap_or_default().to_owned()
    };
    match filters {
        // Envoy closes connections that no filter takes.
        [] => unknown("a filter chain without filters is not judged"),
        [one] if kind(one) == "TcpProxy" => {
            let config = one.get("typed_config");
            match config.and_then(|config| config.text_of("cluster")) {
                Some(cluster) => Target::Cluster(cluster.to_owned()),
                None => unknown("weighted clusters are not judged"),
            }
        }
        // The name in TLS is looked up, and the connection goes there.
        [first, second] if kind(first) == "FilterConfig" && kind(second) == "TcpProxy" => {
            let config = first.get("typed_config");
            let is_dynamic = config.and_then(|config| config.text_of("@type"));
            if is_dynamic.is_some_and(|kind| kind.contains("sni_dynamic_forward_proxy")) {
                let port =
                    config.and_then(|config| config.text_of("port_value")).unwrap_or_default();
                let cluster = second.at(&["typed_config", "cluster"]).and_then(Node::text);
                Target::Named {
                    port: port.to_owned(),
                    cluster: cluster.unwrap_or_default().to_owned(),
                }
            } else {
                unknown("other network filters than tcp_proxy are not judged")
            }
        }
        _ => unknown("other network filters than tcp_proxy are not judged"),
    }
}

impl Cluster {
    fn read(node: &Node) -> Self {
        let kind = node.at(&["cluster_type", "name"]).and_then(Node::text);
        let mut cluster = Self {
            is_dynamic: kind == Some("envoy.clusters.dynamic_forward_proxy")
                && node.get("transport_socket").is_none()
                && node.get("transport_socket_matches").is_none(),
            ..Self::default()
        };
        match node.text_of("type").unwrap_or("STATIC") {
            "ORIGINAL_DST" => cluster.is_original = true,
            "STATIC" | "STRICT_DNS" | "LOGICAL_DNS" => {}
            other => {
                cluster.unknown =
                    Some(format!("a cluster of the type {other} is not judged").into());
            }
        }
        for option in [
            "transport_socket",
            "transport_socket_matches",
            "cluster_type",
            "eds_cluster_config",
            "original_dst_lb_config",
            "upstream_bind_config",
        ] {
            if node.get(option).is_some() {
                cluster
                    .unknown
                    .get_or_insert(format!("{option} of a cluster is not judged").into());
            }
        }
        for locality in
            node.at(&["load_assignment"]).into_iter().flat_map(|load| load.items_of("endpoints"))
        {
            for endpoint in locality.items_of("lb_endpoints") {
                let address = endpoint.at(&["endpoint", "address", "socket_address"]);
                let text = |name: &str| {
                    address.and_then(|address| address.text_of(name)).unwrap_or_default().to_owned()
                };
                let (host, port) = (text("address"), text("port_value"));
                if host.is_empty() {
                    cluster.unknown.get_or_insert("an endpoint of a cluster cannot be read".into());
                }
                cluster.servers.push((host, port));
            }
        }
        cluster
    }
}
