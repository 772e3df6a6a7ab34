//! From another program's tree to a log.
//!
//! Branches stay branches: siblings have the same parent, and the branch that was shown last
//! comes last, which makes it the newest here. A turn of another program says so (its provider
//! is `imported`), names its model, and has no digest of a prompt, since nobody here knows
//! what its model was sent. Ids follow from the other program's, so that the same file gives
//! the same conversations.

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

/// A conversation that is sound.
pub(super) struct Built {
    pub(super) log: ConversationExport,
    /// What has no place in it.
    pub(super) left_out: LeftOut,
    /// Words about messages that are too long, which it comes without.
    pub(super) too_long: Vec<String>,
}

/// The conversation as a log.
pub(super) fn log(mut foreign: Foreign, profile: &ProfileName) -> Result<Built, Unfit> {
    let too_long = without_long(&mut foreign.nodes);
    without_twins(&mut foreign.nodes);
    let circle = |reason: String| (RefusalCode::Circle, reason);
    let tree = Tree::of(&foreign).map_err(circle)?;
    let mut left_out = LeftOut::default();
    foreign.nodes.iter().for_each(|node| left_out.add(&node.left_out));
    let order = tree.order();
    if order.is_empty() && left_out.unreadable > 0 {
        let reason = "none of its messages is what it should be".to_owned();
        return Err((RefusalCode::NoMessages, reason));
    }
    let begins = order.iter().filter_map(|&index| foreign.nodes[index].at).min();
    let at = foreign.created_at.or(begins).unwrap_or(Timestamp::UNKNOWN);
    let ids = Ids::of(&foreign, at);

    let mut writer = Writer::new(&ids, source(foreign.format));
    let first = order.iter().find(|&&index| tree.role(index) == Some(Role::User));
    let title = title(foreign.title.as_deref(), first.map(|&index| &*foreign.nodes[index].text));
    writer.push(at, EventBody::WorkerCreated { title, profile: profile.clone() });
    // An entry without a time has that of the one before it.
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
                // One that others only go on from is part of them.
                Some(_) if tree.is_continued(index) => {}
                Some(question) => {
                    let parts = tree.answer(index).into_iter().rev();
                    let parts: Vec<&Node> = parts.map(|part| &foreign.nodes[part]).collect();
                    let question = ids.message(&foreign.nodes[question]);
                    writer.answer(node, question, &parts, at)?;
                }
                // Nobody asked for it; here every answer has a question.
                None => left_out.unasked += 1,
            },
        }
    }
    let events = writer.into_events();
    if left_out.unasked > 0 && events.len() == 1 {
        let reason = "nobody asks anything in it".to_owned();
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

/// Takes the words of messages that are too long; says which those are.
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

/// Of entries with the same id the first stays.
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

/// Bytes of the lines of an export, at most.
fn exported_bytes(events: &[Event]) -> u64 {
    /// Takes bytes and counts them.
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
        // An event is made of texts, numbers and lists of them, which JSON always holds.
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
        // Of files together; a conversation is of one program.
        ImportFormat::Several => "several",
    }
}

/// The title, on one line and cut, or one from the first question.
fn title(title: Option<&str>, first: Option<&str>) -> Option<String> {
    let title = title.map(title::taken_over).filter(|title| !title.is_empty());
    let made = || first.map(title::of).filter(|title| !title.is_empty());
    title.or_else(made)
}
