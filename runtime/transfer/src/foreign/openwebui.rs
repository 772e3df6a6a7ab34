//! Open WebUI's export: a list of chats, each with a `history` that maps ids to messages with a
//! parent. Older exports have a plain list of messages instead.
//!
//! Source: its repository, `src/lib/utils/index.ts` and the components of a chat.

use protocol::api::{ImportFormat, LeftOut};

use super::super::json::Json;
use super::chatgpt::parents;
use super::content::{MessageContent, Who, beside, model};
use super::moment::moment;
use super::{Foreign, Node, Unfit};

/// Reads one chat. Without a field `chat`, the value itself is the chat.
pub(super) fn read(value: Json<'_>) -> Result<Foreign, Unfit> {
    let chat = value.get("chat").filter(|chat| chat.is_object()).unwrap_or(value);
    let usual = chat.items_of("models").find_map(|name| model(Some(name)));
    let history = chat.get("history");
    let current = history.and_then(|history| history.get("currentId")).and_then(Json::id);
    let mut nodes: Vec<Node> = Vec::new();
    if let Some(tree) = history.and_then(|history| history.get("messages")) {
        let parents = parents(tree, "childrenIds");
        for (id, message) in tree.fields() {
            let parent = message.get("parentId").and_then(Json::id).or(parents.get(id).copied());
            nodes.push(node((id.to_owned(), parent.map(str::to_owned)), message, usual.as_ref()));
        }
    }
    if nodes.is_empty() {
        nodes = listed(chat, usual.as_ref());
    }
    let text = |name: &str| value.text_of(name).or_else(|| chat.text_of(name)).map(str::to_owned);
    Ok(Foreign {
        format: ImportFormat::OpenWebui,
        id: value.get("id").and_then(Json::id).unwrap_or_default().to_owned(),
        title: text("title"),
        created_at: moment(value.get("created_at")).or_else(|| moment(chat.get("timestamp"))),
        nodes,
        current: current.map(str::to_owned),
    })
}

/// Reads messages without a tree: each follows the one before it.
fn listed(chat: Json<'_>, usual: Option<&String>) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for (index, message) in chat.items_of("messages").enumerate() {
        let id = message.get("id").and_then(Json::id).map(str::to_owned);
        let id = id.unwrap_or_else(|| format!("number {index}"));
        let before = nodes.last().map(|node| node.id.clone());
        nodes.push(node((id, before), message, usual));
    }
    nodes
}

fn node(ids: (String, Option<String>), message: Json<'_>, usual: Option<&String>) -> Node {
    if !message.is_object() {
        let left_out = LeftOut { unreadable: 1, ..LeftOut::default() };
        return Node { id: ids.0, parent: ids.1, left_out, ..Node::default() };
    }
    let mut said = MessageContent::of(message.get("content"));
    said.think(&beside(message));
    output(message, &mut said);
    said.files(message.get("files"));
    let who = Who::of(message.text_of("role"));
    let named = model(message.get("model")).or_else(|| model(message.get("modelName")));
    let model = named.or_else(|| usual.cloned()).filter(|_| who == Who::Assistant);
    said.node(who, ids, moment(message.get("timestamp")), model)
}

/// Newer versions keep the parts of an answer in `output` as well.
fn output(message: Json<'_>, said: &mut MessageContent) {
    let (mut texts, mut thinking) = (MessageContent::default(), MessageContent::default());
    for item in message.items_of("output") {
        match item.text_of("type").unwrap_or_default() {
            "message" => texts.say(&MessageContent::of(item.get("content")).text),
            "reasoning" => {
                let inner = MessageContent::of(item.first_of(&["content", "summary"]));
                thinking.think(&[inner.text, inner.reasoning].concat());
            }
            _ => {}
        }
    }
    if said.text.is_empty() {
        said.say(&texts.text);
    }
    if said.reasoning.is_empty() {
        said.think(&thinking.reasoning);
    }
}
