//! Changes to accounts. Whether the caller may make them is decided by the server, in one place.

use std::net::IpAddr;

use protocol::{AccountId, AccountRole};

use super::{AccountError, Accounts, Admission, Via};
use crate::account::{Account, AccountName};
use crate::address::Network;
use crate::audit::{AuditEntry, AuditKind};
use crate::hasher::{Check, PasswordHash};
use crate::limiter::Attempt;
use crate::password::{NewPassword, Password};
use crate::secret::SecretHash;
use crate::session::SessionId;
use crate::store::{AccountChange, Added, Changed, Entrance, NewAccount};

impl Accounts {
    /// Adds an account. `by` is `None` for the command line and the person at the machine, who may also
    /// add the first one, which is always an owner's.
    pub async fn add(
        &self,
        by: Option<AccountId>,
        name: AccountName,
        role: AccountRole,
        password: &str,
        from: Option<IpAddr>,
    ) -> Result<Account, AccountError> {
        let chosen = NewPassword::parse(password, &name)?;
        let is_first = by.is_none() && !self.is_set_up().await?;
        let (entrance, role) = match is_first {
            true => (Entrance::First, AccountRole::Owner),
            false => (Entrance::Further, role),
        };
        let hash = self.shared.hasher.hash(chosen.as_password().clone()).await?;
        let new = NewAccount {
            name,
            role,
            created_at: self.now(),
            password: Some(hash),
            identity: None,
            passkey: None,
            entrance,
        };
        let note = self.note(AuditKind::AccountAdded, by, from);
        match self.store().add_account(new, note).await? {
            Added::Account(account) => Ok(account),
            Added::NameTaken => Err(AccountError::NameTaken),
            Added::IdentityTaken | Added::PasskeyTaken | Added::NotNow => Err(AccountError::NotNow),
            Added::Full => Err(AccountError::Full),
        }
    }

    /// All accounts.
    pub async fn accounts(&self) -> Result<Vec<Account>, AccountError> {
        Ok(self.store().accounts().await?)
    }

    /// An account by its number.
    pub async fn account(&self, id: AccountId) -> Result<Account, AccountError> {
        self.store().account(id).await?.ok_or(AccountError::NotFound)
    }

    /// An account by its name.
    pub async fn find(&self, name: &AccountName) -> Result<Account, AccountError> {
        self.store().account_by_name(name).await?.ok_or(AccountError::NotFound)
    }

    /// Disables an account: its sessions and tokens end at once. Error: `LastOwner`.
    pub async fn disable(
        &self,
        by: Option<AccountId>,
        id: AccountId,
        from: Option<IpAddr>,
    ) -> Result<(), AccountError> {
        let note = self.note(AuditKind::AccountDisabled, by, from);
        changed(self.store().change_account(id, AccountChange::Disable, note).await?)?;
        self.shared.admitted.end(|found| found.account == id);
        Ok(())
    }

    /// Lets a disabled account in again. Its sessions stay ended; its tokens are valid again.
    pub async fn enable(
        &self,
        by: Option<AccountId>,
        id: AccountId,
        from: Option<IpAddr>,
    ) -> Result<(), AccountError> {
        let note = self.note(AuditKind::AccountEnabled, by, from);
        changed(self.store().change_account(id, AccountChange::Enable, note).await?)
    }

    /// Gives an account another role. What was let in with the old one ends: its sessions stay, and
    /// its connections come back with the new role. Error: `LastOwner`.
    pub async fn set_role(
        &self,
        by: Option<AccountId>,
        id: AccountId,
        role: AccountRole,
        from: Option<IpAddr>,
    ) -> Result<(), AccountError> {
        let note = self.note(AuditKind::RoleChanged, by, from);
        changed(self.store().change_account(id, AccountChange::Role(role), note).await?)?;
        self.shared.admitted.end(|found| found.account == id);
        Ok(())
    }

    /// Gives an account another password, removes its passkeys, and ends all its sessions: in other
    /// programs they survived it (danny-avila/LibreChat#5072, open-webui/open-webui#28725). Tokens stay:
    /// they are listed and revoked by themselves.
    pub async fn reset_password(
        &self,
        by: Option<AccountId>,
        id: AccountId,
        password: &str,
        from: Option<IpAddr>,
    ) -> Result<(), AccountError> {
        let account = self.account(id).await?;
        let hash = self.hash_for(&account, password).await?;
        let note = self.note(AuditKind::PasswordReset, by, from);
        changed(self.store().change_account(id, AccountChange::Reset(hash), note).await?)?;
        self.end_other_sessions(id, None);
        Ok(())
    }

    /// Changes the own password, and ends all other sessions. The old password is asked for, with the
    /// limits of a login, because somebody else may sit at an open browser. Errors:
    /// `WrongCredentials`, `RateLimited`, `Password`.
    pub async fn change_password(
        &self,
        by: &Admission,
        old: Password,
        new: &str,
        from: Option<IpAddr>,
    ) -> Result<(), AccountError> {
        let Via::Session(session) = by.via() else { return Err(AccountError::NotFound) };
        let id = by.account();
        let account = self.account(id).await?;
        NewPassword::parse(new, &account.name)?;
        self.check_own_password(&account, session, old, from).await?;
        let (hash, keep) = (self.hash_for(&account, new).await?, Some(session));
        let note = self.note(AuditKind::PasswordChanged, Some(id), from);
        let change = AccountChange::Password { hash, keep };
        changed(self.store().change_account(id, change, note).await?)?;
        self.end_other_sessions(id, keep);
        Ok(())
    }

    /// Checks the own password, with the limits of a login. Errors: `WrongCredentials`, `RateLimited`.
    pub(super) async fn check_own_password(
        &self,
        account: &Account,
        session: SessionId,
        password: Password,
        from: Option<IpAddr>,
    ) -> Result<(), AccountError> {
        let attempt = Attempt {
            name: SecretHash::of(account.name.key()),
            network: from.map(Network::of),
            // The session is a device of its own, and strangers cannot use up its attempts.
            known_device: Some(SecretHash::of(&format!("\n session {}", session.0))),
        };
        self.limiter().begin(self.shared.started.elapsed(), &attempt)?;
        let checked = self.shared.hasher.check(password, account.password.clone()).await;
        if checked.inspect_err(|_| self.limiter().abandoned(&attempt))? == Check::Wrong {
            return Err(AccountError::WrongCredentials);
        }
        self.limiter().succeeded(&attempt);
        Ok(())
    }

    /// A page of the audit, the newest entries first.
    pub async fn audit(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, AccountError> {
        Ok(self.store().audit(before, limit).await?)
    }

    async fn hash_for(&self, account: &Account, new: &str) -> Result<PasswordHash, AccountError> {
        let chosen = NewPassword::parse(new, &account.name)?;
        Ok(self.shared.hasher.hash(chosen.as_password().clone()).await?)
    }

    /// Ends what is open by the sessions of an account, after they were removed.
    pub(super) fn end_other_sessions(&self, account: AccountId, keep: Option<SessionId>) {
        self.shared.admitted.end(|found| match found.via {
            Via::Session(id) => found.account == account && Some(id) != keep,
            Via::Token(_) | Via::Proxy(_) => false,
        });
    }
}

fn changed(changed: Changed) -> Result<(), AccountError> {
    match changed {
        Changed::Done => Ok(()),
        Changed::NotFound => Err(AccountError::NotFound),
        Changed::LastOwner => Err(AccountError::LastOwner),
    }
}
