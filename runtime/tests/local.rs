//! The local provider with the real model in a real child process.
//!
//! No test compares exact text: it changes with threads and with how a prompt is cut. The
//! model's file must be there (`make test` brings it); without it every test fails.

#[path = "local/answers.rs"]
mod answers;
#[path = "local/faults.rs"]
mod faults;
#[path = "local/files.rs"]
mod files;
#[path = "local/heads.rs"]
mod heads;
#[path = "local/models.rs"]
mod models;
#[path = "local/queue.rs"]
mod queue;
#[path = "local/stops.rs"]
mod stops;
#[path = "local/support.rs"]
mod support;
