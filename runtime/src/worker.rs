//! The worker: one task owns one conversation's state.
//!
//! The task takes requests from a closed inbox, drives the pure turn machine, and commits
//! what it decides; it commits, then wakes the observers, then answers. What can be read
//! from the store is read there and not asked of the actor.

mod actor;
mod command;
mod context;
mod keeper;
pub(crate) mod message;
mod outbox;
mod timers;

pub(crate) use actor::Shared;
pub(crate) use command::{Command, Deletion, Reply};
pub(crate) use context::{CONTEXT_BYTES, input_role};
pub(crate) use keeper::keep;
