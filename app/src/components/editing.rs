//! The line above the message box while an earlier message is edited.

use leptos::ev::MouseEvent;
use leptos::html::Textarea;
use leptos::prelude::*;

use crate::erase::{effect_from, live};
use crate::live::{Conversation, DraftOf, Drafts};
use crate::route::conversation_page;
use crate::text::tr;

/// Says that a message is being edited, puts its text into the box, and offers to cancel, which
/// restores the draft from before.
#[component]
pub fn Editing(
    /// The message box.
    area: NodeRef<Textarea>,
    /// The text of the box.
    draft: ArcRwSignal<String>,
) -> impl IntoView {
    let conversation = expect_context::<Conversation>();
    let (worker_id, editing) = (conversation.worker_id, conversation.editing.clone());
    let edited = editing.clone();
    let shown = conversation.clone();
    let drafts = expect_context::<Drafts>();
    // Skip the first run: the box already holds the message, or nothing is being edited.
    effect_from(move |was| {
        let now = edited.get();
        #[cfg(feature = "browser")]
        mark(now);
        let Some(area) = area.get_untracked() else { return now.is_some() };
        match (was, now) {
            (Some(_), Some(id)) => {
                let begun = Some(drafts.of(DraftOf::Edit(id))).filter(|text| !text.is_empty());
                let text = begun.or_else(|| conversation.text_of(id));
                area.set_value(&text.unwrap_or_default());
                let _ = area.focus();
            }
            (Some(true), None) => {
                area.set_value(&drafts.of(DraftOf::Next(worker_id)));
                let _ = area.focus();
            }
            _ => return now.is_some(),
        }
        draft.set(area.value());
        now.is_some()
    });
    let cancel = {
        let editing = editing.clone();
        move |event: MouseEvent| {
            event.prevent_default();
            editing.set(None);
        }
    };
    live(move || {
        let cancel = cancel.clone();
        editing.get().map(|id| {
            let turn = shown.turn_of(id);
            let words = if turn.is_some() { tr!(editing_answer) } else { tr!(editing) };
            let turn = turn.map(|turn| {
                view! { <input type="hidden" name="turn" value=turn.to_string() /> }
            });
            view! {
                <p class="editing">
                    <input type="hidden" name="edits" value=id.to_string() />
                    {turn}
                    {words}
                    " "
                    <a href=conversation_page(worker_id) on:click=cancel>
                        {tr!(edit_cancel)}
                    </a>
                </p>
            }
        })
    })
}

/// Marks the message that is being edited. One effect for all messages costs less than one for each.
#[cfg(feature = "browser")]
fn mark(id: Option<protocol::MessageId>) {
    if let Ok(Some(before)) = document().query_selector("[data-edited]") {
        let _ = before.remove_attribute("data-edited");
    }
    if let Some(now) = id.and_then(|id| document().get_element_by_id(&format!("m-{id}"))) {
        let _ = now.set_attribute("data-edited", "");
    }
}
