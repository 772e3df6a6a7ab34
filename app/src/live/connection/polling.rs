//! Polls the conversation if no stream works.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;

use super::{End, Pause};
use crate::api;
use crate::live::ladder::Obstacle;
use crate::live::{ConnectionState, Conversation};

/// Milliseconds between two requests: while a turn runs, otherwise, and while the page is hidden.
const RUNNING_MS: u32 = 700;
const IDLE_MS: u32 = 4_000;
const HIDDEN_MS: u32 = 15_000;

/// Milliseconds after which the better transports are tried again.
const AGAIN_MS: f64 = 60_000.0;

/// Polls until the better transports should be tried again, or the server does not answer. The
/// `pause` between two requests ends early when a turn begins.
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
