//! The button that begins a conversation.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;

use super::focus::release_focus;
use super::icon::{Drawing, Icon};
use super::problem::Problem;
use crate::base_path::at;
use crate::erase::live;
use crate::live::Current;
use crate::{AppError, api, text::tr};

/// A form of one button; posts to `/` without JavaScript. Beside it is a link to choose the profile
/// and model, on a page that only the server renders.
#[component]
pub fn NewConversation() -> impl IntoView {
    let navigate = use_navigate();
    let problem = Problem::default();
    let current = expect_context::<Current>();
    problem.clear_when_back(move || Some(current.conversation()?.link.get()));
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
                    Ok(worker) => {
                        release_focus();
                        navigate(&format!("/c/{worker}"), Default::default());
                    }
                    Err(AppError(error)) => problem.show(error),
                }
                pending.set(false);
            });
        }
    };
    view! {
        <form class="new" method="post" action=at("/") on:submit=submit>
            <input type="hidden" name="do" value="create" />
            <button class="button" type="submit" aria-keyshortcuts="Control+Shift+O Meta+Shift+O">
                <Drawing icon=Icon::Plus />
                <span>{tr!(new)}</span>
            </button>
        </form>
        <a class="new-choose" href=at("/new") rel="external">
            {tr!(choose_new)}
        </a>
        <div role="alert">{live(move || problem.note())}</div>
    }
}
