//! Asks for a conversation again and again, where no stream of it can be had.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;

use super::{End, Pause};
use crate::api;
use crate::live::ladder::Obstacle;
use crate::live::{ConnectionState, Conversation};

/// Milliseconds between two questions: while an answer is being written, otherwise, and while nobody
/// looks at the page.
const RUNNING_MS: u32 = 700;
const IDLE_MS: u32 = 4_000;
const HIDDEN_MS: u32 = 15_000;

/// After how many milliseconds the better ways are tried again.
const AGAIN_MS: f64 = 60_000.0;

/// Asks until the better ways should be tried again, or the server does not answer. Something that
/// begins meanwhile ends the `pause` between two questions.
pub(super) async fn follow(conversation: &Conversation, obstacle: Obstacle, pause: &Pause) -> End {
    conversation.link.set(ConnectionState::Polling(obstacle));
    let begun = js_sys::Date::now();
    while js_sys::Date::now() - begun < AGAIN_MS {
        pause.until(TimeoutFuture::new(pace(conversation))).await;
        match api::snapshot(conversation.worker_id, None).await {
            Ok(snapshot) => drop(conversation.catch_up(snapshot)),
            Err(error) if error.is_not_found() => return End::Deleted,
            Err(_) => return End::Lost { was_of_use: false },
        }
    }
    End::Lost { was_of_use: true }
}

fn pace(conversation: &Conversation) -> u32 {
    if document().hidden() {
        HIDDEN_MS
    } else if untrack(|| conversation.activity()).is_running() {
        RUNNING_MS
    } else {
        IDLE_MS
    }
}
