//! The access control lists of Squid: their values, and whether they match a connection.
//!
//! The semantics are those of the reference page on `acl`, and of Squid 5.7 where the page is silent.

use crate::firewall::host_set::HostSet;
use crate::firewall::policy::{Flow, Match, Place};
use crate::firewall::posix_regex::PosixRegex;
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;

/// The port of plain HTTP.
pub(super) const HTTP: u16 = 80;
/// The acls that exist without being defined.
pub(super) const BUILT_IN: [&str; 6] =
    ["all", "connect", "localhost", "manager", "to_linklocal", "to_localhost"];
/// The types that depend on more than a host, a port and the client's address. They are not judged.
const OTHER_TYPES: [&str; 43] = [
    "adaptation_service",
    "annotate_client",
    "annotate_transaction",
    "arp",
    "at_step",
    "browser",
    "client_connection_mark",
    "clientside_mark",
    "connections_encrypted",
    "dst_as",
    "eui64",
    "ext_user",
    "ext_user_regex",
    "external",
    "has",
    "hier_code",
    "http_status",
    "ident",
    "ident_regex",
    "localip",
    "localport",
    "max_user_ip",
    "maxconn",
    "myportname",
    "note",
    "peername",
    "peername_regex",
    "proxy_auth",
    "proxy_auth_regex",
    "random",
    "referer_regex",
    "rep_header",
    "rep_mime_type",
    "req_header",
    "req_mime_type",
    "snmp_community",
    "src_as",
    "srcdom_regex",
    "srcdomain",
    "tag",
    "time",
    "transaction_initiator",
    "urllogin",
];

/// A term of a rule: an acl that must match, or must not match.
#[derive(Debug, Clone)]
pub(super) struct Term {
    /// The acl's name, in lower case.
    pub name: String,
    /// Whether the acl must not match.
    pub negated: bool,
}

/// An access control list: it matches if one of its values does.
#[derive(Debug)]
pub(super) struct Acl {
    /// The type, which all lines of an acl share.
    pub kind: String,
    /// The values of `dstdomain`.
    pub domains: HostSet,
    /// All other values.
    pub values: Vec<(Value, Place)>,
}

/// A value of an acl.
#[derive(Debug)]
pub(super) enum Value {
    HostRegex(PosixRegex),
    UrlRegex(PosixRegex),
    Ports(u16, u16),
    Method(String),
    Protocol(String),
    Source(Addresses),
    Destination(Addresses),
    /// All of these terms (`all-of`, and each acl of an `any-of`).
    All(Vec<Term>),
    /// Something that cannot be judged, and why.
    Unjudged(Arc<str>),
}

/// Addresses of clients or hosts.
#[derive(Debug)]
pub(super) enum Addresses {
    All,
    Network(IpNet),
    Range(IpAddr, IpAddr),
}

/// A request by which a client reaches a host through the proxy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub flow: &'a Flow<'a>,
    /// Whether it is a CONNECT. Otherwise, it is a GET of an `http://` URL.
    pub connect: bool,
}

impl Addresses {
    fn parse(text: &str) -> Option<Self> {
        let address = |text: &str| text.parse::<IpAddr>().ok();
        if matches!(text, "all" | "0.0.0.0/0" | "0/0" | "::/0") {
            // Squid takes each of them for every address of both families.
            return Some(Self::All);
        }
        if let Some(address) = address(text) {
            return Some(Self::Network(IpNet::from(address)));
        }
        if let Some((first, last)) = text.split_once('-') {
            return Some(Self::Range(address(first)?, address(last)?));
        }
        text.parse().ok().map(Self::Network)
    }

    fn matches(&self, address: Option<IpAddr>, missing: &str) -> Match {
        match (self, address) {
            (Self::All, _) => Match::Yes,
            (_, None) => Match::Maybe(missing.into()),
            (Self::Network(network), Some(address)) => Match::from_bool(network.contains(&address)),
            (Self::Range(first, last), Some(address)) => {
                Match::from_bool((*first..=*last).contains(&address))
            }
        }
    }
}

impl Acl {
    pub(super) fn new(kind: String) -> Self {
        Self { kind, domains: HostSet::default(), values: Vec::new() }
    }

    /// Adds a value of `dstdomain`.
    ///
    /// # Errors
    /// The value overlaps with another one in a way that keeps Squid from starting.
    pub(super) fn insert_domain(&mut self, value: &str, place: &Place) -> Result<(), String> {
        let value = value.to_ascii_lowercase();
        let overlap = |other: &str| {
            Err(format!("'{value}' and '{other}' overlap in one acl, and Squid would not start"))
        };
        let domain = value.strip_prefix('.');
        // A name and its own dotted form exclude each other, in either order.
        if let Some(domain) = domain.filter(|domain| self.domains.has_host(domain)) {
            return overlap(domain);
        }
        if domain.is_none() && self.domains.domain(&value).is_some() {
            return overlap(&format!(".{value}"));
        }
        // Squid leaves out, with a warning, what an earlier value includes.
        if self.domains.find(domain.unwrap_or(&value)).is_some() {
            return Ok(());
        }
        match domain {
            Some(domain) if self.domains.domain(domain).is_some() => {}
            Some(domain) if self.domains.has_any_below(domain) => {
                return overlap(&format!("a name below {domain}"));
            }
            // The domain itself is meant as well.
            Some(domain) => self.domains.insert_below(domain, place),
            None => self.domains.insert_host(&value, place),
        }
        Ok(())
    }

