//! Open WebUI's export: a list of chats, each with a `history` from ids to messages with a
//! parent; older ones have a plain list of messages instead.
//!
//! Source: its repository, `src/lib/utils/index.ts` and the components of a chat.

use protocol::Role;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Fields, Foreign, Node, moment};
use crate::transfer::Format;

/// An element of the list; without `chat` it is the chat itself.
#[derive(Deserialize)]
struct Element {
    id: Option<String>,
    title: Option<String>,
    created_at: Option<f64>,
    chat: Option<Chat>,
    #[serde(flatten)]
    bare: Chat,
}

#[derive(Default, Deserialize)]
struct Chat {
    #[serde(default, rename = "models")]
    models: Option<Vec<Option<String>>>,
    history: Option<History>,
    messages: Option<Vec<Message>>,
    timestamp: Option<f64>,
    #[serde(default, rename = "title")]
    own_title: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct History {
    #[serde(default)]
    messages: Option<Fields<Message>>,
    current_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    id: Option<String>,
    parent_id: Option<String>,
    role: String,
    content: Option<Content>,
    model: Option<String>,
    timestamp: Option<f64>,
    files: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Part {
    Typed { r#type: String, text: Option<String> },
    Other(IgnoredAny),
}

/// Reads one chat.
pub(super) fn read(json: &str) -> serde_json::Result<Foreign> {
    let Element { id, title, created_at, chat, bare } = serde_json::from_str(json)?;
    let chat = chat.unwrap_or(bare);
    let model = chat.models.into_iter().flatten().flatten().find(|model| !model.is_empty());
    let (tree, current) = match chat.history {
        Some(History { messages, current_id }) => (messages.unwrap_or_default(), current_id),
        None => (Fields::default(), None),
    };
    let mut nodes: Vec<Node> =
        tree.0.into_iter().map(|(id, message)| node(id, message, model.as_ref())).collect();
    if nodes.is_empty() {
        nodes = listed(chat.messages.unwrap_or_default(), model.as_ref());
    }
    Ok(Foreign {
        format: Format::OpenWebui,
        id: id.unwrap_or_default(),
        title: title.or(chat.own_title),
        created_at: moment(created_at).or(moment(chat.timestamp)),
        nodes,
        current,
    })
}

/// Messages without a tree: each follows the one before it.
fn listed(messages: Vec<Message>, model: Option<&String>) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for (index, mut message) in messages.into_iter().enumerate() {
        let id = message.id.take().unwrap_or_else(|| format!("number {index}"));
        message.parent_id = nodes.last().map(|node| node.id.clone());
        nodes.push(node(id, message, model));
    }
    nodes
}

fn node(id: String, message: Message, default_model: Option<&String>) -> Node {
    let (text, others) = text_of(message.content);
    let role = match message.role.as_str() {
        "user" => Some(Role::User),
        "assistant" => Some(Role::Assistant),
        _ => None,
    };
    let files = message.files.map_or(0, |files| files.len() as u64);
    Node {
        id,
        parent: message.parent_id,
        left_out: others + files + u64::from(role.is_none()),
        role,
        text,
        at: moment(message.timestamp),
        model: message.model.filter(|model| !model.is_empty()).or_else(|| default_model.cloned()),
    }
}

fn text_of(content: Option<Content>) -> (String, u64) {
    match content {
        None => (String::new(), 0),
        Some(Content::Text(text)) => (text, 0),
        Some(Content::Other(_)) => (String::new(), 1),
        Some(Content::Parts(parts)) => {
            let (mut texts, mut others) = (Vec::new(), 0);
            for part in parts {
                match part {
                    Part::Typed { r#type, text: Some(text) } if r#type == "text" => {
                        texts.push(text);
                    }
                    Part::Typed { .. } | Part::Other(_) => others += 1,
                }
            }
            (texts.join("\n\n"), others)
        }
    }
}
