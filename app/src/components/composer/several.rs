//! The line above the message box that names the models which are asked besides the usual one.

use leptos::prelude::*;
use protocol::limits;

use crate::components::palette::{ModelFor, Overlay, Shown};
use crate::erase::{erase, live};
use crate::live::Conversation;
use crate::text::tr;

/// The models, each with a button that removes it, and a button that adds one.
#[component]
pub fn Several() -> impl IntoView {
    let conversation = expect_context::<Conversation>();
    let also = conversation.also.clone();
    let overlay = expect_context::<Overlay>();
    live(move || {
        let asked = also.get();
        // Nobody is asked for an answer that its reader edits.
        let edits = conversation.editing.get().and_then(|id| conversation.turn_of(id));
        if asked.is_empty() || edits.is_some() {
            return None;
        }
        let has_room = asked.len() + 1 < limits::ANSWERS_AT_ONCE;
        let models = asked.into_iter().enumerate().map(|(at, option)| {
            let also = also.clone();
            let remove = move |_| {
                also.update(|also| drop(also.remove(at)));
            };
            let name = option.model.unwrap_or(option.words);
            let label = tr!(several_remove, model = name.clone());
            view! {
                <button class="chip" type="button" aria-label=label on:click=remove>
                    {name}
                    <span aria-hidden="true">"×"</span>
                </button>
            }
        });
        let models = models.collect_view();
        let overlay = overlay.clone();
        let add = has_room.then(|| {
            view! {
                <button
                    class="chip"
                    type="button"
                    on:click=move |_| overlay.open(Shown::Models(ModelFor::Several))
                >
                    {tr!(several_add)}
                </button>
            }
        });
        Some(erase(view! {
            <p class="several">
                <span>{tr!(several_also)}</span>
                {models}
                {add}
            </p>
        }))
    })
}