    /// The line of the domain that a host matches.
    pub(super) fn domain_of(&self, host: &str) -> Option<&Place> {
        let apex = || self.domains.domain(host);
        self.domains.find(host).or_else(apex)
    }
}

/// Reads a value of an acl, other than `dstdomain`, `any-of` and `all-of`.
///
/// # Errors
/// Squid does not know the type.
pub(super) fn value(kind: &str, item: &str, ignore_case: bool) -> Result<Value, String> {
    let unjudged = |why: String| Value::Unjudged(why.into());
    let regex = |make: fn(PosixRegex) -> Value| match PosixRegex::parse(item, ignore_case) {
        Ok(regex) => make(regex),
        Err(why) => unjudged(why),
    };
    let addresses = |make: fn(Addresses) -> Value| match Addresses::parse(item) {
        Some(addresses) => make(addresses),
        None => unjudged(format!("'{item}' is not an address that can be judged")),
    };
    Ok(match kind {
        "dstdom_regex" => regex(Value::HostRegex),
        "url_regex" => regex(Value::UrlRegex),
        "port" => {
            let (first, last) = item.split_once('-').unwrap_or((item, item));
            match (first.parse(), last.parse()) {
                (Ok(first), Ok(last)) => Value::Ports(first, last),
                _ => unjudged(format!("'{item}' is not a port")),
            }
        }
        "method" => Value::Method(item.to_ascii_uppercase()),
        "proto" => Value::Protocol(item.to_ascii_uppercase()),
        "src" => addresses(Value::Source),
        "dst" => addresses(Value::Destination),
        "urlpath_regex" => unjudged("the path of a URL is not part of the question".to_owned()),
        kind if OTHER_TYPES.contains(&kind) || kind.starts_with("ssl::") => {
            unjudged(format!("the acl type {kind} depends on more than host and address"))
        }
        kind => {
            return Err(format!(
                "Squid 5.7 does not know the acl type '{kind}' and would not start"
            ));
        }
    })
}

impl Value {
    /// Whether the value matches, if it does not refer to other acls.
    pub(super) fn matches(&self, request: Request<'_>) -> Match {
        let Request { flow, connect } = request;
        let host = flow.host.as_str();
        match self {
            Self::HostRegex(regex) => Match::from_bool(regex.is_match(host)),
            Self::UrlRegex(regex) if connect => {
                Match::from_bool(regex.is_match(&format!("{host}:{}", flow.port)))
            }
            // A client chooses the path, so a pattern that does not match without one may match with one.
            Self::UrlRegex(regex) if regex.is_match(&format!("http://{host}/")) => Match::Yes,
            Self::UrlRegex(_) => Match::Maybe("url_regex depends on the path".into()),
            Self::Ports(first, last) => Match::from_bool((*first..=*last).contains(&flow.port)),
            Self::Method(method) => Match::from_bool(method == method_of(connect)),
            Self::Protocol(protocol) => {
                Match::from_bool(protocol == if connect { "NONE" } else { "HTTP" })
            }
            Self::Source(addresses) => {
                addresses.matches(flow.source, "this depends on the client's address: --source")
            }
            Self::Destination(addresses) => {
                let missing = "this depends on the address of the host: --resolve HOST:443:ADDRESS";
                let any =
                    flow.addresses.iter().map(|address| addresses.matches(Some(*address), missing));
                any.reduce(Match::or).unwrap_or_else(|| addresses.matches(None, missing))
            }
            Self::Unjudged(why) => Match::Maybe(Arc::clone(why)),
            // The configuration follows the terms.
            Self::All(_) => Match::Maybe("acls within acls".into()),
        }
    }
}

/// Whether a built-in acl matches, apart from values that the configuration adds.
pub(super) fn matches_built_in(name: &str, request: Request<'_>) -> Match {
    match name {
        "all" => Match::Yes,
        "connect" => Match::from_bool(request.connect),
        "localhost" => {
            // A client on the proxy's own machine must be named.
            let is_local = request.flow.source.is_some_and(|address| address.is_loopback());
            Match::from_bool(is_local)
        }
        // Registries and storage accounts are not on the proxy's own machine or link, and not its manager.
        _ => Match::No,
    }
}

fn method_of(connect: bool) -> &'static str {
    if connect { "CONNECT" } else { "GET" }
}
