//! The forms that pin or archive a conversation.

use leptos::prelude::*;
use protocol::Visibility;

use crate::erase::live;
use crate::live::Conversation;
use crate::route::conversation_page;
use crate::text::tr;

/// Plain forms, because their effect rebuilds the list anyway.
#[component]
pub fn PlaceForms() -> impl IntoView {
    let Conversation { worker_id, worker, .. } = expect_context();
    let form = move |name: &'static str, words: &'static str| {
        view! {
            <form method="post" action=conversation_page(worker_id)>
                <input type="hidden" name="do" value="place" />
                <input type="hidden" name="place" value=name />
                <button class="button" type="submit">
                    {words}
                </button>
            </form>
        }
    };
    let forms = move || match worker.read().place {
        Visibility::Listed => (form("pinned", tr!(pin)), form("archived", tr!(archive))),
        Visibility::Pinned => (form("listed", tr!(unpin)), form("archived", tr!(archive))),
        Visibility::Archived => (form("pinned", tr!(pin)), form("listed", tr!(unarchive))),
    };
    view! {
        <div class="places">
            {live(move || {
                let (first, second) = forms();
                view! {
                    {first}
                    {second}
                }
            })}
        </div>
    }
}
