//! Companion's own export: it can be imported again unchanged, and damaged parts are not imported.
//! And the exports of other programs.

#![allow(clippy::unwrap_used, reason = "a test may panic, in its builders too")]

// The sound logs that also test the properties of the fold.
#[allow(dead_code, reason = "shared with the fold's tests")]
#[path = "../../../../protocol/tests/fold/logs.rs"]
mod logs;

mod beside;
mod branch;
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
