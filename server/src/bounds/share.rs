//! Whose share of the places a request or an observer takes.

use app::Visitor;
use protocol::AccountId;
use runtime::{AccountPlace, AccountPlaces};

/// Those who share the places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharer {
    /// The person at the server's own machine, who needs no login. There is nobody to share with.
    AtMachine,
    /// An account.
    Account(AccountId),
    /// All who are not let in, together.
    Strangers,
}

/// A place, counted for its sharer until it is dropped.
#[derive(Debug)]
pub struct Share {
    /// `None` for a place that is not counted.
    _place: Option<AccountPlace>,
}

impl Share {
    /// A place of which there is any number for everybody.
    pub(super) fn uncounted() -> Self {
        Self { _place: None }
    }
}

impl Sharer {
    /// Who made a request.
    pub fn of(visitor: &Visitor) -> Self {
        match &visitor.admission {
            Some(admission) => Self::Account(admission.account()),
            None if visitor.at_machine => Self::AtMachine,
            None => Self::Strangers,
        }
    }

    /// Takes a place. `None` if the sharer has its share.
    pub fn take(self, places: &AccountPlaces) -> Option<Share> {
        let account = match self {
            Self::AtMachine => return Some(Share::uncounted()),
            Self::Account(account) => Some(account),
            Self::Strangers => None,
        };
        places.take(account).map(|place| Share { _place: Some(place) })
    }
}
