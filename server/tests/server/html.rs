//! Answers as HTML besides their text: streamed as patches or read as a whole, the HTML is always
//! the same.

use futures::{FutureExt as _, StreamExt as _};
use protocol::{EventBody, Frame, Transcript};
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use upstream::{Answer, Script, Step};

use super::support::{Server, start};

const PIECES: [&str; 8] = [
    "# A\n\nOne ",
    "*two*.\n",
    "\n```rust\nfn a()",
    " {}\n```\n\nSee [b]",
    " and `c`",
    ".\n\n",
    "[b]: https://b.example",
    // Highlighted only at the end, because the block's end is not known before.
    "\n\n```rust\nfn z() {}\n```",
];

/// Answers in pieces, and waits for a release after `hold_after` of them.
fn says(server: &Server, hold_after: Option<usize>) {
    let pieces = PIECES.map(str::to_owned).to_vec();
    let answer = Answer { pieces, hold_after, delay_ms: 5, ..Answer::default() };
    server.upstream.script(Script::always([Step::Answer(answer)]));
}

/// The state of a page that follows a worker.
#[derive(Default)]
struct Page {
    blocks: Vec<String>,
    cursor: String,
    patches: usize,
    bytes: usize,
    /// Whether the answer is released once this page follows.
    releases: bool,
}

