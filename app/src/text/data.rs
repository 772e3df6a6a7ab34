//! Texts with numbers on `/data`, which only the server renders.

use protocol::api::{ImportFormat, LeftOut, RefusalCode};
use protocol::grouped;

use super::tr;

/// How many conversations a form has changed at once.
pub fn bulk_done(count: u32) -> String {
    match count {
        1 => tr!(bulk_done_one).to_owned(),
        count => tr!(bulk_done, count = count),
    }
}

/// How many conversations an export contains.
pub fn export_of(conversations: Option<u64>) -> String {
    match conversations {
        None => tr!(export_of_all).to_owned(),
        Some(1) => tr!(export_of_single).to_owned(),
        Some(count) => tr!(export_of_many, count = grouped(count)),
    }
}

/// The size limit of a file.
pub fn file_most(bytes: u64) -> String {
    tr!(file_most, megabytes = bytes / 1_000_000)
}

/// The size limit of a request.
pub fn most_bytes(bytes: u64) -> String {
    let tenths = bytes / 100_000;
    let (whole, tenth) = (tenths / 10, tenths % 10);
    let megabytes = if tenth == 0 { whole.to_string() } else { format!("{whole}.{tenth}") };
    tr!(most_bytes, megabytes = megabytes)
}

pub fn imported(count: u64, from: &str) -> String {
    match count {
        0 => tr!(imported_none, from = from),
        1 => tr!(imported_single, from = from),
        count => tr!(imported_many, count = grouped(count), from = from),
    }
}

pub fn import_skipped(count: u64) -> String {
    match count {
        1 => tr!(import_skipped_single).to_owned(),
        count => tr!(import_skipped_many, count = grouped(count)),
    }
}

pub fn import_kept(count: u64) -> String {
    match count {
        1 => tr!(import_kept_single).to_owned(),
        count => tr!(import_kept_many, count = grouped(count)),
    }
}

pub fn import_deleted(count: u64) -> String {
    match count {
        1 => tr!(import_deleted_single).to_owned(),
        count => tr!(import_deleted_many, count = count),
    }
}

pub fn import_left_out(count: u64) -> String {
    match count {
        1 => tr!(import_left_out_single).to_owned(),
        count => tr!(import_left_out_many, count = count),
    }
}

/// The product that the imported file came from.
pub fn import_from(format: ImportFormat) -> &'static str {
    match format {
        ImportFormat::Companion => tr!(from_companion),
        ImportFormat::Chatgpt => tr!(from_chatgpt),
        ImportFormat::OpenWebui => tr!(from_open_webui),
        ImportFormat::Claude => tr!(from_claude),
        ImportFormat::Librechat => tr!(from_librechat),
        ImportFormat::Deepseek => tr!(from_deepseek),
        ImportFormat::LlamaCpp => tr!(from_llama_cpp),
        ImportFormat::Messages => tr!(from_messages),
        ImportFormat::Several => tr!(from_several),
    }
}

/// How many entries of each kind were left out.
pub fn left_out_kinds(kinds: &LeftOut) -> Vec<String> {
    let LeftOut { system, tools, hidden, attachments, unasked, unreadable, too_long, other } =
        *kinds;
    let counted = [
        (tr!(left_out_attachments), attachments),
        (tr!(left_out_tools), tools),
        (tr!(left_out_system), system),
        (tr!(left_out_hidden), hidden),
        (tr!(left_out_unasked), unasked),
        (tr!(left_out_unreadable), unreadable),
        (tr!(left_out_too_long), too_long),
        (tr!(left_out_rest), other),
    ];
    let there = counted.into_iter().filter(|(_, count)| *count > 0);
    there.map(|(kind, count)| tr!(left_out_kind, kind = kind, count = count)).collect()
}

pub fn import_refused(count: u64) -> String {
    match count {
        0 => tr!(import_refused_messages).to_owned(),
        1 => tr!(import_refused_single).to_owned(),
        count => tr!(import_refused_many, count = grouped(count)),
    }
}

pub fn import_more_refused(count: u64) -> String {
    tr!(import_more_refused, count = count)
}

/// How many conversations were imported without a checksum to verify them.
pub fn import_unchecked(count: u64) -> String {
    match count {
        1 => tr!(import_unchecked_single).to_owned(),
        count => tr!(import_unchecked_many, count = count),
    }
}

/// How many files in the archives contain no conversations.
pub fn import_not_read(count: u64) -> String {
    match count {
        1 => tr!(import_not_read_single).to_owned(),
        count => tr!(import_not_read_many, count = count),
    }
}

/// How many characters were replaced with U+FFFD.
pub fn import_replaced(count: u64) -> String {
    match count {
        1 => tr!(import_replaced_single).to_owned(),
        count => tr!(import_replaced_many, count = count),
    }
}

/// The file, number and title of an entry that was not imported, as far as they are known.
pub fn import_refused_what(file: Option<&str>, number: Option<u64>, title: Option<&str>) -> String {
    let number = number.map(|number| tr!(import_refused_number, number = number));
    let title = title.map(|title| tr!(import_refused_title, title = title));
    let parts = [file.map(str::to_owned), number, title];
    let known: Vec<String> = parts.into_iter().flatten().collect();
    if known.is_empty() { String::new() } else { known.join(" ") + ": " }
}

pub fn import_refused_why(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::NotAnExport => tr!(refused_not_an_export),
        RefusalCode::Archive => tr!(refused_archive),
        RefusalCode::NotAConversation => tr!(refused_not_a_conversation),
        RefusalCode::NoMessages => tr!(refused_no_messages),
        RefusalCode::NotJson => tr!(refused_not_json),
        RefusalCode::NotUtf8 => tr!(refused_not_utf8),
        RefusalCode::CutOff => tr!(refused_cut_off),
        RefusalCode::TooLarge => tr!(refused_too_large),
        RefusalCode::MessageTooLong => tr!(refused_message_too_long),
        RefusalCode::Circle => tr!(refused_circle),
        RefusalCode::Damaged => tr!(refused_damaged),
        RefusalCode::Newer => tr!(refused_newer),
        RefusalCode::Twice => tr!(refused_twice),
        RefusalCode::Unsound => tr!(refused_unsound),
    }
}
