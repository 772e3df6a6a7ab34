//! Starts that are not possible: the message, the exit code, and that nothing was changed. And the
//! doctor, which only inspects.

use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::process::{code, run, serve, signal, text};
use super::small_disk::on_a_small_disk;
use super::support::HANG;

/// The offset of the schema's version in a database's header, big-endian. Source:
/// https://sqlite.org/fileformat2.html#the_database_header
const VERSION_AT: u64 = 60;

/// A change to a database's file.
type Spoil = fn(&Path);

/// Creates a data folder as a clean stop leaves it.
fn made(folder: &Path) {
    let (mut child, _) = serve(folder, &["--data-dir", "data"]);
    signal(&child, "-TERM");
    assert_eq!(code(&mut child), Some(0));
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn an_unusable_database_is_reported_and_not_changed() {
    let cases: [(&str, Spoil); 5] = [
        ("was written by a newer Companion", |file| {
            let file = std::fs::OpenOptions::new().write(true).open(file).unwrap();
            file.write_all_at(&99_u32.to_be_bytes(), VERSION_AT).unwrap();
        }),
        ("is damaged", |file| {
            std::fs::OpenOptions::new().write(true).open(file).unwrap().set_len(10_000).unwrap();
        }),
        ("is damaged: it is empty", |file| std::fs::write(file, b"").unwrap()),
        ("is damaged: it is gone", |file| {
            std::fs::rename(file, file.with_extension("db-wal")).unwrap();
        }),
        ("is not a database of Companion", |file| std::fs::write(file, "a letter").unwrap()),
    ];
    for (told, spoil) in cases {
        let folder = tempfile::tempdir().unwrap();
        made(folder.path());
        let data = folder.path().join("data");
        spoil(&data.join("companion.db"));
        let files = || {
            names(&data).into_iter().map(|name| {
                let bytes = std::fs::read(data.join(&name)).unwrap();
                (name, bytes)
            })
        };
        let before: Vec<_> = files().filter(|(name, _)| name != "companion.lock").collect();
        for command in ["serve", "doctor"] {
            let arguments = [command, "--listen", "127.0.0.1:0", "--data-dir", "data"];
            let output = run(folder.path(), &arguments);
            assert_eq!(output.status.code(), Some(1), "{told}");
            let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
            assert!(said.contains(told), "{command}: {said}");
            let after: Vec<_> = files().filter(|(name, _)| name != "companion.lock").collect();
            assert!(before == after, "{command}, {told}: the files are not what they were");
        }
    }
}

#[test]
fn a_start_on_a_full_disk_fails_and_works_when_there_is_space() {
    let test = "start::a_start_on_a_full_disk_fails_and_works_when_there_is_space";
    on_a_small_disk(test, 4096, async |disk| {
        for again in [false, true] {
            disk.fill();
            let arguments = ["--listen", "127.0.0.1:0", "--data-dir", "data"];
            let output = run(disk.path(), &arguments);
            assert_eq!(output.status.code(), Some(1), "again: {again}");
            let said = text(&output.stderr);
            assert!(said.contains("no space left"), "{said}");
            disk.free();
            made(disk.path());
            // If these were left from before, a start could succeed and read them.
            for file in ["companion.db-wal", "companion.db-shm"] {
                let _ = std::fs::remove_file(disk.path().join("data").join(file));
            }
        }
    });
}

#[test]
fn the_doctor_inspects_a_database_in_use_without_side_effects() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, address) = serve(folder.path(), &["--data-dir", "data"]);
    let data = folder.path().join("data");
    let before = names(&data);
    let arguments = ["doctor", "--listen", &address, "--data-dir", "data"];
    let arguments = [&arguments[..], &["--base-url", "http://127.0.0.1:9/v1"]].concat();
    let doctor = run(folder.path(), &arguments);
    let said = text(&doctor.stdout);
    assert_eq!(doctor.status.code(), Some(0), "{said}");
    let holder = format!("in use by another companion (process {})", child.id());
    assert!(said.contains(&holder), "{said}");
    assert_eq!(names(&data), before);
    signal(&child, "-TERM");
    assert_eq!(code(&mut child), Some(0));

    let before = names(&data);
    let doctor = run(folder.path(), &arguments);
    let said = text(&doctor.stdout);
    assert_eq!(doctor.status.code(), Some(0), "{said}");
    assert!(said.contains("schema 13, sound"), "{said}");
    assert_eq!(names(&data), before, "nothing is left beside it");
}

/// A database that is too large to be checked before it is served, in which a page of an index that
/// no request of this test needs is damaged.
fn large_and_damaged(file: &Path) {
    let db = rusqlite::Connection::open(file).unwrap();
    db.execute_batch(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1500)
         INSERT INTO prompts SELECT 'of a test ' || n, hex(randomblob(2000)) FROM n;",
    )
    .unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'prompt_uses_by_digest'";
    let root: u64 = db.query_row(sql, [], |row| row.get(0)).unwrap();
    drop(db);
    let file = std::fs::OpenOptions::new().write(true).open(file).unwrap();
    file.write_all_at(&[0xa5; 64], (root - 1) * 4096).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_that_is_found_while_serving_is_reported_and_the_next_start_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path());
    let file = folder.path().join("data").join("companion.db");
    large_and_damaged(&file);
    let before = std::fs::read(&file).unwrap();
    let (mut child, address) = serve(folder.path(), &["--data-dir", "data"]);
    let get = async |path: &str| {
        let answer = reqwest::get(format!("http://{address}{path}")).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let begun = std::time::Instant::now();
    while !get("/readyz").await.1.contains("file of the conversations is damaged") {
        assert!(begun.elapsed() < HANG, "{:?}", get("/readyz").await);
    }
    assert_eq!(get("/readyz").await.0, 503);
    let workers = "/api/v1/runtimes/backend-internal/workers";
    assert_eq!(get(workers).await.0, 200, "what can be read is shown");
    let created = reqwest::Client::new().post(format!("http://{address}{workers}"));
    let created = created.header("content-type", "application/json").body("{}").send().await;
    assert_eq!(created.unwrap().status(), 503);
    signal(&child, "-TERM");
    assert_eq!(code(&mut child), Some(0));
    let mut log = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut log).unwrap();
    assert!(log.contains("is damaged: "), "{log}");
    assert!(std::fs::read(&file).unwrap() == before, "the file was not written");
    for command in ["serve", "doctor"] {
        let output =
            run(folder.path(), &[command, "--listen", "127.0.0.1:0", "--data-dir", "data"]);
        assert_eq!(output.status.code(), Some(1), "{command}");
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(said.contains("is damaged: "), "{command}: {said}");
    }
}
