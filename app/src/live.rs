//! A conversation as the page follows it: its state, its connection, what it is doing now.

// The server renders the first moment of it; only a browser goes on.
#![cfg_attr(not(feature = "browser"), allow(dead_code))]

mod activity;
mod backoff;
mod blocks;
mod branch;
#[cfg(feature = "browser")]
mod connection;
mod conversation;
mod draft;
#[cfg(feature = "browser")]
mod message_id;

pub use activity::{Activity, Errand};
#[cfg(feature = "browser")]
pub use blocks::Blocks;
#[cfg(feature = "browser")]
pub use connection::follow;
#[cfg(test)]
pub use conversation::sample;
pub use conversation::{Conversation, Entry, Link, Wanted};
pub use draft::{DraftOf, Drafts};
#[cfg(feature = "browser")]
pub use message_id::new_message_id;
