//! Step summaries: what GitHub Actions and Azure Pipelines show on the page of a run.

use crate::files::{self, Readers};
use crate::output::{Row, markdown};
use crate::session::Session;
use crate::terminal::visible;
use std::io;
use std::path::Path;

/// The most rows of a table. GitHub cuts summaries at 1 MiB.
const MAX_ROWS: usize = 1_000;

/// Adds a summary to the page of the run, if this is a run. Failures are a debug line: a summary is not the result.
///
/// # Arguments
/// * `title` - the command.
/// * `summary` - how it ended.
/// * `rows` - called only if there is a page to write to.
pub fn write(title: &str, summary: &str, rows: impl FnOnce() -> Vec<Row>, session: &Session) {
    let github = session.env.path("GITHUB_STEP_SUMMARY");
    let pipelines = session.env.path("AGENT_TEMPDIRECTORY");
    let pipelines = pipelines.filter(|_| session.env.var("TF_BUILD").is_some());
    if github.is_none() && pipelines.is_none() {
        return;
    }
    let table = markdown::table(&rows(), MAX_ROWS);
    let text = format!("## az-acr {title}\n\n{}\n\n{table}\n", markdown::escaped(summary));
    let written = github.map_or(Ok(()), |file| files::append(&file, text.as_bytes(), Readers::All));
    let uploaded = pipelines.map_or(Ok(()), |directory| upload(&directory, &text, session));
    if let Err(error) = written.and(uploaded) {
        session.streams.debug(&format!("the step summary could not be written: {error}"));
    }
}

/// Azure Pipelines reads a file that a line of output names.
fn upload(directory: &Path, text: &str, session: &Session) -> io::Result<()> {
    let file = directory.join(format!("az-acr-{}.md", std::process::id()));
    files::append(&file, text.as_bytes(), Readers::All)?;
    if !session.streams.writes_json() {
        let file = file.display().to_string();
        session.streams.write_stderr(&format!("##vso[task.uploadsummary]{}\n", visible(&file)));
    }
    Ok(())
}
