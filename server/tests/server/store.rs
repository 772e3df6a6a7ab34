//! A store that cannot be written: what the user is told, what stays readable, and how it recovers.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use protocol::Transcript;
use reqwest::Method;
use serde_json::{Value, json};
use upstream::{Answer, Script, Step};

use super::small_disk::on_a_small_disk;
use super::support::{HANG, Server, code, message_id, start, start_in};

/// Checks that all writing requests are refused in the same way, without naming a path.
async fn refuses(server: &Server, worker: &str, word: &str) {
    let send = json!({ "id": message_id(), "text": "refused" });
    for (method, path, body) in [
        (Method::POST, format!("{worker}/messages"), send),
        (Method::PATCH, worker.to_owned(), json!({ "title": "refused" })),
        (Method::POST, server.workers(), json!({})),
        (Method::DELETE, worker.to_owned(), Value::Null),
    ] {
        let request = server.client.request(method.clone(), server.url(&path));
        let answer = request.json(&body).send().await.unwrap();
        assert!(answer.headers().contains_key("retry-after"));
        let (status, code, body) = code(answer).await;
        assert_eq!((status, code.as_str()), (503, "unavailable"), "{method} {path}: {body}");
        let text = body.to_string();
        assert!(text.contains(word), "{method} {path}: {text}");
        assert!(text.contains("This was not stored"), "{text}");
        assert!(body["error"]["retry_after_ms"].as_u64().is_some_and(|ms| ms >= 1_000));
        assert!(!text.contains("companion.db") && !text.contains("/tmp"), "{text}");
    }
}

