//! From this machine to a registry's endpoints, step by step: which of them can be used, and where it ends if not.
//!
//! [`Prober`] makes the connections: [`dns`], [`tcp`], a [`proxy`] where there is one, [`tls`], [`http`]. What an
//! answer means is in [`judge`], what a pull does in [`pull`]. Nothing is contacted but the hosts that are named and,
//! in a pull, those to which the registry sends a client.

mod dns;
mod expectation;
mod http;
mod image;
mod judge;
mod proxy;
pub mod pull;
mod route;
mod tcp;
mod tls;
mod verdict;

pub use dns::{Names, NoNames, SystemNames};
pub use expectation::{Expectation, expect_blocked};
pub use image::{Platform, Reference};
pub use route::{ConnectTo, NoOverride, Resolve, Route};
pub use tls::{Judge, TlsFacts, Trust};
pub use verdict::{Failure, Reason, Step, Verdict};

use futures::StreamExt as _;
use http::{Ask, Connection, Limit, Stream};
use route::Proxy;
use serde::{Serialize, Serializer};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// The port of all endpoints.
pub const HTTPS: u16 = 443;
/// The most endpoints that are checked at the same time.
const MOST_AT_ONCE: usize = 32;
/// The largest answer of an endpoint that is looked at, in bytes.
const LARGEST_PAGE: usize = 16 << 10;

/// What an endpoint is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The global login server.
    Login,
    /// A dedicated data endpoint.
    Data,
    /// The login server of one region.
    Regional,
    /// A host that is none of the registry's.
    Other,
}

/// An endpoint to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What it is for.
    pub kind: Kind,
    /// Its region, where it has one.
    pub region: Option<String>,
    /// Whether the name may be missing in DNS: it is planned.
    pub planned: bool,
}

impl Target {
    /// The host, with its port where that is not the one of https.
    pub fn authority(&self) -> String {
        authority(&self.host, self.port)
    }
}

/// Milliseconds that each step took; `None` for a step that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Timings {
    /// Finding addresses.
    #[serde(serialize_with = "milliseconds")]
    pub dns: Option<Duration>,
    /// Connecting, to the proxy where there is one.
    #[serde(serialize_with = "milliseconds")]
    pub tcp: Option<Duration>,
    /// The proxy's answer to CONNECT.
    #[serde(serialize_with = "milliseconds")]
    pub proxy: Option<Duration>,
    /// The TLS handshake.
    #[serde(serialize_with = "milliseconds")]
    pub tls: Option<Duration>,
    /// A request and its answer.
    #[serde(serialize_with = "milliseconds")]
    pub http: Option<Duration>,
}

/// Milliseconds with one digit after the point.
#[expect(clippy::ref_option, reason = "serde hands in a reference")]
fn milliseconds<S: Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => to.serialize_f64((time.as_secs_f64() * 10_000.0).round() / 10.0),
        None => to.serialize_none(),
    }
}

/// What was seen on the way.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Trace {
    /// The addresses of the name, or of the proxy's name.
    pub addresses: Vec<IpAddr>,
    /// The names that it is an alias of.
    pub cnames: Vec<String>,
    /// How long the steps took, in milliseconds.
    pub timings: Timings,
    /// The handshake.
    pub tls: Option<TlsFacts>,
    /// The proxy, `host:port`.
    pub proxy: Option<String>,
}

/// What is known about an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The host.
    pub endpoint: String,
    /// What it is for.
    pub kind: Kind,
    /// Its region, where it has one.
    pub region: Option<String>,
    /// `IPv4` or `IPv6` where an endpoint has both and each is checked apart.
    pub family: Option<&'static str>,
    /// The verdict.
    pub verdict: Verdict,
    /// Where the check ended, if before its end.
    pub step: Option<Step>,
    /// Why.
    pub reason: Option<Reason>,
    /// In words.
    pub detail: Option<String>,
    /// What was seen on the way.
    #[serde(flatten)]
    pub trace: Trace,
}

