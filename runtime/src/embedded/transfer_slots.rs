//! How many exports and imports go on at once.

use std::sync::Arc;

use protocol::{Error, ErrorCode};
use tokio::sync::Semaphore;

/// Exports under way at the same time, of all conversations or of one; each holds one
/// conversation in memory for as long as its reader takes.
const EXPORTS: usize = 4;

/// Uploads of files that are on their way, or wait to be imported; each takes room on the disk.
const UPLOADS: usize = 4;

pub(super) struct TransferSlots {
    pub(super) exports: Arc<Semaphore>,
    pub(super) uploads: Arc<Semaphore>,
    /// One import at a time, once all of its files are there: a slow upload keeps nobody out.
    pub(super) import: Arc<Semaphore>,
}

impl Default for TransferSlots {
    fn default() -> Self {
        let slots = |count| Arc::new(Semaphore::new(count));
        Self { exports: slots(EXPORTS), uploads: slots(UPLOADS), import: slots(1) }
    }
}

pub(super) fn too_many(message: &str) -> Error {
    Error::new(ErrorCode::RateLimited, message)
        .with_hint("Try again when it is done.")
        .with_retry_after_ms(5_000)
}
