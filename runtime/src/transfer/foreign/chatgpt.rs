//! ChatGPT's `conversations.json`: a list of conversations, each a `mapping` from ids to nodes
//! with a parent and a message.
//!
//! There is no description by its maker; the fields are those that public notes on real
//! exports agree on (`docs/export-format.md` lists what is read).

use protocol::Role;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Fields, Foreign, Node, moment};
use crate::transfer::Format;

#[derive(Deserialize)]
struct Conversation {
    id: Option<String>,
    conversation_id: Option<String>,
    title: Option<String>,
    create_time: Option<f64>,
    current_node: Option<String>,
    default_model_slug: Option<String>,
    mapping: Fields<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    parent: Option<String>,
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    author: Author,
    create_time: Option<f64>,
    content: Option<Content>,
    metadata: Option<Metadata>,
    /// Whom an assistant speaks to: `all`, or the name of a tool.
    recipient: Option<String>,
}

#[derive(Deserialize)]
struct Author {
    role: String,
}

#[derive(Deserialize)]
struct Content {
    content_type: Option<String>,
    parts: Option<Vec<Part>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Part {
    Text(String),
    /// What was spoken, as text; other objects are images, sounds and the like.
    Object {
        content_type: Option<String>,
        text: Option<String>,
    },
    Other(IgnoredAny),
}

#[derive(Default, Deserialize)]
struct Metadata {
    model_slug: Option<String>,
    is_visually_hidden_from_conversation: Option<bool>,
}

/// Reads one conversation.
pub(super) fn read(json: &str) -> serde_json::Result<Foreign> {
    let read: Conversation = serde_json::from_str(json)?;
    let model = read.default_model_slug;
    let nodes = read.mapping.0.into_iter().map(|(id, entry)| node(id, entry, model.as_ref()));
    Ok(Foreign {
        format: Format::Chatgpt,
        nodes: nodes.collect(),
        id: read.conversation_id.or(read.id).unwrap_or_default(),
        title: read.title,
        created_at: moment(read.create_time),
        current: read.current_node,
    })
}

fn node(id: String, entry: Entry, default_model: Option<&String>) -> Node {
    let Entry { parent, message } = entry;
    let empty =
        Node { id, parent, role: None, text: String::new(), at: None, model: None, left_out: 0 };
    // A root that only holds the tree together.
    let Some(message) = message else { return empty };
    let metadata = message.metadata.unwrap_or_default();
    let content = message.content.unwrap_or(Content { content_type: None, parts: None });
    let said = matches!(content.content_type.as_deref(), None | Some("text" | "multimodal_text"));
    let hidden = metadata.is_visually_hidden_from_conversation == Some(true);
    let to_a_tool = message.recipient.is_some_and(|recipient| recipient != "all");
    let (text, others) = text_of(content.parts.unwrap_or_default());
    let role = match message.author.role.as_str() {
        "user" => Some(Role::User),
        "assistant" => Some(Role::Assistant),
        _ => None,
    };
    let at = moment(message.create_time);
    match role.filter(|_| said && !hidden && !to_a_tool) {
        Some(role) => Node {
            role: Some(role),
            text,
            at,
            model: metadata.model_slug.or_else(|| default_model.cloned()),
            left_out: others,
            ..empty
        },
        // Most conversations begin with a system message that says nothing.
        None => {
            let nothing = said && text.is_empty() && others == 0;
            Node { left_out: u64::from(!nothing), at, ..empty }
        }
    }
}

/// The text of all parts, and how many are none.
fn text_of(parts: Vec<Part>) -> (String, u64) {
    let (mut texts, mut others) = (Vec::new(), 0);
    for part in parts {
        match part {
            Part::Text(text) => texts.push(text),
            Part::Object { content_type: Some(kind), text: Some(text) }
                if kind == "text" || kind == "audio_transcription" =>
            {
                texts.push(text);
            }
            Part::Object { .. } | Part::Other(_) => others += 1,
        }
    }
    texts.retain(|text| !text.is_empty());
    (texts.join("\n\n"), others)
}
