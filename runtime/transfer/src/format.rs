//! The lines of Companion's own format; `docs/export-format.md` is their description.
//!
//! A line is one JSON object, `{"check":"…","line":N,"KIND":{…}}`. The check is a hash over all
//! bytes of the file before the line and those of the line from `"line"` on. It comes first and has
//! a fixed length, so that it can be compared before the line is parsed.

use std::borrow::Cow;

use protocol::{Event, LogId, Timestamp, WorkerId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The format's name, in the first line.
pub(crate) const NAME: &str = "companion-export";

/// The version of the format that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// The beginning of a line, up to the check.
pub(crate) const PREFIX: &[u8] = b"{\"check\":\"";

/// Hexadecimal digits of a check.
pub(crate) const CHECK_DIGITS: usize = 16;

/// The part of a line between the check and the line's number.
pub(crate) const NUMBER: &[u8] = b"\",\"line\":";

/// The offset in a line of the first byte that the check covers.
pub(crate) const COVERED: usize = PREFIX.len() + CHECK_DIGITS + 2;

/// The content of a line besides its check and number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Content<'a> {
    /// The first line.
    Header { format: Cow<'a, str>, version: u32 },
    /// A system prompt, before the first conversation with a turn that refers to it.
    Prompt { digest: Cow<'a, str>, text: Cow<'a, str> },
    /// A conversation begins.
    Conversation {
        worker_id: WorkerId,
        log_id: HexLog,
        created_at: Timestamp,
        /// The number of event lines that follow.
        events: u64,
    },
    /// A conversation that could not be read completely. The readable part follows as a
    /// `Conversation` with the same id, unless nothing was readable.
    Unreadable {
        worker_id: WorkerId,
        /// The number of missing log entries.
        lost: u64,
    },
    /// The next entry of the conversation's log.
    Event(Cow<'a, Event>),
    /// A conversation is complete. Its sum does not depend on the rest of the file, so it can be
    /// checked even after a damaged line. Files of older versions have no sums.
    Sum {
        worker_id: WorkerId,
        /// The hash of the conversation's lines; see [`Sum`].
        sha256: Cow<'a, str>,
    },
    /// The last line.
    End {
        conversations: u64,
        events: u64,
        /// The SHA-256 of all bytes before this line, as `sha256sum` prints it.
        sha256: Cow<'a, str>,
    },
}

/// A log's id as 16 hexadecimal digits, because many JSON parsers do not keep such large numbers
/// exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct HexLog(pub LogId);

impl From<HexLog> for String {
    fn from(HexLog(LogId(id)): HexLog) -> String {
        format!("{id:016x}")
    }
}

impl TryFrom<String> for HexLog {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let id = u64::from_str_radix(&text, 16).map_err(|_| "not a log's id")?;
        // SQLite stores signed numbers; all ids that this product makes are positive.
        let fits = i64::try_from(id).is_ok() && String::from(Self(LogId(id))) == text;
        if fits { Ok(Self(LogId(id))) } else { Err("not a log's id") }
    }
}

/// The sum of a conversation: a hash of its own line and its event lines, without the check and the
/// number, each with its line feed.
#[derive(Clone, Default)]
pub(crate) struct Sum(Sha256);

impl Sum {
    /// Adds a line, from its kind to its last brace.
    pub(crate) fn take(&mut self, content: &Content<'_>, bytes: &[u8]) {
        if matches!(content, Content::Conversation { .. }) {
            *self = Self::default();
        }
        if matches!(content, Content::Conversation { .. } | Content::Event(_)) {
            self.0.update(bytes);
            self.0.update(b"\n");
        }
    }

    pub(crate) fn digits(&self) -> String {
        format!("{:x}", self.0.clone().finalize())
    }
}

/// The check of a line; `before` is the hash state of all bytes of the file before it.
pub(crate) fn check(before: &Sha256, covered: &[u8]) -> String {
    let digest = format!("{:x}", before.clone().chain_update(covered).finalize());
    digest[..CHECK_DIGITS].to_owned()
}
