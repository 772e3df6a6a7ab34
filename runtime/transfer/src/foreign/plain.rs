//! A plain list of messages with a role and a content, as OpenAI's API takes it and many programs
//! and data sets store it.

use protocol::api::ImportFormat;

use super::super::json::Json;
use super::content::{MessageContent, Who, beside, model};
use super::kind::no_messages;
use super::moment::moment;
use super::{Foreign, Node, Unfit};

const ROLES: &[&str] = &["role", "from"];
const CONTENTS: &[&str] = &["content", "value", "text", "parts"];
const TIMES: &[&str] =
    &["created_at", "createdAt", "create_time", "createTime", "timestamp", "date"];

/// Whether a value is a message.
pub(super) fn is_message(value: Json<'_>) -> bool {
    let spoken = value.first_of(ROLES).and_then(Json::text).is_some();
    spoken && value.fields().any(|(name, _)| CONTENTS.contains(&name))
}

/// An empty conversation, for a list of which only the messages are known.
pub(super) fn empty() -> Foreign {
    Foreign {
        format: ImportFormat::Messages,
        id: String::new(),
        title: None,
        created_at: None,
        nodes: Vec::new(),
        current: None,
    }
}

/// Reads one conversation: a list, or an object that contains one.
pub(super) fn read(value: Json<'_>) -> Result<Foreign, Unfit> {
    let mut foreign = empty();
    let list = if value.is_list() {
        Some(value)
    } else {
        let text = |names: &[&str]| value.first_of(names).and_then(Json::id).map(str::to_owned);
        foreign.id = text(&["id", "conversation_id", "uuid", "chatId"]).unwrap_or_default();
        foreign.title = text(&["title", "name", "topic", "subject"]);
        foreign.created_at = moment(value.first_of(TIMES));
        let names = ["messages", "conversations", "data", "items", "history", "chats"];
        names.iter().filter_map(|name| value.get(name)).find(|list| list.is_list())
    };
    for (at, message) in list.ok_or_else(no_messages)?.items().enumerate() {
        let before = foreign.nodes.last().map(|node| node.id.clone());
        foreign.nodes.push(node(message, at, before));
    }
    if foreign.nodes.is_empty() {
        return Err(no_messages());
    }
    let usual = model(value.get("model"));
    for node in foreign.nodes.iter_mut().filter(|node| node.role.is_some()) {
        node.model = node.model.take().or_else(|| usual.clone());
    }
    Ok(foreign)
}

/// The node for a message with the index `at`, after the message `before`.
pub(super) fn node(message: Json<'_>, at: usize, before: Option<String>) -> Node {
    let mut said = MessageContent::of(message.first_of(CONTENTS));
    said.think(&beside(message));
    let calls = message.items_of("tool_calls").count();
    said.left_out.tools += calls as u64;
    let who = Who::of(message.first_of(ROLES).and_then(Json::text));
    let model = model(message.get("model"));
    said.node(who, (format!("number {at}"), before), moment(message.first_of(TIMES)), model)
}
