//! The actions on one message: see its other versions, edit it, answer it again, copy it.

use leptos::prelude::*;
use protocol::{MessageId, Role, WorkerId};

use super::icon::{Drawing, Icon};
use super::turn_details::TurnDetails;
use crate::api;
use crate::base_path::at;
use crate::erase::{Erased, erase, live};
use crate::live::{ConnectionState, Conversation, Entry, List};
use crate::route::edit_page;
use crate::text::{self, tr};

/// The row below a message: links and form buttons that work without a script, and buttons that
/// need one. None has a listener of its own (see `transcript_acts`).
#[component]
pub fn MessageActions(
    /// The message.
    entry: Entry,
    /// Its permanent link.
    link: String,
) -> impl IntoView {
    let Entry { id, role, turn, siblings, .. } = entry;
    let conversation = expect_context::<Conversation>();
    let worker_id = conversation.worker_id;
    let asked = turn.as_ref().map(|turn| turn.read_untracked().question);
    let details = turn.map(|turn| view! { <TurnDetails turn link /> });
    // A button that names a form makes the browser search the whole page for the form's buttons when
    // it is inserted. So only those that are there before a script runs name it.
    let form = (!expect_context::<List>().local.get_untracked()).then_some("again");
    let versions = live(move || {
        let siblings = siblings.get();
        (siblings.count > 1).then(|| {
            erase(view! {
                <span class="versions">
                    {step(worker_id, siblings.before, tr!(version_before), "‹")}
                    <span>{text::version(siblings.number, siblings.count)}</span>
                    {step(worker_id, siblings.after, tr!(version_after), "›")}
                </span>
            })
        })
    });
    // With a script the menu of the message has this.
    let omit = form.map(|_| {
        let omitted = conversation.omits(id);
        let (name, words) = if omitted { ("omit_not", tr!(omit_not)) } else { ("omit", tr!(omit)) };
        view! {
            <button
                class="action plain-only"
                type="submit"
                form="omit"
                name=name
                value=id.to_string()
            >
                {words}
            </button>
        }
    });
    // Asking is impossible while an answer is being written; the style sheet hides these buttons.
    let asking = match (role, asked) {
        (Role::User, _) => erase(view! {
            <a class="action asks" data-do="edit" href=edit_page(worker_id, id)>
                {tr!(edit)}
            </a>
        }),
        (Role::Assistant, Some(question)) => erase(view! {
            <button
                class="action asks"
                type="submit"
                form=form
                name="question"
                data-do="again"
                value=question.to_string()
            >
                {tr!(again)}
            </button>
        }),
        (Role::Assistant, None) => erase(()),
    };
    view! {
        <div class="message-actions">
            {versions} {asking} <button class="action needs-script" type="button" data-do="copy">
                {tr!(copy)}
            </button>
            <button
                class="action needs-script"
                type="button"
                data-do="menu"
                popovertarget="message-menu"
                aria-label=tr!(more)
            >
                <Drawing icon=Icon::Dots />
            </button> {omit} {details}
        </div>
    }
}

/// A link to another version, or a placeholder if there is none.
fn step(
    worker_id: WorkerId,
    to: Option<MessageId>,
    label: &'static str,
    sign: &'static str,
) -> Erased {
    let Some(id) = to else {
        return erase(view! {
            <span class="step" aria-hidden="true">
                {sign}
            </span>
        });
    };
    erase(view! {
        <a
            class="step"
            data-do="step"
            data-to=id.to_string()
            href=at(&format!("/c/{worker_id}?at={id}"))
            aria-label=label
        >
            {sign}
        </a>
    })
}

/// Fetches a snapshot if the page has no live connection that would deliver the events.
pub async fn catch_up(conversation: &Conversation) {
    if conversation.link.get_untracked() != ConnectionState::Live
        && let Ok(snapshot) = api::snapshot(conversation.worker_id, None).await
    {
        conversation.catch_up(snapshot);
    }
}

/// Focuses the element with this id in the next frame, because the focused element disappears.
pub fn focus_soon(id: String) {
    #[cfg(feature = "browser")]
    request_animation_frame(move || {
        use wasm_bindgen::JsCast;
        if let Some(element) = document().get_element_by_id(&id) {
            let _ = element.unchecked_into::<web_sys::HtmlElement>().focus();
        }
    });
    #[cfg(not(feature = "browser"))]
    drop(id);
}
