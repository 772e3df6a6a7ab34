//! Signals that ask the process to stop.

use std::io;
use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::info;

/// SIGINT (Ctrl-C) and SIGTERM.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Registers the handlers; without them the system would end the process at once.
    pub fn take() -> io::Result<Self> {
        let (interrupt, terminate) = (SignalKind::interrupt(), SignalKind::terminate());
        Ok(Self { interrupt: signal(interrupt)?, terminate: signal(terminate)? })
    }

    /// Waits for the next signal; returns the exit code of a process that it ends (128 and its
    /// number).
    pub async fn next(&mut self) -> ExitCode {
        let (name, number) = tokio::select! {
            _ = self.interrupt.recv() => ("SIGINT", 2),
            _ = self.terminate.recv() => ("SIGTERM", 15),
        };
        info!(signal = name, "asked to stop");
        ExitCode::from(128 + number)
    }
}
