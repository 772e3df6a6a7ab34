//! Copies a change of the view into the signals that show it, and into no others.

use leptos::prelude::*;
use protocol::{Change, Message, MessageId, Turn};

use super::super::activity::Stage;
use super::super::blocks::Blocks;
use super::super::branch::{BranchNode, Siblings, branch};
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
            Change::Message(id) => {
                let loaded = self.view.with_value(|view| view.message(id).is_some());
                if loaded && !self.show_next(id) {
                    return self.show_all();
                }
            }
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
        self.show_beside();
    }

    /// Shows the answers side by side that were asked for at once, until the conversation continues
    /// from one of them.
    fn show_beside(&self) {
        let last = self.entries.read_untracked().last().and_then(|entry| entry.turn.clone());
        let together = last.and_then(|turn| turn.read_untracked().together);
        let beside: Vec<Entry> = together.map_or_else(Vec::new, |together| {
            let is_of = |turn: &&Turn| turn.together.is_some_and(|t| t.first == together.first);
            let answers: Vec<_> = self.view.with_value(|view| {
                view.turns.iter().filter(is_of).map(|turn| turn.answer).collect()
            });
            answers.into_iter().filter_map(|id| self.entry(id)).collect()
        });
        let ids = |entries: &[Entry]| entries.iter().map(|entry| entry.id).collect::<Vec<_>>();
        if ids(&beside) != ids(&self.beside.read_untracked()) {
            self.beside.set(beside);
        }
    }

    /// Shows a new message if it continues the branch that is shown, without looking at the others.
    /// Returns whether it does.
    fn show_next(&self, id: MessageId) -> bool {
        let end = self.entries.read_untracked().last().map(|entry| entry.id);
        let next = self.view.with_value(|view| {
            let message = view.message(id).filter(|message| message.parent == end)?;
            Some(entry(message, view.turns.last().filter(|turn| turn.answer == id)))
        });
        let Some(next) = next.filter(|_| end.is_some() && self.entry(id).is_none()) else {
            return false;
        };
        // The branch ended here, so there are no siblings.
        next.siblings.set(Siblings { number: 1, count: 1, ..Siblings::default() });
        self.known.update_value(|known| drop(known.insert(id, next.clone())));
        self.entries.update(|entries| entries.push(next));
        true
    }

    /// Updates everything from the view. A known message keeps its signals, and so its elements in
    /// the page.
    pub(super) fn show_all(&self) {
        let chosen = self.chosen.get_untracked();
        let (entries, next_before) = self.view.with_value(|view| {
            let places = branch(&view.messages, chosen);
            let shown = self.known.try_update_value(|known| {
                // Turns and messages are both in log order, so no search is needed.
                let mut turns = view.turns.iter().peekable();
                for message in &view.messages {
                    let turn = turns.next_if(|turn| turn.answer == message.id);
                    known
                        .entry(message.id)
                        .and_modify(|entry| refresh(entry, message, turn))
                        .or_insert_with(|| entry(message, turn));
                }
                let entry = |node: BranchNode| {
                    let entry = known.get(&view.messages[node.at].id)?;
                    set_if_new(&entry.siblings, node.siblings);
                    Some(entry.clone())
                };
                places.into_iter().filter_map(entry).collect::<Vec<_>>()
            });
            (shown.unwrap_or_default(), view.next_before)
        });
        let same = {
            let shown = self.entries.read_untracked();
            shown.len() == entries.len() && shown.iter().zip(&entries).all(|(a, b)| a.id == b.id)
        };
        if !same {
            self.entries.set(entries);
        }
        set_if_new(&self.next_before, next_before);
        self.show_state();
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
