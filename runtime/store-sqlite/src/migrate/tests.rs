//! Tests a migration with a made-up step to the next schema, before there is one.

use std::sync::{Arc, Mutex};

use rusqlite_migration::M;
use tempfile::{TempDir, tempdir};

use super::*;
use crate::file;

#[path = "../../tests/support/small_disk.rs"]
mod small_disk;

const STEP: &str = "ALTER TABLE workers ADD COLUMN note TEXT NOT NULL DEFAULT 'none';
                    CREATE TABLE notes (text TEXT) STRICT;
                    INSERT INTO notes SELECT text FROM prompts;";

/// A data folder with a database of the current schema that holds some data.
fn older() -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("companion.db");
    let db = file::open(&path, &Schema::current()).unwrap().connection;
    db.execute("INSERT INTO prompts VALUES ('d', 'kept')", []).unwrap();
    (folder, path)
}

fn prompts(path: &Path) -> Vec<String> {
    let db = Connection::open(path).unwrap();
    let mut statement = db.prepare("SELECT text FROM prompts ORDER BY text").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn version(path: &Path) -> i64 {
    let db = Connection::open(path).unwrap();
    assert_eq!(
        db.pragma_query_value(None, "integrity_check", |row| row.get::<_, String>(0)).unwrap(),
        "ok"
    );
    db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
    names.sort();
    names
}

fn backup(path: &Path) -> PathBuf {
    beside(path, &format!(".before-schema-{}", Schema::current().version() + 1))
}

#[test]
fn the_backup_is_removed_after_30_days_and_not_before() {
    let (_folder, path) = older();
    let next = Schema::with(M::up(STEP));
    drop(file::open(&path, &next).unwrap());
    let day = Duration::from_secs(24 * 60 * 60);
    let made = std::fs::metadata(backup(&path)).unwrap().modified().unwrap();
    for (at, stays) in [(made - day, true), (made + 29 * day, true), (made + 30 * day, false)] {
        remove_old_copies(&path, &next, at);
        assert_eq!(backup(&path).exists(), stays, "{at:?}");
    }
    let file = std::fs::File::create(backup(&path)).unwrap();
    file.set_modified(SystemTime::now() - 31 * day).unwrap();
    drop(file::open(&path, &next).unwrap());
    assert!(!backup(&path).exists(), "a start removes it");
}

#[test]
fn a_migration_runs_once_after_a_backup() {
    let (folder, path) = older();
    let next = Schema::with(M::up(STEP));
    for _ in 0..2 {
        let db = file::open(&path, &next).unwrap().connection;
        let note: String = db.query_row("SELECT text FROM notes", [], |row| row.get(0)).unwrap();
        assert_eq!(note, "kept");
    }
    assert_eq!(version(&path), next.version());
    assert_eq!(version(&backup(&path)), Schema::current().version());
    assert_eq!(prompts(&backup(&path)), ["kept"]);
    assert_eq!(names(&folder).len(), 2, "{:?}", names(&folder));
    // The earlier version of the program does not touch it any more.
    let refused = file::open(&path, &Schema::current()).unwrap_err();
    assert!(matches!(refused, OpenError::Newer { .. }));
}

#[test]
fn a_failed_migration_is_rolled_back_completely() {
    let (_folder, path) = older();
    for step in [
        M::up(
            "CREATE TABLE notes (text TEXT) STRICT; DELETE FROM prompts; INSERT INTO nowhere VALUES (1);",
        ),
        M::up_with_hook("DELETE FROM prompts;", |_: &rusqlite::Transaction<'_>| {
            Err(rusqlite_migration::HookError::Hook("the hook failed".to_owned()))
        }),
    ] {
        let refused = file::open(&path, &Schema::with(step)).unwrap_err();
        assert!(matches!(refused, OpenError::Migration { .. }), "{refused:?}");
        assert_eq!(version(&path), Schema::current().version());
        assert_eq!(prompts(&path), ["kept"]);
        assert_eq!(prompts(&backup(&path)), ["kept"]);
    }
    // The earlier version keeps using it, so the next attempt has to back up what was written
    // since.
    let db = file::open(&path, &Schema::current()).unwrap().connection;
    db.execute("INSERT INTO prompts VALUES ('e', 'since')", []).unwrap();
    drop(db);
    file::open(&path, &Schema::with(M::up(STEP))).unwrap();
    assert_eq!(prompts(&backup(&path)), ["kept", "since"]);
}

