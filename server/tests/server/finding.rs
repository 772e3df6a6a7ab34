//! Search, places and deleted conversations, over HTTP.

use protocol::api::{DeletedList, SearchPage, WorkerPage};
use protocol::{Transcript, Visibility, Worker};
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Server, code, start};

async fn json_of<T: serde::de::DeserializeOwned>(server: &Server, path: &str) -> T {
    let answer = server.get(path).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.unwrap()
}

fn searching(query: &str) -> String {
    format!("/api/v1/runtimes/backend-internal/search?q={query}")
}

async fn found(server: &Server, query: &str) -> SearchPage {
    json_of(server, &searching(query)).await
}

#[tokio::test]
async fn messages_and_titles_are_found_with_marked_snippets() {
    let server = start("").await;
    server.says("The otter swims.");
    let worker = server.worker().await;
    let accepted = server.send(&worker, "Where is the <b>otter</b>?").await;
    let id = server.worker_id().await;
    server.ended(id).await;

    // The question, the answer, and the title that was made from the question.
    let page = found(&server, "OTTER").await;
    assert_eq!(page.hits.len(), 3);
    assert_eq!((page.next_before, page.cut_short), (None, false));
    assert!(page.hits.iter().all(|hit| hit.worker.worker_id == id));
    let question =
        page.hits.iter().find(|hit| hit.message.is_some_and(|m| m.id == accepted.message.id));
    let pieces: Vec<_> =
        question.unwrap().snippet.iter().map(|p| (p.text.as_str(), p.hit)).collect();
    assert_eq!(pieces, [("Where is the <b>", false), ("otter", true), ("</b>?", false)]);

    // The hits page by page.
    let first = found(&server, "otter&limit=1").await;
    let rest =
        found(&server, &format!("otter&limit=2&before={}", first.next_before.unwrap())).await;
    assert_eq!([first.hits, rest.hits].concat(), page.hits);

    // Only the hits in one conversation.
    assert_eq!(found(&server, &format!("otter&worker={id}")).await.hits.len(), 3);
    let other: Worker = server.post(&server.workers()).send().await.unwrap().json().await.unwrap();
    assert_eq!(found(&server, &format!("otter&worker={}", other.worker_id)).await.hits.len(), 0);
}

#[tokio::test]
async fn invalid_searches_are_refused() {
    let server = start("").await;
    let nobody = "019aabcd-0123-7abc-8def-0123456789ab";
    for (query, status, name) in [
        (String::new(), 422, "invalid_input"),
        ("%20%20".to_owned(), 422, "invalid_input"),
        ("x".repeat(201), 422, "invalid_input"),
        ("x&limit=101".to_owned(), 422, "invalid_input"),
        ("x&before=a".to_owned(), 422, "invalid_input"),
        (format!("x&worker={nobody}"), 404, "not_found"),
    ] {
        let answer = server.get(&searching(&query)).send().await.unwrap();
        let (found, code, _) = code(answer).await;
        assert_eq!((found, code.as_str()), (status, name), "{query}");
    }
    assert_eq!(found(&server, "%22%20OR%20*").await.hits, []);
}

#[tokio::test]
async fn a_page_around_a_message_contains_it() {
    let server = start("").await;
    server.says("Yes.");
    let worker = server.worker().await;
    let mut sent = Vec::new();
    for number in 0..6 {
        sent.push(server.send(&worker, &format!("Number {number}")).await.message.id);
        server.ended(server.worker_id().await).await;
    }
    for id in &sent {
        let path = format!("{worker}/transcript?limit=3&around={id}");
        let page: Transcript = json_of(&server, &path).await;
        assert!(page.messages.iter().any(|message| message.id == *id));
        assert_eq!(page.messages.len(), if *id == sent[0] { 2 } else { 3 });
    }
    let newest: Transcript = json_of(&server, &format!("{worker}/transcript?limit=3")).await;
    let around: Transcript =
        json_of(&server, &format!("{worker}/transcript?limit=3&around={}", sent[5])).await;
    assert_eq!(around, newest);

    let unknown = "019aabcd-0123-7abc-8def-0123456789ab";
    let path = format!("{worker}/transcript?around={unknown}");
    assert_eq!(code(server.get(&path).send().await.unwrap()).await.0, 404);
    let path = format!("{worker}/transcript?around={}&before=3", sent[0]);
    assert_eq!(code(server.get(&path).send().await.unwrap()).await.0, 422);
}

#[tokio::test]
async fn the_visibility_is_changed_by_a_patch_and_filters_the_list() {
    let server = start("").await;
    let first = server.worker().await;
    let second: Worker = server.post(&server.workers()).send().await.unwrap().json().await.unwrap();
    let put = async |path: &str, patch: Value| -> Worker {
        let request = server.client.request(Method::PATCH, server.url(path)).json(&patch);
        request.send().await.unwrap().json().await.unwrap()
    };
    let listed = async |query: &str| -> Vec<_> {
        let page: WorkerPage = json_of(&server, &format!("{}{query}", server.workers())).await;
        page.workers.iter().map(|worker| worker.worker_id).collect()
    };
    let both = put(&first, json!({ "title": "Kept", "place": "pinned" })).await;
    assert_eq!((both.title.as_deref(), both.place), (Some("Kept"), Visibility::Pinned));
    assert_eq!(listed("?place=pinned").await, [both.worker_id]);
    assert_eq!(listed("").await.len(), 2);

    put(&first, json!({ "place": "archived" })).await;
    assert_eq!(listed("").await, [second.worker_id]);
    assert_eq!(listed("?place=archived").await, [both.worker_id]);
    assert_eq!(found(&server, "kept").await.hits.len(), 1, "it is found all the same");

    // The last conversation in view is replaced by an empty one.
    let path = format!("{}/{}", server.workers(), second.worker_id);
    put(&path, json!({ "place": "archived" })).await;
    assert_eq!(listed("").await.len(), 1);
    assert_eq!(listed("?place=archived").await.len(), 2);
    let request = server.client.request(Method::PATCH, server.url(&path));
    assert_eq!(code(request.json(&json!({ "place": "x" })).send().await.unwrap()).await.0, 422);
}

