//! Copies a change of the view into the signals that show it, and into no others.

use leptos::prelude::*;
use protocol::{Change, Message, MessageId, Turn};

use super::super::activity::Stage;
use super::super::blocks::Blocks;
use super::super::signal::set_if_new;
use super::{Conversation, Entry, WindowUse};

/// The most bytes of a reasoning line in the status line.
const LINE_BYTES: usize = 240;

impl Conversation {
    /// Updates the signals that a change concerns.
    pub(super) fn show(&self, change: Change) {
        match change {
            Change::Worker => {}
            Change::Text(id) => {
                self.show_written(id, |entry, message| {
                    entry.text.update(|shown| grow(shown, &message.text));
                });
                // Only the first text also changes the turn's state.
                if self.stage.get_untracked() == Some(Stage::Writing) {
                    return;
                }
                self.show_turn_of(id);
            }
            Change::Reasoning(id) => {
                self.show_written(id, |entry, message| {
                    entry.reasoning.update(|shown| grow(shown, &message.reasoning));
                });
                if let Some(Stage::Thinking { .. } | Stage::Writing) = self.stage.get_untracked() {
                    return self.show_thought();
                }
                self.show_turn_of(id);
            }
            Change::Moved(id) => {
                self.show_written(id, |entry, message| {
                    entry.reasoning.set(message.reasoning.clone());
                    entry.text.set(message.text.clone());
                });
                self.show_turn_of(id);
            }
            Change::Message(id) => self.show_added(id),
            Change::Turn(id) => {
                let turn = self.view.with_value(|view| view.turn(id).cloned());
                let Some(turn) = turn else { return self.show_state() };
                if let Some(shown) = self.entry(turn.answer).and_then(|entry| entry.turn) {
                    shown.set(turn);
                }
            }
        }
        self.show_state();
    }

    /// Updates the text or reasoning of an answer.
    fn show_written(&self, id: MessageId, change: impl FnOnce(&Entry, &Message)) {
        let Some(entry) = self.entry(id) else { return };
        self.view.with_value(|view| {
            if let Some(message) = view.message(id) {
                change(&entry, message);
            }
        });
    }

    /// Updates the turn of an answer.
    fn show_turn_of(&self, answer: MessageId) {
        let Some(shown) = self.entry(answer).and_then(|entry| entry.turn) else { return };
        let id = shown.read_untracked().turn_id;
        if let Some(turn) = self.view.with_value(|view| view.turn(id).cloned()) {
            shown.set(turn);
        }
    }

    fn show_thought(&self) {
        let thinks = matches!(self.stage.get_untracked(), Some(Stage::Thinking { .. }));
        let thought = self.view.with_value(|view| {
            let answer = view.running().filter(|_| thinks)?.answer;
            view.message(answer).map(|message| newest_line(&message.reasoning).to_owned())
        });
        set_if_new(&self.thought, thought.unwrap_or_default());
    }

    /// Updates the state of the whole conversation.
    fn show_state(&self) {
        let (worker, stage, sight, window) = self.view.with_value(|view| {
            let stage = view.running().map(Stage::of);
            (view.worker.clone(), stage, view.truncated(), window_use(&view.turns))
        });
        set_if_new(&self.worker, worker);
        set_if_new(&self.stage, stage);
        if stage != Some(Stage::Reading) {
            set_if_new(&self.progress, None);
        }
        self.show_thought();
        set_if_new(&self.truncated, sight);
        set_if_new(&self.window, window);
    }

    /// Shows a message that was added to the log, if it belongs to the branch that is shown. What
    /// this costs does not depend on the length of a branch that it continues.
    fn show_added(&self, id: MessageId) {
        let parent = self.view.with_value(|view| {
            let message = view.message(id)?;
            self.tree.update_value(|tree| tree.append(message));
            let turn = view.turns.last().filter(|turn| turn.answer == id);
            self.learn(std::slice::from_ref(message), turn.map_or(&[], std::slice::from_ref));
            message.parent
        });
        let end = self.entries.read_untracked().last().map(|entry| entry.id);
        if parent.is_none() || parent != end {
            return self.show_all();
        }
        let shown = self.placed(&[id]);
        self.entries.update(|entries| entries.extend(shown));
    }

