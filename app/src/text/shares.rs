//! Texts about shares, which only the server renders.

use shares::{ShareDays, ShareError, limits};

use super::tr;

/// Why a conversation could not be shared, or a share not be found.
pub fn share_error(error: &ShareError) -> String {
    match error {
        ShareError::Off => tr!(share_error_off).to_owned(),
        ShareError::NotFound => tr!(share_error_gone).to_owned(),
        ShareError::Blank => tr!(share_error_blank).to_owned(),
        ShareError::Full => tr!(share_error_full, count = limits::SHARES),
        ShareError::Large => tr!(share_error_large, megabytes = limits::BYTES >> 20),
        ShareError::Busy => tr!(share_error_busy).to_owned(),
        ShareError::Store(_) => tr!(share_error_failed).to_owned(),
    }
}

/// For how long a share can be read.
pub fn share_days(days: ShareDays) -> String {
    match days.get() {
        1 => tr!(share_days_single).to_owned(),
        count => tr!(share_days_many, count = count),
    }
}

/// The number of messages of a document.
pub fn messages(count: usize) -> String {
    if count == 1 { tr!(messages_single).to_owned() } else { tr!(messages_many, count = count) }
}

/// A size.
pub fn kilobytes(bytes: u64) -> String {
    tr!(kilobytes, count = bytes.div_ceil(1000))
}

/// How many shares of a conversation there are.
pub fn shared_before(count: usize) -> String {
    match count {
        1 => tr!(shared_before_single).to_owned(),
        count => tr!(shared_before_many, count = count),
    }
}

/// How many entries of a log are missing in a document.
pub fn excerpt_lost(count: u64) -> String {
    tr!(excerpt_lost, count = count)
}
