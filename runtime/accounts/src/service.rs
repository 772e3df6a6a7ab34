//! The handle to the accounts, which the server uses.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::{AccountId, Timestamp};
use store::StoreError;
use tokio::time::Instant;

use crate::account::NameError;
use crate::audit::{AuditKind, Note};
use crate::hasher::{HashError, HashSettings, Hasher};
use crate::limiter::{Limiter, RateLimited};
use crate::password::PasswordError;
use crate::set_up_code::{SetUpCode, SetUpError};
use crate::store::AccountStore;
use admitted::AdmittedCache;

mod admin;
mod admitted;
mod error;
mod identified;
mod login;
mod passkeys;
mod proxied;
mod sessions;
mod tokens;

pub use admitted::{Admission, Via};
pub use identified::IdentifiedLogin;
pub use login::{LoggedIn, Login, NewOwner};
pub use passkeys::PasskeyLogin;
pub use tokens::TOKEN_PREFIX;

/// Tells the time of day.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// When sessions end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionSettings {
    /// Without a use.
    pub idle: Duration,
    /// However much they are used.
    pub absolute: Duration,
}

impl Default for SessionSettings {
    /// 14 days, and 90 days.
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
        Self { idle: days(14), absolute: days(90) }
    }
}

/// Why an account could not be used or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name or the password is wrong, or the account is disabled: which of them is not told.
    #[error("the name or the password is wrong")]
    WrongCredentials,
    /// The passkey opens no account that can be used, or its answer is wrong.
    #[error("the passkey is not known here, or its account is disabled")]
    WrongPasskey,
    /// The counter of the passkey has not increased.
    #[error("the passkey may have been copied, so it lets nobody in")]
    PasskeyCopied,
    /// The passkey is an account's already.
    #[error("an account has that passkey already")]
    PasskeyTaken,
    /// The account has no password to ask for, and the login is too long ago.
    #[error("the login is too long ago for this change")]
    NotFresh,
    /// Too many attempts.
    #[error(transparent)]
    RateLimited(#[from] RateLimited),
    /// The set-up code is not accepted.
    #[error(transparent)]
    SetUp(#[from] SetUpError),
    /// The name is not accepted.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The password is not accepted.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Another account has the name.
    #[error("there is an account with that name")]
    NameTaken,
    /// The account is disabled. Only somebody whom a provider has authenticated is told that.
    #[error("the account is disabled")]
    Disabled,
    /// The identity is another account's.
    #[error("another account is connected with that identity")]
    IdentityTaken,
    /// Without this identity or passkey nobody could use the account.
    #[error("the account has no password, so this is the only way into it")]
    LastWayIn,
    /// There are as many as there may be.
    #[error("there are as many as there may be")]
    Full,
    /// There is no such account, session or token, or it is another account's.
    #[error("there is no such account, session or token")]
    NotFound,
    /// Without this account nobody could manage the installation.
    #[error("this is the last owner who can log in")]
    LastOwner,
    /// There is no account yet, or there is one already.
    #[error("the first account is made with the set-up code, once")]
    NotNow,
    /// The password could not be hashed, as without memory.
    #[error("the password could not be computed")]
    Hashing,
    /// The store failed.
    #[error("the accounts cannot be read or changed")]
    Store(#[from] StoreError),
}

/// The handle to the accounts; cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    shared: Arc<Shared>,
}

/// What all handles share. The locks are held only for lookups in memory.
struct Shared {
    store: Arc<dyn AccountStore>,
    clock: Clock,
    started: Instant,
    sessions: SessionSettings,
    hasher: Hasher,
    limiter: Mutex<Limiter>,
    set_up: Mutex<Option<SetUpCode>>,
    admitted: AdmittedCache,
}

impl Accounts {
    /// Starts the threads that hash passwords. Error: a thread cannot be started, or the settings
    /// for hashing are not valid.
    pub fn start(
        store: Arc<dyn AccountStore>,
        hashing: HashSettings,
        sessions: SessionSettings,
        clock: Clock,
    ) -> std::io::Result<Self> {
        let shared = Shared {
            store,
            clock,
            started: Instant::now(),
            sessions,
            hasher: Hasher::start(hashing)?,
            limiter: Mutex::default(),
            set_up: Mutex::default(),
            admitted: AdmittedCache::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// How many passwords were hashed or checked since the start, for the figures of a server.
    pub fn computed_hashes(&self) -> u64 {
        self.shared.hasher.computed()
    }

    fn now(&self) -> Timestamp {
        (self.shared.clock)()
    }

    fn store(&self) -> &dyn AccountStore {
        self.shared.store.as_ref()
    }

    fn limiter(&self) -> MutexGuard<'_, Limiter> {
        self.shared.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_up_slot(&self) -> MutexGuard<'_, Option<SetUpCode>> {
        self.shared.set_up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, kind: AuditKind, by: Option<AccountId>, from: Option<IpAddr>) -> Note {
        Note { at: self.now(), kind, by, from }
    }
}

fn after(at: Timestamp, duration: Duration) -> Timestamp {
    let ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_unix_ms(at.unix_ms().saturating_add(ms))
}

impl From<HashError> for AccountError {
    fn from(error: HashError) -> Self {
        match error {
            // The queue empties within about a second.
            HashError::Busy => RateLimited { retry_after: Duration::from_secs(1) }.into(),
            HashError::Failed => Self::Hashing,
        }
    }
}
