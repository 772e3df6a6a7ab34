//! The writer's transaction and its savepoints, by statements that are prepared once.
//!
//! rusqlite's own types prepare each `BEGIN`, `SAVEPOINT` and `COMMIT` anew, which took a sixth of
//! the time of a small commit.

use rusqlite::Connection;

/// A transaction that holds the write lock from its beginning. It is rolled back when it is dropped
/// without a commit.
pub(super) struct Transaction<'a>(&'a Connection);

impl<'a> Transaction<'a> {
    pub(super) fn begin(db: &'a Connection) -> rusqlite::Result<Self> {
        run(db, "BEGIN IMMEDIATE")?;
        Ok(Self(db))
    }

    /// Begins a part that can be undone alone.
    pub(super) fn savepoint(&self) -> rusqlite::Result<Savepoint<'a>> {
        run(self.0, "SAVEPOINT job")?;
        Ok(Savepoint { db: self.0, is_open: true })
    }

    pub(super) fn commit(self) -> rusqlite::Result<()> {
        run(self.0, "COMMIT")
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // A commit that succeeded has ended the transaction, and so have some failures.
        if !self.0.is_autocommit() {
            let _ = run(self.0, "ROLLBACK");
        }
    }
}

/// A part of a transaction that is undone when it is dropped without [`Savepoint::keep`].
pub(super) struct Savepoint<'a> {
    db: &'a Connection,
    is_open: bool,
}

impl Savepoint<'_> {
    pub(super) fn keep(mut self) -> rusqlite::Result<()> {
        run(self.db, "RELEASE job")?;
        self.is_open = false;
        Ok(())
    }
}

impl Drop for Savepoint<'_> {
    fn drop(&mut self) {
        // After some failures SQLite has rolled the whole transaction back.
        if self.is_open && !self.db.is_autocommit() {
            let _ = run(self.db, "ROLLBACK TO job").and_then(|()| run(self.db, "RELEASE job"));
        }
    }
}

fn run(db: &Connection, sql: &str) -> rusqlite::Result<()> {
    db.prepare_cached(sql)?.execute([]).map(drop)
}
