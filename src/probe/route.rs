//! The route of a connection: overrides of names and hosts, as in curl, and the proxy.

use hyper::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use std::net::IpAddr;

/// `--resolve HOST:PORT:ADDRESS[,ADDRESS]…`: addresses to use instead of DNS. `*` means every host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolve {
    host: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

/// `--connect-to HOST1:PORT1:HOST2:PORT2`: connects to another host and port.
///
/// An empty HOST1 or PORT1 matches any host or port. An empty HOST2 or PORT2 leaves the host or port unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectTo {
    from: (Option<String>, Option<u16>),
    to: (Option<String>, Option<u16>),
}

/// The text is not an override.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseOverrideError {
    /// Not `HOST:PORT:ADDRESS`.
    #[error("expected HOST:PORT:ADDRESS, e.g. contoso.azurecr.io:443:192.0.2.7")]
    Resolve,
    /// Not `HOST1:PORT1:HOST2:PORT2`.
    #[error("expected HOST1:PORT1:HOST2:PORT2, e.g. contoso.azurecr.io:443:localhost:8443")]
    ConnectTo,
}

/// Splits off the host: up to the next colon, or an IPv6 address in brackets.
fn host(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']')?;
            Some((address, rest.strip_prefix(':').or(rest.is_empty().then_some(""))?))
        }
        None => Some(text.split_once(':').unwrap_or((text, ""))),
    }
}

impl std::str::FromStr for Resolve {
    type Err = ParseOverrideError;

    fn from_str(text: &str) -> Result<Self, ParseOverrideError> {
        let parse = || {
            let (host, rest) = host(text)?;
            let (port, addresses) = rest.split_once(':')?;
            let address = |text: &str| {
                let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
                bare.unwrap_or(text).parse::<IpAddr>().ok()
            };
            let addresses = addresses.split(',').map(address).collect::<Option<Vec<_>>>()?;
            let host = host.to_lowercase();
            (!host.is_empty()).then_some(Self { host, port: port.parse().ok()?, addresses })
        };
        parse().ok_or(ParseOverrideError::Resolve)
    }
}

impl std::str::FromStr for ConnectTo {
    type Err = ParseOverrideError;

    fn from_str(text: &str) -> Result<Self, ParseOverrideError> {
        let port = |text: &str| match text {
            "" => Some(None),
            text => text.parse().ok().map(Some),
        };
        let name = |text: &str| Some(text.to_lowercase()).filter(|text| !text.is_empty());
        let parse = || {
            let (from_host, rest) = host(text)?;
            let (from_port, rest) = rest.split_once(':')?;
            let (to_host, to_port) = host(rest)?;
            Some(Self {
                from: (name(from_host), port(from_port)?),
                to: (name(to_host), port(to_port)?),
            })
        };
        parse().ok_or(ParseOverrideError::ConnectTo)
    }
}

/// A proxy.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether the connection to the proxy itself uses TLS.
    pub tls: bool,
    /// The value of `Proxy-Authorization`, marked as sensitive.
    pub authorization: Option<hyper::header::HeaderValue>,
}

/// The user's overrides and proxies.
#[derive(Debug, Default)]
pub struct Route {
    /// The `--resolve` rules; the first match applies.
    pub resolve: Vec<Resolve>,
    /// The `--connect-to` rules; the first match applies.
    pub connect_to: Vec<ConnectTo>,
    /// The proxy for https, and the hosts that bypass it.
    pub proxies: Option<Matcher>,
}

impl Route {
    /// Where to connect instead of `host:port`.
    pub fn destination(&self, host: &str, port: u16) -> (String, u16) {
        let fits = |rule: &&ConnectTo| {
            rule.from.0.as_deref().is_none_or(|from| from.eq_ignore_ascii_case(host))
                && rule.from.1.is_none_or(|from| from == port)
        };
        match self.connect_to.iter().find(fits) {
            Some(rule) => {
                (rule.to.0.clone().unwrap_or_else(|| host.to_owned()), rule.to.1.unwrap_or(port))
            }
            None => (host.to_owned(), port),
        }
    }

