//! The local provider with the real model in a real child process.
//!
//! No test compares exact text: it changes with threads and with how a prompt is cut. The
//! model's file must be there (`make test` brings it); without it every test fails.

mod answers;
mod faults;
mod files;
mod heads;
mod models;
mod queue;
mod stops;
mod support;
