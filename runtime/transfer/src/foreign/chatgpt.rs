//! ChatGPT's `conversations.json`: a list of conversations, each with a `mapping` from ids to nodes
//! with a parent and a message.
//!
//! OpenAI does not document the format; the fields are those that public notes on real exports
//! agree on (`docs/export-format.md` lists the fields that are read).

use std::collections::HashMap;

use protocol::api::ImportFormat;

use super::super::json::Json;
use super::citations;
use super::content::{MessageContent, Who, fenced, model};
use super::kind::no_messages;
use super::moment::moment;
use super::{Foreign, Node, Unfit};

/// Reads one conversation.
pub(super) fn read(value: Json<'_>) -> Result<Foreign, Unfit> {
    let mapping = value.get("mapping").filter(|mapping| mapping.is_object());
    let mapping = mapping.ok_or_else(no_messages)?;
    let usual = model(value.get("default_model_slug"));
    let parents = parents(mapping, "children");
    let nodes = mapping.fields().map(|(id, entry)| {
        let parent = entry.get("parent").and_then(Json::id).or(parents.get(id).copied());
        node((id.to_owned(), parent.map(str::to_owned)), entry, usual.as_ref())
    });
    let id = value.first_of(&["conversation_id", "id"]).and_then(Json::id);
    Ok(Foreign {
        format: ImportFormat::Chatgpt,
        nodes: nodes.collect(),
        id: id.unwrap_or_default().to_owned(),
        title: value.text_of("title").map(str::to_owned),
        created_at: moment(value.get("create_time")),
        current: value.text_of("current_node").map(str::to_owned),
    })
}

/// The parent of each entry according to the lists of children, because some exports lack one of
/// the two.
pub(super) fn parents<'d>(tree: Json<'d>, children: &str) -> HashMap<&'d str, &'d str> {
    let each = tree.fields().flat_map(|(parent, entry)| {
        entry.items_of(children).filter_map(Json::id).map(move |child| (child, parent))
    });
    each.collect()
}

fn node(ids: (String, Option<String>), entry: Json<'_>, usual: Option<&String>) -> Node {
    let (id, parent) = ids;
    if !entry.is_object() {
        let left_out = protocol::api::LeftOut { unreadable: 1, ..Default::default() };
        return Node { id, parent, left_out, ..Node::default() };
    }
    // This is a root that only connects the tree.
    let Some(message) = entry.get("message") else {
        return Node { id, parent, ..Node::default() };
    };
    let at = moment(message.get("create_time"));
    let metadata = message.get("metadata");
    let flag = |name: &str| metadata.and_then(|found| found.get(name)).is_some_and(Json::is_true);
    let hidden = flag("is_visually_hidden_from_conversation");
    let author = message.get("author");
    let who = Who::of(author.and_then(|author| author.text_of("role").or_else(|| author.text())));
    let content = message.get("content");
    let kind = content.and_then(|content| content.text_of("content_type")).unwrap_or("text");
    let recipient = message.text_of("recipient").filter(|recipient| *recipient != "all");
    let mut said = content.map(|content| said(content, kind, recipient)).unwrap_or_default();
    if hidden {
        let nothing =
            said.text.is_empty() && said.reasoning.is_empty() && said.left_out.total() == 0;
        let nothing = nothing && kind == "text";
        let mut node = Node { id, parent, at, ..Node::default() };
        node.left_out.hidden = u64::from(!nothing);
        return node;
    }
    if who == Who::Assistant {
        said.text = citations::cleaned(&said.text, metadata);
    }
    let slug = metadata.and_then(|metadata| model(metadata.get("model_slug")));
    let model = if who == Who::Assistant { slug.or_else(|| usual.cloned()) } else { None };
    said.node(who, (id, parent), at, model)
}

/// The content of a message of this kind.
fn said(content: Json<'_>, kind: &str, recipient: Option<&str>) -> MessageContent {
    let mut said = MessageContent::default();
    match (kind, recipient) {
        // A document beside the conversation (a canvas), as the model wrote it.
        (_, Some("canmore.create_textdoc")) => match document(content) {
            Some((text, replaced)) => {
                said.say(&text);
                said.replaced += replaced;
            }
            None => said.left_out.tools += 1,
        },
        ("text" | "multimodal_text" | "code", Some(_)) => said.left_out.tools += 1,
        ("text" | "multimodal_text", None) => {
            for part in content.items_of("parts") {
                part_said(part, &mut said);
            }
        }
        ("thoughts", _) => {
            for thought in content.items_of("thoughts") {
                let summary = thought.text_of("summary").unwrap_or_default();
                let text = thought.text_of("content").unwrap_or_default();
                if !summary.is_empty() && !text.starts_with(summary) {
                    said.think(summary);
                }
                said.think(text);
            }
        }
        ("reasoning_recap", _) => said.think(content.text_of("content").unwrap_or_default()),
        ("code", None) => {
            let text = content.text_of("text").unwrap_or_default();
            match content.text_of("language").filter(|language| *language != "unknown") {
                Some(language) if !text.is_empty() => {
                    said.say(&fenced(language, text));
                }
                _ => said.say(text),
            }
        }
        ("user_editable_context" | "model_editable_context", _) => said.left_out.system += 1,
        (
            "execution_output"
            | "tether_quote"
            | "tether_browsing_display"
            | "sonic_webpage"
            | "computer_output"
            | "system_error",
            _,
        ) => said.left_out.tools += 1,
        _ => said.left_out.other += 1,
    }
    said
}

fn part_said(part: Json<'_>, said: &mut MessageContent) {
    if let Some(text) = part.text() {
        return said.say(text);
    }
    if !part.is_object() {
        said.left_out.unreadable += u64::from(!part.is_null());
        return;
    }
    let text = part.text_of("text");
    match (part.text_of("content_type"), text) {
        // Spoken words come as text.
        (Some("text" | "audio_transcription") | None, Some(text)) => said.say(text),
        _ => said.left_out.attachments += 1,
    }
}

/// The document in the tool call that creates it, and the number of lone surrogates in the call.
fn document(content: Json<'_>) -> Option<(String, u64)> {
    let call = content.items_of("parts").find_map(Json::text).or(content.text_of("text"))?;
    let read = super::super::json::Document::parse(call).ok()?;
    let call = read.root();
    let text = call.text_of("content")?;
    let name = call.text_of("name").unwrap_or_default();
    let text = match call.text_of("type").and_then(|kind| kind.strip_prefix("code/")) {
        Some(language) => fenced(language, text),
        None => text.to_owned(),
    };
    let text = if name.is_empty() { text } else { format!("**{name}**\n\n{text}") };
    Some((text, call.replaced()))
}