    /// Shows up to `count` more of the loaded messages above the first one that is shown. Returns
    /// whether there are more.
    pub fn show_earlier(&self, count: usize) -> bool {
        let first = self.entries.read_untracked().first().map(|entry| entry.id);
        let Some(first) = first else {
            self.show_all();
            return false;
        };
        let (above, more) = self.tree.with_value(|tree| {
            let mut above = tree.above(first);
            let mut some: Vec<_> = above.by_ref().take(count).collect();
            some.reverse();
            (some, above.next().is_some())
        });
        let above = self.placed(&above);
        // The siblings of the first message were unknown while its parent was not loaded.
        self.placed(&[first]);
        if !above.is_empty() {
            self.entries.update(|entries| drop(entries.splice(0..0, above)));
        }
        if !more {
            set_if_new(&self.next_before, self.view.with_value(|view| view.next_before));
            self.show_state();
        }
        more
    }

    /// Updates everything from the view. A known message keeps its signals, and so its elements in
    /// the page.
    pub(super) fn show_all(&self) {
        self.view.with_value(|view| self.learn(&view.messages, &view.turns));
        let chosen = self.chosen.get_untracked();
        let branch = self.tree.with_value(|tree| tree.branch(chosen));
        let entries = self.placed(&branch);
        let same = {
            let shown = self.entries.read_untracked();
            shown.len() == entries.len() && shown.iter().zip(&entries).all(|(a, b)| a.id == b.id)
        };
        if !same {
            self.entries.set(entries);
        }
        set_if_new(&self.next_before, self.view.with_value(|view| view.next_before));
        self.show_state();
    }

    /// Makes the entries of new messages, and updates those of known ones. The turns are those of
    /// the messages, and both are in the order of the log, so no search is needed.
    pub(super) fn learn(&self, messages: &[Message], turns: &[Turn]) {
        let mut turns = turns.iter().peekable();
        self.known.update_value(|known| {
            for message in messages {
                let turn = turns.next_if(|turn| turn.answer == message.id);
                known
                    .entry(message.id)
                    .and_modify(|entry| refresh(entry, message, turn))
                    .or_insert_with(|| entry(message, turn));
            }
        });
    }

    /// The entries of these messages, with their places among their siblings.
    fn placed(&self, messages: &[MessageId]) -> Vec<Entry> {
        let entries = messages.iter().filter_map(|id| {
            let entry = self.entry(*id)?;
            set_if_new(&entry.siblings, self.tree.with_value(|tree| tree.siblings(*id)));
            Some(entry)
        });
        entries.collect()
    }
}

fn refresh(entry: &Entry, message: &Message, turn: Option<&Turn>) {
    if *entry.text.read_untracked() != message.text {
        entry.text.set(message.text.clone());
    }
    if *entry.reasoning.read_untracked() != message.reasoning {
        entry.reasoning.set(message.reasoning.clone());
    }
    if let (Some(shown), Some(turn)) = (&entry.turn, turn)
        && *shown.read_untracked() != *turn
    {
        shown.set(turn.clone());
    }
}

/// Appends the new part of a text that only grows.
fn grow(shown: &mut String, text: &str) {
    match text.get(shown.len()..) {
        Some(new) => shown.push_str(new),
        None => text.clone_into(shown),
    }
}

/// The last line of a text that is not blank, cut to its final [`LINE_BYTES`].
fn newest_line(text: &str) -> &str {
    let end = text.len().saturating_sub(LINE_BYTES);
    let end = text.get(text.floor_char_boundary(end)..).unwrap_or_default();
    end.trim_end().rsplit('\n').next().unwrap_or_default().trim()
}

/// The use of the newest turn that has both numbers.
fn window_use(turns: &[Turn]) -> Option<WindowUse> {
    let used = |turn: &Turn| {
        let window_tokens = turn.sight.as_ref()?.window_tokens?;
        let usage = turn.usage?;
        let tokens = usage.prompt_tokens.saturating_add(usage.completion_tokens);
        Some(WindowUse { tokens, window_tokens })
    };
    turns.iter().rev().find_map(used).filter(|used| used.window_tokens > 0)
}

/// The signals of a message and of the turn that writes it.
fn entry(message: &Message, turn: Option<&Turn>) -> Entry {
    Entry {
        id: message.id,
        role: message.role,
        created_at: message.created_at,
        text: ArcRwSignal::new(message.text.clone()),
        reasoning: ArcRwSignal::new(message.reasoning.clone()),
        html: ArcRwSignal::new(Blocks::unrendered(message.text.is_empty())),
        turn: turn.cloned().map(ArcRwSignal::new),
        siblings: ArcRwSignal::default(),
    }
}