    /// Addresses that need no lookup: a literal address, or an override.
    pub fn addresses(&self, host: &str, port: u16) -> Option<Vec<IpAddr>> {
        if let Ok(address) = host.parse() {
            return Some(vec![address]);
        }
        let fits = |rule: &&Resolve| {
            (rule.host == "*" || rule.host.eq_ignore_ascii_case(host)) && rule.port == port
        };
        self.resolve.iter().find(fits).map(|rule| rule.addresses.clone())
    }

    /// The proxy for a host, if there is one.
    pub fn proxy(&self, host: &str, port: u16) -> Option<Proxy> {
        let authority =
            if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let uri: Uri = format!("https://{authority}/").parse().ok()?;
        let found: Intercept = self.proxies.as_ref()?.intercept(&uri)?;
        let tls = found.uri().scheme_str() == Some("https");
        let default = if tls { 443 } else { 80 };
        let host = found.uri().host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = found.uri().port_u16().unwrap_or(default);
        Some(Proxy { host, port, tls, authorization: found.basic_auth().cloned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(resolve: &[&str], connect_to: &[&str]) -> Route {
        Route {
            resolve: resolve.iter().map(|text| text.parse().unwrap()).collect(),
            connect_to: connect_to.iter().map(|text| text.parse().unwrap()).collect(),
            proxies: None,
        }
    }

    #[test]
    fn overrides_are_those_of_curl() {
        let route = route(
            &["a.io:443:127.0.0.1,[::1]", "*:8443:10.0.0.1"],
            &["b.io:443:c.io:8443", "d.io::[::1]:", ":9:e.io:"],
        );
        let addresses = route.addresses("A.io", 443).unwrap();
        assert_eq!(addresses, ["127.0.0.1".parse::<IpAddr>().unwrap(), "::1".parse().unwrap()]);
        assert_eq!(route.addresses("a.io", 80), None);
        assert_eq!(route.addresses("x.io", 8443).unwrap().len(), 1);
        assert_eq!(route.addresses("192.0.2.1", 1).unwrap().len(), 1);
        assert_eq!(route.destination("b.io", 443), ("c.io".to_owned(), 8443));
        assert_eq!(route.destination("b.io", 80), ("b.io".to_owned(), 80));
        assert_eq!(route.destination("d.io", 7), ("::1".to_owned(), 7));
        assert_eq!(route.destination("x.io", 9), ("e.io".to_owned(), 9));
        assert_eq!(route_of("::127.0.0.1:8443").destination("x.io", 443).1, 8443);
    }

    fn route_of(connect_to: &str) -> Route {
        route(&[], &[connect_to])
    }

    #[test]
    fn what_is_not_an_override_is_refused() {
        for text in ["", "a.io", "a.io:443", "a.io:x:1.2.3.4", "a.io:443:b.io", ":443:1.2.3.4"] {
            assert_eq!(text.parse::<Resolve>(), Err(ParseOverrideError::Resolve), "{text}");
        }
        for text in ["", "a.io", "a.io:443", "a.io:443:b.io:x", "[::1:443:b:1", "a.io:70000:b:1"] {
            assert_eq!(text.parse::<ConnectTo>(), Err(ParseOverrideError::ConnectTo), "{text}");
        }
    }

    #[test]
    fn proxies_have_ports_and_exceptions() {
        let matcher =
            Matcher::builder().https("http://u:p@proxy.example:3128").no("x.io,.y.io").build();
        let route = Route { proxies: Some(matcher), ..Route::default() };
        let proxy = route.proxy("contoso.azurecr.io", 443).unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port, proxy.tls), ("proxy.example", 3128, false));
        assert!(proxy.authorization.is_some_and(|value| value.is_sensitive()));
        assert!(route.proxy("x.io", 443).is_none());
        assert!(route.proxy("a.y.io", 443).is_none());
    }
}
