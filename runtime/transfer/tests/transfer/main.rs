//! Companion's own export: what goes out comes back, and what is damaged does not come in.

#![allow(clippy::unwrap_used, reason = "a test may panic, in its builders too")]

// The sound logs that the fold's properties are tested with.
#[allow(dead_code, reason = "shared with the fold's tests")]
#[path = "../../../../protocol/tests/fold/logs.rs"]
mod logs;

mod beside;
mod damage;
mod encoding;
mod field;
mod foreign;
mod formats;
mod odd;
mod reports;
mod round_trip;
mod support;
mod unsound;
