//! Exports and imports: moving conversations from one store to another.
//!
//! The readers and writers here are pure, from bytes to whole logs and back; a store's
//! [`crate::store::Store::import`] commits what they read, all or none. `docs/export-format.md`
//! describes Companion's own format.

mod any;
mod check;
mod foreign;
mod format;
mod import;
mod markdown;
mod reader;
mod refusal;
mod salvage;
mod writer;

pub use any::Format;
pub use foreign::read_foreign;
pub use format::VERSION;
pub use import::{ImportError, Report, Upload, import};
pub(crate) use markdown::Document;
pub use markdown::markdown;
pub use reader::{each, read};
pub use refusal::{Place, ReadError, Refusal};
pub use salvage::{Salvaged, exportable, salvage};
pub use writer::Writer;

/// The longest line of an export in bytes. Few answers have a thousandth of that.
pub const LINE_BYTES: u64 = 32 << 20;
/// The most bytes that the lines of one conversation may have: each conversation is in memory as a
/// whole.
pub const CONVERSATION_BYTES: u64 = 256 << 20;
/// The most conversations in one file.
pub const CONVERSATIONS: u64 = 100_000;

/// How much a file contained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub conversations: u64,
    /// How many entries were not imported. Of another program's format: those that have no place
    /// in a transcript, which are system and tool messages, hidden ones, and parts that are not
    /// text. Of Companion's own format: log entries that were unreadable when it was exported.
    pub left_out: u64,
}
