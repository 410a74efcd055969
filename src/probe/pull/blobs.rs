//! The blobs of an image: the hosts to which the registry redirects clients, and the first bytes of each blob.

use super::report::{BlobReport, Pull};
use super::{PullFailure, PullResult, Puller, authorized, message, target};
use crate::probe::http::{Limit, Request, Response};
use crate::probe::image::Blob;
use crate::probe::judge::{denial, is_azure, throttling};
use crate::probe::verdict::{Failure, Reason, Step, printable};
use crate::probe::{HTTPS, authority};
use azure_core::http::Url;
use hyper::header::{HeaderValue, RANGE};

/// The maximum number of redirects for a blob.
const MAX_REDIRECTS: usize = 5;
/// The maximum number of bytes read from a blob.
const FIRST_BYTES: usize = 64;
impl Puller<'_> {
    /// Fetches the beginning of each blob in turn, and returns the first failure.
    pub(super) async fn blobs(
        &mut self,
        blobs: &[Blob],
        authorization: Option<&HeaderValue>,
        pull: &mut Pull,
    ) -> Option<PullFailure> {
        let mut first = None;
        for blob in blobs {
            let mut report = BlobReport::new(blob);
            let result = self.blob(blob, authorization, &mut report).await;
            report.ok = result.is_ok();
            if let Err(failure) = result {
                report.ending = failure.failure.clone().into();
                report.host = Some(failure.host.clone());
                first.get_or_insert(failure);
            }
            pull.blobs.push(report);
        }
        first
    }

    /// Fetches the beginning of a blob from the host to which the registry redirects clients.
    async fn blob(
        &mut self,
        blob: &Blob,
        authorization: Option<&HeaderValue>,
        report: &mut BlobReport,
    ) -> PullResult<()> {
        if let Some(url) = blob.urls.first() {
            return Err(self.elsewhere(url));
        }
        let registry = authority(self.request.host.as_str(), self.request.port);
        let path = format!("/v2/{}/blobs/{}", self.request.reference.repository, blob.digest);
        let mut url = Url::parse(&format!("https://{registry}{path}"))
            .map_err(|e| self.bad(Step::Redirect, e.to_string()))?;
        let mut finding = None;
        for hop in 0..=MAX_REDIRECTS {
            let step = if hop == 0 { Step::Redirect } else { Step::Layer };
            let host = url.host_str().unwrap_or_default().to_owned();
            let port = url.port_or_known_default().unwrap_or(HTTPS);
            let name = authority(&host, port);
            let failed = |failure| PullFailure { host: name.clone(), failure };
            report.host = Some(name.clone());
            if name != registry {
                finding = finding.or(self.finding(&host));
                if let Some(Failure { reason: Reason::ForeignHost, .. }) = &finding {
                    self.record_host(&name);
                    return finding.map_or(Ok(()), |failure| Err(failed(failure)));
                }
            }
            let range = HeaderValue::from_static("bytes=0-63");
            let request = Request::get(target(&url, &[])).with(RANGE, range);
            // The credential goes only to the registry; the link to a blob carries its own signature.
            let request = authorized(request, authorization.filter(|_| hop == 0));
            let sent = self.send(step, &host, port, request, Limit::First(FIRST_BYTES)).await;
            let response = match (sent, finding.clone()) {
                (Ok(response), _) => response,
                (Err(failure), None) => return Err(failed(failure)),
                (Err(failure), Some(finding)) => {
                    let detail = format!(
                        "{}. This machine cannot reach it: {}",
                        finding.detail, failure.detail
                    );
                    return Err(failed(Failure::new(finding.step, finding.reason, detail)));
                }
            };
            match response.status {
                200 | 206 => {
                    report.fetched = response.body.len();
                    return finding.map_or(Ok(()), |failure| Err(failed(failure)));
                }
                301 | 302 | 303 | 307 | 308 => {
                    url = redirect_target(&url, &response).map_err(failed)?;
                }
                status => return Err(failed(refused_blob(step, status, &response))),
            }
        }
        let detail = format!("more than {MAX_REDIRECTS} redirects");
        let host = report.host.clone().unwrap_or_default();
        Err(PullFailure {
            host,
            failure: Failure::new(Step::Redirect, Reason::RedirectLoop, detail),
        })
    }

    /// Reports a layer that clients fetch from another location, which is not contacted.
    fn elsewhere(&mut self, url: &str) -> PullFailure {
        let parsed = Url::parse(url).ok();
        let host = parsed.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        self.record_host(&host);
        // The query may be a signature.
        let shown = printable(url.split(['?', '#']).next().unwrap_or_default());
        let detail = format!("the image has a layer at {shown}, outside the registry");
        PullFailure { host, failure: Failure::new(Step::Redirect, Reason::ForeignHost, detail) }
    }

    /// The failure if a blob's host is not one of the expected ones.
    fn finding(&self, host: &str) -> Option<Failure> {
        let expected = self.request.expected.as_ref()?;
        if expected.data_hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
            return None;
        }
        let found = |reason, detail: String| Some(Failure::new(Step::Redirect, reason, detail));
        let own = host.to_lowercase();
        if !expected.storage_suffix.is_empty() && own.ends_with(&expected.storage_suffix) {
            if !expected.dedicated || expected.planned {
                return None;
            }
            return found(
                Reason::StorageRedirect,
                format!(
                    "the registry redirects clients to {host}: dedicated data endpoints are not in use"
                ),
            );
        }
        let (label, rest) = self.request.host.as_str().split_once('.').unwrap_or_default();
        if own.starts_with(&format!("{label}.")) && own.ends_with(&format!(".data.{rest}")) {
            return found(
                Reason::UnlistedHost,
                format!(
                    "the registry redirects clients to {host}, which is not one of the expected data endpoints"
                ),
            );
        }
        found(
            Reason::ForeignHost,
            format!(
                "the registry redirects clients to {host}, which does not belong to it; it was not contacted"
            ),
        )
    }
}

/// The URL that a redirect leads to.
fn redirect_target(url: &Url, response: &Response) -> Result<Url, Failure> {
    let location = response.header("location").and_then(|to| url.join(to).ok());
    location.filter(|to| to.scheme() == "https" && to.host_str().is_some()).ok_or_else(|| {
        let detail = "the redirect does not lead to an https URL";
        Failure::new(Step::Redirect, Reason::BadAnswer, detail)
    })
}

fn refused_blob(step: Step, status: u16, response: &Response) -> Failure {
    if let Some(failure) = throttling(step, response) {
        return failure;
    }
    if let Some(message) = denial(response) {
        let detail = format!("the registry's network rules deny this client: {message}");
        return Failure::new(step, Reason::RegistryDenied, detail);
    }
    let message = message(response);
    match (status, step) {
        (403 | 407, _) if !is_azure(&response.headers) => Failure::new(
            step,
            Reason::ProxyDenied,
            format!("HTTP {status} without Azure's headers: a proxy or firewall answers"),
        ),
        (401 | 403, Step::Redirect) => Failure::new(
            step,
            Reason::CredentialsRefused,
            format!("this login is not allowed to pull (HTTP {status}{message})"),
        ),
        (401 | 403, _) => Failure::new(
            step,
            Reason::LinkRefused,
            format!(
                "the registry's link is refused: it has expired, or this machine's clock is wrong (HTTP {status}{message})"
            ),
        ),
        (404, _) => {
            Failure::new(step, Reason::NotFound, format!("the blob does not exist{message}"))
        }
        _ => Failure::new(step, Reason::BadAnswer, format!("HTTP {status}{message}")),
    }
}
