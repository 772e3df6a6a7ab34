//! How many exports and imports go on at once.

use std::sync::Arc;

use protocol::{Error, ErrorCode};
use tokio::sync::Semaphore;

/// Exports under way at the same time, of all conversations or of one; each holds one
/// conversation in memory for as long as its reader takes.
const EXPORTS: usize = 4;

pub(super) struct Gates {
    pub(super) exports: Arc<Semaphore>,
    /// One at a time: an import holds up all other commits.
    pub(super) import: Arc<Semaphore>,
}

impl Default for Gates {
    fn default() -> Self {
        let (exports, import) = (Semaphore::new(EXPORTS), Semaphore::new(1));
        Self { exports: Arc::new(exports), import: Arc::new(import) }
    }
}

pub(super) fn too_many(message: &str) -> Error {
    Error::new(ErrorCode::RateLimited, message)
        .with_hint("Try again when it is done.")
        .with_retry_after_ms(5_000)
}
