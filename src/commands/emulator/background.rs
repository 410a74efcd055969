//! The emulator in the background: it runs until its run file is removed.
//!
//! A file rather than a signal: a process id may belong to another program by the time it is used, and Windows has no
//! such signals.

use crate::commands::Answer;
use crate::commands::progress::ctrl_c;
use crate::error::UserError;
use crate::files::{self, LONGEST_LOCK, Readers};
use crate::output::Outcome;
use crate::session::Session;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How often the run file is looked for.
const INTERVAL: Duration = Duration::from_millis(100);
/// How long a connection to this machine may take.
const LONGEST_CONNECT: Duration = Duration::from_secs(1);
/// How long a stopped emulator may take to end.
const LAST_LOOKS: usize = 50;

/// Ends with Ctrl-C, or when the run file is removed.
pub(super) async fn stopped(run_file: Option<&Path>) {
    let Some(file) = run_file else { return ctrl_c().await };
    while file.exists() {
        tokio::time::sleep(INTERVAL).await;
    }
}

fn run_file(session: &Session) -> Result<PathBuf> {
    Ok(session.emulator_directory()?.join("running.json"))
}

/// Starts this program once more, and returns when it serves.
///
/// # Errors
/// One runs already, or it ends at once.
pub(super) fn start(session: &Session) -> Result<Answer> {
    let file = run_file(session)?;
    let directory = file.parent().context("the file has a directory")?;
    let unwritable = |e| UserError::new(format!("cannot write {}: {e}", file.display()));
    fs::create_dir_all(directory).map_err(unwritable)?;
    // Of two starts at once, the second one finds the emulator of the first.
    let _lock = files::lock(&files::beside(&file, ".lock"), LONGEST_LOCK).map_err(unwritable)?;
    if let Some(running) = running(&file) {
        let message =
            format!("The emulator already runs at {}.", running["url"].as_str().unwrap_or("?"));
        return Err(UserError::new(message).hint("To stop it: az-acr emulator stop").into());
    }
    let write = |text: &str| files::replace(&file, text.as_bytes(), Readers::Owner);
    write("{}").map_err(unwritable)?;
    let started = spawn(&file);
    let (pid, lines) = match started {
        Ok(started) => started,
        Err(error) => {
            let _ = fs::remove_file(&file);
            return Err(error);
        }
    };
    let url = lines.first().and_then(|line| line.split_whitespace().nth(5));
    let url = url.unwrap_or_default().trim_end_matches('.').to_owned();
    let ca = lines.iter().find_map(|line| line.strip_prefix("export REQUESTS_CA_BUNDLE="));
    let ca = ca.unwrap_or_default().trim_matches('\'').to_owned();
    let value = json!({"url": url, "pid": pid, "ca": ca});
    write(&value.to_string()).map_err(unwritable)?;
    if session.output_option().is_some() {
        return Ok(Answer::Value(Outcome::new(value)));
    }
    let text = lines.join("\n").replace("Ctrl-C stops it.", "To stop it: az-acr emulator stop");
    Ok(Answer::Text((text + "\n").into_bytes()))
}

/// Starts the server with this command line. Returns its process id and what it printed.
fn spawn(file: &Path) -> Result<(u32, Vec<String>)> {
    let me = std::env::current_exe().context("cannot find the path of this program")?;
    // Any abbreviation of --background; no other option of the command begins so.
    let args = std::env::args_os().skip(1).filter(|arg| {
        !arg.to_str().is_some_and(|arg| arg.len() > 2 && "--background".starts_with(arg))
    });
    let mut command = Command::new(me);
    command.args(args).arg("--run-file").arg(file);
    // Inherited streams would keep the pipes of a script open.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Ctrl-C in this terminal is not for it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().context("cannot start the emulator")?;
    let stdout = child.stdout.take().context("standard output is a pipe")?;
    let mut lines = Vec::new();
    for line in BufReader::new(stdout).lines() {
        lines.push(line.context("cannot read from the emulator")?);
        if lines.last().is_some_and(|line| line.starts_with("az login")) {
            return Ok((child.id(), lines));
        }
    }
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        let _ = stderr.read_to_string(&mut said);
    }
    let said = said.trim().trim_start_matches("ERROR: ");
    Err(UserError::new(format!("The emulator did not start: {said}")).into())
}

/// Stops the emulator, and waits until nobody listens on its port.
///
/// # Errors
/// None runs, or it does not stop.
pub(super) async fn stop(session: &Session) -> Result<Answer> {
    let file = run_file(session)?;
    let Some(running) = running(&file) else {
        let _ = fs::remove_file(&file);
        return Err(UserError::new("No emulator runs in the background.").into());
    };
    fs::remove_file(&file)
        .map_err(|e| UserError::new(format!("cannot remove {}: {e}", file.display())))?;
    for _ in 0..LAST_LOOKS {
        if !listens(&running) {
            return Ok(Answer::Text(Vec::new()));
        }
        tokio::time::sleep(INTERVAL).await;
    }
    let pid = &running["pid"];
    Err(UserError::new(format!("The emulator (process {pid}) does not stop.")).into())
}

/// What the run file says, if somebody listens there.
fn running(file: &Path) -> Option<Value> {
    let running: Value = serde_json::from_slice(&files::read(file).ok()??).ok()?;
    listens(&running).then_some(running)
}

fn listens(running: &Value) -> bool {
    let url = running["url"].as_str().unwrap_or_default();
    let addresses = url.strip_prefix("https://").map(ToSocketAddrs::to_socket_addrs);
    let mut addresses = addresses.and_then(Result::ok).into_iter().flatten();
    addresses.any(|address| TcpStream::connect_timeout(&address, LONGEST_CONNECT).is_ok())
}
