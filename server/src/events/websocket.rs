//! Frames over a WebSocket.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use protocol::CloseReason;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::event_source::EventSource;
use super::{ObserverSlot, UNANSWERED_PINGS};

/// Bytes in one frame from a client. None is ever meant to be one; pongs have up to 125.
pub const CLIENT_FRAME_BYTES: usize = 4096;
/// Pings and pongs that a client may send between two of our pings. Each ping of it makes an
/// answer that waits in memory for as long as the client does not read; one a second is
/// plenty.
pub const CLIENT_PINGS: u32 = 100;

/// Completes the handshake; frames follow.
pub fn answer(
    upgrade: WebSocketUpgrade,
    event_source: impl EventSource,
    ping: Duration,
    slot: ObserverSlot,
) -> Response {
    upgrade
        .max_message_size(CLIENT_FRAME_BYTES)
        .max_frame_size(CLIENT_FRAME_BYTES)
        .on_upgrade(move |socket| follow(socket, event_source, ping, slot))
}

/// What ended a stream.
enum End {
    /// The client went, or is taken for gone: nobody is left to tell.
    Gone,
    /// The client is told why.
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
            // Until the client's own close, so that it reads ours before a reset.
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
                // Too large, not masked, not UTF-8 ...: told where that is still possible.
                Some(Err(_)) => return End::Close(CloseReason::InvalidInput),
            },
            _ = pings.tick() => {
                if unanswered == UNANSWERED_PINGS {
                    return End::Gone;
                }
                (unanswered, from_client) = (unanswered + 1, 0);
                Message::Ping(bytes::Bytes::new())
            }
            frame = event_source.next() => match frame {
                Some(frame) => {
                    let message = Message::Text(frame.json.into());
                    if let Some(reason) = frame.close {
                        let _ = timeout(patience, socket.send(message)).await;
                        return End::Close(reason);
                    }
                    message
                }
                None => return End::Close(CloseReason::Internal),
            },
        };
        // A reader that has stopped costs itself alone, and not for ever.
        match timeout(patience, socket.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return End::Gone,
        }
    }
}