/// The files are copied in the middle of the migration, as a killed process would leave them.
#[test]
fn a_process_that_dies_during_a_migration_leaves_the_old_database() {
    let (folder, path) = older();
    let copy = Arc::new(tempdir().unwrap());
    let (from, to) = (folder.path().to_owned(), copy.clone());
    // This is more than SQLite's cache holds, so part of it has been written to the file already.
    let grow = "CREATE TABLE notes (text TEXT) STRICT;
                INSERT INTO notes WITH RECURSIVE n(i) AS
                    (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
                    SELECT hex(randomblob(1000)) FROM n;
                DELETE FROM prompts;";
    let taken = Arc::new(Mutex::new(false));
    let seen = taken.clone();
    let step = M::up_with_hook(grow, move |_: &rusqlite::Transaction<'_>| {
        for entry in std::fs::read_dir(&from).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
        }
        *seen.lock().unwrap() = true;
        Ok(())
    });
    file::open(&path, &Schema::with(step)).unwrap();
    assert!(*taken.lock().unwrap());
    let dead = copy.path().join("companion.db");
    assert!(std::fs::metadata(beside(&dead, "-wal")).unwrap().len() > 1 << 20, "half is written");
    std::fs::remove_file(beside(&dead, "-shm")).unwrap();

    let db = file::open(&dead, &Schema::current()).unwrap().connection;
    drop(db);
    assert_eq!(
        (version(&dead), prompts(&dead)),
        (Schema::current().version(), vec!["kept".to_owned()])
    );
    assert_eq!(prompts(&backup(&dead)), ["kept"]);
    file::open(&dead, &Schema::with(M::up(STEP))).unwrap();
    assert_eq!(version(&dead), Schema::current().version() + 1);
}

#[test]
fn inspecting_a_database_does_not_migrate_it() {
    let (folder, path) = older();
    let (before, bytes) = (names(&folder), std::fs::read(&path).unwrap());
    let found = file::look(&path, &Schema::with(M::up(STEP)), file::Access::Alone).unwrap();
    assert_eq!(found, Some(Schema::current().version()));
    assert_eq!((names(&folder), std::fs::read(&path).unwrap()), (before, bytes));
}

#[test]
fn an_incomplete_backup_of_a_killed_process_is_replaced() {
    let (folder, path) = older();
    for suffix in ["", "-wal", "-journal"] {
        let part = beside(&backup(&path), &format!(".part{suffix}"));
        std::fs::write(part, "half a copy").unwrap();
    }
    file::open(&path, &Schema::with(M::up(STEP))).unwrap();
    assert_eq!(prompts(&backup(&path)), ["kept"]);
    assert_eq!(names(&folder).len(), 2, "{:?}", names(&folder));
}

#[test]
fn a_disk_too_small_for_the_backup_leaves_the_database_unchanged() {
    let test = "migrate::tests::a_disk_too_small_for_the_backup_leaves_the_database_unchanged";
    small_disk::on_a_small_disk(test, 4096, async |disk| {
        let path = disk.path().join("companion.db");
        let db = file::open(&path, &Schema::current()).unwrap().connection;
        let grow = "INSERT INTO prompts WITH RECURSIVE n(i) AS
                        (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 100)
                        SELECT i, hex(randomblob(1000)) FROM n";
        db.execute_batch(grow).unwrap();
        drop(db);
        let before = prompts(&path);
        for kib in [0, 40, 100, 200] {
            disk.fill_but(kib);
            let refused = file::open(&path, &Schema::with(M::up(STEP))).unwrap_err();
            assert!(matches!(refused, OpenError::Full { .. }), "{kib} KiB: {refused:?}");
            assert!(!backup(&path).exists() && !beside(&backup(&path), ".part").exists());
            disk.free();
            drop(file::open(&path, &Schema::current()).unwrap());
            assert_eq!(
                (version(&path), prompts(&path)),
                (Schema::current().version(), before.clone())
            );
        }
        drop(file::open(&path, &Schema::with(M::up(STEP))).unwrap());
        assert_eq!(
            (version(&path), prompts(&backup(&path))),
            (Schema::current().version() + 1, before)
        );
    });
}
