//! Exports and imports: moving conversations from one store to another.
//!
//! The readers and writers here are pure, from bytes to whole logs and back; a store's
//! [`store::Store::import`] then commits the logs, all or none. `docs/export-format.md` describes
//! Companion's own format.

mod any;
mod archive;
mod beside;
mod branch;
mod check;
mod foreign;
mod format;
mod import;
mod json;
mod markdown;
mod reader;
mod refusal;
mod salvage;
mod seems;
mod split;
mod surrogates;
mod tally;
mod writer;

pub use branch::Branch;
pub use foreign::read_foreign;
pub use format::VERSION;
pub use import::{ImportError, Options, Report, Source, Upload, import, read_files};
pub use markdown::Document;
pub use markdown::markdown;
pub use reader::read;
pub use refusal::{ReadError, Refusal, SourceLocation};
pub use salvage::{Salvaged, exportable, salvage};
pub use tally::{REFUSALS, Tally, Unsound};
pub use writer::Writer;

/// The most bytes that the text and the reasoning of one message may have together, whatever the
/// settings are: every imported message must fit into an export, and into the import of that
/// export.
pub const MESSAGE_BYTES: u64 = 16 << 20;
/// The most bytes that an export's line has around an event.
const LINE_AROUND_BYTES: u64 = 80;
/// The longest line of an export in bytes. JSON writes a byte of a text as at most six.
pub const LINE_BYTES: u64 = 6 * MESSAGE_BYTES + (1 << 20);
/// The most bytes in the lines of one conversation, because each conversation is in memory as a
/// whole.
pub const CONVERSATION_BYTES: u64 = 256 << 20;
/// The most conversations in one file.
pub const CONVERSATIONS: u64 = 100_000;
