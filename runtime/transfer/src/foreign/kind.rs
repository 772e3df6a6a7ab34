//! Finds out which program a conversation is from, by its fields.

use protocol::api::RefusalCode;

use super::super::json::Json;
use super::{Foreign, Unfit, chatgpt, claude, deepseek, librechat, llamacpp, openwebui, plain};

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind<'d> {
    Chatgpt,
    Claude,
    Deepseek,
    Librechat,
    LlamaCpp,
    OpenWebui,
    Messages(Json<'d>),
    /// An object that contains a list of conversations.
    List(Json<'d>),
    Strange,
}

/// A list of conversations may only be in the outermost object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Top,
    Within,
}

impl<'d> Kind<'d> {
    pub(super) fn of(value: Json<'d>) -> Self {
        Self::at(value, Depth::Top)
    }

    fn at(value: Json<'d>, depth: Depth) -> Self {
        if !value.is_object() {
            return match value.items().next() {
                Some(first) if plain::is_message(first) => Self::Messages(value),
                _ => Self::Strange,
            };
        }
        let has = |name: &str| value.fields().any(|(found, _)| found == name);
        let first = |name: &str| value.items_of(name).find(|item| item.is_object());
        if has("mapping") {
            return match deepseek::is(value) {
                true => Self::Deepseek,
                false => Self::Chatgpt,
            };
        }
        if has("chat_messages") {
            return match first("chat_messages") {
                Some(first) if first.get("message_id").is_some() => Self::Deepseek,
                _ => Self::Claude,
            };
        }
        if value.get("conv").is_some_and(Json::is_object) {
            return Self::LlamaCpp;
        }
        if value.get("chat").is_some_and(Json::is_object)
            || value.get("history").is_some_and(Json::is_object)
        {
            return Self::OpenWebui;
        }
        if has("conversationId") || has("messagesTree") {
            return Self::Librechat;
        }
        if let Some(first) = first("messages") {
            return match first.get("isCreatedByUser") {
                Some(_) => Self::Librechat,
                None if has("models") => Self::OpenWebui,
                None => Self::Messages(value),
            };
        }
        for name in ["conversations", "chats", "data", "items", "history"] {
            let Some(list) = value.get(name).filter(|list| list.is_list()) else { continue };
            match list.items().next() {
                Some(first) if plain::is_message(first) => return Self::Messages(value),
                Some(first)
                    if depth == Depth::Top
                        && !matches!(Self::at(first, Depth::Within), Self::Strange) =>
                {
                    return Self::List(list);
                }
                _ => {}
            }
        }
        // A ChatGPT conversation that has lost its messages.
        let of_chatgpt = has("conversation_id") && has("create_time");
        if of_chatgpt {
            return Self::Chatgpt;
        }
        match value.get("messages").is_some_and(Json::is_list) {
            true => Self::Messages(value),
            false => Self::Strange,
        }
    }

    pub(super) fn read(self, value: Json<'d>) -> Result<Foreign, Unfit> {
        match self {
            Self::Chatgpt => chatgpt::read(value),
            Self::Claude => claude::read(value),
            Self::Deepseek => deepseek::read(value),
            Self::Librechat => librechat::read(value),
            Self::LlamaCpp => llamacpp::read(value),
            Self::OpenWebui => openwebui::read(value),
            Self::Messages(value) => plain::read(value),
            Self::List(_) | Self::Strange => {
                Err((RefusalCode::NotAConversation, "it is not a conversation".to_owned()))
            }
        }
    }
}

/// The error for a conversation without messages.
pub(super) fn no_messages() -> Unfit {
    (RefusalCode::NoMessages, "it has no messages".to_owned())
}