async fn delete(server: &Server, path: &str) -> u16 {
    server.client.delete(server.url(path)).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_deleted_conversation_is_hidden_everywhere_until_it_is_restored() {
    let server = start("").await;
    server.says("The otter swims.");
    let worker = server.worker().await;
    server.send(&worker, "Where is the otter?").await;
    let id = server.worker_id().await;
    server.ended(id).await;
    let before: Worker = json_of(&server, &worker).await;
    let transcript: Transcript = json_of(&server, &format!("{worker}/transcript")).await;

    assert_eq!(delete(&server, &worker).await, 204);
    assert_eq!(delete(&server, &worker).await, 404);
    for path in ["", "/transcript", "/export", "/events"] {
        let request = server.get(&format!("{worker}{path}")).header("accept", "*/*");
        let status = request.send().await.unwrap().status().as_u16();
        assert!([404, 406].contains(&status), "{path}: {status}");
    }
    assert_eq!(found(&server, "otter").await.hits, []);
    let export = server.get("/api/v1/runtimes/backend-internal/export").send().await.unwrap();
    assert!(!export.text().await.unwrap().contains("otter"));
    let list: DeletedList = json_of(&server, "/api/v1/runtimes/backend-internal/deleted").await;
    assert_eq!(list.deleted[0].worker, before);
    assert_eq!(list.deleted[0].gone_at.ms_since(list.deleted[0].deleted_at), 86_400_000);

    let restore = format!("{worker}/restore");
    for _ in 0..2 {
        let back: Worker = server.post(&restore).send().await.unwrap().json().await.unwrap();
        assert_eq!(back, before);
    }
    let again: Transcript = json_of(&server, &format!("{worker}/transcript")).await;
    assert_eq!(again, transcript);
    assert_eq!(found(&server, "otter").await.hits.len(), 3);
}

#[tokio::test]
async fn a_purged_conversation_cannot_be_restored() {
    let server = start("").await;
    let (worker, id) = (server.worker().await, server.worker_id().await);
    assert_eq!(delete(&server, &worker).await, 204);
    assert_eq!(delete(&server, &format!("{worker}?purge=true")).await, 204);
    assert_eq!(delete(&server, &format!("{worker}?purge=true")).await, 404);
    assert_eq!(server.post(&format!("{worker}/restore")).send().await.unwrap().status(), 404);
    let list: DeletedList = json_of(&server, "/api/v1/runtimes/backend-internal/deleted").await;
    assert_eq!(list.deleted, []);
    // A conversation can be purged without being deleted before.
    let next = server.worker().await;
    assert_ne!(server.worker_id().await, id);
    assert_eq!(delete(&server, &format!("{next}?purge=true")).await, 204);
    assert_eq!(server.post(&format!("{next}/restore")).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn without_an_undo_time_nothing_can_be_restored() {
    let server = start("undo_delete_ms = 0").await;
    let worker = server.worker().await;
    assert_eq!(delete(&server, &worker).await, 204);
    assert_eq!(server.post(&format!("{worker}/restore")).send().await.unwrap().status(), 404);
    let list: DeletedList = json_of(&server, "/api/v1/runtimes/backend-internal/deleted").await;
    assert_eq!(list.deleted, []);
}

#[tokio::test]
async fn each_of_many_deleted_conversations_can_be_found() {
    let server = start("worker_page = 2").await;
    let deleted = "/api/v1/runtimes/backend-internal/deleted";
    let mut gone = Vec::new();
    for _ in 0..5 {
        let made: Worker =
            server.post(&server.workers()).send().await.unwrap().json().await.unwrap();
        assert_eq!(delete(&server, &format!("{}/{}", server.workers(), made.worker_id)).await, 204);
        gone.insert(0, made.worker_id);
    }
    let (mut told, mut before) = (Vec::new(), String::new());
    loop {
        let page: DeletedList = json_of(&server, &format!("{deleted}{before}")).await;
        assert!(page.deleted.len() <= 2);
        told.extend(page.deleted.into_iter().map(|deleted| deleted.worker.worker_id));
        let Some(next) = page.next_before else { break };
        before = format!("?before={next}");
    }
    assert_eq!(told, gone);
    for query in ["?before=x", "?limit=0", "?limit=201", "?after=1"] {
        let answer = server.get(&format!("{deleted}{query}")).send().await.unwrap();
        assert_eq!(answer.status(), 422, "{query}");
    }
    // The links of the page lead to all of them, too, and the page after a deletion offers to
    // restore even the one that was deleted first.
    let (mut path, mut shown) = ("/data".to_owned(), Vec::new());
    loop {
        let page = server.get(&path).send().await.unwrap().text().await.unwrap();
        shown.extend(gone.iter().filter(|id| page.contains(&format!("value=\"{id}\""))).copied());
        let Some((_, link)) = page.split_once("href=\"/data?before=") else { break };
        path = format!("/data?before={}", link.split(['"', '#']).next().unwrap());
    }
    assert_eq!(shown, gone);
    let page = server.get("/data?before=x").send().await.unwrap();
    assert_eq!(page.status(), 422);
    let kept = server.worker_id().await;
    let page = server.get(&format!("/c/{kept}?deleted={}", gone[4])).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("value=\"restore\""));
}
