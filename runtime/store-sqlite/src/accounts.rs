//! The port to the storage of accounts. Writes go through the writing thread, each as a synced
//! transaction of its own with its entry in the audit; reads through the readers.

use ::accounts::{
    Account, AccountChange, AccountName, AccountStore, Added, AddedPasskey, ApiToken, AuditEntry,
    Changed, Connected, ConnectedIdentity, CredentialId, Disconnected, Ending, Identity,
    NewAccount, NewPasskey, NewSession, NewToken, Note, Passkey, PasskeyId, PasswordHash, Removed,
    SecretHash, Session, SessionId, TokenId, TokenName,
};
use protocol::{AccountId, Timestamp};
use rusqlite::Connection;
use store::{Cause, StoreError};

use super::Sqlite;

mod account;
pub(super) mod audit;
mod identity;
mod passkey;
mod row;
mod session;
mod token;

impl Sqlite {
    async fn write_account<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Cause> + Send + 'static,
    {
        self.writer.alone(move |db| db.transact(work)).await
    }
}

#[async_trait::async_trait]
impl AccountStore for Sqlite {
    async fn add_account(&self, new: NewAccount, note: Note) -> Result<Added, StoreError> {
        self.write_account(move |db| account::add(db, new, note)).await
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.readers.read(move |db| account::by_id(db, id)).await
    }

    async fn account_by_name(&self, name: &AccountName) -> Result<Option<Account>, StoreError> {
        let name = name.clone();
        self.readers.read(move |db| account::by_name(db, &name)).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.readers.read(account::all).await
    }

    async fn change_account(
        &self,
        id: AccountId,
        change: AccountChange,
        note: Note,
    ) -> Result<Changed, StoreError> {
        self.write_account(move |db| account::change(db, id, &change, note)).await
    }

    async fn rehash(
        &self,
        id: AccountId,
        from: PasswordHash,
        to: PasswordHash,
    ) -> Result<bool, StoreError> {
        self.write_account(move |db| account::rehash(db, id, &from, &to)).await
    }

    async fn account_by_identity(
        &self,
        identity: &Identity,
    ) -> Result<Option<Account>, StoreError> {
        let identity = identity.clone();
        self.readers.read(move |db| identity::account(db, &identity)).await
    }

    async fn identities(&self, account: AccountId) -> Result<Vec<ConnectedIdentity>, StoreError> {
        self.readers.read(move |db| identity::of(db, account)).await
    }

    async fn connect(
        &self,
        account: AccountId,
        identity: ConnectedIdentity,
        note: Note,
    ) -> Result<Connected, StoreError> {
        self.write_account(move |db| identity::connect(db, account, &identity, note)).await
    }

    async fn disconnect(
        &self,
        account: AccountId,
        identity: Identity,
        keep: Option<SessionId>,
        note: Note,
    ) -> Result<Disconnected, StoreError> {
        self.write_account(move |db| identity::disconnect(db, account, &identity, keep, note)).await
    }

    async fn has_passkeys(&self, host: Option<&str>) -> Result<bool, StoreError> {
        let host = host.map(ToOwned::to_owned);
        self.readers.read(move |db| passkey::is_there(db, host.as_deref())).await
    }

    async fn passkey(
        &self,
        credential: &CredentialId,
    ) -> Result<Option<(Passkey, Account)>, StoreError> {
        let credential = credential.clone();
        self.readers.read(move |db| passkey::by_credential(db, &credential)).await
    }

    async fn passkeys(&self, account: AccountId) -> Result<Vec<Passkey>, StoreError> {
        self.readers.read(move |db| passkey::of(db, account)).await
    }

    async fn add_passkey(
        &self,
        account: AccountId,
        new: NewPasskey,
        note: Note,
    ) -> Result<AddedPasskey, StoreError> {
        self.write_account(move |db| passkey::add(db, account, &new, note)).await
    }

    async fn remove_passkey(
        &self,
        account: AccountId,
        id: PasskeyId,
        keep: Option<SessionId>,
        note: Note,
    ) -> Result<Removed, StoreError> {
        self.write_account(move |db| passkey::remove(db, account, id, keep, note)).await
    }

    async fn add_session(
        &self,
        new: NewSession,
        note: Note,
    ) -> Result<Option<(Session, Vec<SessionId>)>, StoreError> {
        self.write_account(move |db| session::add(db, new, note)).await
    }

    async fn session(&self, hash: SecretHash) -> Result<Option<(Session, Account)>, StoreError> {
        self.readers.read(move |db| session::by_hash(db, hash)).await
    }

    async fn sessions(&self, account: AccountId) -> Result<Vec<Session>, StoreError> {
        self.readers.read(move |db| session::of(db, account)).await
    }

    async fn use_session(
        &self,
        id: SessionId,
        used_at: Timestamp,
        idle_expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write_account(move |db| session::used(db, id, used_at, idle_expires_at)).await
    }

    async fn end_sessions(
        &self,
        ending: Ending,
        note: Option<Note>,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.write_account(move |db| session::end(db, ending, note)).await
    }

    async fn knows_device(&self, account: AccountId, hash: SecretHash) -> Result<bool, StoreError> {
        self.readers.read(move |db| session::knows_device(db, account, hash)).await
    }

    async fn add_token(&self, new: NewToken, note: Note) -> Result<Option<ApiToken>, StoreError> {
        self.write_account(move |db| token::add(db, new, note)).await
    }

    async fn token(&self, hash: SecretHash) -> Result<Option<(ApiToken, Account)>, StoreError> {
        self.readers.read(move |db| token::by_hash(db, hash)).await
    }

    async fn tokens(&self, account: AccountId) -> Result<Vec<ApiToken>, StoreError> {
        self.readers.read(move |db| token::of(db, account)).await
    }

    async fn use_token(&self, id: TokenId, used_at: Timestamp) -> Result<(), StoreError> {
        self.write_account(move |db| token::used(db, id, used_at)).await
    }

    async fn rename_token(
        &self,
        account: AccountId,
        id: TokenId,
        name: TokenName,
    ) -> Result<bool, StoreError> {
        self.write_account(move |db| token::rename(db, account, id, &name)).await
    }

    async fn revoke_token(
        &self,
        account: AccountId,
        id: TokenId,
        note: Note,
    ) -> Result<bool, StoreError> {
        self.write_account(move |db| token::revoke(db, account, id, note)).await
    }

    async fn note(&self, note: Note, account: Option<AccountId>) -> Result<(), StoreError> {
        self.write_account(move |db| audit::add(db, note, account)).await
    }

    async fn audit(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        self.readers.read(move |db| audit::page(db, before, limit)).await
    }
}
