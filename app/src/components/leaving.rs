//! Exporting and deleting a conversation: for the menu in its header, and for the page that
//! stands in for a conversation that cannot be read.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;

use super::popover::close_popover;
use super::problem::Problem;
use crate::base_path::at;
use crate::live::Conversation;
use crate::route::conversation_page;
use crate::{AppError, api, text::tr};

/// Links to the exported files, which the browser downloads.
#[component]
pub fn ExportLinks() -> impl IntoView {
    let Conversation { worker_id, worker, .. } = expect_context();
    let runtime = worker.read_untracked().runtime_id.clone();
    let link = move |format: &str, words: &'static str| {
        let path = format!("/api/v1/runtimes/{runtime}/workers/{worker_id}/export?format={format}");
        let path = at(&path);
        view! {
            <a class="button" href=path rel="external" download="">
                {words}
            </a>
        }
    };
    (
        link("markdown", tr!(export_markdown)),
        link("html", tr!(export_html)),
        link("json", tr!(export_json)),
    )
}

/// A form that deletes the conversation; it works with and without JavaScript.
#[component]
pub fn DeleteForm() -> impl IntoView {
    let worker_id = expect_context::<Conversation>().worker_id;
    let problem = expect_context::<Problem>();
    let navigate = use_navigate();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (problem, navigate) = (problem.clone(), navigate.clone());
        spawn_local(async move {
            match api::delete(worker_id).await {
                Ok(()) => navigate(&format!("/?deleted={worker_id}"), Default::default()),
                Err(AppError(error)) => problem.show(error),
            }
        });
        close_popover("manage");
    };
    view! {
        <form method="post" action=conversation_page(worker_id) on:submit=submit>
            <input type="hidden" name="do" value="delete" />
            <button class="button" data-kind="danger" type="submit">
                {tr!(delete_yes)}
            </button>
        </form>
    }
}
