//! A stage for the tests: accounts on a real database, with a clock that the test sets and hashes
//! that cost little.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use accounts::{
    Account, AccountError, AccountName, Accounts, Admission, Clock, Device, HashSettings, LoggedIn,
    Login, Password, SessionSettings,
};
use protocol::{AccountRole, Timestamp};
use store_sqlite::Sqlite;
use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) const CHEAP: HashSettings =
    HashSettings { memory_kib: 64, passes: 1, threads: NonZeroUsize::MIN };

pub(crate) struct Stage {
    pub(crate) accounts: Accounts,
    pub(crate) store: Sqlite,
    pub(crate) folder: TempDir,
    now_ms: Arc<AtomicI64>,
}

impl Stage {
    /// Without an account.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(folder.path()).unwrap();
        let now_ms = Arc::new(AtomicI64::new(1_800_000_000_000));
        let accounts = start(&store, &now_ms, CHEAP);
        Self { accounts, store, folder, now_ms }
    }

    /// With the owner `ada` and the member `bob`, who have the same password.
    pub(crate) async fn new() -> Self {
        let stage = Self::empty();
        stage.add("ada", AccountRole::Owner).await;
        stage.add("bob", AccountRole::Member).await;
        stage
    }

    pub(crate) async fn add(&self, name: &str, role: AccountRole) -> Account {
        let name = AccountName::parse(name).unwrap();
        self.accounts.add(None, name, role, PASSWORD, None).await.unwrap()
    }

    /// A start of another server on the same store.
    pub(crate) fn restart(&mut self, hashing: HashSettings) {
        self.accounts = start(&self.store, &self.now_ms, hashing);
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.now_ms.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }

    pub(crate) async fn account(&self, name: &str) -> Account {
        self.accounts.find(&AccountName::parse(name).unwrap()).await.unwrap()
    }

    pub(crate) async fn log_in(
        &self,
        name: &str,
        password: &str,
    ) -> Result<LoggedIn, AccountError> {
        self.accounts.log_in(login(name, password)).await
    }

    /// Logs in, and gives the secret and what it lets in.
    pub(crate) async fn entered(&self, name: &str) -> (String, Admission) {
        let session = self.log_in(name, PASSWORD).await.unwrap().session;
        let admission = self.verify(session.reveal()).await.unwrap();
        (session.reveal().to_owned(), admission)
    }

    pub(crate) async fn verify(&self, secret: &str) -> Option<Admission> {
        self.accounts.verify(secret).await.unwrap()
    }
}

pub(crate) fn login<'a>(name: &'a str, password: &str) -> Login<'a> {
    Login {
        name,
        password: Password::new(password),
        from: Some("192.0.2.1".parse().unwrap()),
        device: Device::from_user_agent("Browser/1.0"),
        device_secret: None,
        session_secret: None,
    }
}

fn start(store: &Sqlite, now_ms: &Arc<AtomicI64>, hashing: HashSettings) -> Accounts {
    let now_ms = now_ms.clone();
    let clock: Clock = Arc::new(move || Timestamp::from_unix_ms(now_ms.load(Ordering::Relaxed)));
    Accounts::start(Arc::new(store.clone()), hashing, SessionSettings::default(), clock).unwrap()
}
