//! The state of a conversation: the fold of its events, and the signals that show it.
//!
//! [`View::apply`] is the only fold. Each change that it reports is copied into the one signal that
//! shows it. So a piece of text updates only the text of its message, however long the conversation
//! is.

use std::collections::HashMap;

use leptos::prelude::*;
use protocol::api::AnswerWith;
use protocol::{
    Applied, Cursor, Event, Finish, HtmlPatch, Message, MessageId, Progress, Role, Snapshot,
    Timestamp, Transcript, Truncated, Turn, TurnId, TurnState, View, Worker, WorkerId, limits,
};

use crate::ModelOption;

use super::activity::{Activity, PendingRequest, Stage};
use super::blocks::Blocks;
use super::branch::Siblings;
use super::ladder::Obstacle;
use super::outgoing::Outgoing;

mod show;

/// One message as the transcript shows it.
#[derive(Clone)]
pub struct Entry {
    pub id: MessageId,
    pub role: Role,
    pub created_at: Timestamp,
    pub text: ArcRwSignal<String>,
    /// The reasoning of an answer, which is shown as plain text.
    pub reasoning: ArcRwSignal<String>,
    /// The rendered text of an answer.
    pub html: ArcRwSignal<Blocks>,
    /// The turn that writes the answer; none for a user's message.
    pub turn: Option<ArcRwSignal<Turn>>,
    /// Its place among the messages with the same parent.
    pub siblings: ArcRwSignal<Siblings>,
}

/// The state of the page's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// Not connecting: no script runs yet, or the page shows earlier messages.
    Off,
    Connecting,
    Live,
    /// Polling, because no stream works.
    Polling(Obstacle),
    /// The server does not answer; the page keeps trying.
    Away,
    /// The conversation was deleted.
    Deleted,
    /// The session has ended by which the page was loaded.
    LoggedOut,
}

/// How many tokens of the context window the newest turn used, if both numbers are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowUse {
    pub tokens: u32,
    pub window_tokens: u32,
}

/// The query parameters of a conversation's address.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wanted {
    /// A message whose branch is shown.
    pub at: Option<MessageId>,
    /// A message to edit.
    pub edit: Option<MessageId>,
    /// A message that was linked to: its branch is shown, and it is highlighted.
    pub found: Option<MessageId>,
}

/// A conversation in the page. Cheap to clone; in the context of its components.
#[derive(Clone)]
pub struct Conversation {
    pub worker_id: WorkerId,
    pub worker: ArcRwSignal<Worker>,
    pub entries: ArcRwSignal<Vec<Entry>>,
    /// The stage of the running turn.
    pub stage: ArcRwSignal<Option<Stage>>,
    /// The newest line of the reasoning, while the turn is reasoning.
    pub thought: ArcRwSignal<String>,
    /// The model's progress with the prompt, while the turn reads it.
    pub progress: ArcRwSignal<Option<Progress>>,
    pub truncated: ArcRwSignal<Option<Truncated>>,
    pub next_before: ArcRwSignal<Option<u64>>,
    /// How full the context window is.
    pub window: ArcRwSignal<Option<WindowUse>>,
    pub link: ArcRwSignal<ConnectionState>,
    pub pending: ArcRwSignal<PendingRequest>,
    /// The message that was sent last from this page and not refused.
    pub outgoing: ArcRwSignal<Option<Outgoing>>,
    /// A message of the shown branch; `None` follows the newest branch, including newer ones.
    chosen: ArcRwSignal<Option<MessageId>>,
    /// The models that answer the next messages besides the usual one.
    pub also: ArcRwSignal<Vec<ModelOption>>,
    /// The answers to the newest question that were asked for at once, if there are several and
    /// nothing follows them.
    pub beside: ArcRwSignal<Vec<Entry>>,
    /// The user's message that is being edited; the next message becomes another version of it.
    pub editing: ArcRwSignal<Option<MessageId>>,
    /// A message that was linked to.
    pub found: Option<MessageId>,
    /// Every message of the view, including those of branches that are not shown.
    known: ArcStoredValue<HashMap<MessageId, Entry>>,
    /// Invariant: changed by [`View::apply`], [`View::prepend`] and whole snapshots only.
    view: ArcStoredValue<View>,
    cursor: ArcStoredValue<Option<Cursor>>,
}

