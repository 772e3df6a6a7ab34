//! Backup, export and import on the command line, with and without a running server.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use protocol::api::CreateWorker;
use protocol::{Event, EventBody, TurnState, View, WorkerId};
use runtime::clock::Clock as _;
use serde_json::json;
use store::{ConversationExport, Relation, Store as _};
use store_sqlite::{ReadOnlyStore, Sqlite};
use upstream::{Answer, Script, Step};

use super::process::{code, companion, run, serve, signal, text};
use super::support::{Server, message_id, start};

fn all(folder: &Path) -> Vec<ConversationExport> {
    let aside = ReadOnlyStore::open(folder).unwrap();
    let (mut all, mut last) = (Vec::new(), None);
    while let Some(id) = aside.next_worker(last).unwrap() {
        all.push(aside.whole(id).unwrap().unwrap());
        last = Some(id);
    }
    all
}

/// Runs `companion COMMAND --data-dir DATA` in a folder of its own.
async fn command(data: &Path, arguments: &[&str]) -> Output {
    let folder = data.parent().unwrap().to_owned();
    let data = data.to_str().unwrap();
    let arguments: Vec<String> =
        arguments.iter().chain(&["--data-dir", data]).map(|&s| s.to_owned()).collect();
    tokio::task::spawn_blocking(move || {
        run(&folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    })
    .await
    .unwrap()
}

async fn good(data: &Path, arguments: &[&str]) -> Output {
    let output = command(data, arguments).await;
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    output
}

async fn refused(data: &Path, arguments: &[&str]) -> String {
    let output = command(data, arguments).await;
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", text(&output.stdout));
    text(&output.stderr)
}

/// Sends a message to each worker as soon as it is idle, until told to stop.
async fn load(server: &Server, workers: &[WorkerId], stop: Arc<AtomicBool>) {
    let senders = workers.iter().map(|worker| {
        let (stop, path) = (stop.clone(), format!("{}/{worker}/messages", server.workers()));
        async move {
            while !stop.load(Ordering::Relaxed) {
                let body = json!({ "id": message_id(), "text": "again, 日本語で" });
                let status = server.post(&path).json(&body).send().await.unwrap().status();
                if status == 409 {
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
            }
        }
    });
    futures::future::join_all(senders).await;
}

fn folded(log: &ConversationExport) -> View {
    let mut view = View::new(log.worker.clone(), 0);
    for event in &log.events {
        view.apply(event);
    }
    view
}

/// The view of a log as of `seq`, with the last answer cut to its length at that time.
fn cut(log: &ConversationExport, seq: u64, answer_bytes: usize) -> View {
    let mut view = View::new(log.worker.clone(), 0);
    for event in log.events.iter().filter(|event| event.first_seq() <= seq) {
        let mut event: Event = event.clone();
        if let EventBody::TextDelta { text, offset, .. } = &mut event.body
            && event.seq > seq
        {
            text.truncate(answer_bytes - usize::try_from(*offset).unwrap());
            event.seq = seq;
        }
        view.apply(&event);
    }
    view
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_of_a_busy_server_has_a_prefix_of_every_log() {
    let server = start("delta_ms = 1").await;
    let pieces = (0..120).map(|n| format!("Stück {n} ")).collect();
    let answer = Answer { pieces, delay_ms: 2, ..Answer::default() };
    server.upstream.script(Script::always([Step::Answer(answer)]));
    let mut workers = vec![server.worker_id().await];
    for _ in 0..3 {
        let made = server.home().create(CreateWorker::default()).await.unwrap();
        workers.push(made.worker_id);
    }
    let data = server.data();
    let copies = tempfile::tempdir().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let backups = async {
        let mut files = Vec::new();
        for number in 0..6 {
            let file = copies.path().join(format!("copy-{number}.db"));
            let output = good(&data, &["backup", file.to_str().unwrap()]).await;
            assert!(text(&output.stdout).contains("4 conversations"), "{output:?}");
            files.push(file);
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        stop.store(true, Ordering::Relaxed);
        files
    };
    let (files, ()) = tokio::join!(backups, load(&server, &workers, stop.clone()));
    assert_eq!(fs::read_dir(copies.path()).unwrap().count(), 6, "no part is left");

    let live = all(&data);
    let (mut grown, mut running) = (0, 0);
    let mut before = 0;
    for file in files {
        let folder = tempfile::tempdir().unwrap();
        fs::rename(&file, folder.path().join("companion.db")).unwrap();
        let store = Sqlite::open(folder.path()).unwrap();
        let unfinished = store.unfinished().await.unwrap();
        running += unfinished.len();
        let logs = all(folder.path());
        assert_eq!(logs.len(), live.len());
        for (copy, live) in logs.iter().zip(&live) {
            assert_eq!(live.relation_to(copy), Relation::Holds);
            let view = folded(copy);
            let bytes = view.messages.last().map_or(0, |message| message.text.len());
            let mut then = cut(live, view.seq, bytes);
            then.worker = view.worker.clone();
            assert_eq!(then, view);
            // The summary in the copy matches the fold of the copy's events.
            assert_eq!(view.worker, copy.worker);
        }
        let events: u64 = logs.iter().map(|log| log.events.last().unwrap().seq).sum();
        grown += u32::from(events > before);
        before = events;
        store.close().await;
    }
    assert!(grown >= 4 && running > 0, "there was load: {grown}, {running}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_starts_from_a_backup_and_no_file_is_overwritten() {
    let server = start("").await;
    server.says("An answer that is kept.");
    let worker = server.worker_id().await;
    server.send(&format!("{}/{worker}", server.workers()), "A question?").await;
    server.ended(worker).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy");
    let name = file.to_str().unwrap();
    fs::write(&file, "somebody's letter").unwrap();
    assert!(refused(&server.data(), &["backup", name]).await.contains("exists already"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "somebody's letter");
    fs::remove_file(&file).unwrap();
    good(&server.data(), &["backup", name]).await;
    let nowhere = folder.path().join("nowhere/copy");
    refused(&server.data(), &["backup", nowhere.to_str().unwrap()]).await;

    let restored = folder.path().join("restored");
    fs::create_dir(&restored).unwrap();
    fs::rename(&file, restored.join("companion.db")).unwrap();
    let (mut child, address) = serve(folder.path(), &["--data-dir", "restored"]);
    let url = format!("http://{address}{}/{worker}/transcript", server.workers());
    let transcript = server.client.get(url).send().await.unwrap().text().await.unwrap();
    assert!(transcript.contains("An answer that is kept."), "{transcript}");
    signal(&child, "-TERM");
    assert_eq!(code(&mut child), Some(0));
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert!(refused(&empty, &["backup", name]).await.contains("there is no database"));
    assert!(!empty.join("companion.db").exists());
}

/// Two conversations: one has a branch, and the turn of the other one is still running.
async fn lived(server: &Server) -> WorkerId {
    server.says("一つ目の答え。 And \"more\"\n");
    let first = server.worker_id().await;
    let path = format!("{}/{first}", server.workers());
    let own = json!({ "instructions": "Be brief.", "temperature": 0.5 });
    let changed = server.client.patch(server.url(&path)).json(&own).send().await.unwrap();
    assert_eq!(changed.status(), 200);
    let accepted = server.send(&path, "A question?").await;
    server.ended(first).await;
    let body = json!({ "id": message_id(), "text": "Another?", "parent": accepted.message.id });
    let sent = server.post(&format!("{path}/messages")).json(&body).send().await.unwrap();
    assert_eq!(sent.status(), 202);
    server.ended(first).await;
    server.hesitates();
    let second = server.home().create(CreateWorker::default()).await.unwrap().worker_id;
    server.send(&format!("{}/{second}", server.workers()), "Count.").await;
    server.sees(second, "One").await;
    second
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_a_conversation_is_made_and_moves_like_any_other() {
    let server = start("").await;
    server.says("An answer.");
    let first = server.worker_id().await;
    let path = format!("{}/{first}", server.workers());
    let own = json!({ "instructions": "Be brief." });
    let changed = server.client.patch(server.url(&path)).json(&own).send().await.unwrap();
    assert_eq!(changed.status(), 200);
    let accepted = server.send(&path, "A question?").await;
    server.ended(first).await;
    let fork = async |body: serde_json::Value| {
        server.post(&format!("{path}/fork")).json(&body).send().await.unwrap()
    };
    let made = fork(json!({ "message_id": accepted.turn.answer, "title": "A copy" })).await;
    assert_eq!(made.status(), 201);
    let address = made.headers()["location"].to_str().unwrap().to_owned();
    let copy: serde_json::Value = made.json().await.unwrap();
    assert_eq!(copy["title"], "A copy");
    let found = server.get(&address).send().await.unwrap();
    assert_eq!(found.json::<serde_json::Value>().await.unwrap(), copy);
    assert_eq!(fork(json!({ "message_id": message_id() })).await.status(), 404);
    assert_eq!(fork(json!({})).await.status(), 422);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("export").to_str().unwrap().to_owned();
    good(&server.data(), &["export", &file]).await;
    let data = folder.path().join("data");
    good(&data, &["import", &file]).await;
    let (old, new) = (all(&server.data()), all(&data));
    assert_eq!((old.len(), &new), (2, &old));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_was_imported_elsewhere_exports_the_same() {
    let server = start("").await;
    let running = lived(&server).await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    good(&server.data(), &["export", &path("first")]).await;
    let piped = good(&server.data(), &["export"]).await;
    // A reader that leaves, such as `head`, is no error to be told of.
    let left = server.data();
    let mut child =
        companion(left.parent().unwrap(), &["export", "--data-dir", left.to_str().unwrap()])
            .spawn()
            .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), String::new()));
    assert_eq!(piped.stdout, fs::read(path("first")).unwrap());
    assert!(refused(&server.data(), &["export", &path("first")]).await.contains("already"));

    // The unfinished turn is interrupted and keeps its text; everything else is unchanged.
    let data = PathBuf::from(path("data"));
    let output = good(&data, &["import", &path("first")]).await;
    assert_eq!(text(&output.stdout), "imported 2 conversations, 0 were already here\n");
    let (old, new) = (all(&server.data()), all(&data));
    assert_eq!(new[0], old[0]);
    assert_eq!(new[1].worker.worker_id, running);
    let view = folded(&new[1]);
    assert_eq!(view.turns[0].state, TurnState::Interrupted);
    assert_eq!(view.messages[1].text, "One");
    assert_eq!(new[1].log, old[1].log);

    // From here on, further exports are identical.
    good(&data, &["export", &path("second")]).await;
    let third = PathBuf::from(path("third-data"));
    good(&third, &["import", &path("second")]).await;
    good(&third, &["export", &path("third")]).await;
    assert_eq!(fs::read(path("second")).unwrap(), fs::read(path("third")).unwrap());
    for file in ["first", "second"] {
        let output = good(&third, &["import", &path(file)]).await;
        assert_eq!(text(&output.stdout), "imported 0 conversations, 2 were already here\n");
    }
    let sum = std::process::Command::new("sh")
        .args(["-c", &format!("head -n -1 {} | sha256sum", path("second"))])
        .output()
        .unwrap();
    let sum = text(&sum.stdout)[..64].to_owned();
    assert!(fs::read_to_string(path("second")).unwrap().lines().last().unwrap().contains(&sum));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_needs_an_unused_folder_and_refuses_damaged_or_conflicting_files() {
    let server = start("").await;
    lived(&server).await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    good(&server.data(), &["export", &path("file")]).await;
    let held = refused(&server.data(), &["import", &path("file")]).await;
    assert!(held.contains("process ") && held.contains("/data"), "{held}");

    let data = PathBuf::from(path("data"));
    let lines = fs::read_to_string(path("file")).unwrap();
    fs::write(path("damaged"), lines.replacen("Another?", "Another!", 1)).unwrap();
    let number = lines.lines().position(|line| line.contains("Another?")).unwrap() + 1;
    let error = refused(&data, &["import", "--strict", &path("damaged")]).await;
    assert!(error.contains(&format!("line {number}:")), "{error}");
    assert_eq!(all(&data), []);
    // The other conversation is imported, and the damaged one is reported.
    let partly = PathBuf::from(path("partly"));
    let output = command(&partly, &["import", &path("damaged")]).await;
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(text(&output.stdout).starts_with("imported 1 conversation,"), "{output:?}");
    let told = text(&output.stderr);
    assert!(
        told.contains("  damaged conversation 1 \"") && told.contains(&format!("line {number}:")),
        "{told}"
    );
    assert_eq!(all(&partly).len(), 1);

    good(&data, &["import", &path("file")]).await;
    // The same conversations with other content: first in an invalid line, then as another valid
    // log.
    let differs = lines.replacen("\"log_id\":\"", "\"log_id\":\"0", 1);
    fs::write(path("differs"), differs).unwrap();
    assert!(refused(&data, &["import", "--strict", &path("differs")]).await.contains("line "));
    let before = all(&data);
    let changed = rewritten(&before);
    fs::write(path("differs"), &changed).unwrap();
    let error = refused(&data, &["import", "--strict", &path("differs")]).await;
    assert!(error.contains(&before[0].worker.worker_id.to_string()), "{error}");
    assert!(error.contains("nothing was imported"), "{error}");
    for options in [vec![], vec!["--strict", "--keep-existing"]] {
        let file = path("differs");
        let arguments = [vec!["import"], options, vec![&file]].concat();
        let output = good(&data, &arguments).await;
        assert!(text(&output.stdout).contains("was not changed"), "{output:?}");
        assert_eq!(all(&data), before);
    }

    // Deleted conversations can still be restored after this.
    let id = before[0].worker.worker_id;
    let store = Sqlite::open(&data).unwrap();
    let now = runtime::clock::SystemClock.now();
    assert!(store.delete(id, now).await.unwrap());
    drop(store);
    let output = good(&data, &["import", &path("file")]).await;
    assert!(text(&output.stdout).contains(&format!("{id} was deleted here")), "{output:?}");
    let store = Sqlite::open(&data).unwrap();
    assert!(store.restore(id).await.unwrap());
    drop(store);
    assert_eq!(all(&data), before);

    let fresh = PathBuf::from(path("fresh"));
    let mut child = companion(folder.path(), &["import", "-", "--data-dir", &path("fresh")]);
    let mut child = child.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert_eq!(code(&mut child), Some(0));
    assert_eq!(all(&fresh).len(), 2);
}

/// An export of the logs with a changed text in the first one.
fn rewritten(logs: &[ConversationExport]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = transfer::Writer::begin(&mut out);
    for (index, log) in logs.iter().enumerate() {
        let mut log = log.clone();
        let text = log.events.iter_mut().find_map(|event| match &mut event.body {
            EventBody::MessageCommitted { message } => Some(&mut message.text),
            _ => None,
        });
        if let Some(text) = text.filter(|_| index == 0) {
            text.push_str(" Otherwise.");
        }
        writer.conversation(&log, &mut out);
    }
    writer.end(&mut out);
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_import_leaves_all_or_nothing() {
    let server = start("").await;
    lived(&server).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("many");
    let one = all(&server.data()).remove(0);
    let mut out = Vec::new();
    let mut writer = transfer::Writer::begin(&mut out);
    const MANY: u64 = 300;
    const STEPS: u32 = 12;
    for number in 0..MANY {
        let mut log = one.clone();
        log.worker.worker_id = WorkerId::from_parts(number + 1, [7; 10]);
        writer.conversation(&log, &mut out);
    }
    writer.end(&mut out);
    fs::write(&file, out).unwrap();
    let import = |data: &Path| {
        let arguments = ["import", file.to_str().unwrap(), "--data-dir", data.to_str().unwrap()];
        companion(folder.path(), &arguments).spawn().unwrap()
    };
    let begin = Instant::now();
    assert_eq!(code(&mut import(&folder.path().join("whole"))), Some(0));
    let whole = begin.elapsed();
    let mut counts = Vec::new();
    for step in 0..STEPS {
        let data = folder.path().join(format!("data-{step}"));
        let mut child = import(&data);
        // The kill may come at any point of the import, and each has to leave a valid state.
        std::thread::sleep(whole * step / STEPS);
        child.kill().unwrap();
        child.wait().unwrap();
        // The next process that opens the database for writing cleans up after the killed one.
        let store = Sqlite::open(&data).unwrap();
        counts.push(store.count(protocol::AccountId::FIRST).await.unwrap());
        store.close().await;
    }
    assert!(counts.iter().all(|count| [0, MANY].contains(count)), "{counts:?}");
}
