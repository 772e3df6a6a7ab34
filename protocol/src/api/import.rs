//! What an import did.

use serde::{Deserialize, Serialize};

use crate::WorkerId;

/// The answer to an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportReport {
    pub format: ImportFormat,
    /// Conversations that are new here.
    pub imported: u64,
    /// Conversations that were here already, the same or longer.
    pub skipped: u64,
    /// Conversations that are here with another content and were left as they are.
    pub kept: u64,
    /// Conversations that were deleted here and can still be brought back. They were left so,
    /// whatever their content; `/deleted` lists them.
    #[serde(default)]
    pub deleted: u64,
    /// Conversations, lines and files that were not imported. The others came in.
    #[serde(default)]
    pub refused: u64,
    /// What was not imported and why, in the order of the files: conversations, single messages
    /// that were too long, and whole files. The first of them, at most 100.
    #[serde(default)]
    pub refusals: Vec<ImportRefusal>,
    /// How many further ones there were.
    #[serde(default)]
    pub more_refusals: u64,
    /// Conversations of a damaged export of Companion's that came in although no checksum of theirs
    /// could be compared.
    #[serde(default)]
    pub unchecked: u64,
    /// The first of them, at most 100.
    #[serde(default)]
    pub unchecked_workers: Vec<WorkerId>,
    /// Files in archives that hold no conversations and were not read: pictures, web pages, and what
    /// programs are known to put beside the conversations.
    #[serde(default)]
    pub not_read: u64,
    /// Characters that are none (halves of surrogate pairs), which came in as U+FFFD.
    #[serde(default)]
    pub replaced: u64,
    /// In which conversations that was, at most 100 of them.
    #[serde(default)]
    pub replacements: Vec<ImportReplacement>,
    /// In how many further conversations.
    #[serde(default)]
    pub more_replacements: u64,
    /// Entries that were left out of the conversations that came in, in all.
    pub left_out: u64,
    /// The same by kind.
    #[serde(default)]
    pub left_out_kinds: LeftOut,
    /// The first of the new ones, at most 100.
    pub workers: Vec<WorkerId>,
    /// The first of those that were kept as they are, at most 100.
    #[serde(default)]
    pub kept_workers: Vec<WorkerId>,
}

/// Whose export it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ImportFormat {
    /// Companion's own.
    Companion,
    /// ChatGPT's `conversations.json`.
    Chatgpt,
    /// Open WebUI's chats.
    OpenWebui,
    /// Claude's `conversations.json`.
    Claude,
    /// LibreChat's export of a conversation.
    Librechat,
    /// DeepSeek's `conversations.json`.
    Deepseek,
    /// The web UI of llama.cpp's server.
    LlamaCpp,
    /// A plain list of messages, as OpenAI's interface takes it.
    Messages,
    /// Of more than one program.
    Several,
}

/// Something that was not imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportRefusal {
    /// The name of the file, where it is known. For a file in an archive that is the archive's name
    /// and the path within it, such as `export.zip/conversations.json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The number of the conversation in the file, from 1. None where the file as a whole, or a
    /// line of no conversation, is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The conversation's title, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub code: RefusalCode,
    /// The particulars, in English; text that is safe to show.
    pub reason: String,
}

/// A conversation that came in with U+FFFD in the place of characters that are none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportReplacement {
    /// As in a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The number of the conversation in the file, from 1.
    pub number: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub characters: u64,
}

/// Why something was not imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RefusalCode {
    /// A file that holds no conversations; the reason says what it seems to be.
    NotAnExport,
    /// An archive that cannot be opened, or that unpacks to more than is taken.
    Archive,
    /// An entry of the list that is no conversation, such as a folder.
    NotAConversation,
    /// A conversation without its messages.
    NoMessages,
    /// Something that is not written as JSON is.
    NotJson,
    /// A text in another encoding than UTF-8.
    NotUtf8,
    /// The file ends in the middle of it.
    CutOff,
    /// A conversation with more than is taken.
    TooLarge,
    /// A single message with more than is taken; the rest of its conversation came in.
    MessageTooLong,
    /// Messages that are the answers to each other.
    Circle,
    /// It was changed after it was written: its check is another one.
    Damaged,
    /// It holds what only a newer version knows.
    Newer,
    /// It is there twice with different contents.
    Twice,
    /// It is not a conversation as it could have been written.
    Unsound,
}

/// How many entries were left out, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct LeftOut {
    /// Instructions to the model, and what it was told about the user.
    pub system: u64,
    /// Calls of tools, and what those gave.
    pub tools: u64,
    /// What the other program hides.
    pub hidden: u64,
    /// Pictures, sounds and files.
    pub attachments: u64,
    /// Answers that nobody asked for.
    pub unasked: u64,
    /// Entries that are not what they should be.
    pub unreadable: u64,
    /// Messages that are too long.
    pub too_long: u64,
    /// Anything else that is not text.
    pub other: u64,
}

impl LeftOut {
    /// How many there are of all kinds.
    pub fn total(&self) -> u64 {
        let Self { system, tools, hidden, attachments, unasked, unreadable, too_long, other } =
            *self;
        [system, tools, hidden, attachments, unasked, unreadable, too_long, other]
            .into_iter()
            .fold(0, u64::saturating_add)
    }

    /// Adds those of another one.
    pub fn add(&mut self, more: &Self) {
        for (ours, theirs) in [
            (&mut self.system, more.system),
            (&mut self.tools, more.tools),
            (&mut self.hidden, more.hidden),
            (&mut self.attachments, more.attachments),
            (&mut self.unasked, more.unasked),
            (&mut self.unreadable, more.unreadable),
            (&mut self.too_long, more.too_long),
            (&mut self.other, more.other),
        ] {
            *ours = ours.saturating_add(theirs);
        }
    }
}
