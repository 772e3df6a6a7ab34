//! Set-up and login.

use std::net::IpAddr;

use protocol::{AccountId, AccountRole};

use super::{AccountError, Accounts, after};
use crate::account::{Account, AccountName};
use crate::address::Network;
use crate::audit::AuditKind;
use crate::hasher::{Check, PasswordHash};
use crate::limiter::Attempt;
use crate::passkey::NewPasskey;
use crate::password::{NewPassword, Password};
use crate::secret::{Secret, SecretHash};
use crate::session::{Device, NewSession, Proof};
use crate::set_up_code::{SetUpCode, SetUpError};
use crate::store::{Added, Entrance, NewAccount};

/// A login as a browser sent it.
#[derive(Clone, Debug)]
pub struct Login<'a> {
    /// The name as it was typed.
    pub name: &'a str,
    /// The password as it was typed.
    pub password: Password,
    /// The address of the browser, as the server or its declared proxy saw it.
    pub from: Option<IpAddr>,
    /// What the browser says about itself.
    pub device: Device,
    /// The device's secret ([`LoggedIn::device`]), if the browser sent one.
    pub device_secret: Option<&'a str>,
    /// The secret of the session that the browser has, which ends: a session that somebody planted
    /// in the browser must not become one that is logged in (session fixation).
    pub session_secret: Option<&'a str>,
}

/// What somebody typed to become the first owner, after it was checked.
#[derive(Clone, Debug)]
pub struct NewOwner {
    pub(super) code: Secret,
    pub(super) name: AccountName,
    pub(super) password: Option<PasswordHash>,
}

impl NewOwner {
    /// The name that the account gets.
    pub fn name(&self) -> &AccountName {
        &self.name
    }
}

/// What a browser gets when it has logged in.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// The secret of the new session.
    pub session: Secret,
    /// The secret by which the device is known at its next login.
    pub device: Secret,
    /// The account.
    pub account: AccountId,
    /// Its role.
    pub role: AccountRole,
}

/// What is known of a browser that logs in, by whatever means.
pub(super) struct Arrival<'a> {
    pub(super) from: Option<IpAddr>,
    pub(super) device: &'a Device,
    pub(super) session_secret: Option<&'a str>,
}

impl Login<'_> {
    fn arrival(&self) -> Arrival<'_> {
        let Self { from, device, session_secret, .. } = self;
        Arrival { from: *from, device, session_secret: *session_secret }
    }
}

impl Accounts {
    /// Whether there is an account.
    pub async fn is_set_up(&self) -> Result<bool, AccountError> {
        Ok(self.store().account(AccountId::FIRST).await?.is_some())
    }

    /// Makes a code with which the first owner can be made; an earlier one is void. The caller
    /// prints it where only the owner sees it.
    pub fn new_set_up_code(&self) -> Secret {
        let (code, text) = SetUpCode::new(self.now());
        *self.set_up_slot() = Some(code);
        text
    }

    /// Makes the first owner with the code that was printed, and logs in.
    pub async fn set_up(&self, code: &str, login: Login<'_>) -> Result<LoggedIn, AccountError> {
        let password = Some(login.password.clone());
        let owner = self.check_owner(code, login.name, password, login.from).await?;
        let Some(hash) = owner.password.clone() else { return Err(AccountError::NotNow) };
        let account = self.add_first(owner, None, login.from).await?;
        self.open_session(&login.arrival(), &account, Proof::Password(hash)).await
    }

    /// Checks what somebody typed to become the first owner. Without a password, the owner gets a
    /// passkey. The code stays valid until the account is stored, so that a weak password can be replaced
    /// by a better one.
    pub async fn check_owner(
        &self,
        code: &str,
        name: &str,
        password: Option<Password>,
        from: Option<IpAddr>,
    ) -> Result<NewOwner, AccountError> {
        self.check_code(code, from)?;
        let name = AccountName::parse(name)?;
        let chosen = password.map(|password| NewPassword::choose(password, &name)).transpose()?;
        let password = match chosen {
            Some(chosen) => Some(self.shared.hasher.hash(chosen.as_password().clone()).await?),
            None => None,
        };
        Ok(NewOwner { code: Secret::from_text(code.to_owned()), name, password })
    }

    pub(super) fn check_code(&self, code: &str, from: Option<IpAddr>) -> Result<(), AccountError> {
        // The same limits as for logins, with a name that no account has.
        let attempt = Attempt {
            name: SecretHash::of("\n set-up"),
            network: from.map(Network::of),
            known_device: None,
        };
        self.limiter().begin(self.shared.started.elapsed(), &attempt)?;
        let now = self.now();
        let checked = self.set_up_slot().as_mut().map(|slot| slot.check(now, code));
        checked.unwrap_or(Err(SetUpError::Void))?;
        self.limiter().succeeded(&attempt);
        Ok(())
    }

