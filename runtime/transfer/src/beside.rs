//! What the exports of other programs hold beside the conversations, by its name alone. Pure.
//!
//! Such files are still looked at: a name says what a file is that holds no conversations, and no
//! more. Sources: <https://difegam.github.io/chatgpt-to-markdown/explanation/export-format>,
//! <https://github.com/Mintplex-Labs/anything-llm/issues/5564>,
//! <https://github.com/moorcheh-ai/memanto/pull/1718>, and lists in importers of such archives.

/// Files of ChatGPT's, Claude's and DeepSeek's archives.
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

/// What the names of files begin with that people sent to ChatGPT.
const SENT: &[&str] = &["file-", "file_"];

/// Whether a file of this name, without folders and in small letters, holds something else than
/// conversations.
pub(crate) fn is_known(name: &str) -> bool {
    NAMES.contains(&name) || SENT.iter().any(|begin| name.starts_with(begin))
}
