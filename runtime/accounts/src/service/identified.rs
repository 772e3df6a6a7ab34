//! People whom a provider of identities has authenticated. The caller has verified what the provider
//! says, and that its rules let them in.

use std::net::IpAddr;

use protocol::{AccountId, AccountRole};

use super::login::Arrival;
use super::{AccountError, Accounts, Admission, LoggedIn};
use crate::account::{Account, AccountName};
use crate::audit::AuditKind;
use crate::identity::{ConnectedIdentity, Identity};
use crate::session::{Device, Proof};
use crate::store::{Added, Connected, Disconnected, Entrance, NewAccount, limits};

/// A login of somebody whom a provider has authenticated.
#[derive(Clone, Debug)]
pub struct IdentifiedLogin<'a> {
    /// Who it is.
    pub identity: Identity,
    /// Whether a new account is an owner's.
    pub is_owner: bool,
    /// What a new account may be called, the best first.
    pub names: &'a [String],
    /// The address of the browser.
    pub from: Option<IpAddr>,
    /// What the browser says about itself.
    pub device: Device,
    /// The secret of the session that the browser has, which ends.
    pub session_secret: Option<&'a str>,
}

/// What an account is called whose person has no name that an account can have.
const NAMELESS: &str = "user";

impl Accounts {
    /// Logs in to the account with this identity. Somebody who has none gets one without a password,
    /// with a name that no account has: an account that exists is never taken over because somebody
    /// elsewhere has the same name. Errors: `Disabled`, `Full`, and `NotNow` for somebody who is no
    /// owner before there is an account.
    pub async fn log_in_identified(
        &self,
        login: IdentifiedLogin<'_>,
    ) -> Result<LoggedIn, AccountError> {
        let account = match self.store().account_by_identity(&login.identity).await? {
            Some(account) => account,
            None => self.add_identified(&login).await?,
        };
        if account.disabled {
            let _: Result<LoggedIn, _> = self.refuse(login.from, Some(&account)).await;
            return Err(AccountError::Disabled);
        }
        let IdentifiedLogin { identity, from, device, session_secret, .. } = login;
        let arrival = Arrival { from, device: &device, session_secret };
        self.open_session(&arrival, &account, Proof::Identity(identity)).await
    }

    /// Notes that somebody whom a provider has authenticated was not let in.
    pub async fn note_refused(&self, from: Option<IpAddr>) -> Result<(), AccountError> {
        let note = self.note(AuditKind::LoginFailed, None, from);
        Ok(self.store().note(note, None).await?)
    }

    /// The identities by which an account can be used, the oldest first.
    pub async fn identities(
        &self,
        account: AccountId,
    ) -> Result<Vec<ConnectedIdentity>, AccountError> {
        Ok(self.store().identities(account).await?)
    }

    /// Connects an identity with the own account. Errors: `IdentityTaken`, `Full`, `NotFound`.
    pub async fn connect(
        &self,
        by: &Admission,
        identity: Identity,
        from: Option<IpAddr>,
    ) -> Result<(), AccountError> {
        let note = self.note(AuditKind::IdentityConnected, Some(by.account()), from);
        let identity = ConnectedIdentity { identity, connected_at: note.at };
        match self.store().connect(by.account(), identity, note).await? {
            Connected::Done => Ok(()),
            Connected::Taken => Err(AccountError::IdentityTaken),
            Connected::NotFound => Err(AccountError::NotFound),
            Connected::Full => Err(AccountError::Full),
        }
    }

    /// Disconnects an identity from the own account, and ends all its other sessions. Errors:
    /// `LastWayIn`, `NotFound`.
    pub async fn disconnect(
        &self,
        by: &Admission,
        identity: Identity,
        from: Option<IpAddr>,
    ) -> Result<(), AccountError> {
        let note = self.note(AuditKind::IdentityDisconnected, Some(by.account()), from);
        let keep = by.session();
        match self.store().disconnect(by.account(), identity, keep, note).await? {
            Disconnected::Done => {
                self.end_other_sessions(by.account(), keep);
                Ok(())
            }
            Disconnected::NotFound => Err(AccountError::NotFound),
            Disconnected::LastWayIn => Err(AccountError::LastWayIn),
        }
    }

    async fn add_identified(&self, login: &IdentifiedLogin<'_>) -> Result<Account, AccountError> {
        let (entrance, role) = match (self.is_set_up().await?, login.is_owner) {
            (true, true) => (Entrance::Further, AccountRole::Owner),
            (true, false) => (Entrance::Further, AccountRole::Member),
            (false, true) => (Entrance::First, AccountRole::Owner),
            (false, false) => return Err(AccountError::NotNow),
        };
        let wanted = login.names.iter().find_map(|name| AccountName::like(name));
        let wanted =
            wanted.or_else(|| AccountName::like(NAMELESS)).ok_or(AccountError::NotFound)?;
        // Of so many names one is free.
        for number in 1..=limits::ACCOUNTS + 1 {
            let name = wanted.numbered(number);
            if self.store().account_by_name(&name).await?.is_some() {
                continue;
            }
            let new = NewAccount {
                name,
                role,
                created_at: self.now(),
                password: None,
                identity: Some(login.identity.clone()),
                passkey: None,
                entrance,
            };
            let note = self.note(AuditKind::AccountAdded, None, login.from);
            match self.store().add_account(new, note).await? {
                Added::Account(account) => return Ok(account),
                Added::NameTaken => {}
                // Another login of the same person was faster.
                Added::IdentityTaken => {
                    let found = self.store().account_by_identity(&login.identity).await?;
                    return found.ok_or(AccountError::NotFound);
                }
                Added::PasskeyTaken | Added::NotNow => return Err(AccountError::NotNow),
                Added::Full => return Err(AccountError::Full),
            }
        }
        Err(AccountError::Full)
    }
}
