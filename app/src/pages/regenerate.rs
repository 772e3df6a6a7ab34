//! `/turns/{worker_id}/{turn_id}/again`: regenerates an answer with another model, effort or
//! temperature. A plain form.

use leptos::prelude::*;
use protocol::catalogue::ModelList;
use protocol::{Error, MessageId, Turn, WorkerId};

use super::new::effort;
use super::new::models::Models;
use super::new::temperature::TemperatureField;
use crate::components::{ErrorNote, Plain};
use crate::erase::erase;
use crate::form::OtherAnswer;
use crate::route::{message_page, regenerate_page};
use crate::text::tr;

mod also;

/// The page's data.
pub struct Regenerate {
    pub worker_id: WorkerId,
    /// The turn whose question is to be answered again.
    pub turn: Turn,
    /// The id of the new turn.
    pub form_id: MessageId,
    pub models: ModelList,
    /// The turn's own settings, or those of a form that was refused.
    pub chosen: OtherAnswer,
    pub refused: Option<Error>,
}

/// The model, the effort, the temperature, and the button.
#[component]
pub fn RegeneratePage(
    /// The page's data.
    regenerate: Regenerate,
) -> impl IntoView {
    let Regenerate { worker_id, turn, form_id, models, chosen, refused } = regenerate;
    let OtherAnswer { model, effort: chosen_effort, temperature, also } = chosen;
    let efforts = effort::offered(&models);
    let also = also::fields(&models, &also);
    let body = erase(view! {
        {refused
            .map(|error| {
                view! {
                    <div role="alert">
                        <ErrorNote error />
                    </div>
                }
            })}
        <p class="quiet">{tr!(regenerate_what)}</p>
        <form class="choose" method="post" action=regenerate_page(worker_id, turn.turn_id)>
            <input type="hidden" name="do" value="again" />
            <input type="hidden" name="id" value=form_id.to_string() />
            <input type="hidden" name="question" value=turn.question.to_string() />
            <Models models chosen=model own=tr!(model_of_conversation) />
            {effort::field(efforts, &chosen_effort, tr!(effort_of_conversation))}
            <TemperatureField temperature own=tr!(temperature_of_conversation) />
            {also}
            <p>
                <button class="button" data-kind="primary" type="submit">
                    {tr!(again)}
                </button>
            </p>
        </form>
        <nav class="plain-links" aria-label=tr!(pages)>
            <a href=message_page(worker_id, turn.answer)>{tr!(to_conversation)}</a>
        </nav>
    });
    view! { <Plain heading=tr!(regenerate_with) body /> }
}
