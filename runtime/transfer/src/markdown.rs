//! A conversation as a document for people: the branch that ends with the newest message.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;

use protocol::{Message, MessageId, Role, Turn, TurnState, View, Worker};
use store::ConversationExport;

use super::salvage::Salvaged;

/// The heading for a conversation without a title.
const UNTITLED: &str = "Conversation";

/// Writes the document. The texts are not changed, so headings in them become headings of the
/// document.
pub fn markdown(whole: &ConversationExport) -> String {
    Document::of(whole.clone()).collect()
}

/// The document in pieces of one message each, so that the whole document is never in memory.
pub struct Document {
    /// The text before the first message. `None` once it was returned.
    top: Option<String>,
    /// The rest of the branch.
    messages: VecDeque<Message>,
    /// The number of messages with the same parent.
    siblings: HashMap<Option<MessageId>, u32>,
    /// The turns by the ids of their answers.
    turns: HashMap<MessageId, Turn>,
}

impl Document {
    /// A document of the readable part of a conversation, beginning with a notice of how much is
    /// missing.
    pub fn of_salvaged(salvaged: Salvaged) -> Self {
        let Salvaged { whole, lost, .. } = salvaged;
        let notice = format!(
            "> A part of this conversation cannot be read: {lost} entries of its log are missing here.\n\n"
        );
        let mut document = match whole {
            Some(whole) => Self::of(whole),
            None => Self {
                top: Some(String::new()),
                messages: VecDeque::new(),
                siblings: HashMap::new(),
                turns: HashMap::new(),
            },
        };
        document.top = document.top.map(|top| notice + &top);
        document
    }

    /// A document of the branch that ends with the newest message.
    pub fn of(whole: ConversationExport) -> Self {
        let mut view = View::new(whole.worker, 0);
        for event in whole.events {
            view.apply(&event);
        }
        let mut siblings: HashMap<Option<MessageId>, u32> = HashMap::new();
        for message in &view.messages {
            *siblings.entry(message.parent).or_default() += 1;
        }
        let all = view.messages.len();
        let messages = branch(view.messages);
        let turns: HashMap<MessageId, Turn> =
            view.turns.into_iter().map(|turn| (turn.answer, turn)).collect();
        let top = top(&view.worker, &messages, all, &turns);
        Self { top: Some(top), messages, siblings, turns }
    }
}

impl Iterator for Document {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if let Some(top) = self.top.take() {
            return Some(top);
        }
        let message = self.messages.pop_front()?;
        let mut out = String::new();
        heading(&mut out, &message, self.siblings[&message.parent]);
        let _ = writeln!(out, "\n{}", message.text);
        if let Some(note) = self.turns.get(&message.id).and_then(note) {
            let _ = writeln!(out, "\n*{note}*");
        }
        Some(out)
    }
}

fn top(
    worker: &Worker,
    shown: &VecDeque<Message>,
    all: usize,
    turns: &HashMap<MessageId, Turn>,
) -> String {
    let mut models: Vec<&str> = Vec::new();
    for turn in shown.iter().filter_map(|message| turns.get(&message.id)) {
        if !models.contains(&turn.model.as_str()) {
            models.push(&turn.model);
        }
    }
    let title = worker.title.as_deref().unwrap_or(UNTITLED);
    let mut out = format!("# {title}\n\n");
    if worker.created_at.is_known() {
        let _ = writeln!(out, "- Date: {}", worker.created_at.date_utc());
    }
    if !models.is_empty() {
        let _ = writeln!(out, "- Model: {}", models.join(", "));
    }
    let elsewhere = all - shown.len();
    if elsewhere > 0 {
        let _ = writeln!(
            out,
            "- This is the newest branch; {elsewhere} messages of other branches are not in it."
        );
    }
    out
}

fn heading(out: &mut String, message: &Message, siblings: u32) {
    let who = match message.role {
        Role::User => "You",
        Role::Assistant => "Companion",
    };
    let _ = write!(out, "\n## {who}");
    let at = message.created_at;
    if at.is_known() {
        let _ = write!(out, " · {} {} UTC", at.date_utc(), at.clock_utc());
    }
    if siblings > 1 {
        let _ = write!(out, " · one of {siblings} versions");
    }
    out.push('\n');
}

/// The messages from the first to the newest. A log's parents come before their children.
fn branch(mut messages: Vec<Message>) -> VecDeque<Message> {
    let mut branch = VecDeque::new();
    let mut wanted = None;
    while let Some(message) = messages.pop() {
        if branch.is_empty() || wanted == Some(message.id) {
            wanted = message.parent;
            branch.push_front(message);
        }
    }
    branch
}

/// A note about an incomplete answer.
fn note(turn: &Turn) -> Option<String> {
    let error = turn.error.as_ref().map(|error| format!(": {}", error.message));
    let error = error.unwrap_or_default();
    match turn.state {
        TurnState::Completed => None,
        TurnState::Accepted | TurnState::Generating => Some("Still being written.".to_owned()),
        TurnState::Failed => Some(format!("This answer failed{error}")),
        TurnState::TimedOut => Some(format!("This answer took too long{error}")),
        TurnState::Cancelled => Some("This answer was stopped.".to_owned()),
        TurnState::Interrupted => Some("The server ended while this was written.".to_owned()),
    }
}
