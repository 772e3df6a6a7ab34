//! The main path of the API, and the requests that are refused along it.

use protocol::api::{Cancelled, RuntimeList, Status, TurnInput, WorkerPage};
use protocol::{Role, Transcript, Turn, TurnState, Worker};
use reqwest::Method;
use serde_json::json;

use super::support::{Server, code, message_id, start};

async fn ended(server: &Server, worker: &str, turn: &str) -> Turn {
    loop {
        let path = format!("{worker}/turns/{turn}");
        let turn: Turn = server.get(&path).send().await.unwrap().json().await.unwrap();
        if turn.state.is_final() {
            return turn;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_message_is_answered_and_stored() {
    let server = start("").await;
    server.says("Hello to you.");
    let worker = server.worker().await;
    let accepted = server.send(&worker, "Hello!").await;
    let turn = ended(&server, &worker, &accepted.turn.turn_id.to_string()).await;
    assert_eq!(turn.state, TurnState::Completed, "{turn:?}");
    assert_eq!(turn.model, "scripted-model");

    let transcript = format!("{worker}/transcript");
    let page: Transcript = server.get(&transcript).send().await.unwrap().json().await.unwrap();
    let texts: Vec<_> = page.messages.iter().map(|m| (m.role, m.text.as_str())).collect();
    assert_eq!(texts, [(Role::User, "Hello!"), (Role::Assistant, "Hello to you.")]);

    let input = format!("{worker}/turns/{}/input", turn.turn_id);
    let input: TurnInput = server.get(&input).send().await.unwrap().json().await.unwrap();
    assert_eq!(input.messages.last().unwrap().text, "Hello!");
    assert!(input.messages[0].text.contains("this workspace"), "{input:?}");
}

#[tokio::test]
async fn a_repeated_id_gets_the_same_response() {
    let server = start("").await;
    server.says("Once.");
    let path = format!("{}/messages", server.worker().await);
    let body = json!({ "id": message_id(), "text": "Once?" });
    let mut answers = Vec::new();
    for _ in 0..2 {
        let answer = server.post(&path).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        let answer: protocol::api::Accepted = answer.json().await.unwrap();
        answers.push((answer.message, answer.turn.turn_id, answer.cursor));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn a_second_message_gets_busy_and_a_cancel_ends_the_first() {
    let server = start("").await;
    server.hesitates();
    let worker = server.worker().await;
    server.send(&worker, "Count!").await;
    let body = json!({ "id": message_id(), "text": "And?" });
    let answer = server.post(&format!("{worker}/messages")).json(&body).send().await.unwrap();
    let (status, name, _) = code(answer).await;
    assert_eq!((status, name.as_str()), (409, "busy"));

    let cancel = format!("{worker}/cancel");
    let done: Cancelled = server.post(&cancel).send().await.unwrap().json().await.unwrap();
    assert_eq!(done.turn.unwrap().state, TurnState::Cancelled);
    let done: Cancelled = server.post(&cancel).send().await.unwrap().json().await.unwrap();
    assert_eq!(done.turn, None);
}

#[tokio::test]
async fn workers_are_created_listed_renamed_and_deleted() {
    let server = start("").await;
    let workers = server.workers();
    let answer = server.post(&workers).json(&json!({ "title": "Plans" })).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let path = answer.headers()["location"].to_str().unwrap().to_owned();
    let worker: Worker = answer.json().await.unwrap();
    assert_eq!(path, format!("{workers}/{}", worker.worker_id));
    assert_eq!(worker.title.as_deref(), Some("Plans"));

    for (patch, title) in [
        (json!({}), Some("Plans")),
        (json!({ "title": "B" }), Some("B")),
        (json!({ "title": null }), None),
    ] {
        let request = server.client.request(Method::PATCH, server.url(&path)).json(&patch);
        let worker: Worker = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(worker.title.as_deref(), title, "{patch}");
    }

    let first = format!("{workers}?limit=1");
    let page: WorkerPage = server.get(&first).send().await.unwrap().json().await.unwrap();
    let next = format!("{first}&before={}", page.next_before.unwrap());
    let rest: WorkerPage = server.get(&next).send().await.unwrap().json().await.unwrap();
    assert_eq!((page.workers.len(), rest.workers.len(), rest.next_before), (1, 1, None));

    let delete = || server.client.delete(server.url(&path)).send();
    assert_eq!(delete().await.unwrap().status(), 204);
    assert_eq!(code(delete().await.unwrap()).await.1, "not_found");
}

#[tokio::test]
async fn the_status_names_the_provider_and_no_address() {
    let server = start("message_chars = 1000").await;
    let text = server.get("/api/v1/status").send().await.unwrap().text().await.unwrap();
    assert!(!text.contains("127.0.0.1") && !text.contains("http"), "{text}");
    let status: Status = serde_json::from_str(&text).unwrap();
    assert_eq!(status.limits.message_chars, 1000);
    assert_eq!(status.limits.body_bytes, 262_144);
    assert_eq!(status.version, env!("CARGO_PKG_VERSION"));
    let list: RuntimeList =
        server.get("/api/v1/runtimes").send().await.unwrap().json().await.unwrap();
    assert_eq!(list.runtimes[0].runtime_id.as_str(), "backend-internal");
    assert!(list.runtimes[0].capabilities.tools.is_empty());
}

#[tokio::test]
async fn readiness_ends_before_liveness() {
    let server = start("").await;
    assert_eq!(server.get("/readyz").send().await.unwrap().status(), 200);
    // This client's connection stays open, as a load balancer's would.
    server.stop.cancel();
    let answer = server.get("/readyz").send().await;
    if let Ok(answer) = answer {
        let (status, name, _) = code(answer).await;
        assert_eq!((status, name.as_str()), (503, "unavailable"));
    }
}

#[tokio::test]
async fn without_a_provider_the_server_is_not_ready_and_says_what_to_configure() {
    let server = start("provider = \"local\"\nmodel_file = \"none.gguf\"").await;
    assert_eq!(server.get("/healthz").send().await.unwrap().status(), 200);
    let (status, name, body) = code(server.get("/readyz").send().await.unwrap()).await;
    assert_eq!((status, name.as_str()), (503, "unavailable"));
    assert!(body["error"]["hint"].as_str().unwrap().contains("COMPANION_MODEL_FILE"), "{body}");
    let text = server.get("/api/v1/status").send().await.unwrap().text().await.unwrap();
    assert!(text.contains("\"companion\":\"unavailable\""), "{text}");
    assert!(!text.contains("none.gguf"), "{text}");

    let path = format!("{}/messages", server.worker().await);
    let body = json!({ "id": message_id(), "text": "Anyone?" });
    let answer = server.post(&path).json(&body).send().await.unwrap();
    let (status, name, _) = code(answer).await;
    assert_eq!((status, name.as_str()), (503, "unavailable"));
}
