//! A scripted OpenAI-compatible server on a real socket, for tests.
//!
//! It writes HTTP/1.1 and Server-Sent Events without a library, so that it can be slow, wrong or
//! dead in any way that a [`Script`] describes. It keeps a log of its requests and of the times at
//! which peers disconnected. As a library it runs as long as its [`Upstream`] lives; as a program
//! it is controlled through the endpoints of [`control`].
//!
//! This test code is the only place that answers without a model (invariant 10).

pub mod control;
mod http;
mod log;
mod play;
mod responses;
mod rule;
mod script;
mod server;
pub mod stamp;

pub use log::{Entry, Log};
pub use rule::{Rule, When};
pub use script::{Answer, Script, Step};
pub use server::Upstream;
