//! Tests of the runtime through its public handle: with a store on disk, a ticking clock, and a
//! model that says what the test tells it to.

#![allow(clippy::unwrap_used, reason = "a test may panic, in its builders too")]

mod adjusting;
mod asked;
mod availability;
mod beginning;
mod busy;
mod cancel;
mod choosing;
mod closing;
mod corruption;
mod crash;
mod cursors;
mod editing;
mod effort;
mod exporting;
mod faulty;
mod forking;
mod idempotence;
mod idle;
mod input;
mod listing;
mod many;
mod omitting;
mod owners;
mod panics;
mod patching;
mod refusals;
mod resume;
mod retries;
mod scripted;
mod several;
mod shutdown;
mod siblings;
mod slow_observer;
mod stage;
mod store_failure;
mod streaming;
mod thinking;
mod timeouts;
mod transcript;
mod undoing;
mod usage;
mod watcher;
