//! The facts about a turn, below its answer.

use leptos::prelude::*;
use protocol::{Error, Finish, MessageId, Retry, Turn, TurnState, WorkerId};

use super::ErrorNote;
use super::endpoint_words::endpoint_words;
use super::form_id::FormId;
use super::moment::Moment;
use crate::erase::{Erased, erase, live};
use crate::label;
use crate::live::Conversation;
use crate::route::{conversation_page, input_page};
use crate::text::{self, tr};

/// How much of an answer exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    Nothing,
    /// There is reasoning, but no text.
    Thinking,
    Text,
}

impl Written {
    pub fn of(text: &ArcRwSignal<String>, reasoning: &ArcRwSignal<String>) -> Self {
        match (text.read_untracked().is_empty(), reasoning.read_untracked().is_empty()) {
            (false, _) => Self::Text,
            (true, false) => Self::Thinking,
            (true, true) => Self::Nothing,
        }
    }
}

/// A turn's state and figures.
#[component]
pub fn TurnLine(
    /// The turn.
    turn: ArcRwSignal<Turn>,
    /// The answer's text so far.
    text: ArcRwSignal<String>,
    /// The reasoning so far.
    reasoning: ArcRwSignal<String>,
    /// The permanent link of the answer.
    link: String,
) -> impl IntoView {
    let worker_id = expect_context::<Conversation>().worker_id;
    let form_id = expect_context::<FormId>().0;
    live(move || {
        let turn = turn.get();
        // Read untracked: when a turn has ended, its text no longer changes.
        let written = Written::of(&text, &reasoning);
        let attempts = (!turn.retries.is_empty()).then(|| attempts(&turn.retries));
        let note = note(&turn, written);
        let more = more(worker_id, form_id, &turn, written);
        let figures = turn.state.is_final().then(|| figures(worker_id, &turn, link.clone()));
        erase(view! {
            {attempts}
            {note}
            {more}
            {figures}
        })
    })
}

/// The note on a turn that runs or did not end well.
fn note(turn: &Turn, written: Written) -> Option<Erased> {
    let empty = written != Written::Text;
    match turn.state {
        TurnState::Accepted | TurnState::Generating => Some(erase(view! {
            <p class="working">
                <span class="visually-hidden">{tr!(turn_writing)}</span>
                <i></i>
                <i></i>
                <i></i>
            </p>
        })),
        TurnState::Completed => {
            ended_well(turn, written).map(|words| erase(view! { <Quiet words /> }))
        }
        TurnState::Failed | TurnState::TimedOut => {
            let kept = if empty { tr!(turn_kept_empty) } else { tr!(turn_kept) };
            Some(erase(view! { <ErrorNote error=error_of(turn) kept /> }))
        }
        TurnState::Cancelled | TurnState::Interrupted => {
            Some(erase(view! { <Quiet words=ended_early(turn.state, empty) /> }))
        }
    }
}

/// What is missing from an answer that ended by itself.
fn ended_well(turn: &Turn, written: Written) -> Option<&'static str> {
    match (written, turn.finish) {
        (Written::Nothing, _) => Some(tr!(turn_empty)),
        (Written::Thinking, Some(Finish::Length)) => Some(tr!(turn_thought_out)),
        (Written::Thinking, _) => Some(tr!(turn_only_thought)),
        (Written::Text, Some(Finish::Length)) => Some(tr!(turn_length)),
        (Written::Text, _) => None,
    }
}

/// The note as text for screen readers, once the turn has ended; a good end needs no words.
#[cfg_attr(not(feature = "browser"), allow(dead_code))]
pub fn spoken(turn: &Turn, written: Written) -> Option<String> {
    let empty = written != Written::Text;
    match turn.state {
        TurnState::Accepted | TurnState::Generating => None,
        TurnState::Completed => ended_well(turn, written).filter(|_| empty).map(str::to_owned),
        TurnState::Failed | TurnState::TimedOut => Some(text::error_heading(&error_of(turn))),
        TurnState::Cancelled | TurnState::Interrupted => {
            Some(ended_early(turn.state, empty).to_owned())
        }
    }
}

/// Whether the answer ended before it was complete.
fn is_cut_off(turn: &Turn) -> bool {
    match turn.state {
        TurnState::Accepted | TurnState::Generating => false,
        TurnState::Completed => turn.finish == Some(Finish::Length),
        _ => true,
    }
}

/// The button that asks for the missing part of an answer.
fn more(worker_id: WorkerId, form_id: MessageId, turn: &Turn, written: Written) -> Option<Erased> {
    match written {
        Written::Text => is_cut_off(turn).then(|| go_on(worker_id, form_id, turn)),
        Written::Thinking => {
            (turn.state == TurnState::Completed).then(|| answer_now(worker_id, form_id, turn))
        }
        Written::Nothing => None,
    }
}

/// The button that asks for an answer again after a turn with reasoning only.
fn answer_now(worker_id: WorkerId, form_id: MessageId, turn: &Turn) -> Erased {
    let question = turn.question.to_string();
    erase(view! {
        <form class="go-on asks" method="post" action=conversation_page(worker_id)>
            <input type="hidden" name="do" value="again" />
            <input type="hidden" name="id" value=form_id.to_string() />
            <input type="hidden" name="question" value=question.clone() />
            <button
                class="button"
                type="submit"
                name="answer_now"
                value=turn.turn_id.to_string()
                data-question=question
            >
                {tr!(answer_now)}
            </button>
            <span class="quiet">{tr!(answer_now_how)}</span>
        </form>
    })
}

/// The button that continues a cut-off answer.
fn go_on(worker_id: WorkerId, form_id: MessageId, turn: &Turn) -> Erased {
    let (question, answer) = (turn.question.to_string(), turn.answer.to_string());
    erase(view! {
        <form class="go-on asks" method="post" action=conversation_page(worker_id)>
            <input type="hidden" name="do" value="again" />
            <input type="hidden" name="id" value=form_id.to_string() />
            <input type="hidden" name="question" value=question.clone() />
            <button
                class="button"
                type="submit"
                name="continues"
                value=answer
                data-question=question
            >
                {tr!(go_on)}
            </button>
        </form>
    })
}

/// The attempts of a turn that failed before the last one.
pub fn attempts(retries: &[Retry]) -> Erased {
    let attempt = |(number, retry): (usize, &Retry)| {
        view! { <li>{text::attempt(number, retry)} {endpoint_words(retry.error.said.clone())}</li> }
    };
    let attempts = (1..).zip(retries).map(attempt).collect_view();
    erase(view! { <ol class="attempts">{attempts}</ol> })
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
        <ul class="figures">
            <li>{turn.model.clone()}</li>
            {figures.collect_view()}
            {ended}
            {seen}
        </ul>
    })
}

#[component]
fn Quiet(words: &'static str) -> impl IntoView {
    view! {
        <p class="note" data-kind="quiet">
            {words}
        </p>
    }
}

fn ended_early(state: TurnState, empty: bool) -> &'static str {
    match (state, empty) {
        (TurnState::Cancelled, false) => tr!(turn_cancelled),
        (TurnState::Cancelled, true) => tr!(turn_cancelled_empty),
        (_, false) => tr!(turn_interrupted),
        (_, true) => tr!(turn_interrupted_empty),
    }
}

fn error_of(turn: &Turn) -> Error {
    let words =
        if turn.state == TurnState::TimedOut { tr!(turn_timed_out) } else { tr!(turn_failed) };
    turn.error.clone().unwrap_or_else(|| Error::new(protocol::ErrorCode::Internal, words))
}
