//! A conversation as a document for people: the branch that ends with the newest message.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::vec;

use protocol::{Message, MessageId, Role, Turn, TurnState};
use store::ConversationExport;

use super::branch::Branch;
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
    messages: vec::IntoIter<Message>,
    /// The number of messages with the same parent.
    siblings: HashMap<Option<MessageId>, u32>,
    /// The turns by the ids of their answers.
    turns: HashMap<MessageId, Turn>,
}

impl Document {
    /// A document of the readable part of a conversation, beginning with a notice of how much is
    /// missing.
    pub fn of_salvaged(salvaged: Salvaged) -> Self {
        Self::new(Branch::of_salvaged(salvaged, None).expect("the newest branch always exists"))
    }

    /// A document of the branch that ends with the newest message.
    pub fn of(whole: ConversationExport) -> Self {
        Self::new(Branch::of(whole, None).expect("the newest branch always exists"))
    }

    fn new(branch: Branch) -> Self {
        let top = Some(top(&branch));
        let Branch { messages, siblings, turns, .. } = branch;
        Self { top, messages: messages.into_iter(), siblings, turns }
    }
}

impl Iterator for Document {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if let Some(top) = self.top.take() {
            return Some(top);
        }
        let message = self.messages.next()?;
        let mut out = String::new();
        heading(&mut out, &message, self.siblings[&message.parent]);
        let _ = writeln!(out, "\n{}", message.text);
        if let Some(note) = self.turns.get(&message.id).and_then(note) {
            let _ = writeln!(out, "\n*{note}*");
        }
        Some(out)
    }
}

fn top(branch: &Branch) -> String {
    let mut out = String::new();
    let _ = match branch.lost {
        None => Ok(()),
        Some(0) => writeln!(
            out,
            "> What is stored about this conversation as a whole can't be read. Its messages are all here.\n"
        ),
        Some(lost) => writeln!(
            out,
            "> Part of this conversation can't be read: {lost} entries of its log are missing here.\n"
        ),
    };
    let Some(worker) = &branch.worker else { return out };
    let mut models: Vec<&str> = Vec::new();
    let turns = branch.messages.iter().filter_map(|message| branch.turns.get(&message.id));
    for turn in turns.filter(|turn| turn.edits.is_none()) {
        if !models.contains(&turn.model.as_str()) {
            models.push(&turn.model);
        }
    }
    let title = worker.title.as_deref().unwrap_or(UNTITLED);
    let _ = write!(out, "# {title}\n\n");
    if worker.created_at.is_known() {
        let _ = writeln!(out, "- Date: {}", worker.created_at.date_utc());
    }
    if !models.is_empty() {
        let _ = writeln!(out, "- Model: {}", models.join(", "));
    }
    if branch.elsewhere > 0 {
        let others = match branch.elsewhere {
            1 => "1 message of other branches is".to_owned(),
            count => format!("{count} messages of other branches are"),
        };
        let _ = writeln!(out, "- This is the newest branch; {others} not in it.");
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

/// A note about an incomplete answer.
fn note(turn: &Turn) -> Option<String> {
    let error = turn.error.as_ref().map(|error| format!(": {}", error.message));
    let error = error.unwrap_or_default();
    match turn.state {
        TurnState::Completed => {
            turn.edits.map(|_| "You wrote this version of the answer.".to_owned())
        }
        TurnState::Accepted | TurnState::Generating => Some("Still being written.".to_owned()),
        TurnState::Failed => Some(format!("This answer failed{error}")),
        TurnState::TimedOut => Some(format!("This answer took too long{error}")),
        TurnState::Cancelled => Some("This answer was stopped.".to_owned()),
        TurnState::Interrupted => {
            Some("The server stopped while this was being written.".to_owned())
        }
    }
}