async fn transcript(server: &Server, worker: &str) -> Transcript {
    let answer = server.get(&format!("{worker}/transcript")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

/// Checks that the transcript and the pages can still be read.
async fn shows(server: &Server, worker: &str, expected: &Transcript) {
    assert_eq!(transcript(server, worker).await.messages, expected.messages);
    let id = server.worker_id().await;
    for path in ["/".to_owned(), format!("/workers/{id}"), "/healthz".to_owned()] {
        let answer = server.get(&path).send().await.unwrap();
        assert!(answer.status().as_u16() < 500, "{path}: {}", answer.status());
    }
}

/// Sends a message and waits for its answer.
async fn asks(server: &Server, worker: &str, text: &str) -> Transcript {
    let before = transcript(server, worker).await.messages.len();
    server.send(worker, text).await;
    ended(server, worker, before + 2).await
}

/// Waits until there are `messages` messages and no turn is running.
async fn ended(server: &Server, worker: &str, messages: usize) -> Transcript {
    until(server, worker, |now| {
        now.messages.len() == messages && now.turns.iter().all(|turn| turn.state.is_final())
    })
    .await
}

async fn until(server: &Server, worker: &str, so: impl Fn(&Transcript) -> bool) -> Transcript {
    let seen = async {
        loop {
            let now = transcript(server, worker).await;
            if so(&now) {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(HANG, seen).await.expect("it comes in time")
}

#[test]
fn on_a_full_disk_errors_say_so_reads_work_and_writes_resume_later() {
    let test = "store::on_a_full_disk_errors_say_so_reads_work_and_writes_resume_later";
    on_a_small_disk(test, 4096, async |disk| {
        let server = start_in(tempfile::tempdir_in(disk.path()).unwrap(), "").await;
        let worker = server.worker().await;
        server.says("An answer.");
        let before = asks(&server, &worker, "before").await;
        disk.fill();
        let request = json!({ "id": message_id(), "text": "the same again later" });
        let path = format!("{worker}/messages");
        for _ in 0..2 {
            let answer = server.post(&path).json(&request).send().await.unwrap();
            assert_eq!(answer.status(), 503);
            refuses(&server, &worker, "no space left").await;
            shows(&server, &worker, &before).await;
        }
        disk.free();
        let answer = server.post(&path).json(&request).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        let after = ended(&server, &worker, 4).await;
        assert_eq!(after.messages[..2], before.messages);
        assert_eq!(after.messages[2].text, "the same again later");
        assert_eq!(after.messages[3].text, "An answer.");
    });
}

#[test]
fn a_disk_that_fills_up_during_an_answer_pauses_it_and_no_text_is_lost() {
    let test = "store::a_disk_that_fills_up_during_an_answer_pauses_it_and_no_text_is_lost";
    on_a_small_disk(test, 4096, async |disk| {
        let server = start_in(tempfile::tempdir_in(disk.path()).unwrap(), "").await;
        let worker = server.worker().await;
        let pieces: Vec<_> = (0..100).map(|n| format!("{n}: {} ", "日本".repeat(100))).collect();
        let whole = pieces.concat();
        let answer = Answer { pieces, hold_after: Some(2), ..Answer::default() };
        server.upstream.script(Script::always([Step::Answer(answer)]));
        server.send(&worker, "q").await;
        let begun = |now: &Transcript| now.messages[1].text.starts_with("0: ");
        let so_far = until(&server, &worker, begun).await;
        disk.fill();
        server.upstream.release(1);
        // Each of these is another attempt to write, and fails like the stream's commits.
        for _ in 0..20 {
            let rename = server.client.patch(server.url(&worker)).json(&json!({ "title": "x" }));
            let (status, code, _) = code(rename.send().await.unwrap()).await;
            assert_eq!((status, code.as_str()), (503, "unavailable"));
            let now = transcript(&server, &worker).await;
            assert!(now.messages[1].text.len() <= so_far.messages[1].text.len() + 2_000);
            assert!(now.turns[0].state == protocol::TurnState::Generating);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        disk.free();
        let after = ended(&server, &worker, 2).await;
        assert_eq!(after.messages[1].text, whole);
        assert_eq!(after.turns[0].state, protocol::TurnState::Completed);
    });
}

#[test]
fn an_endless_stream_on_a_full_disk_uses_bounded_memory_and_can_be_stopped() {
    let test = "store::an_endless_stream_on_a_full_disk_uses_bounded_memory_and_can_be_stopped";
    on_a_small_disk(test, 4096, async |disk| {
        let server = start_in(tempfile::tempdir_in(disk.path()).unwrap(), "").await;
        let worker = server.worker().await;
        let endless = Step::Endless { text: "more and more of it ".repeat(50) };
        let steps = [Step::Stream, data("One"), Step::Hold, endless];
        server.upstream.script(Script::always(steps));
        server.send(&worker, "q").await;
        until(&server, &worker, |now| now.messages[1].text == "One").await;
        disk.fill();
        server.upstream.release(1);
        let before_kib = resident_kib();
        for _ in 0..20 {
            refuses_while_running(&server, &worker).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let grown_kib = resident_kib().saturating_sub(before_kib);
        assert!(grown_kib < 16 * 1024, "{grown_kib} KiB more than before");
        let cancel = server.post(&format!("{worker}/cancel")).send();
        let free = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            disk.free();
        };
        let (cancelled, ()) = tokio::join!(cancel, free);
        assert_eq!(cancelled.unwrap().status(), 200);
        let after = transcript(&server, &worker).await;
        assert_eq!(after.turns[0].state, protocol::TurnState::Cancelled);
        assert!(after.messages[1].text.starts_with("One"));
    });
}

fn data(text: &str) -> Step {
    Step::Data { json: json!({ "choices": [{ "index": 0, "delta": { "content": text } }] }) }
}

async fn refuses_while_running(server: &Server, worker: &str) {
    let rename = server.client.patch(server.url(worker)).json(&json!({ "title": "x" }));
    let (status, code, _) = code(rename.send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (503, "unavailable"));
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_fail_while_the_files_are_moved_away() {
    let server = start("").await;
    let worker = server.worker().await;
    server.says("An answer.");
    let before = asks(&server, &worker, "before").await;
    let away = server.data().with_extension("away");
    std::fs::rename(server.data(), &away).unwrap();
    for _ in 0..2 {
        refuses(&server, &worker, "of the conversations are missing").await;
        shows(&server, &worker, &before).await;
    }
    std::fs::rename(&away, server.data()).unwrap();
    let after = asks(&server, &worker, "after").await;
    assert_eq!(after.messages.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replaced_files_require_a_restart() {
    let server = start("").await;
    let worker = server.worker().await;
    server.says("An answer.");
    let before = asks(&server, &worker, "before").await;
    let database = server.data().join("companion.db");
    let (copy, away) = (database.with_extension("copy"), database.with_extension("away"));
    std::fs::copy(&database, &copy).unwrap();
    std::fs::rename(&database, &away).unwrap();
    std::fs::rename(&copy, &database).unwrap();
    refuses(&server, &worker, "restart the server").await;
    shows(&server, &worker, &before).await;
    std::fs::rename(&away, &database).unwrap();
    asks(&server, &worker, "after").await;
}

/// Another process holds the lock, because SQLite ignores locks of its own process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_fail_while_another_program_locks_the_database_and_work_later() {
    let server = start("").await;
    let worker = server.worker().await;
    server.says("An answer.");
    let before = asks(&server, &worker, "before").await;
    let hold = "import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('BEGIN EXCLUSIVE')
print('held', flush=True)
sys.stdin.read()";
    let mut other = Command::new("python3")
        .args(["-c", hold])
        .arg(server.data().join("companion.db"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(other.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");

    let request = json!({ "id": message_id(), "text": "the same again later" });
    let path = format!("{worker}/messages");
    let refused = server.post(&path).json(&request).send().await.unwrap();
    let (status, code, body) = code(refused).await;
    assert_eq!((status, code.as_str()), (503, "unavailable"), "{body}");
    assert!(body.to_string().contains("Another program is using"), "{body}");
    shows(&server, &worker, &before).await;

    drop(other.stdin.take());
    other.wait().unwrap();
    let taken = server.post(&path).json(&request).send().await.unwrap();
    assert_eq!(taken.status(), 202);
    assert_eq!(ended(&server, &worker, 4).await.messages[2].text, "the same again later");
}
