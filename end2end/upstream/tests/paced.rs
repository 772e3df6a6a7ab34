//! Tests an answer at a steady pace: what arrives is what the log says, and each token carries its
//! time.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;
use upstream::stamp::{self, TOKEN_BYTES};
use upstream::{Script, Step, Upstream};

const TOKENS: u32 = 30;
const INTERVAL_US: u64 = 2000;

/// Asks over a plain socket; returns the text of the answer.
fn ask(base_url: &str) -> String {
    let address = base_url.trim_start_matches("http://").trim_end_matches("/v1");
    let mut stream = TcpStream::connect(address).unwrap();
    let path = "/v1/chat/completions";
    write!(stream, "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{{}}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let events = answer.lines().filter_map(|line| line.strip_prefix("data: {"));
    let events = events.map(|rest| serde_json::from_str::<Value>(&format!("{{{rest}")).unwrap());
    let piece = |event: Value| event["choices"][0]["delta"]["content"].as_str().map(str::to_owned);
    events.filter_map(piece).collect()
}

#[tokio::test]
async fn the_log_has_what_was_sent_and_when() {
    let upstream = Upstream::start().await.unwrap();
    upstream.script(Script::always([Step::Paced { tokens: TOKENS, interval_us: INTERVAL_US }]));
    let (base_url, begun) = (upstream.base_url(), stamp::now_us());
    let text = tokio::task::spawn_blocking(move || ask(&base_url)).await.unwrap();
    let log = upstream.wait(|log| log.requests[0].done_ms.is_some()).await;
    assert_eq!(log.requests[0].sent.as_deref(), Some(&*text));
    assert_eq!(text.len(), TOKENS as usize * TOKEN_BYTES);
    let times = text.as_bytes().chunks(TOKEN_BYTES).map(|token| stamp::written_at(token).unwrap());
    let times: Vec<u64> = times.collect();
    assert!(times.is_sorted() && times[0] >= begun, "{times:?}");
    // The pace is kept on average, however late a single token is.
    let took = times[times.len() - 1] - begun;
    assert!(took >= INTERVAL_US * u64::from(TOKENS - 1), "{took}");
}
