//! The facts about a turn, behind a small mark below its answer.

use leptos::prelude::*;
use protocol::{Turn, WorkerId};

use super::icon::{Drawing, Icon};
use super::moment::Moment;
use crate::erase::{Erased, erase, live};
use crate::label;
use crate::live::{Conversation, List};
use crate::route::{edit_page, input_page, regenerate_page};
use crate::text::{self, tr};

/// The mark, with what it shows once it is opened. Nothing until the turn has ended. Works without a
/// script.
#[component]
pub fn TurnDetails(
    /// The turn.
    turn: ArcRwSignal<Turn>,
    /// The permanent link of the answer.
    link: String,
) -> impl IntoView {
    let worker_id = expect_context::<Conversation>().worker_id;
    live(move || {
        let turn = turn.get();
        turn.state.is_final().then(|| figures(worker_id, &turn, link.clone()))
    })
}

/// Model, tokens, speed and time, with a link to the request that was sent.
fn figures(worker_id: WorkerId, turn: &Turn, link: String) -> Erased {
    let Turn { usage, timings, ended_at, .. } = *turn;
    let speed = usage.and_then(|usage| label::tokens_per_second(usage, timings));
    let figures = [
        usage.map(|usage| text::tokens_in(usage.prompt_tokens)),
        usage.map(|usage| text::tokens_out(usage.completion_tokens)),
        speed.map(|speed| text::speed(&speed)),
        timings.first_token_ms.map(|ms| text::first_token(&label::seconds(ms))),
        text::thought_as(turn),
    ];
    let figures = figures.into_iter().flatten().map(|figure| view! { <li>{figure}</li> });
    let seen = (turn.sight.is_some() && !turn.provider.is_imported()).then(|| {
        let href = input_page(worker_id, turn.turn_id);
        // Only the server renders this page, so the router does not handle the link.
        view! {
            <li>
                <a class="permalink" href=href rel="external">
                    {tr!(what_it_saw)}
                </a>
            </li>
        }
    });
    // With a script the menu of the message has this, too, and needs no other page.
    let again = (!expect_context::<List>().local.get_untracked()).then(|| {
        let href = regenerate_page(worker_id, turn.turn_id);
        let edit = edit_page(worker_id, turn.answer);
        view! {
            <li class="plain-only">
                <a class="permalink" href=href rel="external">
                    {tr!(regenerate_with)}
                </a>
            </li>
            <li class="plain-only">
                <a class="permalink" href=edit>
                    {tr!(edit_answer)}
                </a>
            </li>
            <li class="plain-only">
                <button
                    class="permalink"
                    type="submit"
                    form="fork"
                    name="id"
                    value=turn.answer.to_string()
                >
                    {tr!(fork)}
                </button>
            </li>
        }
    });
    let ended = ended_at.map(|at| {
        view! {
            <li>
                <a class="permalink" href=link title=tr!(message_link)>
                    <Moment at />
                </a>
            </li>
        }
    });
    erase(view! {
        <details class="figures">
            <summary class="action" aria-label=tr!(turn_details) title=tr!(turn_details)>
                <Drawing icon=Icon::Details />
            </summary>
            <ul>
                <li>
                    {if turn.edits.is_some() {
                        tr!(answer_edited).to_owned()
                    } else {
                        turn.model.clone()
                    }}
                </li>
                {figures.collect_view()}
                {ended}
                {seen}
                {again}
            </ul>
        </details>
    })
}
