//! Clients that misuse HTTP/2.

use std::time::Duration;

use tokio::time::timeout;

use super::super::support::HANG;
use super::Secure;
use super::client::{get, http2, until};
use super::frames::{
    CONTINUATION, END_STREAM, Frames, GOAWAY, HEADERS, RST_STREAM, SETTINGS, WHOLE, frame, healthz,
};

/// Of RFC 9113, section 7.
const ENHANCE_YOUR_CALM: u8 = 0xb;
/// Of RFC 9113, section 6.5.2, and RFC 8441.
const MAX_CONCURRENT_STREAMS: u16 = 0x3;
const ENABLE_CONNECT_PROTOCOL: u16 = 0x8;

#[tokio::test]
async fn the_settings_bound_requests_and_offer_no_websockets() {
    let secure = Secure::start("").await;
    let settings = Frames::connect(&secure).await.until(SETTINGS).await.payload;
    let settings: Vec<_> = settings
        .chunks(6)
        .map(|one| {
            let id = u16::from_be_bytes([one[0], one[1]]);
            (id, u32::from_be_bytes([one[2], one[3], one[4], one[5]]))
        })
        .collect();
    assert!(settings.contains(&(MAX_CONCURRENT_STREAMS, server::connections::STREAMS)));
    assert!(settings.iter().all(|(id, _)| *id != ENABLE_CONNECT_PROTOCOL), "{settings:?}");
}

/// The attack of CVE-2023-44487: each request is taken back at once.
#[tokio::test]
async fn requests_that_are_taken_back_at_once_end_the_connection() {
    let secure = Secure::start("").await;
    let mut frames = Frames::connect(&secure).await;
    let head = healthz(&secure.host());
    let mut flood = Vec::new();
    for n in 0..2000 {
        flood.extend(frame(HEADERS, WHOLE, 2 * n + 1, &head));
        flood.extend(frame(RST_STREAM, 0, 2 * n + 1, &[0, 0, 0, 8]));
    }
    frames.send(&flood).await;
    let goodbye = frames.until(GOAWAY).await.payload;
    assert_eq!(goodbye[7], ENHANCE_YOUR_CALM);
}

/// The attack of RUSTSEC-2024-0332: a head that never ends.
#[tokio::test]
async fn a_head_without_an_end_ends_the_connection() {
    let secure = Secure::start("").await;
    let mut frames = Frames::connect(&secure).await;
    let head = healthz(&secure.host());
    frames.send(&frame(HEADERS, END_STREAM, 1, &head)).await;
    // `x-a: ` and 12,000 letters, which are not added to the table.
    let mut field = vec![0x00, 3];
    field.extend(b"x-a");
    field.extend([0x7f, 0xe1, 0x5c]);
    field.extend([b'a'; 12_000]);
    let piece = frame(CONTINUATION, 0, 1, &field);
    let flood = async {
        for _ in 0..4000 {
            frames.send(&piece).await;
        }
        while let Some(frame) = frames.next().await {
            if frame.kind == GOAWAY {
                return;
            }
        }
    };
    timeout(HANG, flood).await.expect("48 MB of a head were accepted");
    let mut good = secure.http2().await;
    let answer = get(&mut good, &secure.host(), "/healthz", &[]).await.unwrap();
    assert_eq!(answer.status(), 200);
}

/// Over HTTP/2 a reader that stops reading does not show in the socket.
#[tokio::test]
async fn a_reader_that_stops_reading_loses_its_slot() {
    let secure = Secure::start("max_observers = 1\nobserver_ping_ms = 50").await;
    let (host, events) = (secure.host(), secure.events().await);
    // Its window is smaller than the first event, and it never asks for more.
    let mut stopped = http2(&secure.authority, secure.address(), 100).await;
    let accept = [("accept", "text/event-stream")];
    let silent = get(&mut stopped, &host, &events, &accept).await.unwrap();
    assert_eq!(silent.status(), 200);

    let mut other = secure.http2().await;
    let refused = get(&mut other, &host, &events, &accept).await.unwrap();
    assert_eq!(refused.status(), 429);
    let freed = async {
        while get(&mut other, &host, &events, &accept).await.unwrap().status() != 200 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(HANG, freed).await.expect("it keeps its slot");
    drop(silent);
}

/// Over HTTP/2 one connection has many requests, and is idle only when all have ended.
#[tokio::test]
async fn an_idle_connection_is_closed_for_a_new_one_and_a_working_one_is_not() {
    let secure = Secure::start("max_connections = 8").await;
    let (host, events) = (secure.host(), secure.events().await);
    let mut working = secure.http2().await;
    let accept = [("accept", "text/event-stream")];
    let answer = get(&mut working, &host, &events, &accept).await.unwrap();
    let mut observer = answer.into_body();
    until(&mut observer, "event: snapshot").await.unwrap();
    // A request that ends does not make the connection idle while the observer follows.
    assert_eq!(get(&mut working, &host, "/healthz", &[]).await.unwrap().status(), 200);
    let mut others = Vec::new();
    for _ in 0..16 {
        let mut other = secure.http2().await;
        assert_eq!(get(&mut other, &host, "/healthz", &[]).await.unwrap().status(), 200);
        others.push(other);
    }
    secure.server.says("Still followed.");
    secure.server.send_directly("Hello!").await;
    until(&mut observer, "turn_ended").await.unwrap();
    let closed = others.iter().filter(|other| other.is_closed()).count();
    assert!((9..16).contains(&closed), "{closed}");
}

/// An observer that closes its event stream, as `EventSource.close()` does, gives its slot back
/// although the connection stays.
#[tokio::test]
async fn a_request_that_is_given_up_frees_its_slot() {
    let secure = Secure::start("max_observers = 1").await;
    let (host, events) = (secure.host(), secure.events().await);
    let mut requests = secure.http2().await;
    let accept = [("accept", "text/event-stream")];
    for _ in 0..3 {
        let opened = async {
            loop {
                let answer = get(&mut requests, &host, &events, &accept).await.unwrap();
                if answer.status() == 200 {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let mut body = timeout(HANG, opened).await.unwrap().into_body();
        until(&mut body, "event: snapshot").await.unwrap();
    }
}

/// What is refused is a request, and not the connection.
#[tokio::test]
async fn more_requests_than_there_are_places_are_refused() {
    let secure = Secure::start("max_connections = 8").await;
    let (host, events) = (secure.host(), secure.events().await);
    let mut requests = secure.http2().await;
    let accept = [("accept", "text/event-stream")];
    let mut observers = Vec::new();
    for _ in 0..8 {
        let answer = get(&mut requests, &host, &events, &accept).await.unwrap();
        assert_eq!(answer.status(), 200);
        observers.push(answer);
    }
    let refused = get(&mut requests, &host, "/healthz", &[]).await.unwrap();
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "1");
    observers.pop();
    let freed = async {
        while get(&mut requests, &host, "/healthz", &[]).await.unwrap().status() != 200 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(HANG, freed).await.expect("the place is not freed");
    let mut raw = Frames::connect(&secure).await;
    raw.send(&frame(HEADERS, WHOLE, 1, &healthz(&host))).await;
    raw.until(HEADERS).await;
}
