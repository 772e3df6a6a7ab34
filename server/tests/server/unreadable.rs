//! One conversation cannot be read: what pages, the API, streams, exports and probes answer.

use protocol::api::WorkerPage;
use protocol::{Snapshot, Worker, WorkerId};
use reqwest::redirect::Policy;
use rusqlite::Connection;
use serde_json::json;

use super::support::{HANG, Server, code, start};

const SECRET: &str = "a secret that no log may hold";

/// A server with a sound conversation and an answered one, which `sql` breaks; the `?` in it is
/// that worker's id.
async fn with_one_broken(sql: &str) -> (Server, WorkerId, WorkerId) {
    let server = start("").await;
    server.says("An answer.");
    let sound = server.worker_id().await;
    server.send(&format!("{}/{sound}", server.workers()), "a sound question").await;
    server.ended(sound).await;
    let made = server.post(&server.workers()).json(&json!({})).send().await.unwrap();
    let broken = made.json::<Worker>().await.unwrap().worker_id;
    server.send(&format!("{}/{broken}", server.workers()), SECRET).await;
    server.ended(broken).await;
    let db = Connection::open(server.data().join("companion.db")).unwrap();
    db.busy_timeout(HANG).unwrap();
    assert!(db.execute(sql, [broken.as_bytes()]).unwrap() > 0, "{sql}");
    (server, sound, broken)
}

/// An older page that cannot be read is not an error, but a page with links to go back, to export
/// and to delete.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreadable_older_page_has_links_to_go_back_export_and_delete() {
    let gone = "UPDATE events SET body = 'garbage'
        WHERE worker = (SELECT id FROM workers WHERE worker_id = ?) AND seq = 2";
    let (server, _, broken) = with_one_broken(gone).await;
    for query in ["?before=5", "?before=999999"] {
        let answer = server.get(&format!("/c/{broken}{query}")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{query}");
        let shown = answer.text().await.unwrap();
        let back = format!("href=\"/c/{broken}\"");
        for wanted in ["can’t be read", "export?format=json", "value=\"delete\"", back.as_str()] {
            assert!(shown.contains(wanted), "{query}, {wanted}: {shown}");
        }
    }
}

