//! One question to a provider that misbehaves, and its outcome.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use protocol::api::{Accepted, SendMessage};
use protocol::{Finish, Turn, TurnState, WorkerId};

use super::report::Line;
use super::row::{End, Promise, Text};
use crate::client::Client;
use crate::companion::HANG;
use crate::observer::{Observer, Transport};
use crate::seed;

/// The outcome for the user.
pub(super) struct Trial {
    pub worker: WorkerId,
    pub turn: Turn,
    /// The answer's text for a new reader.
    pub text: String,
    /// The answer's text as an observer folded it during the turn.
    pub followed: String,
    /// The time from the send to the end.
    pub waited: Duration,
    /// The HTML page of the conversation.
    pub page: String,
}

impl Trial {
    /// Asks in a new conversation.
    pub(super) async fn of(client: &Client, question: &str) -> Result<Self> {
        let worker = client.create().await?.worker_id;
        Self::again(client, worker, question).await
    }

    /// Asks in an existing conversation.
    pub(super) async fn again(client: &Client, worker: WorkerId, question: &str) -> Result<Self> {
        Self::stopped(client, worker, question, |_, _| false).await
    }

    /// Asks, and cancels the answer as soon as `enough` returns true for its turn and its text.
    pub(super) async fn stopped(
        client: &Client,
        worker: WorkerId,
        question: &str,
        enough: impl Fn(&Turn, &str) -> bool,
    ) -> Result<Self> {
        let begun = Instant::now();
        let accepted = client.send(worker, &message(question)).await?;
        Self::follow(client, worker, &accepted, begun, enough).await
    }

    /// Follows a turn to its end; the request for it began at `begun`.
    pub(super) async fn follow(
        client: &Client,
        worker: WorkerId,
        accepted: &Accepted,
        begun: Instant,
        enough: impl Fn(&Turn, &str) -> bool,
    ) -> Result<Self> {
        let (turn_id, answer) = (accepted.turn.turn_id, accepted.turn.answer);
        let mut observer = Observer::new(worker, Transport::WebSocket);
        let mut link = observer.connect(client).await?;
        let mut stopped = false;
        let followed = loop {
            let frame =
                tokio::time::timeout(HANG, link.next()).await.context("the turn does not end")?;
            observer.take(frame?.context("the stream ended before the turn")?)?;
            let Some(view) = &observer.view else { continue };
            let Some(turn) = view.turn(turn_id) else { continue };
            let text = view.message(answer).map(|message| message.text.clone());
            let text = text.unwrap_or_default();
            if turn.state.is_final() {
                break text;
            }
            if !stopped && enough(turn, &text) {
                stopped = true;
                client.cancel(worker).await?;
            }
        };
        let waited = begun.elapsed();
        let turn = client.turn(worker, turn_id).await?;
        let whole = client.transcript(worker).await?;
        let message = whole.messages.iter().find(|message| message.id == answer);
        let text = message.context("the answer is not in the transcript")?.text.clone();
        let page = client.conversation_page(worker).await?;
        Ok(Self { worker, turn, text, followed, waited, page })
    }
}

/// A message with a new id.
pub(super) fn message(text: &str) -> SendMessage {
    let id = seed::message_id(&mut fastrand::Rng::new());
    SendMessage::new(id, text.to_owned())
}

/// Compares an outcome with its promise. `hidden` must never be shown.
pub(super) fn judge(name: &'static str, promise: &Promise, trial: &Trial, hidden: &[&str]) -> Line {
    let turn = &trial.turn;
    let mut line = Line::new(name, promise, trial);
    line.expect("state", &promise.end.state(), &turn.state);
    line.expect("error", &promise.end.code(), &turn.error.as_ref().map(|error| error.code));
    if let End::Completed(finish) = promise.end {
        line.expect("finish", &Some(finish), &turn.finish);
    }
    match promise.text {
        Text::Is(text) => line.expect("text", &text, &trial.text.as_str()),
        Text::Bytes(bytes) => line.expect("bytes of text", &bytes, &trial.text.len()),
        Text::Any => {}
    }
    line.expect("what was followed", &true, &(trial.followed == trial.text));
    line.expect("attempts", &promise.attempts, &(turn.retries.len() as u32 + 1));
    line.expect("a wait that was asked for", &true, &(trial.waited >= promise.waits));
    on_the_page(&mut line, trial);
    let told = format!("{turn:?}{}", trial.page);
    for word in hidden {
        line.expect(&format!("{word:?} shown"), &false, &told.contains(word));
    }
    line
}

/// Checks that the page says what happened and shows the text that was kept.
fn on_the_page(line: &mut Line, trial: &Trial) {
    let Trial { turn, text, page, .. } = trial;
    if let Some(error) = &turn.error {
        let shown = page.contains(&format!("data-code=\"{}\"", error.code.name()));
        line.expect("the code on the page", &true, &shown);
        line.expect("the words on the page", &true, &page.contains(&shown_as(&error.message)));
        let hint = error.hint.as_deref().unwrap_or("there is none");
        // The time to wait takes the hint's place.
        let hint = error.retry_after_ms.map_or(shown_as(hint), |_| "Try again in ".to_owned());
        line.expect("what to do on the page", &true, &page.contains(&hint));
    }
    line.expect("the text on the page", &true, &page.contains(&escaped(text)));
    for retry in &turn.retries {
        let told = page.contains(&shown_as(&retry.error.message));
        line.expect("each attempt on the page", &true, &told);
    }
    if turn.state == TurnState::Completed && turn.finish == Some(Finish::Length) {
        line.expect("the cut on the page", &true, &page.contains("length limit"));
    }
    if turn.state == TurnState::Completed && text.is_empty() {
        line.expect("the emptiness on the page", &true, &page.contains("empty answer"));
    }
}

/// A message as a page shows it: without backticks, and as a heading without its full stop.
fn shown_as(message: &str) -> String {
    escaped(message.replace('`', "").trim_end_matches('.'))
}

/// The text as the server escapes it in a page.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
