//! The embedded runtime: workers, turns, the log, the store and the providers.
//!
//! Knows no HTTP server and no user interface. The server and the pages' server
//! functions reach it through [`Registry`] alone.

mod context;
pub mod provider;
mod secret;

pub use secret::Secret;
