//! The conversations, and what answers in them.

use leptos::prelude::*;
use protocol::api::{ProviderStatus, WorkerPage};
use protocol::{Worker, WorkerStatus};

use super::NewConversation;
use super::moment::Moment;
use super::provider_note::ProviderNote;
use super::search_box::SearchBox;
use crate::erase::erase;
use crate::live::Conversation;
use crate::{
    label,
    text::{self, tr},
};

/// The column beside the conversation; on a narrow screen it opens over it.
#[component]
pub fn Sidebar(
    /// A page of the list.
    workers: WorkerPage,
    /// What answers.
    provider: ProviderStatus,
) -> impl IntoView {
    let conversation = expect_context::<Conversation>();
    let current = conversation.worker_id;
    let older = workers.next_before.map(|before| {
        let mut query = leptos_router::params::ParamsMap::new();
        query.insert("list", before);
        format!("/c/{current}{}", query.to_query_string())
    });
    let items = workers.workers.into_iter().map(|worker| view! { <Item worker /> });
    view! {
        <nav class="sidebar" id="sidebar" popover="auto" aria-label=tr!(conversations)>
            <p class="wordmark">{text::PRODUCT}</p>
            <NewConversation />
            {erase(view! { <SearchBox /> })}
            <ul class="conversations">{items.collect_view()}</ul>
            {older
                .map(|href| view! { <a class="quiet older" href=href>{tr!(older_conversations)}</a> })}
            <ProviderNote provider />
            // Pages of their own, which the router of this one does not know.
            <p class="sidebar-links">
                <a class="quiet" href="/settings" rel="external">{tr!(settings)}</a>
                <a class="quiet" href="/data" rel="external">{tr!(data)}</a>
            </p>
        </nav>
    }
}

#[component]
fn Item(worker: Worker) -> impl IntoView {
    let conversation = expect_context::<Conversation>();
    let (id, at) = (worker.worker_id, worker.updated_at);
    let current = id == conversation.worker_id;
    // The open conversation's entry is live; the others are as they were when the page came.
    let shown = if current { conversation.worker } else { ArcRwSignal::new(worker) };
    let running = shown.clone();
    let title = move || {
        let worker = shown.read();
        label::title(worker.title.as_deref()).unwrap_or(tr!(untitled)).to_owned()
    };
    let running = move || running.read().status == WorkerStatus::Generating;
    view! {
        <li>
            <a
                class="conversation"
                href=format!("/c/{id}")
                aria-current=current.then_some("page")
                data-running=move || running().then_some("")
            >
                <span class="conversation-title">{title}</span>
                <Moment at />
            </a>
        </li>
    }
}
