//! The words of the page of everybody's own data, which only the server writes.

pub const DATA_WHERE: &str =
    "Everything that you and the model wrote is kept by this server, in its data folder.";
pub const EXPORT_ALL: &str = "Export all conversations";
pub const IMPORT: &str = "Import";
pub const IMPORT_WHAT: &str = "An export of Companion, the conversations.json of a ChatGPT export, \
    or the chats that Open WebUI exported. All of a file comes in or nothing; a conversation that \
    is here already is never changed.";
pub const FILE: &str = "File";
pub const KEEP_EXISTING: &str =
    "Leave conversations that are here with another content as they are, and import the others";
pub const IMPORT_FILE: &str = "Import this file";
pub const FROM_COMPANION: &str = "an export of Companion";
pub const FROM_CHATGPT: &str = "a ChatGPT export";
pub const FROM_OPEN_WEBUI: &str = "an Open WebUI export";
pub const OPEN_IMPORTED: &str = "Open the first of them";
pub const NO_FILE: &str = "No file was chosen, or it is empty.";
pub const NO_FILE_HINT: &str = "Choose one and import it.";
pub const FILE_BROKEN: &str = "The file did not come in whole. Nothing was imported.";

/// What an export holds.
pub fn export_of(conversations: Option<u64>) -> String {
    let all = match conversations {
        None => "All conversations".to_owned(),
        Some(1) => "1 conversation".to_owned(),
        Some(count) => format!("All {count} conversations"),
    };
    format!("{all} as one file, which another Companion can import.")
}

/// How large a file may be.
pub fn file_most(bytes: u64) -> String {
    format!("At most {} MB.", bytes / 1_000_000)
}

pub fn imported(count: u64, from: &str) -> String {
    match count {
        0 => format!("Nothing new was in it: {from}."),
        1 => format!("1 conversation was imported from {from}."),
        count => format!("{count} conversations were imported from {from}."),
    }
}

pub fn import_skipped(count: u64) -> String {
    match count {
        1 => "1 was here already.".to_owned(),
        count => format!("{count} were here already."),
    }
}

pub fn import_kept(count: u64) -> String {
    match count {
        1 => "1 is here with another content and was left as it is.".to_owned(),
        count => format!("{count} are here with another content and were left as they are."),
    }
}

pub fn import_left_out(count: u64) -> String {
    match count {
        1 => "1 entry was left out: not text, hidden, or of a system or a tool.".to_owned(),
        count => {
            format!("{count} entries were left out: not text, hidden, or of a system or a tool.")
        }
    }
}
