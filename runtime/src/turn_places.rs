//! How many turns of a member run at the same time.

use protocol::{AccountRole, Error, ErrorCode};

use crate::account_places::{AccountPlace, AccountPlaces};
use crate::principal::Principal;

/// When a member who has too many turns may try again, in milliseconds.
const RETRY_MS: u64 = 5000;

/// The places for turns. An owner, who decides about the machine and pays for the endpoints, has no
/// limit. A member has one, since the local model answers one turn after the other.
#[derive(Debug)]
pub(crate) struct TurnPlaces {
    most: u32,
    members: AccountPlaces,
}

/// A place, held while a turn runs; `None` for an owner's turn.
pub(crate) type TurnPlace = Option<AccountPlace>;

impl TurnPlaces {
    /// At most `most` turns of each member.
    pub(crate) fn new(most: u32) -> Self {
        Self { most, members: AccountPlaces::new(most as usize) }
    }

    /// Takes a place for a new turn. Errors with `rate_limited`.
    pub(crate) fn take(&self, by: Principal) -> Result<TurnPlace, Error> {
        match by.role {
            AccountRole::Owner => Ok(None),
            AccountRole::Member => {
                let place = self.members.take(Some(by.account));
                place.map(Some).ok_or_else(|| too_many(self.most))
            }
        }
    }
}

fn too_many(most: u32) -> Error {
    let message = format!("Your account can have {most} answers running at the same time.");
    Error::new(ErrorCode::RateLimited, message)
        .with_hint("Wait for one of them or stop one, then send again. Nothing was stored.")
        .with_retry_after_ms(RETRY_MS)
}
