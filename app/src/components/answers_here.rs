//! Shows which profile and model answer in a conversation, with a link to change them.

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use protocol::{Effort, Turn, TurnId, Worker};

use super::palette::{ModelFor, Overlay, Shown};
use crate::erase::{attr, words};
use crate::live::{Conversation, List};
use crate::route::profile_page;
use crate::text::{self, tr};

/// The titles of the profiles in the page's language, and the choices of the page's worker.
#[derive(Clone)]
pub struct Choices {
    pub titles: Vec<(String, String)>,
    /// The model that answers if the worker names none.
    pub model: ArcRwSignal<Option<String>>,
    /// The requested effort, and the effort that the model is told instead if it differs, both as
    /// of page load.
    pub effort: Option<(Effort, Option<Effort>)>,
}

/// A link that shows the profile, the model and, if it was chosen, the effort. With a script it opens
/// the list of models. It leads to a page that only the server renders, so the router does not handle
/// it.
#[component]
pub fn AnswersHere() -> impl IntoView {
    let conversation: Conversation = expect_context();
    let Choices { titles, model, effort } = expect_context();
    let worker = conversation.worker.clone();
    let at_first = worker.get_untracked();
    let loaded = untrack(|| newest(&conversation, None)).map(|turn| turn.turn_id);
    let worker_id = conversation.worker_id;
    let chosen = move || {
        let worker = worker.read();
        let name = worker.profile.as_str();
        let title = titles.iter().find(|(known, _)| known == name);
        let title = title.map_or(name, |(_, title)| title).to_owned();
        let model = worker.model.clone().or_else(|| model.get());
        let effort = worker.effort.as_ref().map(|asked| {
            let turn = newest(&conversation, loaded);
            let turn =
                turn.filter(|turn| is_of(turn, &worker) && turn.asked_effort() == Some(asked));
            match (turn, &effort) {
                (Some(turn), _) => text::thinks_as(asked, turn.effort.as_ref()),
                (None, Some((known, told)))
                    if known == asked && is_as_loaded(&worker, &at_first) =>
                {
                    text::thinks_as(asked, told.as_ref())
                }
                _ => text::thinks(asked),
            }
        });
        let temperature =
            worker.temperature.map(|value| text::temperature(&f32::from(value).to_string()));
        let instructions = worker.instructions.is_some().then(|| tr!(own_instructions).to_owned());
        let parts = [Some(title), model, effort, temperature, instructions].into_iter().flatten();
        parts.collect::<Vec<_>>().join(" · ")
    };
    let (overlay, scripted) = (expect_context::<Overlay>(), expect_context::<List>().local);
    let press = move |event: MouseEvent| {
        let elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key();
        if !elsewhere {
            event.prevent_default();
            overlay.open(Shown::Models(ModelFor::Conversation));
        }
    };
    view! {
        <a
            class="answers-here"
            href=profile_page(worker_id)
            rel="external"
            title=tr!(profile_and_model)
            aria-haspopup=attr(move || scripted.get().then_some("dialog"))
            on:click=press
        >
            {words(chosen)}
        </a>
    }
}

/// The newest turn on the page, if its request is recorded and it is not `loaded`.
fn newest(conversation: &Conversation, loaded: Option<TurnId>) -> Option<Turn> {
    let turn = conversation.entries.read().last()?.turn.as_ref()?.get();
    (turn.sight.is_some() && Some(turn.turn_id) != loaded).then_some(turn)
}

/// Whether a turn used the profile and model that the next turn will use.
fn is_of(turn: &Turn, worker: &Worker) -> bool {
    let model = worker.model.as_ref().is_none_or(|model| *model == turn.model);
    model && turn.profile == worker.profile
}

/// Whether the profile, provider and model are the same as at page load.
fn is_as_loaded(now: &Worker, then: &Worker) -> bool {
    (&now.profile, &now.provider, &now.model) == (&then.profile, &then.provider, &then.model)
}
