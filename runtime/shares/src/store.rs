//! The port to durable storage of shares.

use accounts::Note;
use protocol::{AccountId, Excerpt, Timestamp};
use store::StoreError;

use crate::share::{NewShare, Share, ShareId};
use crate::token::TokenHash;

/// How much is stored at most.
pub mod limits {
    /// Shares of an account that have not ended; a further one is refused.
    pub const SHARES: u32 = 200;
    /// The bytes of one excerpt as it is stored.
    pub const BYTES: u64 = 4 << 20;
    /// The bytes of all excerpts of an account.
    pub const ACCOUNT_BYTES: u64 = 64 << 20;
}

/// What became of a new share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddedShare {
    /// It was stored.
    Share(Share),
    /// The account has no such conversation, or has deleted it.
    NotFound,
    /// The account has [`limits::SHARES`], or no room within [`limits::ACCOUNT_BYTES`].
    Full,
    /// The excerpt is longer than [`limits::BYTES`].
    Large,
}

/// What the shares of an account that have not ended take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShareUsage {
    /// How many there are.
    pub count: u32,
    /// The bytes of their excerpts.
    pub bytes: u64,
}

/// Stores shares, beside the conversations that they are copies of. All writes are synced, each
/// completely or not at all, with its entry in the audit. Errors are those of
/// [`accounts::AccountStore`].
///
/// A conversation that is deleted closes its shares until it is restored, and takes them with it
/// when it is removed. An account that is disabled closes its shares until it is enabled.
#[async_trait::async_trait]
pub trait ShareStore: Send + Sync + 'static {
    /// Adds a share.
    async fn add_share(&self, new: NewShare, note: Note) -> Result<AddedShare, StoreError>;

    /// The shares of an account that have not ended at a time, the newest first. Those that cannot
    /// be read are left out.
    async fn shares(&self, account: AccountId, at: Timestamp) -> Result<Vec<Share>, StoreError>;

    /// What the shares of an account take that have not ended at a time, whether or not they can be
    /// read.
    async fn share_usage(
        &self,
        account: AccountId,
        at: Timestamp,
    ) -> Result<ShareUsage, StoreError>;

    /// The share with this token, if it can be read at a time.
    async fn shared(
        &self,
        hash: TokenHash,
        at: Timestamp,
    ) -> Result<Option<(Share, Excerpt)>, StoreError>;

    /// Removes a share of an account; false if the account has no such share.
    async fn revoke_share(
        &self,
        account: AccountId,
        id: ShareId,
        note: Note,
    ) -> Result<bool, StoreError>;

    /// Removes some of the shares that have ended at a time; false if there are none left.
    async fn remove_ended_shares(&self, at: Timestamp) -> Result<bool, StoreError>;
}
