//! Examines the database from outside while no companion is running.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use rusqlite::Connection;

/// Checks that the database in a data folder is sound. This examines a copy, with its write-ahead
/// log, so that the next start finds exactly the files of the last end.
pub fn check(data: &Path) -> Result<()> {
    let copies = tempfile::tempdir()?;
    for name in ["companion.db", "companion.db-wal"] {
        match fs::copy(data.join(name), copies.path().join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    let db = Connection::open(copies.path().join("companion.db"))?;
    let verdict: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if verdict != "ok" {
        bail!("integrity_check: {verdict}");
    }
    let mut orphans = db.prepare("PRAGMA foreign_key_check")?;
    if orphans.exists([])? {
        bail!("foreign_key_check found rows without their parents");
    }
    Ok(())
}

/// The number of events in all logs.
pub fn events(data: &Path) -> Result<u64> {
    let db = Connection::open(data.join("companion.db"))?;
    Ok(db.query_row("SELECT count(*) FROM events", [], |row| row.get(0))?)
}

/// Whether the process that wrote the write-ahead log died in the middle of a commit: the newest
/// valid frames belong to no complete transaction.
///
/// Source: <https://sqlite.org/fileformat.html#the_write_ahead_log>. The checksums are not
/// compared; frames with other salts are leftovers.
pub fn is_torn(data: &Path) -> Result<bool> {
    const HEADER: usize = 32;
    const FRAME_HEADER: usize = 24;
    let Ok(wal) = fs::read(data.join("companion.db-wal")) else { return Ok(false) };
    let word = |at: usize| -> Option<u32> {
        Some(u32::from_be_bytes(wal.get(at..at + 4)?.try_into().ok()?))
    };
    if wal.len() < HEADER {
        return Ok(false);
    }
    let page = word(8).context("no page size")? as usize;
    let (mut at, mut torn) = (HEADER, false);
    // A frame's header: page number, size of the database if the frame ends a commit, salts,
    // checksum.
    while let (Some(size), Some(salts)) = (word(at + 4), wal.get(at + 8..at + 16)) {
        if salts != &wal[16..24] {
            break;
        }
        torn = size == 0;
        at += FRAME_HEADER + page;
    }
    Ok(torn || at > wal.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data folder as a killed process leaves it: with its write-ahead log.
    fn left_behind() -> tempfile::TempDir {
        let (live, left) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let db = Connection::open(live.path().join("companion.db")).unwrap();
        db.execute_batch(
            "PRAGMA journal_mode = wal; PRAGMA foreign_keys = on;
             CREATE TABLE workers (id INTEGER PRIMARY KEY);
             CREATE TABLE events (worker INTEGER REFERENCES workers (id), body TEXT);
             INSERT INTO workers VALUES (1);",
        )
        .unwrap();
        for _ in 0..20 {
            db.execute("INSERT INTO events VALUES (1, hex(randomblob(2000)))", []).unwrap();
        }
        for name in ["companion.db", "companion.db-wal"] {
            fs::copy(live.path().join(name), left.path().join(name)).unwrap();
        }
        left
    }

    #[test]
    fn a_write_ahead_log_that_ends_within_a_commit_is_recognized() {
        let left = left_behind();
        check(left.path()).unwrap();
        assert!(!is_torn(left.path()).unwrap());
        let wal = left.path().join("companion.db-wal");
        let bytes = fs::read(&wal).unwrap();
        // The last frame is the one that commits.
        for cut in [100, 4096 + 24] {
            fs::write(&wal, &bytes[..bytes.len() - cut]).unwrap();
            assert!(is_torn(left.path()).unwrap(), "without the last {cut} bytes");
            // Earlier commits are still complete.
            check(left.path()).unwrap();
        }
    }

    #[test]
    fn damage_and_orphans_are_detected() {
        let left = left_behind();
        let file = left.path().join("companion.db");
        let db = Connection::open(&file).unwrap();
        assert_eq!(events(left.path()).unwrap(), 20);
        db.execute_batch("PRAGMA foreign_keys = off; DELETE FROM workers;").unwrap();
        assert!(check(left.path()).unwrap_err().to_string().contains("parents"));
        db.execute_batch("PRAGMA journal_mode = delete;").unwrap();
        drop(db);
        let mut bytes = fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 4096].fill(0xaa);
        fs::write(&file, bytes).unwrap();
        assert!(check(left.path()).is_err());
    }
}
