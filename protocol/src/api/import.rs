//! The report of an import.

use serde::{Deserialize, Serialize};

use crate::WorkerId;

/// The answer to an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportReport {
    /// The program that wrote the files, or `several`.
    pub format: ImportFormat,
    /// Conversations that were added.
    pub imported: u64,
    /// Conversations that exist here already, with the same messages or more.
    pub skipped: u64,
    /// Conversations that exist here with different content and were left as they are.
    pub kept: u64,
    /// Conversations that were deleted here and can still be restored. They stay deleted, whatever
    /// their content; `/deleted` lists them.
    #[serde(default)]
    pub deleted: u64,
    /// Conversations, lines and files that were not imported. This did not affect the others.
    #[serde(default)]
    pub refused: u64,
    /// The first things that were not imported, and why, in the order of the files; at most 100:
    /// conversations, single messages that were too long, and whole files.
    #[serde(default)]
    pub refusals: Vec<ImportRefusal>,
    /// The number of refusals beyond those.
    #[serde(default)]
    pub more_refusals: u64,
    /// Conversations from a damaged export of Companion that were imported although they had no
    /// checksum to compare.
    #[serde(default)]
    pub unchecked: u64,
    /// The first of them; at most 100.
    #[serde(default)]
    pub unchecked_workers: Vec<WorkerId>,
    /// Files in archives that have no conversations and were not read: pictures, web pages, and
    /// files that programs are known to put beside the conversations.
    #[serde(default)]
    pub not_read: u64,
    /// Invalid characters (halves of surrogate pairs), which were imported as U+FFFD.
    #[serde(default)]
    pub replaced: u64,
    /// The first conversations that had such characters; at most 100.
    #[serde(default)]
    pub replacements: Vec<ImportReplacement>,
    /// The number of such conversations beyond those.
    #[serde(default)]
    pub more_replacements: u64,
    /// The total number of entries that were left out of imported conversations.
    pub left_out: u64,
    /// Their number by kind.
    #[serde(default)]
    pub left_out_kinds: LeftOut,
    /// The first of the added conversations; at most 100.
    pub workers: Vec<WorkerId>,
    /// The first of those that were left as they are; at most 100.
    #[serde(default)]
    pub kept_workers: Vec<WorkerId>,
}

/// The program that wrote the export.
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
    /// A plain list of messages, as OpenAI's API accepts it.
    Messages,
    /// Files of more than one program.
    Several,
}

/// Something that was not imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportRefusal {
    /// The name of the file, if it is known. For a file in an archive this is the archive's name
    /// and the path within it, such as `export.zip/conversations.json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The number of the conversation in the file, from 1. Absent if the refusal concerns the whole
    /// file, or a line that belongs to no conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The conversation's title, if it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The kind of refusal, for a client that words it itself.
    pub code: RefusalCode,
    /// The details, in English; safe to show.
    pub reason: String,
}

/// A conversation in which U+FFFD replaced invalid characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportReplacement {
    /// As in [`ImportRefusal`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The number of the conversation in the file, from 1.
    pub number: u64,
    /// The conversation's title, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The number of characters that were replaced in it.
    pub characters: u64,
}

/// Why something was not imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RefusalCode {
    /// A file without conversations; the reason says what it seems to be.
    NotAnExport,
    /// An archive that cannot be opened, or that unpacks to more than the limit.
    Archive,
    /// An entry of the list that is not a conversation, such as a folder.
    NotAConversation,
    /// A conversation without its messages.
    NoMessages,
    /// Text that is not valid JSON.
    NotJson,
    /// A text in another encoding than UTF-8.
    NotUtf8,
    /// The file ends in the middle of the conversation.
    CutOff,
    /// A conversation that exceeds a limit.
    TooLarge,
    /// A single message that exceeds the limit; the rest of its conversation was imported.
    MessageTooLong,
    /// Messages whose parents form a cycle.
    Circle,
    /// The conversation was changed after it was exported: its checksum differs.
    Damaged,
    /// The conversation has data that only a newer version knows.
    Newer,
    /// The conversation is there twice with different contents.
    Twice,
    /// The log is inconsistent: Companion cannot have written it.
    Unsound,
}

/// How many entries were left out, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct LeftOut {
    /// Instructions to the model, and information about the user.
    pub system: u64,
    /// Tool calls and their results.
    pub tools: u64,
    /// Messages that the other program hides.
    pub hidden: u64,
    /// Pictures, sounds and files.
    pub attachments: u64,
    /// Answers without a question.
    pub unasked: u64,
    /// Entries with invalid content.
    pub unreadable: u64,
    /// Messages that are too long.
    pub too_long: u64,
    /// Anything else that is not text.
    pub other: u64,
}

impl LeftOut {
    /// The number of entries of all kinds.
    pub fn total(&self) -> u64 {
        let Self { system, tools, hidden, attachments, unasked, unreadable, too_long, other } =
            *self;
        [system, tools, hidden, attachments, unasked, unreadable, too_long, other]
            .into_iter()
            .fold(0, u64::saturating_add)
    }

    /// Adds the numbers of `more`.
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
