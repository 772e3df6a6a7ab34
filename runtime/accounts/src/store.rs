//! The port to durable storage of accounts.

use protocol::{AccountId, AccountRole, Timestamp};
use store::StoreError;

use crate::account::{Account, AccountName};
use crate::audit::{AuditEntry, Note};
use crate::hasher::PasswordHash;
use crate::identity::{ConnectedIdentity, Identity};
use crate::passkey::{CredentialId, NewPasskey, Passkey, PasskeyId};
use crate::secret::SecretHash;
use crate::session::{NewSession, Session, SessionId};
use crate::token::{ApiToken, NewToken, TokenId, TokenName};

/// How much is stored at most.
pub mod limits {
    /// Accounts; a further one is refused.
    pub const ACCOUNTS: u32 = 1_000;
    /// Sessions of an account; a further login ends the one that was used longest ago.
    pub const SESSIONS: u32 = 50;
    /// Devices of an account that are known; a further one replaces the one that logged in longest
    /// ago.
    pub const DEVICES: u32 = 20;
    /// Identities of an account; a further one is refused.
    pub const IDENTITIES: u32 = 10;
    /// Passkeys of an account; a further one is refused.
    pub const PASSKEYS: u32 = 20;
    /// API tokens of an account; a further one is refused.
    pub const TOKENS: u32 = 50;
    /// Entries of the audit other than failed logins; the oldest beyond these are removed.
    pub const AUDIT: u32 = 10_000;
    /// Failed logins in the audit. They have a limit of their own, so that an attacker cannot push
    /// out what else happened.
    pub const AUDIT_FAILED: u32 = 2_000;
}

/// An account to be stored.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// See [`Account::name`].
    pub name: AccountName,
    /// See [`Account::role`].
    pub role: AccountRole,
    /// See [`Account::created_at`].
    pub created_at: Timestamp,
    /// See [`Account::password`].
    pub password: Option<PasswordHash>,
    /// By which it is found when a provider has authenticated somebody.
    pub identity: Option<Identity>,
    /// By which it can be used.
    pub passkey: Option<NewPasskey>,
    /// Whether it is to be the first.
    pub entrance: Entrance,
}

/// Whether an account is the first one, which is [`AccountId::FIRST`] and an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// There must be none yet.
    First,
    /// There must be one already.
    Further,
}

/// What became of a new account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// It was stored.
    Account(Account),
    /// Another account has the name.
    NameTaken,
    /// Another account has the identity.
    IdentityTaken,
    /// Another account has the passkey.
    PasskeyTaken,
    /// There is a first account although there must be none, or the other way around.
    NotNow,
    /// There are [`limits::ACCOUNTS`].
    Full,
}

/// A change to an account.
#[derive(Clone, Debug)]
pub enum AccountChange {
    /// Another password, which ends all sessions but `keep`, and forgets all devices.
    Password {
        /// The new password's hash.
        hash: PasswordHash,
        /// The session from which it was changed.
        keep: Option<SessionId>,
    },
    /// Another password from somebody else, because nobody knows any more who can use the account. It
    /// replaces all ways in but the connected identities: it ends all sessions, forgets all devices,
    /// and removes all passkeys.
    Reset(PasswordHash),
    /// Another role.
    Role(AccountRole),
    /// Nobody can use the account any more; ends all its sessions.
    Disable,
    /// The account can be used again.
    Enable,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It was stored.
    Done,
    /// There is no such account.
    NotFound,
    /// Without this account there would be no owner who can be used.
    LastOwner,
}

/// What became of an identity that was to be connected with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connected {
    /// It is the account's now, or was before.
    Done,
    /// It is another account's, and stays that.
    Taken,
    /// There is no such account, or it is disabled.
    NotFound,
    /// The account has [`limits::IDENTITIES`].
    Full,
}

/// What became of an identity that was to be disconnected from its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disconnected {
    /// It lets nobody in any more, and the account's sessions have ended, but the one that was to be
    /// kept.
    Done,
    /// The account has no such identity.
    NotFound,
    /// The account has no password and no passkey, so nobody could use it any more.
    LastWayIn,
}

/// What became of a passkey that was to be added to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddedPasskey {
    /// It opens the account.
    Done,
    /// There is a passkey with this identifier already.
    Taken,
    /// There is no such account, or it is disabled.
    NotFound,
    /// The account has [`limits::PASSKEYS`].
    Full,
}

/// What became of a passkey that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It lets nobody in any more, and the account's sessions have ended, but the one that was to be
    /// kept.
    Done,
    /// The account has no such passkey.
    NotFound,
    /// The account has no password, no identity and no other passkey, so nobody could use it any more.
    LastWayIn,
}

/// Which sessions end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// One session of an account.
    One(AccountId, SessionId),
    /// All sessions of an account but one.
    Others(AccountId, Option<SessionId>),
    /// All that have expired.
    Expired(Timestamp),
}

