//! A conversation as a document for people: the branch that ends with the newest message.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use protocol::{Message, MessageId, Role, Turn, TurnState, View};

use crate::store::WholeLog;

/// What a conversation without a title is called.
const UNTITLED: &str = "Conversation";

/// Writes the document. The texts are in it as they were written, so their own headings are
/// headings of it.
pub fn markdown(whole: &WholeLog) -> String {
    let mut view = View::new(whole.worker.clone(), 0);
    for event in &whole.events {
        view.apply(event);
    }
    let shown = branch(&view);
    let mut siblings: HashMap<Option<MessageId>, u32> = HashMap::new();
    for message in &view.messages {
        *siblings.entry(message.parent).or_default() += 1;
    }
    let turns = |message: &Message| view.turns.iter().find(|turn| turn.answer == message.id);
    let mut models: Vec<&str> = Vec::new();
    for turn in shown.iter().filter_map(|message| turns(message)) {
        if !models.contains(&turn.model.as_str()) {
            models.push(&turn.model);
        }
    }

    let title = view.worker.title.as_deref().unwrap_or(UNTITLED);
    let mut out = format!("# {title}\n\n- Date: {}\n", view.worker.created_at.date_utc());
    if !models.is_empty() {
        let _ = writeln!(out, "- Model: {}", models.join(", "));
    }
    let elsewhere = view.messages.len() - shown.len();
    if elsewhere > 0 {
        let _ = writeln!(
            out,
            "- This is the newest branch; {elsewhere} messages of other branches are not in it."
        );
    }
    for message in shown {
        heading(&mut out, message, siblings[&message.parent]);
        let _ = writeln!(out, "\n{}", message.text);
        if let Some(note) = turns(message).and_then(note) {
            let _ = writeln!(out, "\n*{note}*");
        }
    }
    out
}

fn heading(out: &mut String, message: &Message, siblings: u32) {
    let who = match message.role {
        Role::User => "You",
        Role::Assistant => "Companion",
    };
    let (date, clock) = (message.created_at.date_utc(), message.created_at.clock_utc());
    let _ = write!(out, "\n## {who} · {date} {clock} UTC");
    if siblings > 1 {
        let _ = write!(out, " · one of {siblings} versions");
    }
    out.push('\n');
}

/// The messages from the first to the newest. A log's parents come before their children.
fn branch(view: &View) -> Vec<&Message> {
    let known: HashMap<MessageId, &Message> =
        view.messages.iter().map(|message| (message.id, message)).collect();
    let mut seen = HashSet::new();
    let mut branch = Vec::new();
    let mut next = view.messages.last();
    while let Some(message) = next.filter(|message| seen.insert(message.id)) {
        branch.push(message);
        next = message.parent.and_then(|parent| known.get(&parent).copied());
    }
    branch.reverse();
    branch
}

/// Why an answer is not a whole one.
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
