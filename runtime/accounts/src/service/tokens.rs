//! API tokens.

use std::net::IpAddr;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use protocol::{AccountId, Timestamp};
use tokio_util::sync::CancellationToken;

use super::admitted::Admitted;
use super::{AccountError, Accounts, Admission, Via, after};
use crate::account::Account;
use crate::audit::AuditKind;
use crate::secret::{Secret, SecretHash};
use crate::token::{ApiToken, NewToken, Scopes, TokenId, TokenName};

/// What a token begins with, so that programs which search texts for secrets know it, and so that it
/// can be told from other programs' tokens.
pub const TOKEN_PREFIX: &str = "companion_";

/// The longest time that a token is valid.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

impl Accounts {
    /// Makes a token of the own account, which is valid for so long, but at most a year. The secret
    /// is returned once and stored nowhere. Error: `Full`.
    pub async fn create_token(
        &self,
        by: &Admission,
        name: TokenName,
        scopes: Scopes,
        valid: Duration,
        from: Option<IpAddr>,
    ) -> Result<(ApiToken, Secret), AccountError> {
        let (now, secret) = (self.now(), Secret::random(TOKEN_PREFIX));
        let new = NewToken {
            account: by.account(),
            name,
            hash: secret.hash(),
            scopes,
            created_at: now,
            expires_at: after(now, valid.min(LONGEST)),
        };
        let note = self.note(AuditKind::TokenCreated, Some(by.account()), from);
        match self.store().add_token(new, note).await? {
            Some(token) => Ok((token, secret)),
            None => Err(AccountError::Full),
        }
    }

    /// Lets in the program that has the secret of a token that is valid. Counts as a use of it.
    pub async fn verify_token(&self, secret: &str) -> Result<Option<Admission>, AccountError> {
        if secret.len() > Secret::MAX_BYTES || !secret.starts_with(TOKEN_PREFIX) {
            return Ok(None);
        }
        let hash = SecretHash::of(secret);
        self.admit(hash, || async move {
            let found = self.store().token(hash).await?;
            let usable = found.filter(|(_, account)| !account.disabled);
            Ok(usable.map(|(token, account)| admitted_by_token(&token, &account)))
        })
        .await
    }

    /// The tokens of an account, expired ones included, the oldest first.
    pub async fn tokens(&self, account: AccountId) -> Result<Vec<ApiToken>, AccountError> {
        Ok(self.store().tokens(account).await?)
    }

    /// Gives a token of the own account another name.
    pub async fn rename_token(
        &self,
        by: &Admission,
        id: TokenId,
        name: TokenName,
    ) -> Result<(), AccountError> {
        match self.store().rename_token(by.account(), id, name).await? {
            true => Ok(()),
            false => Err(AccountError::NotFound),
        }
    }

    /// Revokes a token of the own account, at once.
    pub async fn revoke_token(
        &self,
        by: &Admission,
        id: TokenId,
        from: Option<IpAddr>,
    ) -> Result<(), AccountError> {
        let note = self.note(AuditKind::TokenRevoked, Some(by.account()), from);
        if !self.store().revoke_token(by.account(), id, note).await? {
            return Err(AccountError::NotFound);
        }
        self.shared.admitted.end(|found| found.via == Via::Token(id));
        Ok(())
    }
}

fn admitted_by_token(token: &ApiToken, account: &Account) -> Admitted {
    let expires_ms = token.expires_at.unix_ms();
    Admitted {
        account: account.id,
        name: account.name.clone(),
        role: account.role,
        via: Via::Token(token.id),
        token_scopes: Some(token.scopes),
        expires_ms,
        idle_expires_ms: AtomicI64::new(expires_ms),
        used_ms: AtomicI64::new(token.used_at.map_or(0, Timestamp::unix_ms)),
        ended: CancellationToken::new(),
    }
}
