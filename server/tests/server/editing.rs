//! A message that is left out of what is sent, and the reader's own version of an answer, over the API
//! and by plain forms.

use protocol::api::Accepted;
use protocol::{TurnState, Worker, WorkerId};
use reqwest::Response;
use serde_json::json;

use super::support::{Server, code, message_id, start};

const FORM: &str = "application/x-www-form-urlencoded";

/// A conversation with one answer.
async fn answered(server: &Server) -> (WorkerId, String, Accepted) {
    server.says("Its answer.");
    let id = server.worker_id().await;
    let worker = format!("{}/{id}", server.workers());
    let accepted = server.send(&worker, "Why?").await;
    server.ended(id).await;
    (id, worker, accepted)
}

async fn worker_of(server: &Server, path: &str) -> Worker {
    server.get(path).send().await.unwrap().json().await.unwrap()
}

async fn post_form(server: &Server, path: &str, fields: String) -> Response {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let request = client.unwrap().post(server.url(path)).header("content-type", FORM);
    let origin = format!("http://{}", server.address);
    request.header("origin", origin).body(fields).send().await.unwrap()
}

async fn page(server: &Server, path: &str) -> String {
    server.get(path).send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn a_message_is_left_out_over_the_api() {
    let server = start("").await;
    let (_, worker, accepted) = answered(&server).await;
    let message = format!("{worker}/messages/{}", accepted.message.id);
    let patch = |body| server.client.patch(server.url(&message)).json(&body).send();
    let changed = patch(json!({ "omitted": true })).await.unwrap();
    assert_eq!(changed.status(), 200);
    let changed: Worker = changed.json().await.unwrap();
    assert_eq!(changed.omitted, [accepted.message.id]);
    for (body, status) in [(json!({}), 422), (json!({ "omitted": true, "text": "x" }), 422)] {
        assert_eq!(patch(body).await.unwrap().status(), status);
    }
    let unknown = format!("{worker}/messages/{}", message_id());
    let unknown = server.client.patch(server.url(&unknown)).json(&json!({ "omitted": true }));
    let (status, name, _) = code(unknown.send().await.unwrap()).await;
    assert_eq!((status, name.as_str()), (404, "not_found"));
}

#[tokio::test]
async fn an_answer_is_edited_over_the_api() {
    let server = start("").await;
    let (_, worker, accepted) = answered(&server).await;
    let edit = format!("{worker}/turns/{}/edit", accepted.turn.turn_id);
    let body = json!({ "id": message_id(), "text": "My answer." });
    let mut answers = Vec::new();
    for _ in 0..2 {
        let answer = server.post(&edit).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        answers.push(answer.json::<Accepted>().await.unwrap().turn);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].state, TurnState::Completed);
    assert_eq!(answers[0].edits, Some(accepted.turn.answer));
    let blank = json!({ "id": message_id(), "text": " " });
    let (status, name, _) = code(server.post(&edit).json(&blank).send().await.unwrap()).await;
    assert_eq!((status, name.as_str()), (422, "invalid_input"));
    let text = page(&server, &format!("{worker}/export?format=markdown")).await;
    assert!(text.contains("My answer.") && text.contains("You wrote this version"), "{text}");
    assert!(!text.contains("- Model:"), "no model wrote this branch: {text}");
}

#[tokio::test]
async fn both_are_done_by_plain_forms() {
    let server = start("").await;
    let (id, worker, accepted) = answered(&server).await;
    let (path, question) = (format!("/c/{id}"), accepted.message.id);
    let (turn, answer) = (accepted.turn.turn_id, accepted.turn.answer);

    let done = post_form(&server, &path, format!("do=omit&omit={question}")).await;
    assert_eq!(done.status(), 303);
    assert_eq!(done.headers()["location"], format!("{path}?at={question}#m-{question}"));
    assert_eq!(worker_of(&server, &worker).await.omitted, [question]);
    assert!(page(&server, &path).await.contains("data-omitted=\"Not sent to the model\""));
    post_form(&server, &path, format!("do=omit&omit_not={question}")).await;
    assert!(worker_of(&server, &worker).await.omitted.is_empty());
    assert_eq!(post_form(&server, &path, "do=omit".to_owned()).await.status(), 422);

    // The page on which the answer is edited has its text in the box, and the turn that wrote it.
    let editing = page(&server, &format!("{path}?edit={answer}")).await;
    let field = format!("name=\"turn\" value=\"{turn}\"");
    assert!(editing.contains(&field) && editing.contains("Its answer.</textarea>"), "{editing}");
    let (new, again) = (message_id(), "My+answer.%0D%0ATwo+lines.");
    let fields = format!("do=send&id={new}&edits={answer}&turn={turn}&text={again}");
    assert_eq!(post_form(&server, &path, fields).await.status(), 303);
    let shown = page(&server, &path).await;
    assert!(shown.contains("My answer.") && shown.contains("You wrote this version."), "{shown}");
    let refused = format!("do=send&id={new}&edits={answer}&turn={turn}&text=+");
    let refused = post_form(&server, &path, refused).await;
    assert_eq!(refused.status(), 422);
}
