//! Sessions after the login.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use protocol::{AccountId, Timestamp};
use tokio_util::sync::CancellationToken;

use super::admitted::Admitted;
use super::{AccountError, Accounts, Admission, Via, after};
use crate::account::Account;
use crate::audit::AuditKind;
use crate::secret::{Secret, SecretHash};
use crate::session::{Session, SessionId};
use crate::store::Ending;

/// The last use is written at most once in this time.
const USE_EVERY_MS: u64 = 60_000;

impl Accounts {
    /// Admits a caller with the secret of a valid session. Counts as a use of it.
    pub async fn verify(&self, secret: &str) -> Result<Option<Admission>, AccountError> {
        if secret.len() > Secret::MAX_BYTES {
            return Ok(None);
        }
        let hash = SecretHash::of(secret);
        let admission = self
            .admit(hash, || async move {
                let found = self.store().session(hash).await?;
                let usable = found.filter(|(_, account)| !account.disabled);
                Ok(usable.map(|(session, account)| admitted_by_session(&session, &account)))
            })
            .await?;
        Ok(admission.filter(|admission| matches!(admission.via(), Via::Session(_))))
    }

    /// Admits by what is known of a secret, or by what `read` finds in the store, if that is valid.
    pub(super) async fn admit<F>(
        &self,
        hash: SecretHash,
        read: impl Fn() -> F,
    ) -> Result<Option<Admission>, AccountError>
    where
        F: Future<Output = Result<Option<Admitted>, AccountError>>,
    {
        loop {
            if let Some(known) = self.shared.admitted.get(hash) {
                return self.let_in(hash, known).await;
            }
            let moment = self.shared.admitted.moment();
            let Some(found) = read().await? else { return Ok(None) };
            let now = self.now();
            if !found.is_valid(now) {
                return Ok(None);
            }
            if let Some(kept) = self.shared.admitted.keep(moment, hash, found, now) {
                return self.let_in(hash, kept).await;
            }
        }
    }

    /// Lets in by what is known, if it is still valid, and notes the use.
    async fn let_in(
        &self,
        hash: SecretHash,
        admitted: Arc<Admitted>,
    ) -> Result<Option<Admission>, AccountError> {
        let now = self.now();
        if !admitted.is_valid(now) {
            self.shared.admitted.forget(hash);
            return Ok(None);
        }
        if let Err(error) = self.note_use(&admitted, now).await {
            // Reading must stay possible while the disk is full.
            tracing::debug!(error = &error as &dyn std::error::Error, "a use is not noted");
        }
        Ok(Some(Admission { admitted, clock: self.shared.clock.clone() }))
    }

    async fn note_use(&self, admitted: &Admitted, now: Timestamp) -> Result<(), AccountError> {
        let written = admitted.used_ms.load(Ordering::Relaxed);
        if now.ms_since(Timestamp::from_unix_ms(written)) < USE_EVERY_MS {
            return Ok(());
        }
        // One of several requests at the same time writes.
        let swapped = admitted.used_ms.compare_exchange(
            written,
            now.unix_ms(),
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        if swapped.is_err() {
            return Ok(());
        }
        match admitted.via {
            Via::Session(id) => {
                let idle = after(now, self.shared.sessions.idle);
                admitted.idle_expires_ms.store(idle.unix_ms(), Ordering::Relaxed);
                Ok(self.store().use_session(id, now, idle).await?)
            }
            Via::Token(id) => Ok(self.store().use_token(id, now).await?),
            // The proxy knows.
            Via::Proxy(_) => Ok(()),
        }
    }

    /// The sessions of an account that have not expired, the last used first.
    pub async fn sessions(&self, account: AccountId) -> Result<Vec<Session>, AccountError> {
        let now = self.now();
        let mut sessions = self.store().sessions(account).await?;
        sessions.retain(|session| !session.has_expired(now));
        Ok(sessions)
    }

    /// Ends the session by which somebody was let in.
    pub async fn log_out(
        &self,
        admission: &Admission,
        from: Option<IpAddr>,
    ) -> Result<(), AccountError> {
        let Via::Session(id) = admission.via() else { return Err(AccountError::NotFound) };
        let ending = Ending::One(admission.account(), id);
        self.end(ending, AuditKind::LoggedOut, admission, from).await.map(drop)
    }

    /// Ends a session of the own account. Error: `NotFound` also for another account's.
    pub async fn revoke_session(
        &self,
        by: &Admission,
        id: SessionId,
        from: Option<IpAddr>,
    ) -> Result<(), AccountError> {
        let ending = Ending::One(by.account(), id);
        match self.end(ending, AuditKind::SessionsRevoked, by, from).await? {
            0 => Err(AccountError::NotFound),
            _ => Ok(()),
        }
    }

    /// Ends all sessions of the own account but the one that asks. Returns how many.
    pub async fn revoke_other_sessions(
        &self,
        by: &Admission,
        from: Option<IpAddr>,
    ) -> Result<usize, AccountError> {
        let keep = by.session();
        let ending = Ending::Others(by.account(), keep);
        self.end(ending, AuditKind::SessionsRevoked, by, from).await
    }

    /// Removes the rows of sessions that have expired. Called now and then.
    pub async fn collect(&self) -> Result<(), AccountError> {
        let ended = self.store().end_sessions(Ending::Expired(self.now()), None).await?;
        self.shared.admitted.end_sessions(&ended);
        Ok(())
    }

    async fn end(
        &self,
        ending: Ending,
        kind: AuditKind,
        by: &Admission,
        from: Option<IpAddr>,
    ) -> Result<usize, AccountError> {
        let note = self.note(kind, Some(by.account()), from);
        let ended = self.store().end_sessions(ending, Some(note)).await?;
        self.shared.admitted.end_sessions(&ended);
        Ok(ended.len())
    }
}

impl Admission {
    /// The session by which somebody was let in, if it was one.
    pub(super) fn session(&self) -> Option<SessionId> {
        match self.via() {
            Via::Session(id) => Some(id),
            Via::Token(_) | Via::Proxy(_) => None,
        }
    }
}

fn admitted_by_session(session: &Session, account: &Account) -> Admitted {
    Admitted {
        account: account.id,
        name: account.name.clone(),
        role: account.role,
        via: Via::Session(session.id),
        token_scopes: None,
        expires_ms: session.expires_at.unix_ms(),
        idle_expires_ms: AtomicI64::new(session.idle_expires_at.unix_ms()),
        used_ms: AtomicI64::new(session.used_at.unix_ms()),
        ended: CancellationToken::new(),
    }
}
