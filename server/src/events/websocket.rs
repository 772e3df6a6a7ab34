//! Sends frames over a WebSocket.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures::{FutureExt as _, SinkExt as _};
use protocol::CloseReason;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::event_source::{EventSource, Outgoing};
use super::{ObserverSlot, UNANSWERED_PINGS};

/// The most bytes in one frame from a client. Clients only send pongs, of at most 125 bytes.
pub(super) const CLIENT_FRAME_BYTES: usize = 4096;
/// The most pings and pongs that a client may send between two of our pings. Each of its pings
/// causes a pong that waits in memory while the client does not read. One a second would be plenty.
pub const CLIENT_PINGS: u32 = 100;

/// The most frames that are sent with one write, so that pings and the client's frames get their
/// turn.
const FRAMES_AT_ONCE: usize = 32;

/// Completes the handshake and begins to send frames.
pub(super) fn answer(
    upgrade: WebSocketUpgrade,
    event_source: impl EventSource,
    ping: Duration,
    slot: ObserverSlot,
) -> Response {
    upgrade
        .max_message_size(CLIENT_FRAME_BYTES)
        .max_frame_size(CLIENT_FRAME_BYTES)
        // The library's default of 128 KiB is allocated for each observer, and cleared for each
        // read.
        .read_buffer_size(CLIENT_FRAME_BYTES)
        .on_upgrade(move |socket| follow(socket, event_source, ping, slot))
}

/// Why a stream ended.
enum End {
    /// The client has disconnected, or counts as gone.
    Gone,
    /// The client gets a close frame with this reason.
    Close(CloseReason),
}

async fn follow(
    mut socket: WebSocket,
    event_source: impl EventSource,
    ping: Duration,
    slot: ObserverSlot,
) {
    let end = pass_on(&mut socket, event_source, ping).await;
    if let End::Close(reason) = end {
        let frame = CloseFrame { code: reason.code(), reason: reason.name().into() };
        let goodbye = async {
            let _ = socket.send(Message::Close(Some(frame))).await;
            // Reads up to the client's close frame, so that the client sees ours before the
            // connection is reset.
            while let Some(Ok(_)) = socket.recv().await {}
        };
        let _ = timeout(ping, goodbye).await;
    }
    drop(slot);
}

async fn pass_on(
    socket: &mut WebSocket,
    mut event_source: impl EventSource,
    ping: Duration,
) -> End {
    let patience = ping * UNANSWERED_PINGS;
    let mut pings = interval_at(Instant::now() + ping, ping);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut unanswered, mut from_client) = (0, 0);
    loop {
        let message = tokio::select! {
            biased;
            incoming = socket.recv() => match incoming {
                Some(Ok(Message::Pong(_) | Message::Ping(_))) => {
                    (unanswered, from_client) = (0, from_client + 1);
                    if from_client > CLIENT_PINGS {
                        return End::Close(CloseReason::InvalidInput);
                    }
                    continue;
                }
                Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                    return End::Close(CloseReason::InvalidInput);
                }
                Some(Ok(Message::Close(_))) | None => return End::Gone,
                // A frame was too large, unmasked, not UTF-8 or similar; the close frame is sent if
                // that is still possible.
                Some(Err(_)) => return End::Close(CloseReason::InvalidInput),
            },
            _ = pings.tick() => {
                if unanswered == UNANSWERED_PINGS {
                    return End::Gone;
                }
                (unanswered, from_client) = (unanswered + 1, 0);
                Message::Ping(bytes::Bytes::new())
            }
            frame = event_source.next() => {
                // A client that has stopped reading delays nobody else, and is dropped after some
                // time.
                match timeout(patience, send(socket, frame, &mut event_source)).await {
                    Ok(None) => continue,
                    Ok(Some(end)) => return end,
                    Err(_) => return End::Gone,
                }
            }
        };
        match timeout(patience, socket.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return End::Gone,
        }
    }
}

/// Sends a frame, and those that are ready by then, with one write to the connection. Returns why
/// the stream ends, if it does.
async fn send(
    socket: &mut WebSocket,
    mut frame: Option<Outgoing>,
    event_source: &mut impl EventSource,
) -> Option<End> {
    for sent in 1.. {
        let Some(Outgoing { json, close, .. }) = frame else {
            return Some(End::Close(CloseReason::Internal));
        };
        if socket.feed(Message::Text(json)).await.is_err() {
            return Some(End::Gone);
        }
        if let Some(reason) = close {
            let _ = socket.flush().await;
            return Some(End::Close(reason));
        }
        if sent == FRAMES_AT_ONCE {
            break;
        }
        match event_source.next().now_or_never() {
            Some(next) => frame = next,
            None => break,
        }
    }
    socket.flush().await.err().map(|_| End::Gone)
}
