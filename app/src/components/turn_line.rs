//! What became of a turn, below its answer.

use leptos::prelude::*;
use protocol::{Error, Finish, MessageId, Retry, Turn, TurnState, WorkerId};

use super::ErrorNote;
use super::endpoint_words::endpoint_words;
use super::form_id::FormId;
use crate::erase::{Erased, erase, live};
use crate::live::Conversation;
use crate::route::conversation_page;
use crate::text::{self, Remedy, tr};

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

/// A turn's state, and what can be done about it.
#[component]
pub fn TurnLine(
    /// The turn.
    turn: ArcRwSignal<Turn>,
    /// The answer's text so far.
    text: ArcRwSignal<String>,
    /// The reasoning so far.
    reasoning: ArcRwSignal<String>,
) -> impl IntoView {
    let worker_id = expect_context::<Conversation>().worker_id;
    let form_id = expect_context::<FormId>().0;
    live(move || {
        let turn = turn.get();
        // Read untracked: when a turn has ended, its text no longer changes.
        let written = Written::of(&text, &reasoning);
        let attempts = (!turn.retries.is_empty()).then(|| attempts(&turn.retries));
        let note = note(worker_id, form_id, &turn, written);
        let more = more(worker_id, form_id, &turn, written);
        erase(view! {
            {attempts}
            {note}
            {more}
        })
    })
}

/// The note on a turn that runs or did not end well.
fn note(worker_id: WorkerId, form_id: MessageId, turn: &Turn, written: Written) -> Option<Erased> {
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
            let (error, kept) = (error_of(turn), (!empty).then_some(tr!(turn_kept)));
            let again = matches!(text::remedy(error.code), Remedy::Beside)
                .then(|| try_again(worker_id, form_id, turn));
            Some(erase(view! { <ErrorNote error kept act=again /> }))
        }
        TurnState::Cancelled | TurnState::Interrupted => {
            Some(erase(view! { <Quiet words=ended_early(turn.state, empty) /> }))
        }
    }
}

/// What is missing from an answer that ended by itself, or who wrote it.
fn ended_well(turn: &Turn, written: Written) -> Option<&'static str> {
    if turn.edits.is_some() {
        return Some(tr!(answer_edited));
    }
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

/// The button that asks for an answer again after a failure that may pass.
fn try_again(worker_id: WorkerId, form_id: MessageId, turn: &Turn) -> Erased {
    erase(view! {
        <form class="go-on asks" method="post" action=conversation_page(worker_id)>
            <input type="hidden" name="do" value="again" />
            <input type="hidden" name="id" value=form_id.to_string() />
            <button class="button" type="submit" name="question" value=turn.question.to_string()>
                {tr!(try_again)}
            </button>
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
