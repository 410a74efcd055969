//! What `check-endpoints` writes to standard error: warnings, annotations for CI systems, and a summary.

use crate::commands::annotations::{self, Severity};
use crate::commands::step_summary;
use crate::message::Code;
use crate::probe::{Check, CheckedTarget, Trust, Verdict};
use crate::session::Session;
use crate::views::checks::{self, Report, Warning, WarningCode};

/// Writes the warnings, annotations and the page of the run. Returns the summary.
pub(super) fn annotate(reports: &[Report], session: &Session) -> String {
    for report in reports {
        for warning in &report.warnings {
            // The plan has warned of layers, once for all registries.
            if warning.code != WarningCode::LayersNotChecked {
                session.streams.warning(Code::Network, &format!("{}.", warning.detail));
            }
            annotations::write(
                Severity::Warning,
                None,
                &warning.detail,
                &session.env,
                &session.streams,
            );
        }
        for target in &report.checks {
            annotate_target(target, session);
        }
    }
    // Expectations and the pull are the same in all reports.
    for expectation in reports.iter().take(1).flat_map(|report| &report.expectations) {
        if !expectation.ok {
            let detail = expectation.ending.detail.as_deref().unwrap_or("not blocked");
            let message = format!("{} may not be blocked: {detail}", expectation.host);
            annotations::write(Severity::Error, None, &message, &session.env, &session.streams);
        }
    }
    let pull = reports.first().and_then(|report| report.pull.as_ref());
    if let Some(pull) = pull.filter(|pull| !pull.ok) {
        let host = pull.host.as_deref().unwrap_or_default();
        let detail = pull.ending.detail.as_deref().unwrap_or("failed");
        let message = format!("{} cannot be pulled, because of {host}: {detail}", pull.reference);
        annotations::write(Severity::Error, None, &message, &session.env, &session.streams);
    }
    if reports.iter().flat_map(|report| &report.checks).any(is_intercepted_with_trust) {
        let message = "TLS is intercepted for some endpoints: only this machine trusts their certificates. Pulls \
                       work, but anyone with the issuer's private key can read them.";
        session.streams.warning(Code::Network, message);
        annotations::write(Severity::Warning, None, message, &session.env, &session.streams);
    }
    let summary = format!("{}.", summary(reports));
    step_summary::write("check-endpoints", &summary, || checks::rows(reports), session);
    summary
}

fn annotate_target(target: &CheckedTarget, session: &Session) {
    let usable = target.is_usable() || target.is_not_published();
    let message = |check: &Check, otherwise: &str| {
        let family = check.family.map(|family| format!(" over {family}")).unwrap_or_default();
        let detail = check.ending.detail.as_deref().unwrap_or(otherwise);
        format!("{}{family}: {detail}", check.endpoint)
    };
    for check in &target.families {
        match check.verdict {
            Verdict::Blocked => {
                let message = message(check, "blocked");
                if usable {
                    session.streams.warning(
                        Code::Network,
                        &format!("{message}. Clients fall back to the other address family."),
                    );
                }
                let severity = if usable { Severity::Warning } else { Severity::Error };
                annotations::write(severity, None, &message, &session.env, &session.streams);
            }
            Verdict::Intercepted => {
                let message = message(check, "intercepted");
                annotations::write(Severity::Error, None, &message, &session.env, &session.streams);
            }
            Verdict::Reachable | Verdict::Private | Verdict::NotPublished => {}
        }
    }
}

fn is_intercepted_with_trust(target: &CheckedTarget) -> bool {
    target.families.iter().any(|check| {
        check.verdict.is_usable()
            && check.trace.tls.as_ref().is_some_and(|tls| tls.trust == Trust::Local)
    })
}

/// A one-line summary for a log.
fn summary(reports: &[Report]) -> String {
    let targets = || reports.iter().flat_map(|report| &report.checks);
    let reachable = targets().filter(|target| target.is_usable()).count();
    let mut parts = vec![format!("{reachable} of {} endpoints reachable", targets().count())];
    let unpublished = targets().filter(|target| target.is_not_published()).count();
    if unpublished > 0 {
        parts.push(format!("{unpublished} not yet published"));
    }
    let is_about_layers = |warning: &Warning| warning.code == WarningCode::LayersNotChecked;
    if reports.iter().flat_map(|report| &report.warnings).any(is_about_layers) {
        parts.push("the hosts of layers not checked".to_owned());
    }
    if let Some(report) = reports.first() {
        let expectations = &report.expectations;
        if !expectations.is_empty() {
            let met = expectations.iter().filter(|expectation| expectation.ok).count();
            parts.push(format!("{met} of {} hosts blocked as expected", expectations.len()));
        }
        if let Some(pull) = &report.pull {
            parts.push(if pull.ok { "the pull works" } else { "the pull fails" }.to_owned());
        }
    }
    let ok = reports.iter().all(|report| report.ok);
    format!("{}: {}", if ok { "ok" } else { "failed" }, parts.join(", "))
}
