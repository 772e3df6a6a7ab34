//! From failures inside to errors that clients may see; the chain is logged here, once.

use protocol::{Error, ErrorCode};

use crate::store::StoreError;

/// What a client hears when the store could not do it.
pub(crate) fn from_store(error: StoreError) -> Error {
    match error {
        StoreError::Gone => no_worker(),
        StoreError::Closed => shutting_down(),
        error => {
            tracing::error!(error = &error as &dyn std::error::Error, "the store failed");
            Error::new(ErrorCode::Internal, "The conversation's store does not answer.").with_hint(
                "Nothing was lost that was shown as saved. Try again; the server's log says why.",
            )
        }
    }
}

pub(crate) fn no_worker() -> Error {
    Error::new(ErrorCode::NotFound, "There is no such conversation.")
        .with_hint("It may have been deleted; the list shows the ones there are.")
}

pub(crate) fn shutting_down() -> Error {
    Error::new(ErrorCode::Unavailable, "The server is going down.")
        .with_hint("Try again when it is back.")
        .with_retry_after_ms(2_000)
}
