//! What there is to know of a turn, below its answer.

use leptos::prelude::*;
use protocol::{Error, Finish, Retry, Turn, TurnState};

use super::ErrorNote;
use super::moment::Moment;
use crate::erase::{Erased, erase};
use crate::{
    label,
    text::{self, tr},
};

/// A turn's state and figures.
#[component]
pub fn TurnLine(
    /// The turn.
    turn: ArcRwSignal<Turn>,
    /// What it has written so far.
    text: ArcRwSignal<String>,
) -> impl IntoView {
    move || {
        let turn = turn.get();
        // What an ended turn has written does not change.
        let empty = text.read_untracked().is_empty();
        let attempts = (!turn.retries.is_empty()).then(|| attempts(&turn.retries));
        let state = match turn.state {
            TurnState::Accepted | TurnState::Generating => erase(view! {
                <p class="working">
                    <span class="visually-hidden">{tr!(turn_writing)}</span>
                    <i></i>
                    <i></i>
                    <i></i>
                </p>
            }),
            TurnState::Completed => {
                let nothing = empty.then(|| view! { <Quiet words=tr!(turn_empty) /> });
                erase(view! {
                    {nothing}
                    <Figures turn />
                })
            }
            TurnState::Failed | TurnState::TimedOut => {
                let kept = if empty { tr!(turn_kept_empty) } else { tr!(turn_kept) };
                erase(view! { <ErrorNote error=told(turn) kept /> })
            }
            TurnState::Cancelled | TurnState::Interrupted => {
                erase(view! { <Quiet words=ended_early(turn.state, empty) /> })
            }
        };
        erase(view! {
            {attempts}
            {state}
        })
    }
}

/// What went wrong before the provider was asked for the last time.
fn attempts(retries: &[Retry]) -> Erased {
    let attempt = |(number, retry): (usize, &Retry)| {
        let pause = label::seconds(retry.wait_ms);
        view! { <li>{text::attempt(number, &retry.error.message, &pause)}</li> }
    };
    let attempts = (1..).zip(retries).map(attempt).collect_view();
    erase(view! { <ol class="attempts">{attempts}</ol> })
}

#[component]
fn Figures(turn: Turn) -> impl IntoView {
    let Turn { model, usage, timings, ended_at, finish, .. } = turn;
    let speed = usage.and_then(|usage| label::tokens_per_second(usage, timings));
    let figures = [
        usage.map(|usage| text::tokens(usage.completion_tokens)),
        speed.map(|speed| text::speed(&speed)),
        timings.first_token_ms.map(|ms| text::first_token(&label::seconds(ms))),
    ];
    let figures = figures.into_iter().flatten().map(|figure| view! { <li>{figure}</li> });
    let length =
        (finish == Some(Finish::Length)).then(|| view! { <Quiet words=tr!(turn_length) /> });
    view! {
        {length}
        <ul class="figures">
            <li>{model}</li>
            {figures.collect_view()}
            {ended_at.map(|at| view! { <li><Moment at /></li> })}
        </ul>
    }
}

#[component]
fn Quiet(words: &'static str) -> impl IntoView {
    view! { <p class="note" data-kind="quiet">{words}</p> }
}

fn ended_early(state: TurnState, empty: bool) -> &'static str {
    match (state, empty) {
        (TurnState::Cancelled, false) => tr!(turn_cancelled),
        (TurnState::Cancelled, true) => tr!(turn_cancelled_empty),
        (_, false) => tr!(turn_interrupted),
        (_, true) => tr!(turn_interrupted_empty),
    }
}

fn told(turn: Turn) -> Error {
    let words =
        if turn.state == TurnState::TimedOut { tr!(turn_timed_out) } else { tr!(turn_failed) };
    turn.error.unwrap_or_else(|| Error::new(protocol::ErrorCode::Internal, words))
}
