//! The button that begins a conversation.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;

use super::console_view::Problem;
use super::icon::{Drawing, Icon};
use crate::erase::live;
use crate::live::Conversation;
use crate::{AppError, api, text::tr};

/// A form of one button; posts to `/` without JavaScript. Beside it the way to choose what
/// answers, a page that only the server writes.
#[component]
pub fn NewConversation() -> impl IntoView {
    let navigate = use_navigate();
    let problem = Problem::default();
    if let Some(conversation) = use_context::<Conversation>() {
        problem.clear_when_back(&conversation);
    }
    let pending = ArcRwSignal::new(false);
    let submit = {
        let (problem, pending) = (problem.clone(), pending.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            if pending.get_untracked() {
                return;
            }
            pending.set(true);
            let (navigate, problem, pending) = (navigate.clone(), problem.clone(), pending.clone());
            spawn_local(async move {
                match api::create().await {
                    Ok(worker) => navigate(&format!("/c/{worker}"), Default::default()),
                    Err(AppError(error)) => problem.show(error, None),
                }
                pending.set(false);
            });
        }
    };
    view! {
        <form class="new" method="post" action="/" on:submit=submit>
            <input type="hidden" name="do" value="create" />
            <button class="button" type="submit">
                <Drawing icon=Icon::Plus />
                <span>{tr!(new)}</span>
            </button>
        </form>
        <a class="new-choose" href="/new" rel="external">
            {tr!(choose_new)}
        </a>
        <div role="alert">{live(move || problem.note())}</div>
    }
}
