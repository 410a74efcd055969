//! Waits for a long-running operation, with a spinner, until it ends or the user presses Ctrl-C.

use crate::arm::OperationState;
use crate::error::UserError;
use crate::session::Session;
use anyhow::Result;
use serde::de::DeserializeOwned;

/// Waits for an operation that has started. Ctrl-C ends only the wait.
///
/// # Arguments
/// * `doing` - what is in progress, e.g. `Updating contoso`.
/// * `look` - the command that shows the state.
///
/// # Errors
/// Fails with ARM's error if the operation fails, or if the user ends the wait.
pub async fn wait<T: DeserializeOwned>(
    state: OperationState<'_, T>,
    doing: &str,
    look: &str,
    session: &Session,
) -> Result<T> {
    let operation = match state {
        OperationState::Done(value) => return Ok(value),
        running @ OperationState::Running(_) => running,
    };
    let _spinner = session.streams.spinner(doing);
    tokio::select! {
        result = operation.wait() => Ok(result?),
        () = ctrl_c() => {
            let hint = format!("The operation continues in Azure. To see its state: {look}");
            Err(UserError::new("Long-running operation wait cancelled.").hint(hint).into())
        }
    }
}

/// Returns when the user presses Ctrl-C. If the system provides no signals, it never returns; Ctrl-C ends the process.
pub async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