impl Conversation {
    /// Starts from a snapshot, with the wanted branch if it is loaded.
    pub fn new(mut snapshot: Snapshot, wanted: Wanted) -> Self {
        let html = take_html(&mut snapshot.transcript);
        let cursor = snapshot.transcript.cursor.clone();
        let view = View::from_snapshot(snapshot);
        let conversation = Self {
            worker_id: view.worker.worker_id,
            worker: ArcRwSignal::new(view.worker.clone()),
            entries: ArcRwSignal::new(Vec::new()),
            stage: ArcRwSignal::new(view.running().map(Stage::of)),
            thought: ArcRwSignal::new(String::new()),
            progress: ArcRwSignal::new(None),
            truncated: ArcRwSignal::new(view.truncated()),
            next_before: ArcRwSignal::new(view.next_before),
            window: ArcRwSignal::new(None),
            link: ArcRwSignal::new(ConnectionState::Off),
            pending: ArcRwSignal::new(PendingRequest::None),
            outgoing: ArcRwSignal::new(None),
            chosen: ArcRwSignal::new(wanted.at.or(wanted.edit).or(wanted.found)),
            also: ArcRwSignal::new(Vec::new()),
            beside: ArcRwSignal::new(Vec::new()),
            editing: ArcRwSignal::new(wanted.edit),
            found: wanted.found,
            known: ArcStoredValue::new(HashMap::new()),
            cursor: ArcStoredValue::new(Some(cursor)),
            view: ArcStoredValue::new(view),
        };
        conversation.show_all();
        conversation.render(html);
        conversation
    }

    /// Applies an event and updates the signals that it changed.
    pub fn apply(&self, event: &Event, cursor: Cursor) -> Applied {
        let applied = self.view.try_update_value(|view| view.apply(event));
        let applied = applied.unwrap_or(Applied::Repeated);
        if let Applied::Changed(change) = applied {
            self.cursor.set_value(Some(cursor));
            self.show(change);
        }
        applied
    }

    /// The message that was sent for the end of the conversation and is not in it yet.
    pub fn pending(&self) -> Option<Outgoing> {
        self.entries.track();
        let sent = self.outgoing.get().filter(|sent| sent.edits.is_none())?;
        let arrived = self.known.with_value(|known| known.contains_key(&sent.id));
        (!arrived).then_some(sent)
    }

    /// Whether this is the text of the newest user message.
    pub fn has_just_asked(&self, text: &str) -> bool {
        let entries = self.entries.read_untracked();
        let last = entries.iter().rfind(|entry| entry.role == Role::User);
        last.is_some_and(|entry| *entry.text.read_untracked() == text)
    }

    /// Updates the progress of the model in reading the prompt of a turn.
    pub fn reads(&self, turn: TurnId, progress: Progress) {
        let runs = self.view.with_value(|view| view.running().map(|turn| turn.turn_id));
        if runs == Some(turn) && self.stage.get_untracked() == Some(Stage::Reading) {
            self.progress.set(Some(progress));
        }
    }

    /// The page that shares the branch which is shown now.
    pub fn share_page(&self) -> String {
        let entries = self.entries.read_untracked();
        crate::route::share_page(self.worker_id, entries.last().map(|entry| entry.id))
    }

    /// The model of the running turn.
    pub fn running_model(&self) -> String {
        let running = |view: &View| view.running().map(|turn| turn.model.clone());
        self.view.try_with_value(running).flatten().unwrap_or_default()
    }

    /// Applies a patch to an answer's HTML.
    pub fn patch(&self, patch: HtmlPatch) {
        if let Some(entry) = self.entry(patch.message_id) {
            entry.html.update(|html| html.patch(patch));
        }
    }

    /// Replaces the state with a snapshot, unless the page is newer already. Returns whether it
    /// did.
    pub fn catch_up(&self, snapshot: Snapshot) -> bool {
        let is_news = snapshot.seq > self.view.with_value(|view| view.seq);
        if is_news {
            self.replace(snapshot);
        }
        is_news
    }

    /// Takes only the HTML of a snapshot's messages, and only of messages with the same text here.
    pub fn fill(&self, mut snapshot: Snapshot) {
        snapshot.transcript.messages.retain(|message| {
            let entry = self.entry(message.id);
            entry.is_some_and(|entry| *entry.text.read_untracked() == message.text)
        });
        self.render(take_html(&mut snapshot.transcript));
    }

    /// Replaces the state with a snapshot.
    pub fn replace(&self, mut snapshot: Snapshot) {
        let html = take_html(&mut snapshot.transcript);
        self.cursor.set_value(Some(snapshot.transcript.cursor.clone()));
        self.view.set_value(View::from_snapshot(snapshot));
        self.show_all();
        self.render(html);
    }

    /// Prepends a page of earlier messages.
    pub fn prepend(&self, mut page: Transcript, before: u64) {
        let html = take_html(&mut page);
        self.view.update_value(|view| view.prepend(page, before));
        self.show_all();
        self.render(html);
    }

    /// The cursor to resume from; `None` asks for a snapshot.
    pub fn cursor(&self) -> Option<Cursor> {
        self.cursor.get_value()
    }

    /// Makes the next connection start from a snapshot, because events are missing.
    pub fn forget_cursor(&self) {
        self.cursor.set_value(None);
    }

