//! A scripted OpenAI-compatible server on a real socket, for tests.
//!
//! It speaks HTTP/1.1 and Server-Sent Events by hand, so that it can be slow, wrong or
//! dead in any way that a [`Script`] says, and it keeps a log of what it was asked and of
//! when the other side went away. As a library it lives as long as its [`Upstream`]; as a
//! program it is steered through the control endpoints of [`control`].
//!
//! This is the one place that answers without a model (invariant 10): it is test code.

pub mod control;
mod http;
mod log;
mod play;
mod responses;
mod rule;
mod script;
mod server;

pub use log::{Entry, Log};
pub use rule::{Rule, When};
pub use script::{Answer, Script, Step};
pub use server::Upstream;