/// Damage to the worker's row, to its newest event, and to its last position.
const BLOWS: [&str; 3] = [
    "UPDATE workers SET summary = '{\"worker_id\":1}' WHERE worker_id = ?",
    "UPDATE events SET body = CAST(x'7bff' AS TEXT)
     WHERE worker = (SELECT id FROM workers WHERE worker_id = ?) AND kind = 'text_delta'",
    "UPDATE workers SET last_seq = -1 WHERE worker_id = ?",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_show_a_placeholder_with_a_form_that_deletes_it() {
    for sql in BLOWS {
        let (server, sound, broken) = with_one_broken(sql).await;
        let page = async |path: String| {
            let answer = server.get(&path).send().await.unwrap();
            let status = answer.status();
            let text = answer.text().await.unwrap();
            assert_eq!(status, 200, "{path}: {text}");
            text
        };
        // The page of the conversation, with the list beside it.
        let shown = page(format!("/c/{broken}")).await;
        assert!(shown.contains("Some or all of this conversation can’t be read"), "{shown}");
        assert!(shown.contains("data-unreadable"), "{shown}");
        assert!(!shown.contains("id=\"composer\""), "nothing can be sent there");
        for wanted in ["export?format=markdown", "export?format=json", "value=\"delete\""] {
            assert!(shown.contains(wanted), "{wanted}: {shown}");
        }
        let japanese = server.get(&format!("/c/{broken}")).header("accept-language", "ja");
        let japanese = japanese.send().await.unwrap().text().await.unwrap();
        assert!(japanese.contains("この会話は、全部または一部を読み取れません"), "{japanese}");
        // All other pages.
        for path in [format!("/c/{sound}"), "/data".to_owned(), "/search?q=question".to_owned()] {
            page(path).await;
        }
        // `/` redirects to a conversation that can be read.
        let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        let home = client.get(server.url("/")).send().await.unwrap();
        assert_eq!(home.headers()["location"], format!("/c/{sound}"));

        let post = async |path: String, form: String| {
            let request = client.post(server.url(&path)).header("origin", server.url(""));
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            request.body(form).send().await.unwrap()
        };
        let deleted = post(format!("/c/{broken}"), "do=delete".to_owned()).await;
        assert_eq!(deleted.status(), 303, "{}", deleted.text().await.unwrap());
        assert!(!page(format!("/c/{sound}")).await.contains(&broken.to_string()));
        // It can be restored, still broken, and purged.
        let data = page("/data".to_owned()).await;
        assert!(data.contains(&broken.to_string()), "{data}");
        for action in ["restore", "purge"] {
            let form = format!("do={action}&worker={broken}");
            let done = post("/data/deleted".to_owned(), form).await;
            assert_eq!(done.status(), 303, "{action}: {}", done.text().await.unwrap());
        }
        assert!(!page("/data".to_owned()).await.contains(&broken.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_reports_unreadable_conversations_and_deletes_them() {
    for sql in BLOWS {
        let (server, sound, broken) = with_one_broken(sql).await;
        let one = format!("{}/{broken}", server.workers());
        let told = |worker: &Worker| {
            let reason = worker.reason.as_ref().map(|reason| reason.code.name());
            worker.unreadable && reason == Some("internal")
        };
        // Damage in an older page becomes known when that page is read.
        let transcript = server.get(&format!("{one}/transcript")).send().await.unwrap();
        let (status, name, body) = code(transcript).await;
        assert_eq!((status, name.as_str()), (500, "internal"));
        assert!(!body.to_string().contains("secret"), "{body}");
        let found: Worker = server.get(&one).send().await.unwrap().json().await.unwrap();
        assert_eq!(found.worker_id, broken);
        let page: WorkerPage =
            server.get(&server.workers()).send().await.unwrap().json().await.unwrap();
        let listed = page.workers.iter().find(|worker| worker.worker_id == broken).unwrap();
        assert!(told(listed), "{listed:?}");
        let sound_one = page.workers.iter().find(|worker| worker.worker_id == sound).unwrap();
        assert!(!sound_one.unreadable && sound_one.reason.is_none());
        // A stream begins with the placeholder and stays open until the deletion.
        let stream = server.get(&format!("{one}/events")).header("accept", "text/event-stream");
        let mut stream = stream.send().await.unwrap();
        let first = String::from_utf8(stream.chunk().await.unwrap().unwrap().to_vec()).unwrap();
        let data = first.lines().find_map(|line| line.strip_prefix("data:")).unwrap();
        let frame: serde_json::Value = serde_json::from_str(data).unwrap();
        let snapshot: Snapshot = serde_json::from_value(frame["snapshot"].clone()).unwrap();
        assert!(told(&snapshot.worker) && snapshot.transcript.messages.is_empty());

        // The readable part can be exported, and the export of all conversations still succeeds.
        for path in [format!("{one}/export?format=json"), format!("{one}/export?format=markdown")] {
            let answer = server.get(&path).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            let text = answer.text().await.unwrap();
            assert!(text.contains(SECRET), "{path}: what can be read is there: {text}");
            assert!(text.contains("\"unreadable\":") || text.contains("can't be read"), "{text}");
        }
        let all = "/api/v1/runtimes/backend-internal/export";
        let all = server.get(all).send().await.unwrap().bytes().await.unwrap();
        assert_eq!(transfer::read(&all).unwrap().len(), 2);

        assert_eq!(server.get("/readyz").send().await.unwrap().status(), 200);
        let deleted = server.client.delete(server.url(&one)).send().await.unwrap();
        assert_eq!(deleted.status(), 204);
        let rest = stream.text().await.unwrap();
        assert!(rest.contains("deleted"), "{rest}");
        assert_eq!(code(server.get(&one).send().await.unwrap()).await.1, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_fails_if_the_database_is_missing_or_replaced() {
    let server = start("").await;
    let file = server.data().join("companion.db");
    let away = server.data().join("away.db");
    let ready = async || {
        let answer = server.get("/readyz").send().await.unwrap();
        match answer.status().as_u16() {
            200 => None,
            _ => {
                let (status, name, body) = code(answer).await;
                assert_eq!((status, name.as_str()), (503, "unavailable"), "{body}");
                assert!(!body.to_string().contains("companion.db"), "{body}");
                body["error"]["message"].as_str().map(str::to_owned)
            }
        }
    };
    assert_eq!(ready().await, None);
    std::fs::rename(&file, &away).unwrap();
    let gone = ready().await.expect("it is gone");
    assert!(gone.contains("of the conversations are missing"), "{gone}");
    std::fs::copy(&away, &file).unwrap();
    let another = ready().await.expect("it is another one");
    assert!(another.contains("changed while the server was running"), "{another}");
    std::fs::rename(&away, &file).unwrap();
    assert_eq!(ready().await, None, "the very same was put back");
    assert_eq!(server.get("/healthz").send().await.unwrap().status(), 200);
}