    /// Shows the branch that contains a message.
    pub fn choose(&self, message: MessageId) {
        self.chosen.set(Some(message));
        self.show_all();
    }

    /// Whether an answer's HTML is unknown here: it was in the server's page, which is gone, for
    /// instance after the reader switched branches.
    pub fn lacks_html(&self) -> bool {
        let entries = self.entries.read_untracked();
        entries.iter().any(|entry| entry.html.read_untracked().is_unknown())
    }

    /// Follows the newest branch again.
    pub fn choose_newest(&self) {
        self.chosen.set(None);
        self.show_all();
    }

    /// The parent of the next message, if a branch was chosen.
    pub fn leaf(&self) -> Option<MessageId> {
        self.chosen.get_untracked()?;
        self.entries.read_untracked().last().map(|entry| entry.id)
    }

    /// The text of a message that is shown.
    pub fn text_of(&self, id: MessageId) -> Option<String> {
        let entries = self.entries.read_untracked();
        let entry = entries.iter().find(|entry| entry.id == id)?;
        Some(entry.text.get_untracked())
    }

    /// Lets one more model answer the next messages, if there is room.
    pub fn ask_also(&self, option: ModelOption) {
        let same = |other: &ModelOption| {
            (&other.provider, &other.model) == (&option.provider, &option.model)
        };
        let is_new = !self.also.read_untracked().iter().any(same);
        if is_new && self.also.read_untracked().len() + 1 < limits::ANSWERS_AT_ONCE {
            self.also.update(|also| also.push(option));
        }
    }

    /// What the further answers of the next message are asked for with.
    pub fn asks_also(&self) -> Vec<AnswerWith> {
        let with = |option: &ModelOption| AnswerWith {
            provider: option.provider.clone(),
            model: option.model.clone(),
            ..AnswerWith::default()
        };
        self.also.read_untracked().iter().map(with).collect()
    }

    /// Whether a message is left out of what models are sent. Not tracked.
    pub fn omits(&self, id: MessageId) -> bool {
        self.worker.read_untracked().omitted.contains(&id)
    }

    /// The turn that wrote a message; `None` for a question.
    pub fn turn_of(&self, id: MessageId) -> Option<TurnId> {
        let entries = self.entries.read_untracked();
        let entry = entries.iter().find(|entry| entry.id == id)?;
        entry.turn.as_ref().map(|turn| turn.read_untracked().turn_id)
    }

    /// The reader's newest message on the page.
    pub fn last_question(&self) -> Option<MessageId> {
        let entries = self.entries.read_untracked();
        entries.iter().rev().find(|entry| entry.role == Role::User).map(|entry| entry.id)
    }

    /// The state of the newest turn on the page.
    pub fn last_turn(&self) -> Option<TurnState> {
        let entries = self.entries.read_untracked();
        let turn = entries.iter().rev().find_map(|entry| entry.turn.as_ref())?;
        Some(turn.read_untracked().state)
    }

    /// Whether the newest turn on the page ended by itself and others were to follow it.
    pub fn expects_more(&self) -> bool {
        let entries = self.entries.read_untracked();
        let turn = entries.iter().rev().find_map(|entry| entry.turn.as_ref());
        turn.is_some_and(|turn| {
            let turn = turn.read_untracked();
            let stopped = matches!(turn.state, TurnState::Cancelled | TurnState::Interrupted);
            turn.more() > 0 && !stopped
        })
    }

    /// Whether the newest answer on the page is complete and not empty.
    pub fn has_answered(&self) -> bool {
        let entries = self.entries.read_untracked();
        let last = entries.iter().rev().find_map(|entry| Some((entry, entry.turn.as_ref()?)));
        last.is_some_and(|(entry, turn)| {
            let turn = turn.read_untracked();
            let is_whole =
                turn.state == TurnState::Completed && turn.finish != Some(Finish::Length);
            is_whole && !entry.text.read_untracked().is_empty()
        })
    }

    /// The current activity.
    pub fn activity(&self) -> Activity {
        Activity::of(&self.worker.read(), self.stage.get(), self.pending.get())
    }

    fn render(&self, html: Vec<(MessageId, Vec<String>)>) {
        for (id, blocks) in html {
            if let Some(entry) = self.entry(id) {
                entry.html.maybe_update(|html| html.set_all(blocks));
            }
        }
    }

    /// A known message, whether or not it is shown.
    fn entry(&self, id: MessageId) -> Option<Entry> {
        self.known.with_value(|known| known.get(&id).cloned())
    }
}

/// Takes the HTML out of a page's messages. It is as old as the page and is updated by patches, so
/// the view does not keep it.
fn take_html(page: &mut Transcript) -> Vec<(MessageId, Vec<String>)> {
    let html = |message: &mut Message| Some((message.id, message.html.take()?));
    page.messages.iter_mut().filter_map(html).collect()
}

#[cfg(test)]
mod tests;
