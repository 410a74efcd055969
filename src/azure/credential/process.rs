//! Runs the programs that provide tokens (`az`, `azd`), with a limit on their time and on what they write.

use async_trait::async_trait;
use azure_identity::Executor;
use std::ffi::OsStr;
use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// How long a program may take.
const LONGEST_RUN: Duration = Duration::from_secs(60);
/// The most that a program may write to each of its outputs, in bytes: tokens have some thousand.
const MAX_OUTPUT: u64 = 1 << 20;

/// Runs a program with more variables than this process has.
#[derive(Debug)]
pub(super) struct Program {
    /// Its name, for errors.
    pub name: &'static str,
    /// Variables and their values.
    pub variables: Vec<(&'static str, String)>,
}

#[async_trait]
impl Executor for Program {
    async fn run(&self, program: &OsStr, args: &[&OsStr]) -> io::Result<Output> {
        let run = async {
            let mut child = tokio::process::Command::new(program)
                .args(args)
                .envs(self.variables.iter().map(|(name, value)| (name, value)))
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .kill_on_drop(true)
                .spawn()?;
            let outputs = (child.stdout.take(), child.stderr.take());
            let (stdout, stderr) = tokio::try_join!(self.all(outputs.0), self.all(outputs.1))?;
            let status = child.wait().await?;
            // azure_identity quotes what it cannot read, which may be a token.
            let is_object = serde_json::from_slice::<serde_json::Value>(&stdout)
                .is_ok_and(|value| value.is_object());
            if status.success() && !is_object {
                let message = format!("{} does not answer with an object of JSON", self.name);
                return Err(io::Error::other(message));
            }
            Ok(Output { status, stdout, stderr })
        };
        tokio::time::timeout(LONGEST_RUN, run).await.unwrap_or_else(|_| {
            let message =
                format!("{} did not end within {} seconds", self.name, LONGEST_RUN.as_secs());
            Err(io::Error::new(io::ErrorKind::TimedOut, message))
        })
    }
}

impl Program {
    async fn all(&self, output: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if let Some(output) = output {
            output.take(MAX_OUTPUT + 1).read_to_end(&mut bytes).await?;
        }
        if bytes.len() as u64 > MAX_OUTPUT {
            let message = format!("{} writes more than {} MiB", self.name, MAX_OUTPUT >> 20);
            return Err(io::Error::other(message));
        }
        Ok(bytes)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use tokio::time::Instant;

    async fn run(script: &str) -> io::Result<Output> {
        let program = Program { name: "Azure CLI", variables: Vec::new() };
        program.run(OsStr::new("sh"), &[OsStr::new("-c"), OsStr::new(script)]).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_that_hangs_is_stopped_after_a_minute() {
        let started = Instant::now();
        let error = run("exec sleep 1000000").await.unwrap_err();
        assert_eq!(error.to_string(), "Azure CLI did not end within 60 seconds");
        assert_eq!(started.elapsed().as_secs(), 60);
    }
}
