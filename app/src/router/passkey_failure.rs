//! Why a passkey was not made or not used, in words for the person.

use std::sync::Arc;

use passkeys::{PasskeyError, SiteError};
use protocol::ErrorCode;
use tracing::{info, warn};

use super::visit::Failure;
use crate::components::Mistake;
use crate::pages::passkey::impossible;
use crate::text::tr;

/// The words about an error, which is logged.
pub(super) fn failure_of(error: &PasskeyError) -> Failure {
    let source = error as &dyn std::error::Error;
    let (code, words): (_, fn() -> &'static str) = match error {
        PasskeyError::Unknown => (ErrorCode::InvalidInput, || tr!(passkey_unknown)),
        PasskeyError::NotKept => (ErrorCode::InvalidInput, || tr!(passkey_not_kept)),
        // The cause of an answer that cannot be read quotes it, and it may be long and anybody's.
        PasskeyError::Unreadable(_) => {
            info!("the answer of a passkey cannot be read");
            (ErrorCode::InvalidInput, || tr!(passkey_refused))
        }
        PasskeyError::Refused(_) => {
            info!(error = source, "the answer of a passkey is refused");
            (ErrorCode::InvalidInput, || tr!(passkey_refused))
        }
        PasskeyError::Begin(_) | PasskeyError::Write(_) => {
            warn!(error = source, "a browser cannot be asked for a passkey");
            (ErrorCode::Internal, || tr!(account_failed))
        }
    };
    let words = Arc::new(move || words().to_owned());
    Failure::with_code(code, Mistake { at: Mistake::FORM, words })
}

/// The words about an address without passkeys.
pub(super) fn failure_of_site(error: SiteError) -> Failure {
    let words = Arc::new(move || impossible(error).to_owned());
    Failure::with_code(ErrorCode::InvalidInput, Mistake { at: Mistake::FORM, words })
}
