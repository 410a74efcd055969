//! Makes the connections of a check, one step after the other.

use super::http::{Connection, Limit, Request, Response, Stream};
use super::route::{Proxy, Route};
use super::tls::{TlsFacts, Trust, TrustAnchors};
use super::verdict::{Ending, Failure, Reason, Step, Verdict};
use super::{Check, CheckedTarget, Names, Target, Trace, authority, dns, judge, proxy, tcp, tls};
use crate::domain::Role;
use crate::secrets::hidden_in_cut;
use futures::StreamExt as _;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// How many endpoints are checked at the same time.
const MAX_CONCURRENT: usize = 32;
/// The maximum number of bytes read from an endpoint's response.
const MAX_PAGE: usize = 16 << 10;

/// Learns that a host is at a step.
pub type OnStep = Box<dyn Fn(&str, Step)>;

/// Makes connections along the user's route.
pub struct Prober {
    /// Resolves names.
    pub names: Box<dyn Names>,
    /// Overrides and proxies.
    pub route: Route,
    /// Verifies certificates.
    pub anchors: TrustAnchors,
    /// The time limit for each step.
    pub timeout: Duration,
    /// Called with one line for each request.
    pub log: Box<dyn Fn(&str)>,
    /// Called with the host at the start of each step.
    pub progress: OnStep,
}

/// The hops of a connection: to the proxy if there is one, then to the host or to its override.
struct Hops {
    host: String,
    port: u16,
    proxy: Option<Proxy>,
}

impl Hops {
    fn first_hop(&self) -> (&str, u16) {
        match &self.proxy {
            Some(proxy) => (&proxy.host, proxy.port),
            None => (&self.host, self.port),
        }
    }

    /// Attributes a failure on the first hop to the proxy, if there is one.
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

impl Prober {
    /// Checks endpoints, up to 32 at the same time. The results are in the order of the endpoints.
    ///
    /// # Arguments
    /// * `done` - called after the check of each endpoint.
    pub async fn check_all(
        &self,
        targets: &[Target],
        done: impl Fn(&Target),
    ) -> Vec<CheckedTarget> {
        let checks = targets.iter().map(async |target| {
            let checked = self.check(target).await;
            done(target);
            checked
        });
        futures::stream::iter(checks).buffered(MAX_CONCURRENT).collect().await
    }

    /// Checks an endpoint: once, or once for each address family if it has both.
    async fn check(&self, target: &Target) -> CheckedTarget {
        let families = self.families(target).await;
        CheckedTarget { target: target.clone(), families }
    }

    async fn families(&self, target: &Target) -> Vec<Check> {
        let hops = self.hops(target.host.as_str(), target.port);
        let mut trace = Trace::default();
        let resolved = self.resolve(&hops, &mut trace).await;
        let addresses = match resolved {
            Ok(addresses) => addresses,
            Err(failure) => return vec![report(target, None, trace, Err(failure))],
        };
        let families = families(&addresses);
        if families.len() < 2 || hops.proxy.is_some() {
            let result = match addresses.first() {
                Some(address) => self.examine(target, &hops, *address, &mut trace).await,
                None => Err(Failure::new(Step::Dns, Reason::NoAddress, "no address")),
            };
            return vec![report(target, None, trace, result)];
        }
        let apart = families.into_iter().map(|(family, addresses)| {
            let mut trace = Trace { addresses: addresses.clone(), ..trace.clone() };
            let hops = &hops;
            async move {
                let result = self.examine(target, hops, addresses[0], &mut trace).await;
                report(target, Some(family), trace, result)
            }
        });
        futures::future::join_all(apart).await
    }

    async fn examine(
        &self,
        target: &Target,
        hops: &Hops,
        address: IpAddr,
        trace: &mut Trace,
    ) -> Result<(), Failure> {
        let stream = self.open(target.host.as_str(), hops, address, trace).await?;
        let authority = target.authority();
        let mut connection = Connection::new(stream, &authority, self.timeout).await?;
        let path = match target.role {
            Role::Login | Role::Regional => "/v2/",
            Role::Data | Role::Storage | Role::Management | Role::Other => "/",
        };
        let request = Request::get(path);
        (self.progress)(target.host.as_str(), Step::Http);
        let started = Instant::now();
        let response = connection.send(request.clone(), Limit::First(MAX_PAGE)).await;
        trace.timings.http = Some(started.elapsed());
        self.log_request(&authority, &request, &response, &[]);
        let trust = trace.tls.as_ref().map(|tls| tls.trust);
        judge::judge(target.role, (target.host.as_str(), target.port), trust, &response?)
    }

    /// Opens a connection for requests, over the first address family that connects, IPv4 first. A proxy is tried
    /// once, since it chooses the address family towards the host.
    pub(super) async fn connect(
        &self,
        host: &str,
        port: u16,
        trace: &mut Trace,
    ) -> Result<Connection, Failure> {
        let hops = self.hops(host, port);
        let addresses = self.resolve(&hops, trace).await?;
        let mut result = Err(Failure::new(Step::Dns, Reason::NoAddress, "no address"));
        for (_, addresses) in families(&addresses) {
            result = self.open(host, &hops, addresses[0], trace).await;
            if !matches!(&result, Err(failure) if failure.step == Step::Tcp) {
                break;
            }
        }
        Connection::new(result?, &authority(host, port), self.timeout).await
    }

    /// Logs a request without its query, which may contain the signature of a link.
    pub(super) fn log_request(
        &self,
        authority: &str,
        request: &Request,
        response: &Result<Response, Failure>,
        secrets: &[String],
    ) {
        let outcome = match response {
            Ok(response) => response.status.to_string(),
            Err(failure) => failure.detail.clone(),
        };
        let line =
            format!("{} https://{authority}{} -> {outcome}", request.method(), request.path());
        (self.log)(&hidden_in_cut(&line, secrets));
    }

