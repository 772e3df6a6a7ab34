//! Turns internal failures into errors that clients may see; the chain of causes is logged here,
//! once.

use protocol::{Error, ErrorCode};
use store::{Outage, StoreError};

/// Logs a failure of the store and turns it into the client's error.
pub(crate) fn from_store(error: StoreError) -> Error {
    match error {
        StoreError::Gone => return no_worker(),
        StoreError::Closed => return shutting_down(),
        _ => {}
    }
    tracing::error!(error = &error as &dyn std::error::Error, "the store failed");
    match error {
        StoreError::Outage { outage, .. } => from_outage(outage),
        StoreError::Panicked => {
            Error::new(ErrorCode::Internal, "The conversation's store failed during this request.")
                .with_hint("Other requests still work. Try again; the server's log says more.")
        }
        _ => Error::new(ErrorCode::Internal, "The conversation's store does not answer.")
            .with_hint(
                "Nothing was lost that was shown as saved. Try again; the server's log says why.",
            ),
    }
}

/// The error while the store cannot be written. It names no path; the server's log does.
fn from_outage(outage: Outage) -> Error {
    let (message, hint, retry_after_ms) = match outage {
        Outage::Full => (
            "There is no space left where conversations are kept.",
            "This was not stored; what was saved before is safe. Free some space on the server's disk; it then continues by itself.",
            5_000,
        ),
        Outage::ReadOnly => (
            "Conversations can only be read right now.",
            "This was not stored; what was saved before is safe. The server isn't allowed to write to its disk; once it is, it continues by itself.",
            5_000,
        ),
        Outage::Missing => (
            "The files of the conversations are missing.",
            "This was not stored. What you see can still be read. Put the files back before restarting the server; it then continues by itself.",
            5_000,
        ),
        Outage::Changed => (
            "The files of the conversations were changed while the server was running.",
            "This was not stored. Put the old files back, or restart the server to use the new ones.",
            10_000,
        ),
        Outage::Locked => (
            "Another program is using the files of the conversations.",
            "This was not stored; what was saved before is safe. Close that program, then send again.",
            2_000,
        ),
        Outage::Damaged => (
            "The file of the conversations is damaged.",
            "This was not stored. What is readable can still be read and exported. The server's log says what was found; restore a backup, then start the server again.",
            60_000,
        ),
    };
    Error::new(ErrorCode::Unavailable, message).with_hint(hint).with_retry_after_ms(retry_after_ms)
}

/// The error for a change that is requested while earlier events still wait for the store.
pub(crate) fn waiting_for_store() -> Error {
    Error::new(ErrorCode::Unavailable, "Conversations can't be stored right now.")
        .with_hint("Nothing was changed. Try again in a moment; the server's log says why.")
        .with_retry_after_ms(2_000)
}

pub(crate) fn no_worker() -> Error {
    Error::new(ErrorCode::NotFound, "This conversation doesn't exist.")
        .with_hint("It may have been deleted. Choose another one from the list.")
}

pub(crate) fn no_turn() -> Error {
    Error::new(ErrorCode::NotFound, "There is no such turn in this conversation.")
}

pub(crate) fn no_message() -> Error {
    Error::new(ErrorCode::NotFound, "There is no such message in this conversation.")
}

pub(crate) fn shutting_down() -> Error {
    Error::new(ErrorCode::Unavailable, "The server is shutting down.")
        .with_hint("Try again when it's back.")
        .with_retry_after_ms(2_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_for_an_outage_has_a_hint_and_no_path() {
        use Outage::{Changed, Damaged, Full, Locked, Missing, ReadOnly};
        let mut messages = std::collections::HashSet::new();
        for outage in [Full, ReadOnly, Missing, Changed, Locked, Damaged] {
            let source = "/home/someone/companion.db: errno 28".into();
            let error = from_store(StoreError::Outage { outage, source });
            assert_eq!(error.code, ErrorCode::Unavailable);
            assert!(error.retry_after_ms.is_some());
            let hint = error.hint.unwrap();
            assert!(hint.starts_with("This was not stored"), "{hint}");
            assert!(!format!("{}{hint}", error.message).contains(['/', '\\']), "{hint}");
            assert!(messages.insert(error.message), "each outage has words of its own");
        }
    }
}
