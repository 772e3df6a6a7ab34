//! Logins with passkeys, and the passkeys of the own account. The caller checks what a browser
//! answers, and passes in what became of that.

use std::net::IpAddr;
use std::time::Duration;

use protocol::AccountId;

use super::login::Arrival;
use super::{AccountError, Accounts, Admission, LoggedIn, NewOwner, Via};
use crate::account::Account;
use crate::address::Network;
use crate::audit::AuditKind;
use crate::limiter::Attempt;
use crate::passkey::{CheckedAnswer, CredentialId, NewPasskey, Passkey, PasskeyId};
use crate::password::Password;
use crate::secret::{Secret, SecretHash};
use crate::session::{Device, Proof, UsedPasskey};
use crate::store::{AddedPasskey, Removed};

/// How long after a login an account without a password may get another passkey.
const FRESH: Duration = Duration::from_secs(10 * 60);

/// A login with a passkey.
#[derive(Clone, Debug)]
pub struct PasskeyLogin<'a> {
    /// The passkey that the browser says it has used.
    pub credential: CredentialId,
    /// The address of the browser.
    pub from: Option<IpAddr>,
    /// What the browser says about itself.
    pub device: Device,
    /// The device's secret, if the browser sent one.
    pub device_secret: Option<&'a str>,
    /// The secret of the session that the browser has, which ends.
    pub session_secret: Option<&'a str>,
}

impl Accounts {
    /// Whether there is a passkey for this name of the server, or for any.
    pub async fn has_passkeys(&self, host: Option<&str>) -> Result<bool, AccountError> {
        Ok(self.store().has_passkeys(host).await?)
    }

    /// The passkeys of an account, the oldest first.
    pub async fn passkeys(&self, account: AccountId) -> Result<Vec<Passkey>, AccountError> {
        Ok(self.store().passkeys(account).await?)
    }

    /// Logs in with a passkey. `check` says whether the browser's answer is that of the passkey that
    /// was found. Attempts are limited like those with passwords, and count for the same account.
    /// Errors: `RateLimited`, `PasskeyCopied`, and `WrongPasskey` for anything else, also for a disabled
    /// account.
    pub async fn log_in_with_passkey(
        &self,
        login: PasskeyLogin<'_>,
        check: impl FnOnce(&Passkey) -> CheckedAnswer,
    ) -> Result<LoggedIn, AccountError> {
        let found = self.store().passkey(&login.credential).await?;
        let attempt = self.passkey_attempt(&login, found.as_ref().map(|(_, of)| of)).await?;
        self.limiter().begin(self.shared.started.elapsed(), &attempt)?;
        let Some((passkey, account)) = found else {
            return self.refuse_passkey(login.from, None).await;
        };
        let next = match check(&passkey) {
            CheckedAnswer::Right(next) => next,
            CheckedAnswer::Wrong => return self.refuse_passkey(login.from, Some(&account)).await,
            CheckedAnswer::Copied => {
                let note = self.note(AuditKind::PasskeyCopied, None, login.from);
                self.store().note(note, Some(account.id)).await?;
                return Err(AccountError::PasskeyCopied);
            }
        };
        if account.disabled {
            return self.refuse_passkey(login.from, Some(&account)).await;
        }
        self.limiter().succeeded(&attempt);
        let proof = Proof::Passkey(UsedPasskey { id: passkey.id, key: passkey.key, next });
        let PasskeyLogin { from, device, session_secret, .. } = login;
        let arrival = Arrival { from, device: &device, session_secret };
        match self.open_session(&arrival, &account, proof).await {
            Err(AccountError::WrongCredentials) => Err(AccountError::WrongPasskey),
            other => other,
        }
    }

