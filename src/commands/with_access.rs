//! `with-access`: runs a command while a registry is open for this machine.

use super::Answer;
use super::access::{Access, Opened};
use super::args::RegistryArgs;
use super::network_rule::wait_seconds;
use crate::error::{FAILURE, UserError};
use crate::message::Code;
use crate::session::Session;
use anyhow::Result;
use clap::Args;
use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};
use tokio::process::{Child, Command};

/// Arguments of `with-access`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  az-acr with-access -n contoso -- docker push contoso.azurecr.io/app:1
  az-acr with-access -n contoso -- sh -c 'az acr login -n contoso && make push'")]
pub struct WithAccessArgs {
    #[command(flatten)]
    registry: RegistryArgs,

    /// Time limit for the rule to work
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = wait_seconds)]
    wait: std::time::Duration,

    /// The command and its arguments
    #[arg(last = true, required = true, num_args = 1.., value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Opens the registry, runs the command, and closes the registry again.
///
/// # Errors
/// The registry cannot be opened or closed, or the command cannot be started.
pub async fn run(args: &WithAccessArgs, session: &Session) -> Result<Answer> {
    let access = Access::new(&args.registry, session).await?;
    let mut opened = Opened::default();
    let mut signals = Signals::new()?;
    session.handle_signals();
    let mut ended = None;
    let opening = {
        let opening = access.open(Some(args.wait), &mut opened);
        tokio::pin!(opening);
        loop {
            tokio::select! {
                result = &mut opening => break result,
                signal = signals.next() => {
                    ended = Some(signal);
                    access.stop();
                }
            }
        }
    };
    let code = match (opening, ended) {
        (Err(error), _) => Err(error),
        (Ok(()), Some(signal)) => Ok(signal.exit_code()),
        (Ok(()), None) => {
            report(&access, &opened, session);
            access.warn_of_leftovers(&opened);
            command(&args.command, session.streams.stdout_of_child(), &mut signals).await
        }
    };
    // From here on, signals end nothing: the rule must go.
    if let Err(error) = access.close(&opened.added).await {
        let message = format!(
            "'{}' is still open for this machine. To close it: az-acr network-rule remove -n {0} --my-address",
            access.name()
        );
        session.streams.warning(Code::Failed, &message);
        return match code {
            Ok(code) if code != 0 => {
                session.streams.warning(Code::Failed, &error.to_string());
                Ok(Answer::Written(code))
            }
            _ => Err(error),
        };
    }
    code.map(Answer::Written)
}

fn report(access: &Access<'_>, opened: &Opened, session: &Session) {
    let addresses: Vec<String> = opened.added.iter().map(ToString::to_string).collect();
    let text = if addresses.is_empty() {
        format!("'{}' lets this machine in already; nothing was changed.", access.name())
    } else {
        format!("'{}' is open for {} until the command ends.", access.name(), addresses.join(", "))
    };
    session.streams.note(Code::Setting, &text);
}

/// Runs the command, and passes signals on to it.
///
/// # Arguments
/// * `stdout` - the command's standard output.
async fn command(words: &[OsString], stdout: Stdio, signals: &mut Signals) -> Result<u8> {
    // clap requires one word.
    let (program, rest) =
        words.split_first().ok_or_else(|| UserError::usage("There is no command."))?;
    let mut child =
        Command::new(program).args(rest).stdout(stdout).spawn().map_err(|e| {
            UserError::new(format!("cannot start {}: {e}", program.to_string_lossy()))
        })?;
    loop {
        tokio::select! {
            status = child.wait() => return Ok(exit_code(status?)),
            signal = signals.next() => signal.pass_to(&child),
        }
    }
}

/// The exit code of the command; as in a shell, 128 and the number of a signal that ended it.
fn exit_code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(FAILURE);
    }
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(FAILURE)
}

/// A signal that asks this program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    Interrupt,
    #[cfg_attr(not(unix), expect(dead_code, reason = "Windows has Ctrl-C only"))]
    Terminate,
    #[cfg_attr(not(unix), expect(dead_code, reason = "Windows has Ctrl-C only"))]
    HangUp,
    #[cfg_attr(not(unix), expect(dead_code, reason = "Windows has Ctrl-C only"))]
    Quit,
}

impl Signal {
    /// As a shell reports a process that it ended: 128 and its number.
    fn exit_code(self) -> u8 {
        match self {
            Self::HangUp => 129,
            Self::Interrupt => 130,
            Self::Quit => 131,
            Self::Terminate => 143,
        }
    }

    /// Passes the signal on to the command, unless the terminal has sent it to both.
    fn pass_to(self, child: &Child) {
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal, kill_process};
            let by_terminal = matches!(self, Self::Interrupt | Self::Quit) && in_foreground();
            let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
            if let Some(pid) = pid.filter(|_| !by_terminal) {
                let signal = match self {
                    Self::Interrupt => Signal::INT,
                    Self::Terminate => Signal::TERM,
                    Self::HangUp => Signal::HUP,
                    Self::Quit => Signal::QUIT,
                };
                // The command may just have ended.
                let _ = kill_process(pid, signal);
            }
        }
        #[cfg(not(unix))]
        let _ = child;
    }
}

/// Whether this process is in the foreground of a terminal, which then sends Ctrl-C to the command as well.
#[cfg(unix)]
fn in_foreground() -> bool {
    let group = rustix::process::getpgrp();
    let is_mine =
        |group_of: rustix::io::Result<rustix::process::Pid>| group_of.is_ok_and(|of| of == group);
    is_mine(rustix::termios::tcgetpgrp(std::io::stdin()))
        || is_mine(rustix::termios::tcgetpgrp(std::io::stdout()))
        || is_mine(rustix::termios::tcgetpgrp(std::io::stderr()))
}

/// The signals of this process, caught from now on.
struct Signals {
    #[cfg(unix)]
    all: [(Signal, tokio::signal::unix::Signal); 4],
}

impl Signals {
    #[cfg(unix)]
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            all: [
                (Signal::Interrupt, signal(SignalKind::interrupt())?),
                (Signal::Terminate, signal(SignalKind::terminate())?),
                (Signal::HangUp, signal(SignalKind::hangup())?),
                (Signal::Quit, signal(SignalKind::quit())?),
            ],
        })
    }

    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
    fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(unix)]
    async fn next(&mut self) -> Signal {
        let [first, second, third, fourth] = &mut self.all;
        tokio::select! {
            _ = first.1.recv() => first.0,
            _ = second.1.recv() => second.0,
            _ = third.1.recv() => third.0,
            _ = fourth.1.recv() => fourth.0,
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> Signal {
        super::progress::ctrl_c().await;
        Signal::Interrupt
    }
}