/// Makes connections the user's way.
pub struct Prober {
    /// Finds addresses.
    pub names: Box<dyn Names>,
    /// Overrides and proxies.
    pub route: Route,
    /// Judges certificates.
    pub judge: Judge,
    /// The most that a step may take.
    pub timeout: Duration,
    /// Takes a line for each request.
    pub log: Box<dyn Fn(&str)>,
}

/// Where a connection goes: to the proxy where there is one, otherwise to the host itself or what stands for it.
struct Way {
    host: String,
    port: u16,
    proxy: Option<Proxy>,
}

impl Way {
    fn first_hop(&self) -> (&str, u16) {
        match &self.proxy {
            Some(proxy) => (&proxy.host, proxy.port),
            None => (&self.host, self.port),
        }
    }

    /// A failure before the proxy speaks is the proxy's: the endpoint's own name was not even used.
    fn of_proxy(&self, failure: Failure) -> Failure {
        match &self.proxy {
            Some(proxy) => Failure::new(
                Step::Proxy,
                failure.reason,
                format!("the proxy {}:{}: {}", proxy.host, proxy.port, failure.detail),
            ),
            None => failure,
        }
    }
}

/// `host`, or `host:port` where the port is not that of https.
fn authority(host: &str, port: u16) -> String {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    if port == HTTPS { host } else { format!("{host}:{port}") }
}

impl Prober {
    /// Checks endpoints, all at the same time up to 32, and gives the results in the order of the endpoints.
    ///
    /// # Arguments
    /// * `done` - is told of each endpoint that is finished.
    pub async fn check_all(&self, targets: &[Target], done: impl Fn(&Target)) -> Vec<Check> {
        let checks = targets.iter().enumerate().map(|(i, target)| {
            let done = &done;
            async move {
                let checks = self.check(target).await;
                done(target);
                (i, checks)
            }
        });
        let mut found: Vec<(usize, Vec<Check>)> =
            futures::stream::iter(checks).buffer_unordered(MOST_AT_ONCE).collect().await;
        found.sort_by_key(|(i, _)| *i);
        found.into_iter().flat_map(|(_, checks)| checks).collect()
    }

    /// Checks an endpoint: once, or once for IPv4 and once for IPv6 where it has both.
    pub async fn check(&self, target: &Target) -> Vec<Check> {
        let way = self.way(&target.host, target.port);
        let mut trace = Trace::default();
        let resolved = self.resolve(&way, &mut trace).await;
        let addresses = match resolved {
            Ok(addresses) => addresses,
            Err(failure) => return vec![report(target, None, trace, Err(failure))],
        };
        let families = families(&addresses);
        if families.len() < 2 || way.proxy.is_some() {
            let result = match addresses.first() {
                Some(address) => self.examine(target, &way, *address, &mut trace).await,
                None => Err(Failure::new(Step::Dns, Reason::NoAddress, "no address")),
            };
            return vec![report(target, None, trace, result)];
        }
        let apart = families.into_iter().map(|(family, addresses)| {
            let mut trace = Trace { addresses: addresses.clone(), ..trace.clone() };
            let way = &way;
            async move {
                let result = self.examine(target, way, addresses[0], &mut trace).await;
                report(target, Some(family), trace, result)
            }
        });
        futures::future::join_all(apart).await
    }

    async fn examine(
        &self,
        target: &Target,
        way: &Way,
        address: IpAddr,
        trace: &mut Trace,
    ) -> Result<(), Failure> {
        let stream = self.open(&target.host, way, address, trace).await?;
        let authority = target.authority();
        let mut connection = Connection::new(stream, &authority, self.timeout).await?;
        let path = match target.kind {
            Kind::Login | Kind::Regional => "/v2/",
            Kind::Data | Kind::Other => "/",
        };
        let ask = Ask::get(path);
        let started = Instant::now();
        let answer = connection.send(ask.clone(), Limit::First(LARGEST_PAGE)).await;
        trace.timings.http = Some(started.elapsed());
        self.note(&authority, &ask, &answer);
        let trust = trace.tls.as_ref().map(|tls| tls.trust);
        judge::judge(target.kind, &target.host, trust, &answer?)
    }

