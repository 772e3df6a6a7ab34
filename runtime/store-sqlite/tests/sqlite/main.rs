//! Tests of the store in a SQLite database: the contract of the port, and the behaviour of its
//! files.

#![allow(clippy::unwrap_used, reason = "a test may panic, in its builders too")]

use std::sync::Arc;
use std::time::Duration;

use accounts::AccountStore;
use accounts::contract::TestAccounts;
use protocol::WorkerId;
use shares::contract::{Ports, TestShares};
use store::Store;
use store::contract::{Part, TestStore};
use store_sqlite::Sqlite;
use tempfile::TempDir;

mod checked_later;
mod damage;
mod disk;
mod files;
mod fixtures;
mod moved_files;
mod moving_disk;
#[path = "../support/small_disk.rs"]
mod small_disk;
mod streamed;

store::contract!(contract, SqliteFolder);
accounts::contract!(contract_of_accounts, SqliteFolder);
shares::contract!(contract_of_shares, SqliteFolder);

impl TestShares for SqliteFolder {
    fn open(&self) -> Ports {
        let store = Arc::new(Sqlite::open(self.0.path()).unwrap());
        Ports { store: store.clone(), accounts: store.clone(), shares: store }
    }
}

impl TestAccounts for SqliteFolder {
    fn open(&self) -> Arc<dyn AccountStore> {
        Arc::new(Sqlite::open(self.0.path()).unwrap())
    }
}

struct SqliteFolder(TempDir);

impl Default for SqliteFolder {
    fn default() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl TestStore for SqliteFolder {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(Sqlite::open(self.0.path()).unwrap())
    }

    fn spoil(&self, id: WorkerId, part: Part) {
        let db = rusqlite::Connection::open(self.0.path().join("companion.db")).unwrap();
        db.busy_timeout(Duration::from_secs(30)).unwrap();
        let sql = match part {
            // Valid JSON that this version does not know, as a newer version might write it.
            Part::Summary => {
                "UPDATE workers SET summary = '{\"of\":\"tomorrow\"}' WHERE worker_id = ?"
            }
            // A byte that is not UTF-8, as a failing disk might return it.
            Part::Events => {
                "UPDATE events SET body = CAST(x'7bff7d' AS TEXT)
                 WHERE worker = (SELECT id FROM workers WHERE worker_id = ?)
                   AND kind = 'text_delta'"
            }
        };
        assert!(db.execute(sql, [id.as_bytes()]).unwrap() > 0);
    }
}
