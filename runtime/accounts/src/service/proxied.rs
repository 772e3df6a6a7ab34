//! Callers whom a proxy in front of the server has authenticated.

use std::sync::atomic::AtomicI64;

use protocol::AccountRole;
use tokio_util::sync::CancellationToken;

use super::admitted::Admitted;
use super::{AccountError, Accounts, Admission, Via};
use crate::account::{Account, AccountName};
use crate::audit::AuditKind;
use crate::secret::SecretHash;
use crate::store::{Added, Entrance, NewAccount};

/// The last millisecond of the year 9999, in Unix time: what a proxy admits does not expire here.
const NEVER_MS: i64 = 253_402_300_799_999;

impl Accounts {
    /// Admits the account with the name that a proxy has authenticated. The caller has checked that
    /// the request comes from that proxy. A name that has no account gets one without a password: the
    /// first one is an owner's, all others are members'. `None` if the account is disabled. Errors:
    /// `Name`, `Full`.
    pub async fn verify_proxied(&self, name: &str) -> Result<Option<Admission>, AccountError> {
        let name = AccountName::parse(name)?;
        // No session or token has a line break in its secret.
        let hash = SecretHash::of(&format!("\n proxied {}", name.key()));
        let name = &name;
        self.admit(hash, || async move {
            let account = self.account_of_proxied(name).await?;
            Ok((!account.disabled).then(|| admitted_by_proxy(&account)))
        })
        .await
    }

    async fn account_of_proxied(&self, name: &AccountName) -> Result<Account, AccountError> {
        if let Some(account) = self.store().account_by_name(name).await? {
            return Ok(account);
        }
        let first = !self.is_set_up().await?;
        let (role, entrance) = match first {
            true => (AccountRole::Owner, Entrance::First),
            false => (AccountRole::Member, Entrance::Further),
        };
        let new = NewAccount {
            name: name.clone(),
            role,
            created_at: self.now(),
            password: None,
            identity: None,
            passkey: None,
            entrance,
        };
        let note = self.note(AuditKind::AccountAdded, None, None);
        match self.store().add_account(new, note).await? {
            Added::Account(account) => Ok(account),
            Added::Full => Err(AccountError::Full),
            // Another request of the same person was faster.
            Added::NameTaken => self.find(name).await,
            Added::IdentityTaken | Added::PasskeyTaken | Added::NotNow => Err(AccountError::NotNow),
        }
    }
}

fn admitted_by_proxy(account: &Account) -> Admitted {
    Admitted {
        account: account.id,
        name: account.name.clone(),
        role: account.role,
        via: Via::Proxy(account.id),
        token_scopes: None,
        expires_ms: NEVER_MS,
        idle_expires_ms: AtomicI64::new(NEVER_MS),
        used_ms: AtomicI64::new(0),
        ended: CancellationToken::new(),
    }
}
