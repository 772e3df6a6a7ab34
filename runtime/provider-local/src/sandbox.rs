//! Asks the engine's process which walls this system has for it, without a model.

use std::io;
use std::time::Duration;

use engine_wire::{FromChild, PROTOCOL, Sandbox, ToChild};
use tokio::time::timeout;

use super::config::LocalConfig;
use super::process::Process;

/// How long the process may take to start and answer. It needs some milliseconds.
const ANSWER: Duration = Duration::from_secs(10);

/// The engine's process cannot tell.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The program cannot be started.
    #[error("the model's process cannot be started")]
    Start(#[source] io::Error),
    /// The process ended, or sent something else, or nothing.
    #[error("the model's process does not answer as expected")]
    Answer,
}

/// Starts the engine's process, has it enter its sandbox as before a load, and returns its report.
pub async fn sandbox(config: &LocalConfig) -> Result<Sandbox, SandboxError> {
    let mut process = Process::start(config).await.map_err(SandboxError::Start)?;
    // Cannot fail: the channel is new.
    let _ = process.tell(ToChild::EnterSandbox);
    let report = timeout(ANSWER, report(&mut process)).await.ok().flatten();
    // It ends by itself after its report.
    process.reap().await;
    report.ok_or(SandboxError::Answer)
}

async fn report(process: &mut Process) -> Option<Sandbox> {
    loop {
        match process.hear().await? {
            FromChild::Hello { protocol } if protocol == PROTOCOL => {}
            FromChild::Sandboxed(sandbox) => return Some(sandbox),
            _ => return None,
        }
    }
}
