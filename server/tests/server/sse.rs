//! Events as Server-Sent Events, as curl would read them.

use std::time::Duration;

use futures::StreamExt as _;
use protocol::{Applied, Frame, View};
use reqwest::{RequestBuilder, Response};
use tokio::io::AsyncWriteExt as _;

use super::support::{HANG, Server, code, start};

/// An event with its name, its id and its frame.
#[derive(Debug)]
struct Event {
    name: String,
    id: Option<String>,
    frame: Frame,
}

struct Reader {
    chunks: std::pin::Pin<Box<dyn futures::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    text: String,
}

impl Reader {
    async fn open(request: RequestBuilder) -> Self {
        let response: Response =
            request.header("accept", "text/event-stream").send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-cache");
        Self { chunks: Box::pin(response.bytes_stream()), text: String::new() }
    }

    /// The next block of lines; `None` at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let chunk = self.chunks.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| {
                let lines = block.lines().filter_map(|line| line.strip_prefix(name));
                lines.map(|line| line.trim().to_owned()).next()
            };
            if let Some(data) = field("data:") {
                let frame = serde_json::from_str(&data).unwrap();
                return Some(Event { name: field("event:").unwrap(), id: field("id:"), frame });
            }
        }
    }

    /// Folds events until the running turn has ended; returns the last id.
    async fn until_turn_ends(&mut self, view: &mut View) -> String {
        loop {
            let event = self.next().await.unwrap();
            let Frame::Event(envelope) = event.frame else { panic!("{event:?}") };
            assert_eq!(event.name, "event");
            assert_eq!(event.id.as_deref(), Some(envelope.cursor.as_str()));
            assert!(matches!(view.apply(&envelope.event), Applied::Changed(_)));
            if view.turns.last().is_some_and(|turn| turn.state.is_final()) {
                return event.id.unwrap();
            }
        }
    }
}

async fn snapshot(server: &Server, worker: &str) -> (Reader, View) {
    let mut reader = Reader::open(server.get(&format!("{worker}/events?full=true"))).await;
    let first = reader.next().await.unwrap();
    assert_eq!(first.name, "snapshot");
    let Frame::Snapshot { snapshot, .. } = first.frame else { panic!("{first:?}") };
    assert_eq!(first.id.as_deref(), Some(snapshot.transcript.cursor.as_str()));
    (reader, View::from_snapshot(*snapshot))
}

#[tokio::test]
async fn a_reader_follows_an_answer_and_resumes_by_last_event_id() {
    let server = start("").await;
    server.hesitates();
    let worker = server.worker().await;
    let (mut reader, mut view) = snapshot(&server, &worker).await;
    server.send(&worker, "Count!").await;

    let mut last = String::new();
    while view.messages.last().is_none_or(|message| message.text != "One") {
        let event = reader.next().await.unwrap();
        let Frame::Event(envelope) = event.frame else { panic!("{event:?}") };
        view.apply(&envelope.event);
        last = event.id.unwrap();
    }
    drop(reader);
    server.upstream.release(1);
    // Resumed by header, the stream continues without a snapshot and without a gap.
    let request = server.get(&format!("{worker}/events?full=true")).header("last-event-id", &last);
    Reader::open(request).await.until_turn_ends(&mut view).await;
    assert_eq!(view.messages.last().unwrap().text, "One two");

    // A new reader gets the same state.
    let (_, fresh) = snapshot(&server, &worker).await;
    assert_eq!(fresh.messages, view.messages);
    assert_eq!(fresh.turns, view.turns);
}

#[tokio::test]
async fn the_cursor_in_the_query_overrides_the_header() {
    let server = start("").await;
    let worker = server.worker().await;
    let (_, view) = snapshot(&server, &worker).await;
    let request = server.get(&format!("{worker}/events?full=true&cursor=odd"));
    let mut reader = Reader::open(request.header("last-event-id", "also-odd")).await;
    let notice = reader.next().await.unwrap();
    let Frame::Notice { error } = notice.frame else { panic!("{notice:?}") };
    assert_eq!(
        (notice.name.as_str(), error.code.name(), notice.id),
        ("notice", "stale_cursor", None)
    );
    let Frame::Snapshot { snapshot, .. } = reader.next().await.unwrap().frame else { panic!() };
    assert_eq!(snapshot.seq, view.seq);
}

#[tokio::test]
async fn a_last_event_id_that_is_not_text_is_a_stale_cursor() {
    let server = start("").await;
    let worker = server.worker().await;
    let id = reqwest::header::HeaderValue::from_bytes(b"\xae\xb8\xfb").unwrap();
    let request = server.get(&format!("{worker}/events?full=true")).header("last-event-id", id);
    let mut reader = Reader::open(request).await;
    let notice = reader.next().await.unwrap();
    let Frame::Notice { error } = notice.frame else { panic!("{notice:?}") };
    assert_eq!(error.code.name(), "stale_cursor");
}

#[tokio::test]
async fn comments_are_sent_during_silence() {
    let server = start("observer_ping_ms = 50").await;
    let (mut reader, _) = snapshot(&server, &server.worker().await).await;
    assert_eq!(reader.block().await.unwrap(), ":");
}

#[tokio::test]
async fn a_shutdown_is_the_last_event() {
    let server = start("").await;
    let (mut reader, _) = snapshot(&server, &server.worker().await).await;
    server.home().shutdown().await;
    let last = reader.next().await.unwrap();
    assert_eq!(last.name, "close");
    assert_eq!(serde_json::to_value(&last.frame).unwrap()["reason"], "shutdown");
    assert!(reader.next().await.is_none());
}

#[tokio::test]
async fn observers_are_limited_and_their_slots_are_freed() {
    let server = start("max_observers = 1").await;
    let worker = server.worker().await;
    let events = format!("{worker}/events?full=true");
    let (reader, _) = snapshot(&server, &worker).await;
    let ask = || server.get(&events).header("accept", "text/event-stream").send();
    let refused = ask().await.unwrap();
    assert_eq!(refused.headers()["retry-after"], "1");
    let (status, name, _) = code(refused).await;
    assert_eq!((status, name.as_str()), (429, "rate_limited"));
    drop(reader);
    while ask().await.unwrap().status() != 200 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_reader_that_stops_reading_loses_its_slot() {
    let server = start("max_observers = 1\nobserver_ping_ms = 50").await;
    let worker = server.worker().await;
    let get = async |path: String| -> serde_json::Value {
        server.get(&path).send().await.unwrap().json().await.unwrap()
    };
    let begin = get(format!("{worker}/transcript")).await["cursor"].clone();
    // This is more than the buffers between a reader and the server hold.
    server.says(&"0123456789abcdef".repeat(60_000));
    for _ in 0..8 {
        let turn = server.send(&worker, "Write!").await.turn.turn_id;
        while get(format!("{worker}/turns/{turn}")).await["ended_at"].is_null() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stopped = socket.connect(server.address).await.unwrap();
    let head = format!(
        "GET {worker}/events HTTP/1.1\r\nhost: {}\r\naccept: text/event-stream\r\n\
         last-event-id: {}\r\n\r\n",
        server.address,
        begin.as_str().unwrap()
    );
    stopped.write_all(head.as_bytes()).await.unwrap();
    stopped.readable().await.unwrap();

    let events = format!("{worker}/events?full=true");
    let ask = || server.get(&events).header("accept", "text/event-stream").send();
    assert_eq!(ask().await.unwrap().status(), 429);
    let freed = async {
        while ask().await.unwrap().status() != 200 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(HANG, freed).await.unwrap();
    drop(stopped);
}
