//! Writes findings as one-line annotations, which GitHub Actions and Azure Pipelines show with a run.

use crate::env::Env;
use crate::streams::Streams;
use crate::terminal::{shortened, visible};

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The finding fails the run.
    Error,
    /// The finding does not fail the run.
    Warning,
}

/// The file that a finding is about.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The file's name.
    pub file: &'a str,
    /// The line number, from 1.
    pub line: Option<usize>,
}

/// Writes a finding for each CI system whose variables are set.
///
/// With `--error-format json`, nothing is written: every line of standard error is JSON then.
pub fn write(
    severity: Severity,
    place: Option<Place<'_>>,
    message: &str,
    env: &Env,
    streams: &Streams,
) {
    if streams.writes_json() {
        return;
    }
    // The page of a run interprets control characters as a terminal does.
    let message = shortened(message);
    let message = &visible(&message);
    let file = place.map(|place| visible(place.file));
    let line = place.and_then(|place| place.line);
    let place = file.as_deref().map(|file| Place { file, line });
    if is_set("GITHUB_ACTIONS", env) {
        streams.write_stderr(&github(severity, place, message));
    }
    if is_set("TF_BUILD", env) {
        streams.write_stderr(&pipelines(severity, place, message));
    }
}

fn is_set(name: &str, env: &Env) -> bool {
    env.var(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

fn github(severity: Severity, place: Option<Place<'_>>, message: &str) -> String {
    const TEXT: [(char, &str); 3] = [('%', "%25"), ('\r', "%0D"), ('\n', "%0A")];
    let at = place.map(|place| {
        let file = escaped(place.file, &[&TEXT[..], &[(':', "%3A"), (',', "%2C")]].concat());
        let line = place.line.map(|line| format!(",line={line}")).unwrap_or_default();
        format!(" file={file}{line}")
    });
    let at = at.unwrap_or_default();
    format!("::{}{at}::{}\n", word(severity), escaped(message, &TEXT))
}

fn pipelines(severity: Severity, place: Option<Place<'_>>, message: &str) -> String {
    const TEXT: [(char, &str); 3] = [('%', "%AZP25"), ('\r', "%0D"), ('\n', "%0A")];
    let at = place.map(|place| {
        let file = escaped(place.file, &[&TEXT[..], &[(';', "%3B"), (']', "%5D")]].concat());
        let line = place.line.map(|line| format!("linenumber={line};")).unwrap_or_default();
        format!("sourcepath={file};{line}")
    });
    let at = at.unwrap_or_default();
    format!("##vso[task.logissue type={};{at}]{}\n", word(severity), escaped(message, &TEXT))
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Replaces the characters that would end the annotation.
fn escaped(text: &str, replacements: &[(char, &str)]) -> String {
    text.chars()
        .map(|c| {
            let replacement = replacements.iter().find(|(from, _)| *from == c);
            replacement.map_or_else(|| c.to_string(), |(_, to)| (*to).to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_an_annotation_is_escaped() {
        let place = Some(Place { file: "a:b,c;d].txt", line: Some(7) });
        assert_eq!(
            github(Severity::Error, place, "50%\n::set-output"),
            "::error file=a%3Ab%2Cc;d].txt,line=7::50%25%0A::set-output\n"
        );
        assert_eq!(
            pipelines(Severity::Warning, place, "50%"),
            "##vso[task.logissue type=warning;sourcepath=a:b,c%3Bd%5D.txt;linenumber=7;]50%AZP25\n"
        );
        assert_eq!(github(Severity::Warning, None, "x"), "::warning::x\n");
        assert_eq!(pipelines(Severity::Error, None, "x"), "##vso[task.logissue type=error;]x\n");
    }
}
