//! Loads and links to earlier messages.

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::problem::Problem;
use crate::base_path::at;
use crate::erase::{live, words};
use crate::live::Conversation;
use crate::text::tr;
use crate::{AppError, api};

/// Loads earlier messages, one page and one request at a time.
#[derive(Clone)]
pub struct Earliest {
    conversation: Conversation,
    problem: Problem,
    loading: ArcRwSignal<bool>,
}

impl Earliest {
    /// A loader for a conversation, with no request in flight.
    pub fn new(conversation: Conversation, problem: Problem) -> Self {
        Self { conversation, problem, loading: ArcRwSignal::new(false) }
    }

    /// Loads the page before the earliest loaded message, if there is one.
    pub fn load(&self) {
        let earliest = self.clone();
        spawn_local(async move {
            earliest.load_page().await;
        });
    }

    /// Like `load`, but waits; returns whether a page was loaded or is being loaded.
    pub async fn load_page(&self) -> bool {
        let Some(before) = self.conversation.next_before.get_untracked() else { return false };
        // Another request is in flight.
        if self.loading.get_untracked() {
            return true;
        }
        self.loading.set(true);
        let page = api::snapshot(self.conversation.worker_id, Some(before)).await;
        let came = page.is_ok();
        match page {
            Ok(snapshot) => self.conversation.prepend(snapshot.transcript, before),
            Err(AppError(error)) => self.problem.show(error),
        }
        self.loading.set(false);
        came
    }
}

/// A link to earlier messages. With a script they are loaded into the page.
#[component]
pub fn Earlier(
    /// Loads the messages.
    earliest: Earliest,
) -> impl IntoView {
    let (worker_id, next_before) =
        (earliest.conversation.worker_id, earliest.conversation.next_before.clone());
    let busy = earliest.loading.clone();
    let load = move |event: MouseEvent| {
        event.prevent_default();
        earliest.load();
    };
    live(move || {
        let (load, busy) = (load.clone(), busy.clone());
        next_before.get().map(|before| {
            view! {
                <a
                    class="earlier quiet"
                    href=at(&format!("/c/{worker_id}?before={before}"))
                    on:click=load
                >
                    {words(move || if busy.get() { tr!(earlier_loading) } else { tr!(earlier) })}
                </a>
            }
        })
    })
}
