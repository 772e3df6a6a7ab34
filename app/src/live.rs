//! A conversation in a page: its state, its connection, and its current activity.

// The server only renders the initial state; updates happen in the browser.
#![cfg_attr(not(feature = "browser"), allow(dead_code))]

mod activity;
mod backoff;
mod blocks;
mod branch;
#[cfg(feature = "browser")]
mod connection;
mod conversation;
mod current;
mod draft;
mod event_stream;
mod ladder;
pub mod list;
#[cfg(feature = "browser")]
mod list_connection;
#[cfg(feature = "browser")]
mod list_reader;
#[cfg(feature = "browser")]
mod message_id;
mod outgoing;
#[cfg_attr(not(feature = "browser"), allow(dead_code))]
mod sentences;
mod signal;
#[cfg(feature = "browser")]
mod socket;

pub use activity::{Activity, PendingRequest};
#[cfg(feature = "browser")]
pub use blocks::{BlockChange, Blocks};
#[cfg(feature = "browser")]
pub use connection::follow;
pub use conversation::{ConnectionState, Conversation, Entry, Wanted};
pub use current::Current;
#[cfg(feature = "ssr")]
pub use draft::DRAFTS;
pub use draft::{DraftOf, Drafts};
pub use ladder::Obstacle;
pub use list::List;
#[cfg(feature = "browser")]
pub use list_connection::follow_list;
#[cfg(feature = "browser")]
pub use list_reader::attend;
#[cfg(feature = "browser")]
pub use message_id::new_message_id;
pub use outgoing::{Outgoing, joined};
#[cfg(feature = "browser")]
pub use sentences::Sentences;
