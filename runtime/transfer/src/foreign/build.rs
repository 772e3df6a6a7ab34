//! Builds a log from another program's tree.
//!
//! Branches stay branches: siblings have the same parent, and the branch that was shown last is
//! written last, which makes it the newest here. An imported turn is marked (its provider is
//! `imported`), names its model, and has no prompt digest, since nothing is known about the input
//! of its model. Ids are derived from the other program's, so that the same file gives the same
//! conversations.

use std::io;

use protocol::api::{ImportFormat, LeftOut, RefusalCode};
use protocol::{Event, EventBody, ProfileName, Role, Timestamp};
use store::{ConversationExport, initial_worker, title};

use super::{Foreign, Node, Unfit};
use crate::check::Checker;
use crate::{CONVERSATION_BYTES, LINE_AROUND_BYTES, MESSAGE_BYTES};
use events::Writer;
use ids::Ids;
use tree::Tree;

mod events;
mod ids;
mod tree;

/// A conversation that was built successfully.
pub(super) struct Built {
    pub(super) log: ConversationExport,
    /// Counts the parts that were left out.
    pub(super) left_out: LeftOut,
    /// Messages that were too long and were left out, as text for the report.
    pub(super) too_long: Vec<String>,
}

/// Builds a conversation's log.
pub(super) fn log(mut foreign: Foreign, profile: &ProfileName) -> Result<Built, Unfit> {
    let too_long = without_long(&mut foreign.nodes);
    without_twins(&mut foreign.nodes);
    let circle = |reason: String| (RefusalCode::Circle, reason);
    let tree = Tree::of(&foreign).map_err(circle)?;
    let mut left_out = LeftOut::default();
    foreign.nodes.iter().for_each(|node| left_out.add(&node.left_out));
    let order = tree.order();
    if order.is_empty() && left_out.unreadable > 0 {
        let reason = "none of its messages is valid".to_owned();
        return Err((RefusalCode::NoMessages, reason));
    }
    let begins = order.iter().filter_map(|&index| foreign.nodes[index].at).min();
    let at = foreign.created_at.or(begins).unwrap_or(Timestamp::UNKNOWN);
    let ids = Ids::of(&foreign, at);

    let mut writer = Writer::new(&ids, source(foreign.format));
    let first = order.iter().find(|&&index| tree.role(index) == Some(Role::User));
    let title = title(foreign.title.as_deref(), first.map(|&index| &*foreign.nodes[index].text));
    writer.push(at, EventBody::WorkerCreated { title, profile: profile.clone() });
    // An entry without a time gets the time of the entry before it.
    let mut last_at = at;
    for index in order {
        let node = &foreign.nodes[index];
        let Some(role) = tree.role(index) else { continue };
        let at = node.at.unwrap_or(last_at);
        last_at = at;
        match role {
            Role::User => {
                let parent = tree.parent(index).map(|parent| ids.message(&foreign.nodes[parent]));
                writer.question(node, parent, at)?;
            }
            Role::Assistant => match tree.question(index) {
                // If all children of an answer continue it, it becomes the beginning of each.
                Some(_) if tree.is_continued(index) => {}
                Some(question) => {
                    let parts = tree.answer(index).into_iter().rev();
                    let parts: Vec<&Node> = parts.map(|part| &foreign.nodes[part]).collect();
                    let question = ids.message(&foreign.nodes[question]);
                    writer.answer(node, question, &parts, at)?;
                }
                // Every answer needs a question here, so this one is left out.
                None => left_out.unasked += 1,
            },
        }
    }
    let events = writer.into_events();
    if left_out.unasked > 0 && events.len() == 1 {
        let reason = "it contains no question".to_owned();
        return Err((RefusalCode::NoMessages, reason));
    }
    let mut checker = Checker::default();
    for event in &events {
        checker.take(event).map_err(|reason| (RefusalCode::Unsound, reason.to_owned()))?;
    }
    if exported_bytes(&events) > CONVERSATION_BYTES {
        let reason = format!("an export of it would have more than {CONVERSATION_BYTES} bytes");
        return Err((RefusalCode::TooLarge, reason));
    }
    let worker = initial_worker::folded(ids.worker, at, &events);
    let log = ConversationExport { worker, log: ids.log, events, prompts: Vec::new() };
    Ok(Built { log, left_out, too_long })
}

/// Empties messages that are too long, and returns a text about each.
fn without_long(nodes: &mut [Node]) -> Vec<String> {
    let mut told = Vec::new();
    for (index, node) in nodes.iter_mut().enumerate() {
        let bytes = node.text.len() + node.reasoning.len();
        if bytes as u64 > MESSAGE_BYTES {
            told.push(format!(
                "its entry {} has {bytes} bytes, and a message has {MESSAGE_BYTES} at most",
                index + 1
            ));
            (node.text, node.reasoning, node.role) = (String::new(), String::new(), None);
            node.left_out.too_long += 1;
        }
    }
    told
}

/// Removes entries with an id that an earlier entry has.
fn without_twins(nodes: &mut Vec<Node>) {
    let mut known = std::collections::HashSet::new();
    let mut twins = 0;
    nodes.retain(|node| {
        let is_new = known.insert(node.id.clone());
        twins += u64::from(!is_new);
        is_new
    });
    if let Some(first) = nodes.first_mut() {
        first.left_out.unreadable += twins;
    }
}

/// An upper bound of the bytes of the conversation's lines in an export.
fn exported_bytes(events: &[Event]) -> u64 {
    /// A writer that only counts bytes.
    struct Counter(u64);
    impl io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    for event in events {
        // JSON can represent every event, since events consist of texts, numbers and lists.
        let _ = serde_json::to_writer(&mut counter, event);
        counter.0 += LINE_AROUND_BYTES;
    }
    counter.0
}

fn source(format: ImportFormat) -> &'static str {
    match format {
        ImportFormat::Companion => "companion",
        ImportFormat::Chatgpt => "chatgpt",
        ImportFormat::OpenWebui => "open-webui",
        ImportFormat::Claude => "claude",
        ImportFormat::Librechat => "librechat",
        ImportFormat::Deepseek => "deepseek",
        ImportFormat::LlamaCpp => "llama-cpp",
        ImportFormat::Messages => "messages",
        // This is for several files together; a single conversation never has it.
        ImportFormat::Several => "several",
    }
}

/// The title as a single line of limited length, or a title from the first question.
fn title(title: Option<&str>, first: Option<&str>) -> Option<String> {
    let title = title.map(title::taken_over).filter(|title| !title.is_empty());
    let made = || first.map(title::of).filter(|title| !title.is_empty());
    title.or_else(made)
}