    fn hops(&self, host: &str, port: u16) -> Hops {
        // As in curl, NO_PROXY is about the host that clients ask for, not about its override.
        let proxy = self.route.proxy(host, port);
        let (host, port) = self.route.destination(host, port);
        Hops { host, port, proxy }
    }

    async fn resolve(&self, hops: &Hops, trace: &mut Trace) -> Result<Vec<IpAddr>, Failure> {
        trace.proxy = hops.proxy.as_ref().map(|proxy| format!("{}:{}", proxy.host, proxy.port));
        let (host, port) = hops.first_hop();
        if let Some(addresses) = self.route.addresses(host, port) {
            trace.addresses.clone_from(&addresses);
            return Ok(addresses);
        }
        (self.progress)(&hops.host, Step::Dns);
        let started = Instant::now();
        let found = tokio::time::timeout(self.timeout, self.names.lookup(host)).await;
        trace.timings.dns = Some(started.elapsed());
        let resolved =
            found.unwrap_or_else(|_| Err(dns::timeout())).map_err(|e| hops.of_proxy(e))?;
        trace.addresses.clone_from(&resolved.addresses);
        trace.cnames = resolved.cnames;
        Ok(resolved.addresses)
    }

    /// Opens TCP, the proxy's tunnel if there is one, and TLS.
    async fn open(
        &self,
        host: &str,
        hops: &Hops,
        address: IpAddr,
        trace: &mut Trace,
    ) -> Result<Box<dyn Stream>, Failure> {
        let address = SocketAddr::new(address, hops.first_hop().1);
        (self.progress)(host, Step::Tcp);
        let started = Instant::now();
        let connected = tokio::time::timeout(self.timeout, tcp::connect(address)).await;
        trace.timings.tcp = Some(started.elapsed());
        let tcp = connected
            .unwrap_or_else(|_| Err(tcp::timeout(address)))
            .map_err(|failure| hops.of_proxy(failure))?;
        let mut stream: Box<dyn Stream> = Box::new(tcp);
        if let Some(proxy) = &hops.proxy {
            (self.progress)(host, Step::Proxy);
            let started = Instant::now();
            let tunnel = self.tunnel(stream, proxy, hops).await;
            trace.timings.proxy = Some(started.elapsed());
            stream = tunnel?;
        }
        (self.progress)(host, Step::Tls);
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
        hops: &Hops,
    ) -> Result<Box<dyn Stream>, Failure> {
        let stream = if proxy.tls {
            let (_, shaken) = self.handshake(&proxy.host, stream).await;
            shaken.map_err(|failure| hops.of_proxy(failure))?
        } else {
            stream
        };
        let host =
            if hops.host.contains(':') { format!("[{}]", hops.host) } else { hops.host.clone() };
        proxy::tunnel(stream, proxy, &format!("{host}:{}", hops.port), self.timeout).await
    }

    async fn handshake(
        &self,
        host: &str,
        stream: Box<dyn Stream>,
    ) -> (Option<TlsFacts>, Result<Box<dyn Stream>, Failure>) {
        let shaking = tls::handshake(host, stream, &self.anchors);
        if let Ok((facts, shaken)) = tokio::time::timeout(self.timeout, shaking).await {
            (facts, shaken.map(|stream| Box::new(stream) as Box<dyn Stream>))
        } else {
            let detail = "no TLS handshake within the timeout";
            (None, Err(Failure::new(Step::Tls, Reason::Timeout, detail)))
        }
    }
}

/// The addresses of each family, with the family's name.
fn families(addresses: &[IpAddr]) -> Vec<(&'static str, Vec<IpAddr>)> {
    let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) =
        addresses.iter().copied().partition(|address| address.to_canonical().is_ipv4());
    [("IPv4", v4), ("IPv6", v6)].into_iter().filter(|(_, of)| !of.is_empty()).collect()
}

/// The result of a check.
fn report(
    target: &Target,
    family: Option<&'static str>,
    trace: Trace,
    result: Result<(), Failure>,
) -> Check {
    let (verdict, ending) = match result {
        Ok(()) => {
            let (verdict, remark) = usable(target, &trace);
            (verdict, Ending::remark(remark))
        }
        Err(failure) if target.planned && is_missing(&failure) => {
            let detail = Some(format!("{} is planned but not in DNS yet", target.host));
            (Verdict::NotPublished, Ending { detail, ..failure.into() })
        }
        Err(failure) => (failure.verdict(), failure.into()),
    };
    Check {
        endpoint: target.authority(),
        role: target.role,
        region: target.region.clone(),
        family,
        verdict,
        ending,
        trace,
    }
}

/// Whether the name does not exist yet, or a proxy allows the host but cannot reach it.
fn is_missing(failure: &Failure) -> bool {
    matches!(
        (failure.step, failure.reason),
        (Step::Dns, Reason::NameNotFound | Reason::NoAddress)
            | (Step::Proxy, Reason::ProxyUpstream)
    )
}

/// The verdict on an endpoint that responds, and remarks about the connection.
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
            "the registry has a private endpoint, but this machine's DNS resolves to its public address"
                .to_owned(),
        );
    }
    if let Some(tls) = trace.tls.as_ref().filter(|tls| tls.trust == Trust::Local) {
        let issuer = tls.issuer.as_deref().unwrap_or("an unknown authority");
        let what =
            if target.role == Role::Data { "layers can be read" } else { "TLS is intercepted" };
        remarks.push(format!("{what}: only this machine trusts the issuer {issuer}"));
    }
    let verdict = if private { Verdict::Private } else { Verdict::Reachable };
    (verdict, (!remarks.is_empty()).then(|| remarks.join("; ")))
}
