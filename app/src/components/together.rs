//! Several answers to one message, side by side.

use leptos::prelude::*;
use protocol::TurnState;

use super::message_view::MessageView;
use crate::erase::{attr, erase, live};
use crate::live::{Conversation, Entry};
use crate::route::branch_page;
use crate::text::{self, tr};

/// The answers, each below the name of its model. The conversation continues from the one that is
/// chosen, which is the newest at first.
#[component]
pub fn Together(
    /// The answers, in the order in which they were asked for.
    entries: Vec<Entry>,
) -> impl IntoView {
    let conversation = expect_context::<Conversation>();
    let count = entries.len();
    // What is still to come is known from the newest of them.
    let newest = entries.last().and_then(|entry| entry.turn.clone());
    let more = move || {
        let newest = newest.as_ref()?.read();
        let stopped = matches!(newest.state, TurnState::Cancelled | TurnState::Interrupted);
        let more = newest.more();
        (more > 0 && !stopped)
            .then(|| view! { <p class="together-keep">{text::more_answers(more)}</p> })
    };
    let columns = entries.into_iter().map(|entry| {
        let id = entry.id;
        let shown = conversation.entries.clone();
        let is_kept = Memo::new(move |_| shown.read().last().is_some_and(|last| last.id == id));
        let model = entry.turn.as_ref().map(|turn| turn.read_untracked().model.clone());
        let href = branch_page(conversation.worker_id, id);
        erase(view! {
            <div class="together-one" data-kept=attr(move || is_kept.get().then_some(""))>
                <p class="together-model">{model}</p>
                {erase(view! { <MessageView entry /> })}
                {live(move || {
                    if is_kept.get() {
                        erase(view! { <p class="together-keep">{tr!(beside_kept)}</p> })
                    } else {
                        erase(
                            view! {
                                <p class="together-keep">
                                    <a data-do="step" data-to=id.to_string() href=href.clone()>
                                        {tr!(beside_keep)}
                                    </a>
                                </p>
                            },
                        )
                    }
                })}
            </div>
        })
    });
    view! {
        <div class="together" role="group" aria-label=tr!(beside) data-count=count.to_string()>
            {columns.collect_view()}
        </div>
        {live(more)}
    }
}
