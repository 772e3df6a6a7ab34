//! A conversation's header: its title, and the menu of actions on the whole conversation.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::AnswersHere;
use super::icon::{Drawing, Icon};
use super::leaving::{DeleteForm, ExportLinks};
use super::open_sidebar::OpenSidebar;
use super::popover::close_popover;
use super::problem::Problem;
use super::search_box::SearchBox;
use super::told_when_done::ended_unseen;
use super::visibility_forms::PlaceForms;
use super::window_gauge::WindowGauge;
use crate::erase::{attr, erase, live, words};
use crate::live::Conversation;
use crate::route::{conversation_page, profile_page};
use crate::{
    AppError, api, label,
    text::{self, tr},
    window::titled,
};

/// The title, the button for the sidebar on narrow screens, and the menu.
#[component]
pub fn ConversationHeader() -> impl IntoView {
    let Conversation { worker_id, worker, .. } = expect_context();
    let (placed, status) = (worker.clone(), worker.clone());
    let title = move || label::of(&worker.read()).to_owned();
    let window = title.clone();
    let archived = move || placed.read().place == protocol::Visibility::Archived;
    let closed = move || status.read().status == protocol::WorkerStatus::Stopped;
    let unseen = ended_unseen();
    titled(move || {
        let title = text::window_title(&window());
        if unseen.get() { ["● ", &title].concat() } else { title }
    });
    view! {
        <header class="top">
            <OpenSidebar />
            <div class="top-title">
                <h1>{words(title)}</h1>
                {live(move || {
                    archived().then(|| view! { <p class="top-note">{tr!(archived)}</p> })
                })}
                {live(move || {
                    closed().then(|| view! { <p class="top-note">{tr!(closed_note)}</p> })
                })}
                <AnswersHere />
            </div>
            {erase(view! { <WindowGauge /> })}
            <button class="icon-button" type="button" popovertarget="manage" aria-label=tr!(manage)>
                <Drawing icon=Icon::Dots />
            </button>
            <div class="manage" id="manage" popover="auto">
                {erase(view! { <SearchBox within=Some(worker_id) /> })}
                <Rename />
                <Choose />
                {erase(view! { <PlaceForms /> })}
                <Share />
                <Export />
                <Close />
                <Delete />
            </div>
        </header>
    }
}

#[component]
fn Rename() -> impl IntoView {
    let Conversation { worker_id, worker, .. } = expect_context();
    let problem = expect_context::<Problem>();
    let shown = worker.clone();
    let title = move || shown.read().title.clone().unwrap_or_default();
    let attribute = title.clone();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let title = typed_title();
        let (problem, worker) = (problem.clone(), worker.clone());
        spawn_local(async move {
            let title = label::title(Some(&title)).map(str::to_owned);
            match api::rename(worker_id, title.clone()).await {
                Ok(()) => worker.update(|worker| worker.title = title),
                Err(AppError(error)) => problem.show(error),
            }
        });
        close_popover("manage");
    };
    view! {
        <form class="rename" method="post" action=conversation_page(worker_id) on:submit=submit>
            <input type="hidden" name="do" value="rename" />
            <label for="title">{tr!(title)}</label>
            <div class="field">
                <input
                    id="title"
                    name="title"
                    type="text"
                    maxlength=protocol::limits::TITLE_CHARS.to_string()
                    value=attr(move || Some(attribute()))
                    prop:value=live(title)
                    autocomplete="off"
                />
                <button class="button" type="submit">
                    {tr!(save)}
                </button>
            </div>
        </form>
    }
}

/// A link to the page of profiles and models, which only the server renders.
#[component]
fn Choose() -> impl IntoView {
    let worker_id = expect_context::<Conversation>().worker_id;
    view! {
        <p class="exports">
            <a class="button" href=profile_page(worker_id) rel="external">
                {tr!(profile_and_model)}
            </a>
        </p>
    }
}

/// A link to the page that shares the branch which is shown, and which only the server renders.
#[component]
fn Share() -> impl IntoView {
    let conversation = expect_context::<Conversation>();
    let page = move || {
        conversation.entries.track();
        Some(conversation.share_page())
    };
    view! {
        <p class="exports">
            <a class="button" href=attr(page) rel="external">
                {tr!(share_open)}
            </a>
        </p>
    }
}

#[component]
fn Export() -> impl IntoView {
    view! {
        <div class="exports" role="group" aria-labelledby="exports">
            <p id="exports">{tr!(export)}</p>
            {erase(view! { <ExportLinks /> })}
        </div>
    }
}

/// A plain form: closing is rare, and the next page shows the composer as closed.
#[component]
fn Close() -> impl IntoView {
    let Conversation { worker_id, worker, .. } = expect_context();
    live(move || {
        (worker.read().status != protocol::WorkerStatus::Stopped).then(|| {
            view! {
                <details class="delete">
                    <summary>{tr!(close_conversation)}</summary>
                    <p>{tr!(close_conversation_ask)}</p>
                    <form method="post" action=conversation_page(worker_id)>
                        <input type="hidden" name="do" value="close" />
                        <button class="button" type="submit">
                            {tr!(close_conversation_yes)}
                        </button>
                    </form>
                </details>
            }
        })
    })
}

#[component]
fn Delete() -> impl IntoView {
    view! {
        <details class="delete">
            <summary>{tr!(delete)}</summary>
            <p>{tr!(delete_ask)}</p>
            {erase(view! { <DeleteForm /> })}
        </details>
    }
}

/// The current text of the title field.
fn typed_title() -> String {
    use leptos::wasm_bindgen::JsCast;
    use leptos::web_sys::HtmlInputElement;
    let field = document().get_element_by_id("title");
    let field = field.and_then(|field| field.dyn_into::<HtmlInputElement>().ok());
    field.map(|field| field.value()).unwrap_or_default()
}
