//! Makes a change and waits for it, with a spinner, until it ends or the user stops the program.

use crate::arm::{ArmError, OperationState};
use crate::error::UserError;
use crate::session::Session;
use anyhow::Result;
use serde::de::DeserializeOwned;
use std::cell::Cell;

/// The exit codes of shells for a program that SIGINT or SIGTERM has ended.
const INTERRUPTED: i32 = 130;
#[cfg(unix)]
const TERMINATED: i32 = 143;

/// Starts an operation and waits for it. Ctrl-C and SIGTERM end only the wait: what was sent goes on.
///
/// # Arguments
/// * `start` - sends the request.
/// * `doing` - what is in progress, e.g. `Updating contoso`.
/// * `look` - the command that shows the state.
///
/// # Errors
/// Fails with ARM's error if the operation fails, or if the user ends the wait.
pub async fn complete<'c, T: DeserializeOwned>(
    start: impl Future<Output = Result<OperationState<'c, T>, ArmError>>,
    doing: &str,
    look: &str,
    session: &Session,
) -> Result<T> {
    let accepted = Cell::new(false);
    let change = Box::pin(async {
        let operation = match start.await? {
            OperationState::Done(value) => return Ok(value),
            running @ OperationState::Running(_) => running,
        };
        accepted.set(true);
        let _spinner = session.streams.spinner(doing);
        Ok(operation.wait().await?)
    });
    if session.handles_signals() {
        return change.await;
    }
    let (message, hint) = tokio::select! {
        result = change => {
            // The signals stay caught, so from here on this ends the process as they would.
            tokio::spawn(async { std::process::exit(asked_to_stop().await) });
            return result;
        }
        _ = asked_to_stop() => if accepted.get() {
            ("Long-running operation wait cancelled.", "The operation continues in Azure.")
        } else {
            (
                "Stopped before Azure answered.",
                "Azure may have received the request and may still make the change.",
            )
        },
    };
    Err(UserError::new(message).hint(format!("{hint} To see its state: {look}")).into())
}

/// Returns when the user presses Ctrl-C, or the system asks this process to end: the exit code that shells know for it.
async fn asked_to_stop() -> i32 {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            return tokio::select! {
                () = ctrl_c() => INTERRUPTED,
                _ = terminate.recv() => TERMINATED,
            };
        }
    }
    ctrl_c().await;
    INTERRUPTED
}

/// Returns when the user presses Ctrl-C. If the system provides no signals, it never returns; Ctrl-C ends the process.
pub async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