    /// Stores the first owner, after which the code is void. The store accepts only one first account.
    pub(super) async fn add_first(
        &self,
        owner: NewOwner,
        passkey: Option<NewPasskey>,
        from: Option<IpAddr>,
    ) -> Result<Account, AccountError> {
        let NewOwner { name, password, .. } = owner;
        let new = NewAccount {
            name,
            role: AccountRole::Owner,
            created_at: self.now(),
            password,
            identity: None,
            passkey,
            entrance: Entrance::First,
        };
        let note = self.note(AuditKind::SetUp, None, from);
        let Added::Account(account) = self.store().add_account(new, note).await? else {
            return Err(AccountError::NotNow);
        };
        *self.set_up_slot() = None;
        Ok(account)
    }

    /// Logs in. A failure takes the same computation and says the same, whatever was wrong.
    pub async fn log_in(&self, login: Login<'_>) -> Result<LoggedIn, AccountError> {
        let account = match AccountName::parse(login.name) {
            Ok(name) => self.store().account_by_name(&name).await?,
            Err(_) => None,
        };
        let attempt = self.attempt_of(&login, account.as_ref()).await?;
        self.limiter().begin(self.shared.started.elapsed(), &attempt)?;
        let usable = account.as_ref().filter(|account| !account.disabled);
        let stored = usable.and_then(|account| account.password.clone());
        let checked = self.shared.hasher.check(login.password.clone(), stored.clone()).await;
        let checked = checked.inspect_err(|_| self.limiter().abandoned(&attempt))?;
        let (Some(account), Some(mut hash)) = (usable, stored) else {
            return self.refuse(login.from, account.as_ref()).await;
        };
        match checked {
            Check::Wrong => return self.refuse(login.from, Some(account)).await,
            Check::Right => {}
            Check::Outdated => hash = self.rehashed(account, &login, hash).await?,
        }
        self.limiter().succeeded(&attempt);
        self.open_session(&login.arrival(), account, Proof::Password(hash)).await
    }

    async fn attempt_of(
        &self,
        login: &Login<'_>,
        account: Option<&Account>,
    ) -> Result<Attempt, AccountError> {
        let name = match account {
            Some(account) => SecretHash::of(account.name.key()),
            None => SecretHash::of(&match AccountName::parse(login.name) {
                Ok(name) => name.key().to_owned(),
                Err(_) => "\n no name".to_owned(),
            }),
        };
        let device = login.device_secret.filter(|text| text.len() <= Secret::MAX_BYTES);
        let known_device = match (account, device.map(SecretHash::of)) {
            (Some(account), Some(hash)) => {
                self.store().knows_device(account.id, hash).await?.then_some(hash)
            }
            _ => None,
        };
        Ok(Attempt { name, network: login.from.map(Network::of), known_device })
    }

    /// Stores a hash with today's parameters, now that the password is known.
    async fn rehashed(
        &self,
        account: &Account,
        login: &Login<'_>,
        old: PasswordHash,
    ) -> Result<PasswordHash, AccountError> {
        // If the threads are busy, the next login does it.
        let Ok(new) = self.shared.hasher.hash(login.password.clone()).await else {
            return Ok(old);
        };
        let stored = self.store().rehash(account.id, old.clone(), new.clone()).await?;
        Ok(if stored { new } else { old })
    }

    pub(super) async fn open_session(
        &self,
        arrival: &Arrival<'_>,
        account: &Account,
        proof: Proof,
    ) -> Result<LoggedIn, AccountError> {
        let now = self.now();
        let kind = match proof {
            Proof::Password(_) => AuditKind::LoggedIn,
            Proof::Identity(_) => AuditKind::LoggedInByProvider,
            Proof::Passkey(_) => AuditKind::LoggedInByPasskey,
        };
        let (session, device) = (Secret::random(""), Secret::random(""));
        let new = NewSession {
            account: account.id,
            proof,
            hash: session.hash(),
            device_hash: device.hash(),
            replaces: arrival.session_secret.map(SecretHash::of),
            created_at: now,
            idle_expires_at: after(now, self.shared.sessions.idle),
            expires_at: after(now, self.shared.sessions.absolute),
            device: arrival.device.clone(),
        };
        let note = self.note(kind, Some(account.id), arrival.from);
        // The account may have been disabled, or its password changed, since it was checked.
        let Some((_, ended)) = self.store().add_session(new, note).await? else {
            return self.refuse(arrival.from, Some(account)).await;
        };
        self.shared.admitted.end_sessions(&ended);
        Ok(LoggedIn { session, device, account: account.id, role: account.role })
    }

    pub(super) async fn refuse(
        &self,
        from: Option<IpAddr>,
        account: Option<&Account>,
    ) -> Result<LoggedIn, AccountError> {
        let note = self.note(AuditKind::LoginFailed, None, from);
        self.store().note(note, account.map(|account| account.id)).await?;
        Err(AccountError::WrongCredentials)
    }
}
