//! Shares: read-only copies of conversations, under addresses that cannot be guessed.
//!
//! A share is an [`protocol::Excerpt`] that was stored when it was made, so later messages, edits and
//! other branches are never in it. This crate decides what may be shared and for how long; it knows
//! no HTTP, no SQL and no pages, and does not read conversations: the runtime gives their owner the
//! excerpt. [`Shares`] is the handle, [`ShareStore`] the port to durable storage. The reasons are in
//! `docs/adr/sharing.md`.

#[cfg(feature = "contract")]
pub mod contract;
mod service;
mod share;
mod store;
mod token;

pub use service::{Actor, ReadShare, ShareError, Shares, Sharing, Wish};
pub use share::{NewShare, Share, ShareDays, ShareId};
pub use store::{AddedShare, ShareStore, ShareUsage, limits};
pub use token::{ShareToken, TokenHash};
