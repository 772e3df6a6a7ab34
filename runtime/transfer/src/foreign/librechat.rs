//! LibreChat's export of a conversation: a list of messages that name their parents, or a tree with
//! `children`.
//!
//! Source: <https://github.com/danny-avila/LibreChat>, `api/server/utils/import`.

use protocol::api::ImportFormat;

use super::super::json::Json;
use super::content::{MessageContent, Who, model};
use super::kind::no_messages;
use super::moment::moment;
use super::{Foreign, Node, Unfit};

/// Reads one conversation.
pub(super) fn read(value: Json<'_>) -> Result<Foreign, Unfit> {
    let mut lists = ["messagesTree", "messages"].iter().filter_map(|name| value.get(name));
    let list = lists.find(|list| list.is_list()).ok_or_else(no_messages)?;
    let usual = value.get("options").and_then(|options| model(options.get("model")));
    let mut nodes = Vec::new();
    // Trees may be deep, so this uses a stack of its own. The messages of a list come before those
    // of its nested lists.
    let mut lists = vec![(list, None::<String>)];
    let mut next = 0;
    while let Some((list, above)) = lists.get(next).cloned() {
        next += 1;
        for message in list.items() {
            let id = message.get("messageId").and_then(Json::id).map(str::to_owned);
            let id = id.unwrap_or_else(|| format!("number {}", nodes.len()));
            let named = message.get("parentMessageId").and_then(Json::id).map(str::to_owned);
            if let Some(children) = message.get("children") {
                lists.push((children, Some(id.clone())));
            }
            nodes.push(node((id, above.clone().or(named)), message, usual.as_ref()));
        }
    }
    let first = nodes.iter().filter_map(|node| node.at).min();
    Ok(Foreign {
        format: ImportFormat::Librechat,
        id: value.get("conversationId").and_then(Json::id).unwrap_or_default().to_owned(),
        title: value.text_of("title").map(str::to_owned),
        created_at: moment(value.get("createdAt")).or(first),
        nodes,
        current: None,
    })
}

fn node(ids: (String, Option<String>), message: Json<'_>, usual: Option<&String>) -> Node {
    let mut said = MessageContent::of(message.get("content"));
    if said.text.is_empty() {
        said.say(message.text_of("text").unwrap_or_default());
    }
    said.files(message.get("files"));
    said.files(message.get("attachments"));
    let who = match message.get("isCreatedByUser") {
        Some(by_user) if by_user.is_true() => Who::User,
        Some(_) => Who::Assistant,
        None => Who::of(message.first_of(&["role", "sender"]).and_then(Json::text)),
    };
    let at = moment(message.get("createdAt"));
    if message.get("error").is_some_and(Json::is_true) {
        // The text of such a message is an error message.
        said = MessageContent::default();
        said.left_out.other += 1;
    }
    let named = model(message.get("model"));
    let model = named.or_else(|| usual.cloned()).filter(|_| who == Who::Assistant);
    said.node(who, ids, at, model)
}
