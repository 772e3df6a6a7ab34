//! Positions in lists of workers, and pages of the one of all.

use protocol::api::WorkerPage;
use protocol::{Cursor, Error, ErrorCode, Timestamp, Worker, WorkerId};
use store::ListPosition;

/// Reads a `next_before` that came back from a client.
pub(super) fn parse(text: &str) -> Result<ListPosition, Error> {
    let parts = text.split_once('.');
    let position = parts.and_then(|(ms, id)| {
        let ms = ms.parse().ok()?;
        let at = Timestamp::from_unix_ms(ms);
        // A moment beyond the calendar is none that was given out.
        (at.unix_ms() == ms).then_some((at, id.parse().ok()?))
    });
    position.ok_or_else(|| {
        Error::new(ErrorCode::InvalidInput, "`before` is not a position of this list.")
            .with_hint("Give back a `next_before` as it came.")
    })
}

/// A position as clients are given it.
pub(super) fn position(at: Timestamp, id: WorkerId) -> String {
    format!("{}.{id}", at.unix_ms())
}

/// A page of `found`, of which one more than `limit` was asked for after the list stood at
/// `cursor`.
pub(super) fn page(mut found: Vec<Worker>, limit: u32, cursor: Cursor) -> WorkerPage {
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| more);
    let next_before = last.map(|worker| position(worker.updated_at, worker.worker_id));
    WorkerPage { workers: found, next_before, cursor: Some(cursor) }
}
