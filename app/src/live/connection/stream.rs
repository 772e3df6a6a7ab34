//! Follows a conversation by Server-Sent Events, if no WebSocket gets through.

use gloo_net::http::Request;
use leptos::prelude::*;
use protocol::FrameExpander;
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader};

use super::{End, Step, take};
use crate::api;
use crate::base_path::at;
use crate::live::event_stream::Decoder;
use crate::live::socket::within;
use crate::live::{ConnectionState, Conversation};

/// Timeout for the first frame, which the server sends at once, in milliseconds. A proxy that
/// buffers whole responses never passes it on.
const FIRST_MS: u32 = 4_000;

/// How often to check whether a silent stream is still alive, in milliseconds.
const LOOK_MS: u32 = 2_000;

/// Checks in a row that found news missing from the stream, after which it counts as held back.
const STRIKES: u32 = 2;

const TOO_MANY_REQUESTS: u16 = 429;

/// Follows the conversation until the stream ends.
pub(super) async fn follow(conversation: &Conversation) -> End {
    let unopened = End::Lost { was_of_use: false };
    let Ok(abort) = AbortController::new() else { return unopened };
    let _close = Close(abort.clone());
    // Without a cursor, the server sends a snapshot at once.
    let address = at(&super::path(conversation, None));
    let request = Request::get(&address).header("accept", "text/event-stream");
    let response = request.abort_signal(Some(&abort.signal())).send();
    let Some(Ok(response)) = within(FIRST_MS, response).await else { return End::HeldBack };
    match response.status() {
        200 => {}
        TOO_MANY_REQUESTS => return End::Crowded,
        _ => return unopened,
    }
    let Some(body) = response.body() else { return unopened };
    let Ok(reader) = body.get_reader().dyn_into::<ReadableStreamDefaultReader>() else {
        return unopened;
    };
    let (mut decoder, mut expander) = (Decoder::default(), FrameExpander::default());
    let (mut heard, mut strikes) = (false, 0);
    let mut read = Box::pin(next(&reader));
    loop {
        let patience = if heard { LOOK_MS } else { FIRST_MS };
        let Some(bytes) = within(patience, read.as_mut()).await else {
            // A browser allows few such connections at a time, so a hidden page gives up its own.
            if !heard || document().hidden() {
                return End::HeldBack;
            }
            strikes = if is_behind(conversation).await { strikes + 1 } else { 0 };
            if strikes >= STRIKES {
                return End::HeldBack;
            }
            continue;
        };
        let Some(bytes) = bytes else { break };
        read.set(next(&reader));
        let Some(frames) = decoder.push(&bytes) else { return End::Gap };
        for frame in frames {
            (heard, strikes) = (true, 0);
            match take(conversation, &mut expander, &frame) {
                Step::On => conversation.link.set(ConnectionState::Live),
                Step::End(end) => return end,
                Step::Close => return End::Lost { was_of_use: true },
            }
        }
    }
    End::Lost { was_of_use: heard }
}

/// Whether the server has news that the stream did not deliver while a turn runs. If so, the page
/// shows them.
async fn is_behind(conversation: &Conversation) -> bool {
    if !untrack(|| conversation.activity()).is_running() {
        return false;
    }
    let snapshot = api::snapshot(conversation.worker_id, None).await;
    snapshot.is_ok_and(|snapshot| conversation.catch_up(snapshot))
}

/// The next bytes; `None` at the end, or if reading fails.
async fn next(reader: &ReadableStreamDefaultReader) -> Option<Vec<u8>> {
    let read = JsFuture::from(reader.read()).await.ok()?;
    let value = js_sys::Reflect::get(&read, &"value".into()).ok()?;
    Some(value.dyn_into::<js_sys::Uint8Array>().ok()?.to_vec())
}

/// Aborts the request when it is dropped.
struct Close(AbortController);

impl Drop for Close {
    fn drop(&mut self) {
        self.0.abort();
    }
}
