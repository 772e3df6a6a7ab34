//! The list of workers, followed over both transports.

use futures::StreamExt as _;
use protocol::api::WorkerPage;
use protocol::{ListFrame, WorkerStatus};
use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::Error;

use super::support::{HANG, Server, code, start};

const EVENTS: &str = "/api/v1/runtimes/backend-internal/events";

type Chunks = std::pin::Pin<Box<dyn futures::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>;

/// A reader of Server-Sent Events.
struct Reader {
    chunks: Chunks,
    text: String,
}

impl Reader {
    async fn open(server: &Server, query: &str, last: Option<&str>) -> Self {
        let mut request = server.get(&format!("{EVENTS}{query}"));
        request = request.header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        Self { chunks: Box::pin(response.bytes_stream()), text: String::new() }
    }

    /// The next frame with the id of its event; `None` at the end.
    async fn next(&mut self) -> Option<(Option<String>, ListFrame)> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    let value = block.lines().find_map(|line| line.strip_prefix(name));
                    value.map(|value| value.trim().to_owned())
                };
                if let Some(data) = field("data:") {
                    let json: serde_json::Value = serde_json::from_str(&data).unwrap();
                    assert_eq!(json["frame"], field("event:").unwrap());
                    return Some((field("id:"), serde_json::from_value(json).unwrap()));
                }
                continue;
            }
            let chunk = timeout(HANG, self.chunks.next()).await.unwrap()?.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn frame(&mut self) -> ListFrame {
        self.next().await.unwrap().1
    }
}

async fn page(server: &Server) -> WorkerPage {
    server.get(&server.workers()).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_page_and_the_changes_that_follow_are_the_whole_list() {
    let server = start("").await;
    let cursor = page(&server).await.cursor.unwrap();
    let worker = server.worker().await;
    let id = server.worker_id().await;
    let patch = async |title: &str| {
        let body = json!({ "title": title });
        let done = server.client.patch(server.url(&worker)).json(&body).send().await.unwrap();
        assert_eq!(done.status(), 200);
    };
    // This change comes between the page and the stream, and is sent all the same.
    patch("One").await;
    let mut reader = Reader::open(&server, &format!("?cursor={cursor}"), None).await;
    let (at, hello) = reader.next().await.unwrap();
    assert!(matches!(hello, ListFrame::Hello { resumed: true, .. }), "{hello:?}");
    assert_eq!(at.as_deref(), Some(cursor.as_str()));
    let (last, frame) = reader.next().await.unwrap();
    let ListFrame::Worker { worker: told, cursor } = frame else { panic!("{frame:?}") };
    assert_eq!((told.worker_id, told.title.as_deref()), (id, Some("One")));
    assert_eq!(last.as_deref(), Some(cursor.as_str()));
    drop(reader);

    // An EventSource resumes like this.
    server.client.post(server.url(&server.workers())).send().await.unwrap();
    server.client.delete(server.url(&worker)).send().await.unwrap();
    let mut reader = Reader::open(&server, "", last.as_deref()).await;
    assert!(matches!(reader.frame().await, ListFrame::Hello { resumed: true, .. }));
    let ListFrame::Worker { worker: made, .. } = reader.frame().await else { panic!() };
    let deleted = reader.frame().await;
    assert!(matches!(deleted, ListFrame::Deleted { worker_id, .. } if worker_id == id));
    assert_eq!(page(&server).await.workers, [*made]);
    server.home().shutdown().await;
    assert!(matches!(reader.frame().await, ListFrame::Close { .. }));
    assert!(reader.next().await.is_none());
}

#[tokio::test]
async fn the_begin_and_end_of_a_turn_are_sent_over_a_websocket() {
    let server = start("").await;
    server.hesitates();
    let address = format!("ws://{}{EVENTS}", server.address);
    let (mut socket, _) = connect_async(&address).await.unwrap();
    let mut next = async || loop {
        match timeout(HANG, socket.next()).await.unwrap().unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str::<ListFrame>(&text).unwrap(),
            Message::Close(_) => panic!("closed"),
            _ => {}
        }
    };
    assert!(matches!(next().await, ListFrame::Hello { resumed: false, .. }));
    server.send(&server.worker().await, "Count!").await;
    let status = |frame: ListFrame| match frame {
        ListFrame::Worker { worker, .. } => worker.status,
        other => panic!("{other:?}"),
    };
    assert_eq!(status(next().await), WorkerStatus::Generating);
    server.upstream.release(1);
    assert_eq!(status(next().await), WorkerStatus::Idle);
}

#[tokio::test]
async fn the_list_stream_is_only_for_own_pages_and_counts_as_an_observer() {
    let server = start("max_observers = 1").await;
    let url = format!("ws://{}{EVENTS}", server.address);
    let mut request = url.as_str().into_client_request().unwrap();
    request.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    let Err(Error::Http(answer)) = connect_async(request).await else { panic!() };
    assert_eq!(answer.status(), 403);

    let neither = server.get(EVENTS).send().await.unwrap();
    assert_eq!(neither.status(), 406);
    let foreign = EVENTS.replace("backend-internal", "elsewhere");
    let foreign = server.get(&foreign).header("accept", "text/event-stream").send().await.unwrap();
    assert_eq!(foreign.status(), 404);

    let _reader = Reader::open(&server, "?cursor=odd", None).await;
    let second = server.get(EVENTS).header("accept", "text/event-stream").send().await.unwrap();
    let (status, name, _) = code(second).await;
    assert_eq!((status, name.as_str()), (429, "rate_limited"));
}
