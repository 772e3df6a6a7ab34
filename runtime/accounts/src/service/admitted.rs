//! Who is let in now: what was found in the store, kept in bounded memory, and ended at once when a
//! session or token is revoked.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::{AccountId, AccountRole, Timestamp};
use tokio_util::sync::CancellationToken;

use super::Clock;
use crate::account::AccountName;
use crate::secret::SecretHash;
use crate::session::SessionId;
use crate::token::{Scopes, TokenId};

/// The most that are kept, beside those that somebody holds, such as an open WebSocket.
const KEPT: usize = 1_024;

/// How often a connection that stays open looks whether its session has expired. Timers do not see
/// that the clock was set, or that the machine slept.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// By what somebody was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// A session of a browser.
    Session(SessionId),
    /// An API token.
    Token(TokenId),
    /// A proxy in front of the server, which authenticates.
    Proxy(AccountId),
}

/// A request, or a connection, that was let in.
#[derive(Clone)]
pub struct Admission {
    pub(super) admitted: Arc<Admitted>,
    pub(super) clock: Clock,
}

/// What is known of a session or token while it is valid.
pub(super) struct Admitted {
    pub(super) account: AccountId,
    pub(super) name: AccountName,
    pub(super) role: AccountRole,
    pub(super) via: Via,
    /// What the token allows; `None` if it is no token.
    pub(super) token_scopes: Option<Scopes>,
    /// The end however much it is used, in Unix milliseconds.
    pub(super) expires_ms: i64,
    /// The end without a further use; for a token the same as `expires_ms`.
    pub(super) idle_expires_ms: AtomicI64,
    /// The last use that was written; 0 if none was.
    pub(super) used_ms: AtomicI64,
    pub(super) ended: CancellationToken,
}

impl Admitted {
    fn ends_at(&self) -> Timestamp {
        let idle = self.idle_expires_ms.load(Ordering::Relaxed);
        Timestamp::from_unix_ms(idle.min(self.expires_ms))
    }

    pub(super) fn is_valid(&self, now: Timestamp) -> bool {
        !self.ended.is_cancelled() && now < self.ends_at()
    }
}

impl Admission {
    /// The account.
    pub fn account(&self) -> AccountId {
        self.admitted.account
    }

    /// The account's name.
    pub fn name(&self) -> &AccountName {
        &self.admitted.name
    }

    /// The account's role.
    pub fn role(&self) -> AccountRole {
        self.admitted.role
    }

    /// What the token allows by which it was let in; `None` if it was no token.
    pub fn token_scopes(&self) -> Option<Scopes> {
        self.admitted.token_scopes
    }

    /// By what it was let in.
    pub fn via(&self) -> Via {
        self.admitted.via
    }

    /// Completes when the session or token is revoked or expires, or its account is disabled or gets
    /// another role. A connection that stays open ends then.
    pub async fn ended(&self) {
        loop {
            let left_ms = self.admitted.ends_at().ms_since((self.clock)());
            if left_ms == 0 {
                return;
            }
            let wait = Duration::from_millis(left_ms).min(LOOK_EVERY);
            tokio::select! {
                biased;
                () = self.admitted.ended.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}

/// The sessions and tokens that were used last.
#[derive(Default)]
pub(super) struct AdmittedCache {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    of: HashMap<SecretHash, Arc<Admitted>>,
    /// Counts the endings, so that what was read from the store before an ending is not kept after
    /// it.
    endings: u64,
}

/// The moment before a read of the store.
#[derive(Clone, Copy)]
pub(super) struct Moment(u64);

impl AdmittedCache {
    pub(super) fn get(&self, hash: SecretHash) -> Option<Arc<Admitted>> {
        self.inner().of.get(&hash).cloned()
    }

    pub(super) fn moment(&self) -> Moment {
        Moment(self.inner().endings)
    }

    /// Keeps what was read from the store after `moment`. `None` if something has ended since, so
    /// that it has to be read again.
    pub(super) fn keep(
        &self,
        moment: Moment,
        hash: SecretHash,
        admitted: Admitted,
        now: Timestamp,
    ) -> Option<Arc<Admitted>> {
        let mut inner = self.inner();
        if inner.endings != moment.0 {
            return None;
        }
        if inner.of.len() >= KEPT && !inner.of.contains_key(&hash) {
            inner.make_room(now);
        }
        // If another request was faster, its entry stays: a connection may hold it.
        Some(inner.of.entry(hash).or_insert_with(|| Arc::new(admitted)).clone())
    }

    /// Ends all that match, and all that hold them. Called after the commit, so that a read that
    /// began later finds nothing any more.
    pub(super) fn end(&self, matches: impl Fn(&AdmittedView) -> bool) {
        let mut inner = self.inner();
        inner.endings += 1;
        inner.of.retain(|_, admitted| {
            let ends = matches(&AdmittedView { account: admitted.account, via: admitted.via });
            if ends {
                admitted.ended.cancel();
            }
            !ends
        });
    }

    pub(super) fn end_sessions(&self, ids: &[SessionId]) {
        let ids: HashSet<Via> = ids.iter().copied().map(Via::Session).collect();
        self.end(|found| ids.contains(&found.via));
    }

    /// Drops what has expired.
    pub(super) fn forget(&self, hash: SecretHash) {
        self.inner().of.remove(&hash);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an ending is decided by.
pub(super) struct AdmittedView {
    pub(super) account: AccountId,
    pub(super) via: Via,
}

impl Inner {
    /// Drops what has expired, or else a part of what nobody holds. What is held stays, because it
    /// has to be found when it ends; the server bounds its connections.
    fn make_room(&mut self, now: Timestamp) {
        let is_held = |admitted: &Arc<Admitted>| Arc::strong_count(admitted) > 1;
        self.of.retain(|_, admitted| is_held(admitted) || admitted.is_valid(now));
        if self.of.len() < KEPT {
            return;
        }
        let mut times: Vec<i64> = self
            .of
            .values()
            .filter(|admitted| !is_held(admitted))
            .map(|admitted| admitted.used_ms.load(Ordering::Relaxed))
            .collect();
        times.sort_unstable();
        let Some(median) = times.get(times.len() / 2).copied() else { return };
        self.of.retain(|_, admitted| {
            is_held(admitted) || admitted.used_ms.load(Ordering::Relaxed) > median
        });
    }
}

#[cfg(test)]
mod tests;
