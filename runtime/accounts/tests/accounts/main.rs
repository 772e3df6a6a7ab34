//! Tests of the accounts through their public handle, on the store that the server uses.

#![allow(clippy::unwrap_used, reason = "a test may panic, in its builders too")]

mod admitting;
mod identified;
mod logging_in;
mod managing;
mod passkeys;
mod setting_up;
mod stage;
