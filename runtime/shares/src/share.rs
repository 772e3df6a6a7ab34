//! A share, without the excerpt that is its content.

use protocol::{AccountId, Excerpt, ExcerptParts, Timestamp, WorkerId};

use crate::token::ShareToken;

/// The number by which a share is listed and revoked. It opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShareId(pub i64);

/// A share as its owner sees it in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The share's number.
    pub id: ShareId,
    /// Who made it.
    pub account: AccountId,
    /// The conversation that it is a copy of.
    pub worker_id: WorkerId,
    /// The last part of its address.
    pub token: ShareToken,
    /// The conversation's title at the time.
    pub title: Option<String>,
    /// How many messages it has.
    pub messages: u32,
    /// What it has besides the messages.
    pub parts: ExcerptParts,
    /// The length of the stored excerpt.
    pub bytes: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// False while the conversation is deleted and can be restored.
    pub open: bool,
}

/// A share to be stored.
#[derive(Clone, Debug)]
pub struct NewShare {
    /// See [`Share::account`]. The conversation has to be this account's.
    pub account: AccountId,
    /// See [`Share::worker_id`].
    pub worker_id: WorkerId,
    /// See [`Share::token`].
    pub token: ShareToken,
    /// The content.
    pub excerpt: Excerpt,
    /// See [`Share::parts`].
    pub parts: ExcerptParts,
    /// See [`Share::created_at`].
    pub created_at: Timestamp,
    /// See [`Share::expires_at`].
    pub expires_at: Timestamp,
}

/// For how many days a share can be read. It is a closed choice, and each ends: an address that is
/// given to others is forgotten by the one who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareDays(u32);

impl ShareDays {
    /// The choices.
    pub const ALL: [Self; 4] = [Self(1), Self(7), Self(30), Self(365)];

    /// The choice with this number of days.
    pub fn of(days: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.0 == days)
    }

    /// The number of days.
    pub fn get(self) -> u32 {
        self.0
    }

    /// The end of a share that was made at a time.
    pub fn after(self, at: Timestamp) -> Timestamp {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        Timestamp::from_unix_ms(at.unix_ms().saturating_add(i64::from(self.0) * DAY_MS))
    }
}

impl Default for ShareDays {
    /// 30 days.
    fn default() -> Self {
        Self(30)
    }
}
