//! Makes a change and waits for it, with a spinner, until it ends or the user stops the program.

use crate::arm::{ArmError, OperationState};
use crate::error::UserError;
use crate::session::Session;
use anyhow::Result;
use serde::de::DeserializeOwned;

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
    let stop = asked_to_stop();
    tokio::pin!(stop);
    let operation = tokio::select! {
        state = start => match state? {
            OperationState::Done(value) => return Ok(value),
            running @ OperationState::Running(_) => running,
        },
        () = &mut stop => {
            let hint = format!("Azure may have received the request, and makes the change then. To see its state: {look}");
            return Err(UserError::new("Stopped before Azure answered.").hint(hint).into());
        }
    };
    let _spinner = session.streams.spinner(doing);
    tokio::select! {
        result = operation.wait() => Ok(result?),
        () = stop => {
            let hint = format!("The operation continues in Azure. To see its state: {look}");
            Err(UserError::new("Long-running operation wait cancelled.").hint(hint).into())
        }
    }
}

/// Returns when the user presses Ctrl-C, or the system asks this process to end.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                () = ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    ctrl_c().await;
}

/// Returns when the user presses Ctrl-C. If the system provides no signals, it never returns; Ctrl-C ends the process.
pub async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
