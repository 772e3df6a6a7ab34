//! A note about a conversation that was just deleted, with a button to restore it.

use leptos::prelude::*;
use protocol::Worker;

use crate::label;
use crate::route::conversation_page;
use crate::text::tr;

/// A plain form that restores the conversation and leads to it.
#[component]
pub fn DeletedNote(
    /// The deleted conversation.
    worker: Worker,
    /// The path of the same page without this note.
    without: String,
) -> impl IntoView {
    let title = label::of(&worker).to_owned();
    view! {
        <div class="note deleted-note" data-kind="done" role="status">
            <p>{tr!(deleted_one, title = title)}</p>
            <form method="post" action=conversation_page(worker.worker_id)>
                <input type="hidden" name="do" value="restore" />
                <button class="button" id="undo" type="submit">
                    {tr!(undo)}
                </button>
            </form>
            <a class="button" href=without>
                {tr!(close)}
            </a>
        </div>
    }
}
