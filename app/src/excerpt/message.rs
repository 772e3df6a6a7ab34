//! One message of a document.

use leptos::prelude::*;
use protocol::{ExcerptMessage, Role, TurnState};

use crate::components::Moment;
use crate::display::displayed;
use crate::erase::{Erased, erase};
use crate::text::{self, tr};

/// A question as it was typed, or an answer as `html`. `number` counts from 1.
pub(super) fn view(message: ExcerptMessage, number: u64, html: String) -> Erased {
    let ExcerptMessage { role, text, reasoning, model, created_at, incomplete, edited } = message;
    let (name, who) = match role {
        Role::User => ("user", tr!(excerpt_user)),
        Role::Assistant => ("assistant", text::PRODUCT),
    };
    let model = model.map(|model| view! { <span class="excerpt-model">{model}</span> });
    let at = created_at.is_known().then(|| view! { <Moment at=created_at /> });
    let thought = (!reasoning.is_empty()).then(|| {
        view! {
            <details class="excerpt-aside">
                <summary>{tr!(thought)}</summary>
                <div class="excerpt-plain" dir="auto">
                    {displayed(&reasoning).into_owned()}
                </div>
            </details>
        }
    });
    let written = match role {
        Role::User => erase(view! {
            <div class="excerpt-plain" dir="auto">
                {displayed(&text).into_owned()}
            </div>
        }),
        Role::Assistant => erase(view! { <div class="prose" dir="auto" inner_html=html></div> }),
    };
    let note = incomplete
        .and_then(incomplete_note)
        .or_else(|| edited.then_some(tr!(excerpt_edited)))
        .map(|words| view! { <p class="excerpt-note">{words}</p> });
    erase(view! {
        <article
            class="excerpt-message"
            id=format!("m{number}")
            data-role=name
            aria-label=format!("{number}. {who}")
        >
            <p class="excerpt-who">
                <b>{who}</b>
                {model}
                {at}
            </p>
            {thought}
            {written}
            {note}
        </article>
    })
}

/// Why an answer is not complete. What an endpoint said about it is not for others.
fn incomplete_note(state: TurnState) -> Option<&'static str> {
    match state {
        TurnState::Completed => None,
        TurnState::Accepted | TurnState::Generating => Some(tr!(excerpt_running)),
        TurnState::Failed => Some(tr!(excerpt_failed)),
        TurnState::TimedOut => Some(tr!(excerpt_timed_out)),
        TurnState::Cancelled => Some(tr!(excerpt_cancelled)),
        TurnState::Interrupted => Some(tr!(excerpt_interrupted)),
    }
}
