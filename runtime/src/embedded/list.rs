//! Positions in lists of workers, and the pages of these lists.

use protocol::api::WorkerPage;
use protocol::{Cursor, Error, ErrorCode, Timestamp, Worker, WorkerId};
use store::ListPosition;

/// Parses a `next_before` that a client sends back.
pub(super) fn parse(text: &str) -> Result<ListPosition, Error> {
    let parts = text.split_once('.');
    let position = parts.and_then(|(ms, id)| {
        let ms = ms.parse().ok()?;
        let at = Timestamp::from_unix_ms(ms);
        // A time beyond the calendar's range was changed by the conversion, so no page ever gave it
        // out.
        (at.unix_ms() == ms).then_some((at, id.parse().ok()?))
    });
    position.ok_or_else(|| {
        Error::new(ErrorCode::InvalidInput, "`before` is not a position of this list.")
            .with_hint("Give back a `next_before` as it came.")
    })
}

/// A position in the form that clients get.
pub(super) fn position(at: Timestamp, id: WorkerId) -> String {
    format!("{}.{id}", at.unix_ms())
}

/// Makes a page of `found`, which was read with `limit + 1`: one worker more tells that another
/// page follows. `cursor` is the list's position before that read.
pub(super) fn page(mut found: Vec<Worker>, limit: u32, cursor: Cursor) -> WorkerPage {
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| more);
    let next_before = last.map(|worker| position(worker.updated_at, worker.worker_id));
    WorkerPage { workers: found, next_before, cursor: Some(cursor) }
}
