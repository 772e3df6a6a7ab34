//! Recognizes by their names the files in exports of other programs that hold no conversations.
//! Pure.
//!
//! Such files are still read: the name only explains why no conversation was found. Sources:
//! <https://difegam.github.io/chatgpt-to-markdown/explanation/export-format>,
//! <https://github.com/Mintplex-Labs/anything-llm/issues/5564>,
//! <https://github.com/moorcheh-ai/memanto/pull/1718>, and lists in importers of such archives.

/// The names of such files in archives of ChatGPT, Claude and DeepSeek.
const NAMES: &[&str] = &[
    "ads.json",
    "conversation_asset_file_names.json",
    "export_manifest.json",
    "library_files.json",
    "manifest.json",
    "memories.json",
    "message_feedback.json",
    "model_comparisons.json",
    "projects.json",
    "shared_conversations.json",
    "user.json",
    "user_settings.json",
    "users.json",
];

/// The beginnings of the names of files that users had sent to ChatGPT.
const SENT: &[&str] = &["file-", "file_"];

/// Whether a file with this name holds no conversations. The name is without folders and in lower
/// case.
pub(crate) fn is_known(name: &str) -> bool {
    NAMES.contains(&name) || SENT.iter().any(|begin| name.starts_with(begin))
}
