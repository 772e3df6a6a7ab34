//! From another program's tree to a log.
//!
//! Branches stay branches: siblings have the same parent, and the branch that was shown last
//! comes last, which makes it the newest here. A turn of another program says so (its provider
//! is `imported`), names its model, and has no digest of a prompt, since nobody here knows
//! what its model was sent. Ids follow from the other program's, so that the same file gives
//! the same conversations.

use protocol::{EventBody, ProfileName, Role, Timestamp};

use super::{Foreign, Node};
use crate::newborn;
use crate::store::WholeLog;
use crate::transfer::Format;
use crate::transfer::check::Checker;
use crate::worker::title;
use events::Writer;
use ids::Ids;
use tree::Tree;

mod events;
mod ids;
mod tree;

/// The log, and how many entries have no place in it.
pub(super) fn log(foreign: Foreign, profile: &ProfileName) -> Result<(WholeLog, u64), String> {
    let tree = Tree::of(&foreign)?;
    let mut left_out: u64 = foreign.nodes.iter().map(|node| node.left_out).sum();
    let order = tree.order();
    let begins = order.iter().filter_map(|&index| foreign.nodes[index].at).min();
    let at = foreign.created_at.or(begins).unwrap_or(Timestamp::from_unix_ms(0));
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
                    let texts: Vec<&str> = parts.map(|part| &*foreign.nodes[part].text).collect();
                    let question = ids.message(&foreign.nodes[question]);
                    writer.answer(node, question, &texts, at)?;
                }
                // Nobody asked for it; here every answer has a question.
                None => left_out += 1,
            },
        }
    }
    let events = writer.into_events();
    let mut checker = Checker::default();
    for event in &events {
        checker.take(event)?;
    }
    let worker = newborn::folded(ids.worker, at, &events);
    Ok((WholeLog { worker, log: ids.log, events, prompts: Vec::new() }, left_out))
}

fn source(format: Format) -> &'static str {
    match format {
        Format::Companion => "companion",
        Format::Chatgpt => "chatgpt",
        Format::OpenWebui => "open-webui",
    }
}

/// The title, on one line and cut, or one from the first question.
fn title(title: Option<&str>, first: Option<&str>) -> Option<String> {
    let title = title.map(title::taken_over).filter(|title| !title.is_empty());
    let made = || first.map(title::of).filter(|title| !title.is_empty());
    title.or_else(made)
}