    /// Makes the first owner, who has a passkey, and logs in. The code is checked again, because it may
    /// have been used or have expired while the browser made the passkey.
    pub async fn set_up_with_passkey(
        &self,
        owner: NewOwner,
        new: NewPasskey,
        login: PasskeyLogin<'_>,
    ) -> Result<LoggedIn, AccountError> {
        self.check_code(owner.code.reveal(), login.from)?;
        let account = self.add_first(owner, Some(new), login.from).await?;
        let Some((passkey, _)) = self.store().passkey(&login.credential).await? else {
            return Err(AccountError::WrongPasskey);
        };
        let Passkey { id, key, .. } = passkey;
        let proof = Proof::Passkey(UsedPasskey { id, next: key.clone(), key });
        let PasskeyLogin { from, device, session_secret, .. } = login;
        let arrival = Arrival { from, device: &device, session_secret };
        self.open_session(&arrival, &account, proof).await
    }

    /// Makes sure that the account's owner is there before it gets another way in, because somebody
    /// else may sit at an open browser: by the password or, in an account without one, by a login of the
    /// last ten minutes. Errors: `WrongCredentials`, `RateLimited`, `NotFresh`, `NotFound`.
    pub async fn confirm(
        &self,
        by: &Admission,
        password: Password,
        from: Option<IpAddr>,
    ) -> Result<(), AccountError> {
        let Via::Session(session) = by.via() else { return Err(AccountError::NotFound) };
        let account = self.account(by.account()).await?;
        if account.password.is_some() {
            return self.check_own_password(&account, session, password, from).await;
        }
        let sessions = self.store().sessions(account.id).await?;
        let now = self.now();
        let is_fresh = sessions.iter().any(|found| {
            let age_ms = now.unix_ms().abs_diff(found.created_at.unix_ms());
            found.id == session && Duration::from_millis(age_ms) <= FRESH
        });
        if is_fresh { Ok(()) } else { Err(AccountError::NotFresh) }
    }

    /// Adds a passkey to the own account. The caller has called [`Self::confirm`] shortly before.
    /// Errors: `PasskeyTaken`, `Full`, `NotFound`.
    pub async fn add_passkey(
        &self,
        by: &Admission,
        new: NewPasskey,
        from: Option<IpAddr>,
    ) -> Result<(), AccountError> {
        let note = self.note(AuditKind::PasskeyAdded, Some(by.account()), from);
        match self.store().add_passkey(by.account(), new, note).await? {
            AddedPasskey::Done => Ok(()),
            AddedPasskey::Taken => Err(AccountError::PasskeyTaken),
            AddedPasskey::NotFound => Err(AccountError::NotFound),
            AddedPasskey::Full => Err(AccountError::Full),
        }
    }

    /// Removes a passkey of the own account, and ends all its other sessions. Errors: `LastWayIn`,
    /// `NotFound`.
    pub async fn remove_passkey(
        &self,
        by: &Admission,
        id: PasskeyId,
        from: Option<IpAddr>,
    ) -> Result<(), AccountError> {
        let note = self.note(AuditKind::PasskeyRemoved, Some(by.account()), from);
        let keep = by.session();
        match self.store().remove_passkey(by.account(), id, keep, note).await? {
            Removed::Done => {
                self.end_other_sessions(by.account(), keep);
                Ok(())
            }
            Removed::NotFound => Err(AccountError::NotFound),
            Removed::LastWayIn => Err(AccountError::LastWayIn),
        }
    }

    async fn passkey_attempt(
        &self,
        login: &PasskeyLogin<'_>,
        account: Option<&Account>,
    ) -> Result<Attempt, AccountError> {
        let network = login.from.map(Network::of);
        let Some(account) = account else {
            // A name that no account has.
            let name = SecretHash::of("\n passkey");
            return Ok(Attempt { name, network, known_device: None });
        };
        let device = login.device_secret.filter(|text| text.len() <= Secret::MAX_BYTES);
        let known_device = match device.map(SecretHash::of) {
            Some(hash) => self.store().knows_device(account.id, hash).await?.then_some(hash),
            None => None,
        };
        Ok(Attempt { name: SecretHash::of(account.name.key()), network, known_device })
    }

    async fn refuse_passkey(
        &self,
        from: Option<IpAddr>,
        account: Option<&Account>,
    ) -> Result<LoggedIn, AccountError> {
        match self.refuse(from, account).await {
            Err(AccountError::WrongCredentials) => Err(AccountError::WrongPasskey),
            other => other,
        }
    }
}
