//! Limits on the exports and imports that run at once.

use std::sync::Arc;

use protocol::{Error, ErrorCode};
use tokio::sync::Semaphore;

/// The most exports that run at once, of all conversations or of one. Each holds one conversation
/// in memory for as long as its reader takes.
const EXPORTS: usize = 4;

/// The most uploads that are being received or wait to be imported; each takes room on the disk.
const UPLOADS: usize = 4;

pub(super) struct TransferSlots {
    pub(super) exports: Arc<Semaphore>,
    pub(super) uploads: Arc<Semaphore>,
    /// One import runs at a time, and only after all its files have arrived, so that a slow upload
    /// blocks no other import.
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
