//! Accounts: who owns conversations.

use std::fmt;
use std::num::{NonZeroU32, ParseIntError};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The number of an account. Numbers are given out in order and never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = u32, minimum = 1))]
pub struct AccountId(NonZeroU32);

impl AccountId {
    /// The account that owns what was there before there were accounts, and that a person at the
    /// server's own machine uses.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The account with this number; `None` for 0, which no account has.
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// The account's number.
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for AccountId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

/// What an account may do beside using its own conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AccountRole {
    /// Decides about the installation: accounts, endpoints and what was learned of them.
    Owner,
    /// Has conversations of its own, and nothing else.
    Member,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_numbered_from_one() {
        assert_eq!(AccountId::new(1), Some(AccountId::FIRST));
        assert_eq!(AccountId::new(0), None);
        assert_eq!("7".parse(), Ok(AccountId::new(7).unwrap()));
        for wrong in ["", "0", "-1", "+", "4294967296", "1.0"] {
            assert!(wrong.parse::<AccountId>().is_err(), "{wrong}");
            assert!(serde_json::from_str::<AccountId>(wrong).is_err(), "{wrong}");
        }
        assert_eq!(serde_json::to_string(&AccountId::FIRST).unwrap(), "1");
    }
}
