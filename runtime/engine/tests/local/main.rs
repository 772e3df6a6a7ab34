//! Tests the local provider with the real model in a real child process.
//!
//! No test compares exact text, since it changes with the number of threads and with the chunks in
//! which a prompt is read. The model's file must be there (`make test` downloads it); without it
//! every test fails.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod answers;
mod conversations;
mod faults;
mod files;
mod heads;
mod models;
mod queue;
mod sandbox;
mod stops;
mod support;
