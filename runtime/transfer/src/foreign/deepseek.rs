//! DeepSeek's `conversations.json`: like ChatGPT's, with a `mapping` from ids to nodes, but
//! messages consist of fragments (`REQUEST`, `THINK`, `RESPONSE`, `SEARCH`). Scripts that save one
//! conversation keep the API's list of messages instead.
//!
//! Sources: <https://github.com/DavidShiang/DeepSeek2md>,
//! <https://github.com/ceyaima/deepseek-exporter>. An answer names the results of a search by number
//! ([`citations::numbered`]); they are in its `SEARCH` fragments, or in `search_results`.

use protocol::api::{ImportFormat, LeftOut};

use super::super::json::Json;
use super::citations;
use super::content::{MessageContent, Who, model};
use super::kind::no_messages;
use super::moment::moment;
use super::{Foreign, Node, Unfit};

/// Whether a conversation with a `mapping` is from DeepSeek.
pub(super) fn is(value: Json<'_>) -> bool {
    let of_message = || {
        let messages = value.get("mapping").into_iter().flat_map(Json::fields);
        let message = messages.filter_map(|(_, entry)| entry.get("message")).next();
        message.is_some_and(|message| message.get("fragments").is_some())
    };
    value.get("inserted_at").is_some() || of_message()
}

/// Reads one conversation.
pub(super) fn read(value: Json<'_>) -> Result<Foreign, Unfit> {
    let head = value.get("chat_session").unwrap_or(value);
    let nodes: Vec<Node> = match value.get("mapping").filter(|mapping| mapping.is_object()) {
        Some(mapping) => mapping.fields().map(|(id, entry)| entry_node(id, entry)).collect(),
        None => {
            let list = value.get("chat_messages").filter(|list| list.is_list());
            list.ok_or_else(no_messages)?.items().map(listed_node).collect()
        }
    };
    Ok(Foreign {
        format: ImportFormat::Deepseek,
        id: head.get("id").and_then(Json::id).unwrap_or_default().to_owned(),
        title: head.text_of("title").map(str::to_owned),
        created_at: moment(head.get("inserted_at")),
        nodes,
        current: head.get("current_message_id").and_then(Json::id).map(str::to_owned),
    })
}

fn entry_node(id: &str, entry: Json<'_>) -> Node {
    let parent = entry.get("parent").and_then(Json::id).map(str::to_owned);
    let ids = (id.to_owned(), parent);
    match entry.get("message") {
        Some(message) if message.is_object() => node(ids, message),
        None if entry.is_object() => Node { id: ids.0, parent: ids.1, ..Node::default() },
        _ => {
            let left_out = LeftOut { unreadable: 1, ..LeftOut::default() };
            Node { id: ids.0, parent: ids.1, left_out, ..Node::default() }
        }
    }
}

fn listed_node(message: Json<'_>) -> Node {
    let id = message.get("message_id").and_then(Json::id).unwrap_or_default();
    let parent = message.get("parent_id").and_then(Json::id).map(str::to_owned);
    node((id.to_owned(), parent), message)
}

fn node(ids: (String, Option<String>), message: Json<'_>) -> Node {
    let mut said = MessageContent::default();
    let mut who = message.text_of("role").map_or(Who::Unknown, |role| Who::of(Some(role)));
    for fragment in message.items_of("fragments") {
        let text = fragment.text_of("content").unwrap_or_default();
        match fragment.text_of("type").unwrap_or_default() {
            "REQUEST" => {
                who = Who::User;
                said.say(text);
            }
            kind @ ("RESPONSE" | "TEMPLATE_RESPONSE" | "THINK" | "SEARCH") => {
                if who == Who::Unknown {
                    who = Who::Assistant;
                }
                match kind {
                    "THINK" => said.think(text),
                    "SEARCH" => said.left_out.tools += 1,
                    _ => said.say(text),
                }
            }
            "FILE" | "IMAGE" => said.left_out.attachments += 1,
            "" => said.left_out.unreadable += 1,
            _ => said.left_out.tools += 1,
        }
    }
    if said.text.is_empty() {
        if let Some(text) = message.text_of("content") {
            said.say(text);
        }
        let thinking = message.first_of(&["thinking_content", "reasoning_content"]);
        if let Some(text) = thinking.and_then(Json::text).filter(|_| said.reasoning.is_empty()) {
            said.think(text);
        }
    }
    if who == Who::Assistant {
        let searches = message.items_of("fragments").flat_map(|part| part.items_of("results"));
        let results = searches.chain(message.items_of("search_results"));
        said.text = citations::numbered(&said.text, results);
    }
    said.files(message.get("files"));
    let at = moment(message.get("inserted_at"));
    let model = model(message.get("model")).filter(|_| who == Who::Assistant);
    said.node(who, ids, at, model)
}
