//! The web UI of llama.cpp's server: `conv` and its `messages`, or JSON Lines with a line for the
//! session and one for each message.
//!
//! Sources: <https://github.com/ggml-org/llama.cpp>, `tools/ui/src/lib/types/database.d.ts`;
//! <https://github.com/ggml-org/llama.cpp/pull/24688>.

use protocol::api::ImportFormat;

use super::super::json::Json;
use super::content::{MessageContent, Who, beside, model};
use super::kind::no_messages;
use super::moment::moment;
use super::{Foreign, Node, Unfit};

/// Reads one conversation.
pub(super) fn read(value: Json<'_>) -> Result<Foreign, Unfit> {
    let conversation = value.get("conv").ok_or_else(no_messages)?;
    let list = value.get("messages").filter(|list| list.is_list()).ok_or_else(no_messages)?;
    let mut foreign = head(conversation);
    foreign.nodes = list.items().enumerate().map(|(at, message)| node(message, at)).collect();
    Ok(foreign)
}

/// The conversation that a session line begins.
pub(super) fn session(value: Json<'_>) -> Option<Foreign> {
    let begins = value.text_of("type") == Some("session") && value.get("harness").is_some();
    begins.then(|| head(value))
}

/// The message in a message line.
pub(super) fn line(value: Json<'_>) -> Option<Json<'_>> {
    let is = value.text_of("type") == Some("message");
    value.get("message").filter(|message| is && message.is_object())
}

fn head(conversation: Json<'_>) -> Foreign {
    Foreign {
        format: ImportFormat::LlamaCpp,
        id: conversation.get("id").and_then(Json::id).unwrap_or_default().to_owned(),
        title: conversation.text_of("name").map(str::to_owned),
        // The export only has the time of the last use, so the first message's time is used.
        created_at: None,
        nodes: Vec::new(),
        current: conversation.get("currNode").and_then(Json::id).map(str::to_owned),
    }
}

/// The node for a message; `at` is its index in the conversation.
pub(super) fn node(message: Json<'_>, at: usize) -> Node {
    let id = message.get("id").and_then(Json::id).map(str::to_owned);
    let id = id.unwrap_or_else(|| format!("number {at}"));
    let parent = message.get("parent").and_then(Json::id).map(str::to_owned);
    if message.text_of("type") == Some("root") {
        return Node { id, parent, ..Node::default() };
    }
    let mut said = MessageContent::of(message.get("content"));
    said.think(&beside(message));
    said.files(message.get("extra"));
    let called = message.get("toolCalls").is_some_and(|calls| match calls.text() {
        Some(text) => !matches!(text.trim(), "" | "[]"),
        None => calls.items().next().is_some(),
    });
    said.left_out.tools += u64::from(called);
    let who = Who::of(message.text_of("role"));
    let at = moment(message.get("timestamp"));
    let model = model(message.get("model")).filter(|_| who == Who::Assistant);
    said.node(who, (id, parent), at, model)
}
