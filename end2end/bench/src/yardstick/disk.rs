//! SQLite alone, committing the bytes that a companion commits.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use rusqlite::{Connection, TransactionBehavior, params};
use rustix::time::{ClockId, clock_gettime};

use crate::measured::{Figures, Samples};

/// The bytes of an event that holds one token, as JSON with its ids.
const EVENT: &str = r#"{"turn_id":"019a9f00-0000-7000-8000-000000000001","message_id":"019a9f00-0000-7000-8000-000000000002","offset":4400,"text":"0000000000000000 word "}"#;

/// How long commits without a sync are measured.
const UNSYNCED: Duration = Duration::from_secs(1);

/// A database with one table, opened as a companion opens its own.
pub struct Disk {
    db: Connection,
    next: i64,
}

impl Disk {
    /// Creates a database in `folder`.
    pub fn create(folder: &Path) -> Result<Self> {
        let db = Connection::open(folder.join("yardstick.db"))?;
        db.execute_batch(
            "PRAGMA journal_mode = wal;
             CREATE TABLE events (
                 worker INTEGER NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL,
                 body TEXT NOT NULL, PRIMARY KEY (worker, seq)
             ) STRICT, WITHOUT ROWID;",
        )?;
        Ok(Self { db, next: 0 })
    }

    /// Commits `rows` events; returns how long it took.
    fn commit(&mut self, rows: i64) -> Result<Duration> {
        let begun = Instant::now();
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut insert = transaction.prepare_cached("INSERT INTO events VALUES (?, ?, ?, ?)")?;
        for row in 0..rows {
            insert.execute(params![row, self.next, "text_delta", EVENT])?;
        }
        drop(insert);
        transaction.commit()?;
        self.next += 1;
        Ok(begun.elapsed())
    }

    /// How long one synced commit takes, in milliseconds.
    pub fn synced_ms(&mut self) -> Result<f64> {
        self.db.pragma_update(None, "synchronous", "FULL")?;
        Ok(self.commit(1)?.as_secs_f64() * 1000.0)
    }

    /// The time of this thread that an event costs if `rows` of them are committed at once without
    /// a sync, and how long such a commit takes.
    pub fn unsynced(&mut self, rows: i64) -> Result<Figures> {
        self.db.pragma_update(None, "synchronous", "NORMAL")?;
        self.commit(rows)?;
        let (begun, before) = (Instant::now(), thread_time());
        let mut commits = Vec::new();
        while begun.elapsed() < UNSYNCED {
            commits.push(self.commit(rows)?.as_secs_f64() * 1e6);
        }
        let used = (thread_time() - before).as_secs_f64() * 1e6;
        let events = commits.len() as f64 * rows as f64;
        let commits = Samples::new(commits);
        let figures = [
            ("cpu_per_token_us", used / events),
            ("commit_p50_us", commits.at(0.5)),
            ("commit_p99_us", commits.at(0.99)),
        ];
        Ok(figures.map(|(name, value)| (name.to_owned(), value)).into())
    }
}

/// The processor time of this thread.
fn thread_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.cast_unsigned(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_timed() {
        let folder = tempfile::tempdir().unwrap();
        let mut disk = Disk::create(folder.path()).unwrap();
        assert!(disk.synced_ms().unwrap() > 0.0);
        let figures = disk.unsynced(10).unwrap();
        assert!(figures["cpu_per_token_us"] > 0.0, "{figures:?}");
    }
}