/// Stores accounts. All writes are synced, each completely or not at all, with its entry in the
/// audit. Errors of all calls are those of [`store::Store`] for writes (`Outage`, `Append`,
/// `Closed`, `Panicked`) and reads (`Read`, `Damaged`).
#[async_trait::async_trait]
pub trait AccountStore: Send + Sync + 'static {
    /// Adds an account with the next number; numbers are not used again.
    async fn add_account(&self, new: NewAccount, note: Note) -> Result<Added, StoreError>;

    /// The account with this number.
    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError>;

    /// The account with this name.
    async fn account_by_name(&self, name: &AccountName) -> Result<Option<Account>, StoreError>;

    /// All accounts in the order of their numbers. Those that cannot be read are left out.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;

    /// Changes an account.
    async fn change_account(
        &self,
        id: AccountId,
        change: AccountChange,
        note: Note,
    ) -> Result<Changed, StoreError>;

    /// Replaces the hash of a password by another one of the same password, and ends nothing. False
    /// if the stored hash is not `from`.
    async fn rehash(
        &self,
        id: AccountId,
        from: PasswordHash,
        to: PasswordHash,
    ) -> Result<bool, StoreError>;

    /// The account with this identity.
    async fn account_by_identity(&self, identity: &Identity)
    -> Result<Option<Account>, StoreError>;

    /// The identities of an account, the oldest first.
    async fn identities(&self, account: AccountId) -> Result<Vec<ConnectedIdentity>, StoreError>;

    /// Connects an identity with an account.
    async fn connect(
        &self,
        account: AccountId,
        identity: ConnectedIdentity,
        note: Note,
    ) -> Result<Connected, StoreError>;

    /// Disconnects an identity, and ends all sessions of the account but `keep`, since somebody may
    /// have come in by it.
    async fn disconnect(
        &self,
        account: AccountId,
        identity: Identity,
        keep: Option<SessionId>,
        note: Note,
    ) -> Result<Disconnected, StoreError>;

    /// Whether there is a passkey for this name of the server, or for any.
    async fn has_passkeys(&self, host: Option<&str>) -> Result<bool, StoreError>;

    /// The passkey with this identifier, and its account.
    async fn passkey(
        &self,
        credential: &CredentialId,
    ) -> Result<Option<(Passkey, Account)>, StoreError>;

    /// The passkeys of an account, the oldest first. Those that cannot be read are left out.
    async fn passkeys(&self, account: AccountId) -> Result<Vec<Passkey>, StoreError>;

    /// Adds a passkey to an account.
    async fn add_passkey(
        &self,
        account: AccountId,
        new: NewPasskey,
        note: Note,
    ) -> Result<AddedPasskey, StoreError>;

    /// Removes a passkey, and ends all sessions of the account but `keep`, since somebody may have come
    /// in by it.
    async fn remove_passkey(
        &self,
        account: AccountId,
        id: PasskeyId,
        keep: Option<SessionId>,
        note: Note,
    ) -> Result<Removed, StoreError>;

    /// Adds a session and knows its device from now on. `None` if the account is disabled or
    /// [`NewSession::proof`] is not the account's. The use of a passkey is noted. Sessions of the
    /// account beyond [`limits::SESSIONS`] end; their numbers, and that of the one that was replaced,
    /// come with it.
    async fn add_session(
        &self,
        new: NewSession,
        note: Note,
    ) -> Result<Option<(Session, Vec<SessionId>)>, StoreError>;

    /// The session with this secret, expired or not, and its account.
    async fn session(&self, hash: SecretHash) -> Result<Option<(Session, Account)>, StoreError>;

    /// The sessions of an account, the last used first, with those that have expired. Those that
    /// cannot be read are left out.
    async fn sessions(&self, account: AccountId) -> Result<Vec<Session>, StoreError>;

    /// Notes that a session was used.
    async fn use_session(
        &self,
        id: SessionId,
        used_at: Timestamp,
        idle_expires_at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Ends sessions, and returns their numbers. There is no entry in the audit if none ended.
    async fn end_sessions(
        &self,
        ending: Ending,
        note: Option<Note>,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// Whether somebody has logged in to this account from the device with this secret.
    async fn knows_device(&self, account: AccountId, hash: SecretHash) -> Result<bool, StoreError>;

    /// Adds a token. `None` if there is no such account, or it has [`limits::TOKENS`].
    async fn add_token(&self, new: NewToken, note: Note) -> Result<Option<ApiToken>, StoreError>;

    /// The token with this secret, expired or not, and its account.
    async fn token(&self, hash: SecretHash) -> Result<Option<(ApiToken, Account)>, StoreError>;

    /// The tokens of an account, the oldest first. Those that cannot be read are left out.
    async fn tokens(&self, account: AccountId) -> Result<Vec<ApiToken>, StoreError>;

    /// Notes that a token was used.
    async fn use_token(&self, id: TokenId, used_at: Timestamp) -> Result<(), StoreError>;

    /// Gives a token of an account another name; false if the account has no such token.
    async fn rename_token(
        &self,
        account: AccountId,
        id: TokenId,
        name: TokenName,
    ) -> Result<bool, StoreError>;

    /// Revokes a token of an account; false if the account has no such token.
    async fn revoke_token(
        &self,
        account: AccountId,
        id: TokenId,
        note: Note,
    ) -> Result<bool, StoreError>;

    /// Adds an entry to the audit for what is not stored otherwise.
    async fn note(&self, note: Note, account: Option<AccountId>) -> Result<(), StoreError>;

    /// At most `limit` entries of the audit, the newest first, before the position `before`.
    async fn audit(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;
}