    /// Opens a connection for requests: by the first family that connects, IPv4 first.
    async fn connect(
        &self,
        host: &str,
        port: u16,
        trace: &mut Trace,
    ) -> Result<Connection, Failure> {
        let way = self.way(host, port);
        let addresses = self.resolve(&way, trace).await?;
        let mut result = Err(Failure::new(Step::Dns, Reason::NoAddress, "no address"));
        for (_, addresses) in families(&addresses) {
            result = self.open(host, &way, addresses[0], trace).await;
            if !matches!(&result, Err(failure) if failure.step == Step::Tcp) {
                break;
            }
        }
        Connection::new(result?, &authority(host, port), self.timeout).await
    }

    /// Logs a request. The query is left out: it may hold a link's signature.
    fn note(&self, authority: &str, ask: &Ask, answer: &Result<http::Answer, Failure>) {
        let said = match answer {
            Ok(answer) => answer.status.to_string(),
            Err(failure) => failure.detail.clone(),
        };
        (self.log)(&format!("{} https://{authority}{} -> {said}", ask.method(), ask.path()));
    }

    fn way(&self, host: &str, port: u16) -> Way {
        let (host, port) = self.route.destination(host, port);
        let proxy = self.route.proxy(&host, port);
        Way { host, port, proxy }
    }

    async fn resolve(&self, way: &Way, trace: &mut Trace) -> Result<Vec<IpAddr>, Failure> {
        trace.proxy = way.proxy.as_ref().map(|proxy| format!("{}:{}", proxy.host, proxy.port));
        let (host, port) = way.first_hop();
        if let Some(addresses) = self.route.addresses(host, port) {
            trace.addresses.clone_from(&addresses);
            return Ok(addresses);
        }
        let started = Instant::now();
        let found = tokio::time::timeout(self.timeout, self.names.lookup(host)).await;
        trace.timings.dns = Some(started.elapsed());
        let resolved =
            found.unwrap_or_else(|_| Err(dns::timeout())).map_err(|e| way.of_proxy(e))?;
        trace.addresses.clone_from(&resolved.addresses);
        trace.cnames = resolved.cnames;
        Ok(resolved.addresses)
    }

    /// TCP, the proxy's tunnel where there is one, and TLS.
    async fn open(
        &self,
        host: &str,
        way: &Way,
        address: IpAddr,
        trace: &mut Trace,
    ) -> Result<Box<dyn Stream>, Failure> {
        let address = SocketAddr::new(address, way.first_hop().1);
        let started = Instant::now();
        let connected = tokio::time::timeout(self.timeout, tcp::connect(address)).await;
        trace.timings.tcp = Some(started.elapsed());
        let tcp = connected
            .unwrap_or_else(|_| Err(tcp::timeout(address)))
            .map_err(|failure| way.of_proxy(failure))?;
        let mut stream: Box<dyn Stream> = Box::new(tcp);
        if let Some(proxy) = &way.proxy {
            let started = Instant::now();
            let tunnel = self.tunnel(stream, proxy, way).await;
            trace.timings.proxy = Some(started.elapsed());
            stream = tunnel?;
        }
        let started = Instant::now();
        let (facts, shaken) = self.handshake(host, stream).await;
        trace.timings.tls = Some(started.elapsed());
        trace.tls = facts;
        shaken
    }

