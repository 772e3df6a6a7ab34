//! The shared types of Companion, used by the runtime, the server and the browser.
//!
//! This crate has only pure data and pure functions: ids, messages, turns, the events of a worker's
//! log, the closed set of errors, and [`View`], the one fold from events to what a console shows.
//! It has no clock, no randomness, no input or output: callers that need an id or a time pass in
//! the bits.

mod account;
mod adjustment;
mod amount;
pub mod api;
pub mod calendar;
pub mod catalogue;
mod cursor;
mod date;
mod effort;
mod error;
mod event;
mod excerpt;
mod grouped;
mod id;
pub mod limits;
mod listing;
mod message;
mod progress;
#[cfg(feature = "samples")]
pub mod sample;
mod temperature;
mod timestamp;
mod tokens;
mod turn;
pub mod unicode;
mod unsent;
mod utc_offset;
mod view;
mod wire;
mod worker;

pub use account::{AccountId, AccountRole};
pub use adjustment::Adjustment;
pub use amount::{Amount, NoSuchAmount};
pub use cursor::{Cursor, CursorError, LogId};
pub use date::{Date, NoSuchDate};
pub use error::{Error, ErrorBody, ErrorCode, ProviderKind, TimeoutPhase};
pub use event::{Event, EventBody, fold_deltas, take_reasoning};
pub use excerpt::{Excerpt, ExcerptMessage, ExcerptParts};
pub use grouped::grouped;
pub use id::{Effort, IdError, MessageId, ProfileName, ProviderName, RuntimeId, TurnId, WorkerId};
pub use listing::ListFrame;
pub use message::{Message, Role};
pub use progress::Progress;
pub use temperature::Temperature;
pub use timestamp::Timestamp;
pub use tokens::estimated_tokens;
pub use turn::{ContextWindow, Finish, Retry, Timings, Together, Turn, TurnState, Usage};
pub use unsent::{Unsent, sent_sampling};
pub use utc_offset::{NoSuchOffset, UtcOffset};
pub use view::{Applied, Change, Snapshot, Transcript, Truncated, View};
pub use wire::{CloseReason, Envelope, Frame, FrameExpander, HtmlAppend, HtmlChange, HtmlPatch};
pub use worker::{Visibility, Worker, WorkerStatus};

/// Whether a field has the value that it has when it is left out.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
