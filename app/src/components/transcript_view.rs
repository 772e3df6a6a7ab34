//! The messages of a conversation.

use leptos::either::Either;
use leptos::ev::MouseEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::api::ProviderStatus;

use super::console_view::Problem;
use super::message_view::MessageView;
use super::welcome::Welcome;
use crate::live::Conversation;
use crate::{AppError, api, text::tr};

/// The transcript in its scrolling column, which begins at the newest message by itself.
#[component]
pub fn TranscriptView(
    /// What answers, for the first words.
    provider: ProviderStatus,
) -> impl IntoView {
    let conversation = expect_context::<Conversation>();
    let (entries, stage) = (conversation.entries.clone(), conversation.stage.clone());
    let listed = entries.clone();
    view! {
        <section class="scroller" tabindex="0" aria-label=tr!(transcript)>
            <div class="column">
                <Earlier />
                <div class="transcript" role="log" aria-busy=move || stage.read().is_some().to_string()>
                    <For
                        each=move || listed.get()
                        key=|entry| entry.id
                        children=|entry| view! { <MessageView entry /> }
                    />
                </div>
                {move || {
                    if entries.read().is_empty() {
                        Either::Left(view! { <Welcome provider=provider.clone() /> })
                    } else {
                        Either::Right(())
                    }
                }}
            </div>
        </section>
    }
}

/// The way to earlier messages: a link, which loads them in place where it can.
#[component]
fn Earlier() -> impl IntoView {
    let conversation = expect_context::<Conversation>();
    let problem = expect_context::<Problem>();
    let (worker_id, next_before) = (conversation.worker_id, conversation.next_before.clone());
    let loading = ArcRwSignal::new(false);
    let busy = loading.clone();
    let load = move |event: MouseEvent, before: u64| {
        event.prevent_default();
        if loading.get_untracked() {
            return;
        }
        loading.set(true);
        let (conversation, problem, loading) =
            (conversation.clone(), problem.clone(), loading.clone());
        spawn_local(async move {
            match api::snapshot(worker_id, Some(before)).await {
                Ok(snapshot) => conversation.prepend(snapshot.transcript, before),
                Err(AppError(error)) => problem.show(error, None),
            }
            loading.set(false);
        });
    };
    move || {
        let (load, busy) = (load.clone(), busy.clone());
        next_before.get().map(|before| {
            view! {
                <a
                    class="earlier quiet"
                    href=format!("/c/{worker_id}?before={before}")
                    on:click=move |event| load(event, before)
                >
                    {move || if busy.get() { tr!(earlier_loading) } else { tr!(earlier) }}
                </a>
            }
        })
    }
}