    async fn tunnel(
        &self,
        stream: Box<dyn Stream>,
        proxy: &Proxy,
        way: &Way,
    ) -> Result<Box<dyn Stream>, Failure> {
        let stream = if proxy.tls {
            let (_, shaken) = self.handshake(&proxy.host, stream).await;
            shaken.map_err(|failure| way.of_proxy(failure))?
        } else {
            stream
        };
        let host =
            if way.host.contains(':') { format!("[{}]", way.host) } else { way.host.clone() };
        proxy::tunnel(stream, proxy, &format!("{host}:{}", way.port), self.timeout).await
    }

    async fn handshake(
        &self,
        host: &str,
        stream: Box<dyn Stream>,
    ) -> (Option<TlsFacts>, Result<Box<dyn Stream>, Failure>) {
        let shaking = tls::handshake(host, stream, &self.judge);
        if let Ok((facts, shaken)) = tokio::time::timeout(self.timeout, shaking).await {
            (facts, shaken.map(|stream| Box::new(stream) as Box<dyn Stream>))
        } else {
            let detail = "no TLS handshake within the timeout";
            (None, Err(Failure::new(Step::Tls, Reason::Timeout, detail)))
        }
    }
}

/// The addresses of each family, under its name.
fn families(addresses: &[IpAddr]) -> Vec<(&'static str, Vec<IpAddr>)> {
    let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) =
        addresses.iter().copied().partition(|address| address.to_canonical().is_ipv4());
    [("IPv4", v4), ("IPv6", v6)].into_iter().filter(|(_, of)| !of.is_empty()).collect()
}

/// A check's result in the shape that users see.
fn report(
    target: &Target,
    family: Option<&'static str>,
    trace: Trace,
    result: Result<(), Failure>,
) -> Check {
    let (verdict, failure, detail) = match result {
        Ok(()) => {
            let (verdict, detail) = usable(target, &trace);
            (verdict, None, detail)
        }
        Err(failure) if target.planned && is_missing(&failure) => {
            let detail = format!("{} is planned, and not in DNS yet", target.host);
            (Verdict::NotPublished, Some(failure), Some(detail))
        }
        Err(failure) => {
            let detail = failure.detail.clone();
            (failure.verdict(), Some(failure), Some(detail))
        }
    };
    Check {
        endpoint: target.authority(),
        kind: target.kind,
        region: target.region.clone(),
        family,
        verdict,
        step: failure.as_ref().map(|failure| failure.step),
        reason: failure.as_ref().map(|failure| failure.reason),
        detail,
        trace,
    }
}

/// The name is not there yet, or a proxy lets it through and does not find it.
fn is_missing(failure: &Failure) -> bool {
    matches!(
        (failure.step, failure.reason),
        (Step::Dns, Reason::NameNotFound | Reason::NoAddress)
            | (Step::Proxy, Reason::ProxyUpstream)
    )
}

/// The verdict on an endpoint that answers, and what is worth knowing about the way.
fn usable(target: &Target, trace: &Trace) -> (Verdict, Option<String>) {
    let mut remarks = Vec::new();
    let direct = trace.proxy.is_none();
    let private = direct && trace.addresses.first().is_some_and(|a| dns::is_private(*a));
    let linked = dns::is_private_link(&trace.cnames);
    if private {
        remarks.push(if linked {
            "private endpoint".to_owned()
        } else {
            "private endpoint, or another private address".to_owned()
        });
    } else if linked && direct {
        remarks.push(
            "the registry has a private endpoint, but this machine's DNS gives its public address"
                .to_owned(),
        );
    }
    if let Some(tls) = trace.tls.as_ref().filter(|tls| tls.trust == Trust::Local) {
        let issuer = tls.issuer.as_deref().unwrap_or("an unknown authority");
        let what = if target.kind == Kind::Data { "layers are read" } else { "TLS is opened" };
        remarks.push(format!("{what} on the way: only this machine trusts {issuer}"));
    }
    let verdict = if private { Verdict::Private } else { Verdict::Reachable };
    (verdict, (!remarks.is_empty()).then(|| remarks.join("; ")))
}
