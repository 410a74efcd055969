//! `firewall-rules --check`: what would happen to connections under existing rules.

use super::FirewallRulesArgs;
use crate::commands::Answer;
use crate::commands::annotations::{self, Place, Severity};
use crate::commands::input::shown;
use crate::commands::rule_files::{self, Rules};
use crate::commands::step_summary;
use crate::domain::Fqdn;
use crate::error::{FAILURE, OK, UserError};
use crate::firewall::audit::{Finding, JudgedFile, Questions, Report, audit};
use crate::firewall::policy::{Hook, Scope};
use crate::firewall::{AllowList, Language};
use crate::message::Code;
use crate::output::Outcome;
use crate::probe::{HTTPS, Route};
use crate::session::Session;
use crate::views;
use anyhow::{Context as _, Result};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

/// The most reasons that are printed.
const MAX_REASONS: usize = 5;

/// Checks existing rules.
///
/// # Errors
/// A file cannot be read, the files are in several languages, or their program would refuse them.
pub fn run(args: &FirewallRulesArgs, list: &AllowList, session: &Session) -> Result<Answer> {
    let source = client_address(args)?;
    let addresses = addresses(args, list)?;
    let Rules { policy, language, files, included } =
        rule_files::read(&args.check, args.from.as_deref(), session)?;
    let said = match (args.whole, args.part) {
        (true, _) => Some(Scope::Whole),
        (_, true) => Some(Scope::Part),
        _ => None,
    };
    let storage_suffix = session.cloud()?.storage_suffix.clone();
    let questions = Questions {
        needed: list,
        storage_suffix: storage_suffix.as_deref(),
        source,
        hook: match args.hook.as_deref() {
            Some("output") => Some(Hook::Output),
            Some("forward") => Some(Hook::Forward),
            _ => None,
        },
        scope: said,
        addresses: &addresses,
        https_only: args.port.is_some(),
    };
    let scope = said.unwrap_or_else(|| policy.scope());
    let judged = |file, language: Language| JudgedFile {
        file,
        format: language.name(),
        scope,
        assumed: said.is_none(),
    };
    let named = files.iter().map(|file| {
        let own = Language::recognise(&file.text);
        let own = if language.goes_with(own) { own } else { language };
        judged(Arc::clone(&file.name), own)
    });
    let others = included.into_iter().map(|file| judged(file.into(), language));
    let report = audit(&*policy, questions, named.chain(others).collect());
    annotate(args, &report, session);
    let failed =
        !report.holds(args.allow_wildcard) || !report.stale.is_empty() && args.fail_on.is_some();
    let exit_code = if failed { FAILURE } else { OK };
    let summary = summarize(language, scope, &report, session);
    let value = serde_json::to_value(&report).context("findings are plain JSON")?;
    let mut outcome = Outcome::new(value).with_exit_code(exit_code).with_summary(summary);
    outcome.table_on_terminal = true;
    Ok(Answer::Value(outcome.with_table(move || views::findings::rows(&report))))
}

/// The address of a client to ask for.
fn client_address(args: &FirewallRulesArgs) -> Result<Option<IpAddr>, UserError> {
    match args.source.as_slice() {
        [] => Ok(None),
        [source] if source.as_str() == "*" => Ok(None),
        [source] => source.as_str().parse().map(Some).map_err(|_| {
            UserError::usage("argument --source: with --check, it must be one address.")
        }),
        _ => Err(UserError::usage("argument --source: with --check, it must be one address.")),
    }
}

/// The addresses of needed hosts that the user names.
fn addresses(
    args: &FirewallRulesArgs,
    list: &AllowList,
) -> Result<HashMap<Fqdn, Vec<IpAddr>>, UserError> {
    let mut addresses = HashMap::new();
    for rule in &args.resolve {
        let route = Route { resolve: vec![rule.clone()], ..Route::default() };
        let mut named = false;
        for host in list.hosts() {
            if let Some(found) = route.addresses(host.as_str(), HTTPS) {
                addresses.entry(host.clone()).or_insert(found);
                named = true;
            }
        }
        if !named {
            let message =
                "argument --resolve: it names no host that the registries need on port 443.";
            return Err(UserError::usage(message));
        }
    }
    Ok(addresses)
}

/// Warns of what could not be judged, and returns the line that says what was judged and how it ended.
fn summarize(language: Language, scope: Scope, report: &Report, session: &Session) -> String {
    let reasons: BTreeSet<(Option<&str>, Option<usize>, &str)> = report
        .unjudged
        .iter()
        .chain(report.stale.iter().filter(|finding| finding.why.is_some()))
        .map(|finding| {
            (finding.file.as_deref(), finding.line, finding.why.as_deref().unwrap_or_default())
        })
        .collect();
    for (file, line, why) in reasons.iter().take(MAX_REASONS) {
        let reason = match (file, line) {
            (Some(file), Some(line)) => format!("{file}, line {line}: {why}"),
            _ => (*why).to_owned(),
        };
        session.streams.warning(Code::NotJudged, &format!("not judged: {reason}"));
    }
    if reasons.len() > MAX_REASONS {
        let more = reasons.len() - MAX_REASONS;
        session.streams.warning(Code::NotJudged, &format!("not judged: {more} more reasons"));
    }
    let counts: Vec<String> = [
        (&report.missing, "missing"),
        (&report.denied, "denied"),
        (&report.too_broad, "too broad"),
        (&report.unjudged, "not judged"),
        (&report.stale, "stale"),
        (&report.ok, "ok"),
    ]
    .into_iter()
    .filter(|(findings, _)| !findings.is_empty())
    .map(|(findings, what)| format!("{} {what}", findings.len()))
    .collect();
    let scope = match scope {
        Scope::Whole => "the whole policy",
        Scope::Part => "part of a policy: what they do not decide counts as closed",
    };
    let language = language.name().unwrap_or("unknown language");
    let counts = counts.join(", ");
    let summary = format!("{counts} ({language}, {scope}).");
    let rows = || views::findings::rows(report);
    step_summary::write("firewall-rules --check", &summary, rows, session);
    summary
}

/// Findings beside their files, for CI systems.
fn annotate(args: &FirewallRulesArgs, report: &Report, session: &Session) {
    let stale = if args.fail_on.is_some() { Severity::Error } else { Severity::Warning };
    let left_over = if args.planned {
        "is not needed after the change: left over"
    } else {
        "does not exist now: left over, or planned (--planned)"
    };
    let kinds: [(&[Finding], Severity, &str); 5] = [
        (&report.missing, Severity::Error, "is needed but not allowed: pulls will fail"),
        (&report.denied, Severity::Error, "is needed but denied here: pulls will fail"),
        (&report.too_broad, Severity::Error, "is somebody else's, and passes"),
        (&report.unjudged, Severity::Error, "cannot be judged"),
        (&report.stale, stale, left_over),
    ];
    for (findings, severity, what) in kinds {
        for finding in findings {
            let accepted = args.allow_wildcard && finding.storage;
            let severity = if accepted { Severity::Warning } else { severity };
            let file = finding.file.as_deref().unwrap_or_else(|| shown(&args.check[0]));
            let place = Some(Place { file, line: finding.line });
            annotations::write(
                severity,
                place,
                &format!("{} {what}", finding.fqdn),
                &session.env,
                &session.streams,
            );
        }
    }
}
