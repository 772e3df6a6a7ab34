//! The numbers on the page of everybody's own data, which only the server writes.

/// What an export holds.
pub fn export_of(conversations: Option<u64>) -> String {
    match conversations {
        None => tr!(export_of_all).to_owned(),
        Some(1) => tr!(export_of_single).to_owned(),
        Some(count) => tr!(export_of_many, count = count),
    }
}

/// How large a file may be.
pub fn file_most(bytes: u64) -> String {
    tr!(file_most, megabytes = bytes / 1_000_000)
}

pub fn imported(count: u64, from: &str) -> String {
    match count {
        0 => tr!(imported_none, from = from),
        1 => tr!(imported_single, from = from),
        count => tr!(imported_many, count = count, from = from),
    }
}

pub fn import_skipped(count: u64) -> String {
    match count {
        1 => tr!(import_skipped_single).to_owned(),
        count => tr!(import_skipped_many, count = count),
    }
}

pub fn import_kept(count: u64) -> String {
    match count {
        1 => tr!(import_kept_single).to_owned(),
        count => tr!(import_kept_many, count = count),
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
