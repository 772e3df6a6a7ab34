//! The worker: one task owns one conversation's state.
//!
//! The task takes requests from its inbox, drives the pure turn machine and commits what that
//! decides. It commits first, then wakes the observers, then answers. Reads go to the store
//! directly and not through the actor.

mod actor;
mod answer_with;
mod budget;
mod command;
mod context;
mod deletion;
mod log_writer;
mod message;
pub(crate) mod model_patch;
mod outputs;
pub(crate) mod patch;
mod shared;
mod supervisor;
mod timers;

pub(crate) use command::{Command, Deletion, Reply};
pub(crate) use context::{CONTEXT_BYTES, Context};
pub(crate) use shared::Shared;
pub(crate) use supervisor::supervise;