impl Page {
    /// Follows the worker until the turn ends, or until the text has `bytes` bytes.
    async fn follow(&mut self, server: &Server, path: &str, bytes: Option<usize>) {
        let query =
            if self.cursor.is_empty() { String::new() } else { format!("&cursor={}", self.cursor) };
        let address = format!("ws://{}{path}/events?full=true&html=true{query}", server.address);
        let (mut socket, _) = connect_async(address).await.unwrap();
        let mut come = 0;
        while let Some(Ok(message)) = socket.next().await {
            let Message::Text(text) = message else { continue };
            match serde_json::from_str(&text).unwrap() {
                Frame::Snapshot { snapshot, .. } => {
                    let newest = snapshot.transcript.messages.last().cloned();
                    let answer = newest.filter(|message| message.html.is_some());
                    // The whole answer may have arrived before this page followed.
                    come = answer.as_ref().map_or(0, |answer| answer.text.len());
                    self.blocks = answer.and_then(|answer| answer.html).unwrap_or_default();
                    self.cursor = snapshot.transcript.cursor.to_string();
                    if self.releases {
                        server.upstream.release(1);
                    }
                    if bytes.is_some_and(|bytes| come >= bytes) {
                        return;
                    }
                }
                Frame::Event(envelope) => {
                    self.cursor = envelope.cursor.to_string();
                    if let Some(patch) = envelope.html {
                        assert!(patch.from <= self.blocks.len());
                        self.bytes += serde_json::to_string(&patch).unwrap().len();
                        patch.apply(&mut self.blocks);
                        self.patches += 1;
                    }
                    match envelope.event.body {
                        EventBody::TurnEnded { .. } => return,
                        EventBody::TextDelta { offset, text, .. } => {
                            come = offset as usize + text.len();
                        }
                        _ => {}
                    }
                    if bytes.is_some_and(|bytes| come >= bytes) {
                        return;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// The HTML of the newest answer, as a new reader gets it.
async fn whole(server: &Server, path: &str) -> Vec<String> {
    let page = server.get(&format!("{path}/transcript?html=true")).send().await.unwrap();
    let page: Transcript = page.json().await.unwrap();
    assert!(page.messages[0].html.is_none(), "what a person typed is shown as it is");
    page.messages.last().unwrap().html.clone().unwrap()
}

#[tokio::test]
async fn a_page_that_follows_an_answer_ends_with_the_html_of_a_new_page() {
    let server = start("delta_ms = 1").await;
    let path = server.worker().await;
    says(&server, Some(0));
    server.send(&path, "Hello!").await;
    let mut page = Page { releases: true, ..Page::default() };
    page.follow(&server, &path, None).await;
    let whole = whole(&server, &path).await;
    assert_eq!(page.blocks, whole);
    assert!(page.patches > 1);
    assert!(
        whole.concat().contains("<h2 dir=\"auto\">A</h2>") && whole.concat().contains("class=\"s-")
    );
    assert!(whole.concat().contains("href=\"https://b.example\""));
}

/// After a closing mark that was never opened, the text before it is no longer part of the answer,
/// both for a page that stayed and for one that reconnects.
#[tokio::test]
async fn text_that_becomes_reasoning_leaves_the_html() {
    let server = start("delta_ms = 1").await;
    let pieces = ["So I *think*.\n\nAnd", "</think>\n\n", "Hello ", "*there*."];
    let bytes = pieces[0].len();
    for reads_before in [None, Some(bytes)] {
        let worker = server.post(&server.workers()).send().await.unwrap();
        let worker: protocol::Worker = worker.json().await.unwrap();
        let path = format!("{}/{}", server.workers(), worker.worker_id);
        let pieces = pieces.map(str::to_owned).to_vec();
        let answer = Answer { pieces, hold_after: Some(1), delay_ms: 5, ..Answer::default() };
        server.upstream.script(Script::always([Step::Answer(answer)]));
        server.send(&path, "Hi").await;
        let mut page = Page { releases: reads_before.is_none(), ..Page::default() };
        if reads_before.is_some() {
            page.follow(&server, &path, reads_before).await;
            server.upstream.release(1);
        }
        page.follow(&server, &path, None).await;
        let whole = whole(&server, &path).await;
        assert_eq!((page.blocks.concat().contains("think"), &page.blocks), (false, &whole));
    }
}

#[tokio::test]
async fn a_page_that_reconnects_at_any_piece_ends_with_the_same_html() {
    let server = start("delta_ms = 1").await;
    for pieces in 1..PIECES.len() {
        let worker = server.post(&server.workers()).send().await.unwrap();
        let worker: protocol::Worker = worker.json().await.unwrap();
        let path = format!("{}/{}", server.workers(), worker.worker_id);
        says(&server, Some(pieces));
        server.send(&path, "Hello!").await;
        let mut page = Page::default();
        let bytes = PIECES[..pieces].concat().len();
        page.follow(&server, &path, Some(bytes)).await;
        server.upstream.release(1);
        page.follow(&server, &path, None).await;
        assert_eq!(page.blocks, whole(&server, &path).await, "cut after {pieces} pieces");
    }
}

/// How many bytes of HTML a stream sends for an answer with this many lines of code.
async fn told(lines: usize) -> usize {
    let server = start("delta_ms = 1").await;
    let path = server.worker().await;
    let code = (0..lines).map(|n| format!("let a{n} = b < {n};\n"));
    let pieces = ["```rust\n".to_owned()].into_iter().chain(code).collect();
    let answer = Answer { pieces, hold_after: Some(0), delay_ms: 2, ..Answer::default() };
    server.upstream.script(Script::always([Step::Answer(answer)]));
    server.send(&path, "Hello!").await;
    let mut page = Page { releases: true, ..Page::default() };
    page.follow(&server, &path, None).await;
    assert_eq!(page.blocks, whole(&server, &path).await);
    page.bytes
}

#[tokio::test]
async fn a_long_block_is_sent_once_and_again_highlighted_at_its_end() {
    let (some, many) = (told(50).await, told(200).await);
    // This holds for any number of frames, which depends on the speed of the machine.
    assert!(many < 10 * some, "{some}, then {many}");
}

/// Each frame is rendered once, however many follow.
#[tokio::test]
async fn observers_that_keep_up_share_each_rendering() {
    let server = start("delta_ms = 1").await;
    let path = server.worker().await;
    let piece = |text: &str| Step::Data {
        json: json!({ "choices": [{ "index": 0, "delta": { "content": text } }] }),
    };
    let pieces = PIECES.iter().flat_map(|text| [piece(text), Step::Hold]);
    let end = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
    let end = [Step::Data { json: end }, Step::Text { text: "data: [DONE]\n\n".into() }];
    let steps: Vec<_> = [Step::Stream].into_iter().chain(pieces).chain(end).collect();
    server.upstream.script(Script::always(steps));
    let mut followers = Vec::new();
    for _ in 0..5 {
        let address = format!("ws://{}{path}/events?full=true&html=true", server.address);
        let (mut socket, _) = connect_async(address).await.unwrap();
        socket.next().await.unwrap().unwrap();
        followers.push((socket, Vec::new()));
    }
    server.send(&path, "Hello!").await;
    for piece in PIECES.map(Some).into_iter().chain([None]) {
        for (socket, blocks) in &mut followers {
            loop {
                let Some(Ok(Message::Text(text))) = socket.next().await else { continue };
                let Frame::Event(envelope) = serde_json::from_str(&text).unwrap() else { continue };
                if let Some(patch) = envelope.html {
                    patch.apply(blocks);
                }
                match (envelope.event.body, piece) {
                    (EventBody::TextDelta { text, .. }, Some(piece)) if text == piece => break,
                    (EventBody::TurnEnded { .. }, None) => break,
                    (EventBody::TextDelta { .. } | EventBody::TurnEnded { .. }, _) => {
                        panic!("it comes in the pieces in which it was sent: {text}")
                    }
                    _ => {}
                }
            }
        }
        server.upstream.release(1);
    }
    let whole = whole(&server, &path).await;
    assert!(followers.iter().all(|(_, blocks)| *blocks == whole));
    assert_eq!(server.html.rendered(), PIECES.len() as u64 + 1);
}

#[tokio::test]
async fn html_is_sent_only_on_request() {
    let server = start("").await;
    let path = server.worker().await;
    says(&server, Some(0));
    server.send(&path, "Hello!").await;
    let address = format!("ws://{}{path}/events", server.address);
    let (mut socket, _) = connect_async(address).await.unwrap();
    while let Some(Ok(Message::Text(text))) = socket.next().await {
        server.upstream.release(1);
        assert!(!text.contains("\"html\""), "{text}");
        if text.contains("turn_ended") {
            break;
        }
    }
    let page: Transcript =
        server.get(&format!("{path}/transcript")).send().await.unwrap().json().await.unwrap();
    assert!(page.messages.iter().all(|message| message.html.is_none()));
}

/// Takes all permits for rendering that one conversation can have, as very slow texts would.
fn hold_all_permits(worker: protocol::WorkerId) -> Vec<app::rendering::RenderPermit> {
    let permit = || app::rendering::permit(worker).now_or_never();
    std::iter::from_fn(permit).take(100).collect()
}

#[tokio::test]
async fn a_slow_rendering_does_not_delay_other_conversations() {
    let server = start("delta_ms = 1").await;
    let (slow, other) =
        (server.worker().await, server.post(&server.workers()).send().await.unwrap());
    let other: protocol::Worker = other.json().await.unwrap();
    let other = format!("{}/{}", server.workers(), other.worker_id);
    for path in [&slow, &other] {
        says(&server, None);
        server.send(path, "Hello!").await;
        Page::default().follow(&server, path, None).await;
    }
    let worker = slow.rsplit('/').next().unwrap().parse().unwrap();
    let held = hold_all_permits(worker);
    assert!(!held.is_empty());
    // A page, API requests and an observer of the first conversation wait.
    let address = format!("ws://{}{slow}/events?full=true&html=true", server.address);
    let (mut observer, _) = connect_async(address).await.unwrap();
    let mut waiting = Vec::new();
    for _ in 0..8 {
        let page = server.get(&format!("{slow}/transcript?html=true")).send();
        waiting.push(tokio::spawn(page));
    }
    let console = tokio::spawn(server.get(&format!("/c/{worker}")).send());
    // The second conversation is rendered at once, on its page and for an observer.
    assert!(whole(&server, &other).await.concat().contains("<h2 dir=\"auto\">A</h2>"));
    let id = other.rsplit('/').next().unwrap();
    let page = server.get(&format!("/c/{id}")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("<h2 dir=\"auto\">A</h2>") && !page.contains("rendered-late"));
    let mut follower = Page::default();
    follower.follow(&server, &other, Some(0)).await;
    assert!(follower.blocks.concat().contains("<h2 dir=\"auto\">A</h2>"));
    // When its time limit for rendering is over, the page shows the texts unrendered.
    let page = console.await.unwrap().unwrap().text().await.unwrap();
    assert!(page.contains("rendered-late") && page.contains("# A\n\nOne *two*."), "{page}");
    drop(held);
    for page in waiting {
        assert!(page.await.unwrap().unwrap().status().is_success());
    }
    let Some(Ok(Message::Text(first))) = observer.next().await else { panic!("no snapshot") };
    assert!(first.contains("as-written") || first.contains("<h2 dir=\"auto\">A</h2>"), "{first}");
}
