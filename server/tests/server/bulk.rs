//! The page on which many conversations are archived or deleted at once.

use protocol::api::WorkerPage;
use reqwest::Response;

use super::support::{Server, start};

async fn post(server: &Server, path: &str, fields: String) -> Response {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let form = "application/x-www-form-urlencoded";
    let request = client.unwrap().post(server.url(path)).header("content-type", form);
    let origin = format!("http://{}", server.address);
    request.header("origin", origin).body(fields).send().await.unwrap()
}

async fn titles(server: &Server, query: &str) -> Vec<String> {
    let path = format!("{}{query}", server.workers());
    let page: WorkerPage = server.get(&path).send().await.unwrap().json().await.unwrap();
    page.workers.into_iter().filter_map(|worker| worker.title).collect()
}

#[tokio::test]
async fn ticked_conversations_are_archived_moved_back_and_deleted() {
    let server = start("").await;
    let mut ids = Vec::new();
    for number in 0..4 {
        let title = serde_json::json!({ "title": format!("C{number}") });
        let made = server.post(&server.workers()).json(&title).send().await.unwrap();
        let made: protocol::Worker = made.json().await.unwrap();
        ids.push(made.worker_id);
    }
    let page = server.get("/data/conversations").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("C0") && page.contains(&format!("name=\"w-{}\"", ids[3])), "{page}");
    assert!(!page.contains("<script"), "{page}");

    let ticked = format!("w-{}=on&w-{}=on", ids[0], ids[1]);
    let done = post(&server, "/data/conversations", format!("{ticked}&do=archive")).await;
    assert_eq!(done.status(), 303);
    assert_eq!(done.headers()["location"], "/data/conversations?done=2");
    assert_eq!(titles(&server, "?limit=9").await, ["C3", "C2"]);
    let archive = "/data/conversations?archived=true";
    let page = server.get(archive).send().await.unwrap().text().await.unwrap();
    let (_, main) = page.split_once("<main").unwrap();
    assert!(main.contains("C0") && main.contains("C1") && !main.contains("C2"), "{main}");

    let back = post(&server, archive, format!("w-{}=on&do=list", ids[0])).await;
    assert_eq!(back.headers()["location"], "/data/conversations?archived=true&done=1");
    // One that somebody else has deleted meanwhile is passed over.
    server.home().delete(ids[2]).await.unwrap();
    let ticked = format!("w-{}=on&w-{}=on&do=delete", ids[2], ids[3]);
    let done = post(&server, "/data/conversations", ticked).await;
    assert_eq!(done.headers()["location"], "/data/conversations?done=1");
    assert_eq!(titles(&server, "?limit=9").await, ["C0"]);
    let page = server.get("/data/conversations?done=1").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("1 conversation was changed."), "{page}");
    // What was deleted can be restored.
    assert_eq!(server.home().deleted(None, 9).await.unwrap().deleted.len(), 2);
}

#[tokio::test]
async fn a_form_that_cannot_be_read_changes_nothing() {
    let server = start("").await;
    let id = server.worker_id().await;
    for fields in [format!("w-{id}=on"), format!("w-{id}=on&do=burn"), "w-x=on&do=delete".into()] {
        let refused = post(&server, "/data/conversations", fields).await;
        assert_eq!(refused.status(), 422);
        assert!(refused.text().await.unwrap().contains("role=\"alert\""));
    }
    assert!(server.home().worker(id).await.is_ok());
}
