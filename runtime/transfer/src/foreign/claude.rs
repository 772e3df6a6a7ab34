//! Claude's `conversations.json`: a list of conversations, each with `chat_messages`, of which newer
//! ones name their parent. Extensions of browsers save one conversation as the interface gives it:
//! with the model, and with the texts in `content` alone. A long text that is pasted, and a document,
//! is in `attachments`, with its text in `extracted_content`; pictures are in `files`. Before it had
//! reasoning, Claude thought about artifacts in the text, between `<antThinking>` and its end
//! (<https://github.com/lobehub/lobehub/issues/5107>).
//!
//! Sources: <https://github.com/danny-avila/LibreChat/pull/11124>,
//! <https://github.com/CherryHQ/cherry-studio/pull/18135>,
//! <https://github.com/osteele/claude-chat-viewer/issues/5>,
//! <https://github.com/Superkikim/nexus-ai-chat-importer/pull/76>,
//! <https://github.com/lugia19/Claude-QoL/issues/43>.

use protocol::api::ImportFormat;

use super::super::json::Json;
use super::content::{MessageContent, Who, model};
use super::kind::no_messages;
use super::moment::moment;
use super::{Foreign, Node, Unfit};

/// Reads one conversation.
pub(super) fn read(value: Json<'_>) -> Result<Foreign, Unfit> {
    let list = value.get("chat_messages").filter(|list| list.is_list()).ok_or_else(no_messages)?;
    let usual = model(value.get("model"));
    let mut nodes: Vec<Node> = Vec::new();
    for (index, message) in list.items().enumerate() {
        let id = message.get("uuid").and_then(Json::id).map(str::to_owned);
        let id = id.unwrap_or_else(|| format!("number {index}"));
        let parent = match message.get("parent_message_uuid") {
            Some(parent) => parent.id().map(str::to_owned),
            // Older exports have no parents: each message follows the one before it.
            None => nodes.last().map(|node| node.id.clone()),
        };
        nodes.push(node((id, parent), message, usual.as_ref()));
    }
    let current = value.text_of("current_leaf_message_uuid");
    Ok(Foreign {
        format: ImportFormat::Claude,
        id: value.get("uuid").and_then(Json::id).unwrap_or_default().to_owned(),
        title: value.first_of(&["name", "title"]).and_then(Json::text).map(str::to_owned),
        created_at: moment(value.get("created_at")),
        nodes,
        current: current.map(str::to_owned),
    })
}

fn node(ids: (String, Option<String>), message: Json<'_>, usual: Option<&String>) -> Node {
    let mut said = MessageContent::of(message.get("content"));
    if said.text.is_empty() {
        said.say(message.text_of("text").unwrap_or_default());
    }
    said.files(message.get("attachments"));
    said.files(message.first_of(&["files_v2", "files"]));
    let who = Who::of(message.first_of(&["sender", "role"]).and_then(Json::text));
    if who == Who::Assistant {
        take_thinking(&mut said);
    }
    let model = model(message.get("model")).or_else(|| usual.cloned());
    said.node(who, ids, moment(message.get("created_at")), model.filter(|_| who == Who::Assistant))
}

/// Makes reasoning of what stands between the marks, where they are not in code.
fn take_thinking(said: &mut MessageContent) {
    const BEGIN: &str = "<antThinking>";
    const END: &str = "</antThinking>";
    let text = std::mem::take(&mut said.text);
    let (mut out, mut rest) = (String::with_capacity(text.len()), text.as_str());
    while let Some(at) = rest.find(BEGIN) {
        let (before, behind) = (&rest[..at], &rest[at + BEGIN.len()..]);
        out.push_str(before);
        // An odd number of marks of code: it stands within some.
        let is_code = out.matches('`').count() % 2 == 1;
        let Some(end) = behind.find(END).filter(|_| !is_code) else {
            out.push_str(BEGIN);
            rest = behind;
            continue;
        };
        said.think(&behind[..end]);
        let follows = behind[end + END.len()..].trim_start();
        let parts = out.ends_with('\n') || behind[end + END.len()..].starts_with('\n');
        out.truncate(out.trim_end().len());
        if !out.is_empty() && !follows.is_empty() {
            out.push_str(if parts { "\n\n" } else { " " });
        }
        rest = follows;
    }
    out.push_str(rest);
    said.text = out;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ant_thinking_blocks_become_reasoning() {
        for (text, words, thinking) in [
            (
                "Certainly!\n\n<antThinking>A new artifact.</antThinking>\n\nHere it is.",
                "Certainly!\n\nHere it is.",
                "A new artifact.",
            ),
            (
                "<antThinking>One.</antThinking> Yes. <antThinking>Two.</antThinking> No.",
                "Yes. No.",
                "One.\n\nTwo.",
            ),
            (
                "The mark `<antThinking>` and </antThinking>",
                "The mark `<antThinking>` and </antThinking>",
                "",
            ),
            (
                "```\n<antThinking>x</antThinking>\n```",
                "```\n<antThinking>x</antThinking>\n```",
                "",
            ),
            ("<antThinking>cut off", "<antThinking>cut off", ""),
        ] {
            let mut said = MessageContent { text: text.to_owned(), ..MessageContent::default() };
            take_thinking(&mut said);
            assert_eq!((said.text.as_str(), said.reasoning.as_str()), (words, thinking), "{text}");
        }
    }
}
