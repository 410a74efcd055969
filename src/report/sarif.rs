//! `sarif`: SARIF 2.1.0 for code scanning.
//!
//! GitHub's code scanning needs a location below the repository's root, and takes 25,000 results of a run at most
//! (its documentation, "SARIF support for code scanning").

use super::rules::{EXPIRED, NOT_READ};
use super::{Entry, Finding, RULES, RenderError, Report, hex};
use ring::digest;
use serde_json::{Value, json};
use time::macros::format_description;

const MAX_RESULTS: usize = 25_000;
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Renders the report.
pub fn render(report: &Report) -> Result<Vec<u8>, RenderError> {
    let rules = RULES.iter().map(|rule| {
        json!({
            "id": rule.id,
            "shortDescription": {"text": rule.title},
            "fullDescription": {"text": rule.help},
            "help": {"text": rule.help},
            "defaultConfiguration": {"level": rule.level.name()},
        })
    });
    let found = report
        .entries
        .iter()
        .flat_map(|entry| entry.findings.iter().map(move |finding| result(entry, finding)));
    let gaps = report.gaps();
    let unread = gaps.iter().map(|gap| unread(gap));
    let mut results: Vec<Value> = unread.chain(found).take(MAX_RESULTS + 1).collect();
    let is_cut = results.len() > MAX_RESULTS;
    results.truncate(MAX_RESULTS);
    let mut invocation = json!({
        "executionSuccessful": gaps.is_empty(),
        "endTimeUtc": end_time(report),
    });
    if is_cut {
        let text = format!(
            "Code scanning takes {MAX_RESULTS} results; the worst are here, the others are left out."
        );
        invocation["toolExecutionNotifications"] =
            json!([{"level": "warning", "message": {"text": text}}]);
    }
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "az-acr",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.collect::<Vec<_>>(),
            }},
            "invocations": [invocation],
            "results": results,
        }],
    });
    let mut bytes = serde_json::to_vec_pretty(&log)
        .map_err(|e| RenderError { format: "SARIF", reason: e.to_string() })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The minute in which the data was read, as SARIF writes times.
fn end_time(report: &Report) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:00Z");
    // Every time has these components.
    report.read_at.format(format).unwrap_or_default()
}

fn result(entry: &Entry, finding: &Finding) -> Value {
    let of = &entry.registry;
    let path = format!("{}/{}/{}", of.subscription_id, of.resource_group, of.name);
    let text = format!("{}: {}", of.name, finding.message);
    // Two exceptions of one registry may have expired.
    let what = if finding.rule.id == EXPIRED.id { finding.message.as_str() } else { "" };
    let what = format!("{}\0{what}", of.id.to_lowercase());
    let mut result = of_rule(finding.rule, &text, &path, &what);
    if let Some(exception) = &finding.exception {
        result["suppressions"] = json!([{
            "kind": "external", "status": "accepted", "justification": exception.reason,
        }]);
    }
    result["properties"] = json!({"resourceId": of.id});
    result
}

fn unread(gap: &str) -> Value {
    // What follows a colon is the reason, which may differ each time.
    of_rule(NOT_READ, gap, "unread", gap.split(": ").next().unwrap_or_default())
}

/// A result whose place is a path below the repository's root, and whose identity is `what`.
fn of_rule(rule: &super::Rule, text: &str, path: &str, what: &str) -> Value {
    let index = RULES.iter().position(|other| other.id == rule.id);
    json!({
        "ruleId": rule.id,
        "ruleIndex": index,
        "level": rule.level.name(),
        "message": {"text": text},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": format!("azure/{}", uri(path)), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2},
        }}],
        // The key that code scanning reads; the text says which line, and there is one.
        "partialFingerprints": {
            "primaryLocationLineHash": format!("{}:1", fingerprint(&format!("{}\0{what}", rule.id))),
        },
    })
}

/// A path in a URI; a resource group may have parentheses and letters of all scripts in its name.
fn uri(path: &str) -> String {
    const KEPT: percent_encoding::AsciiSet =
        percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');
    percent_encoding::utf8_percent_encode(path, &KEPT).to_string()
}

fn fingerprint(text: &str) -> String {
    hex(&digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..16])
}
