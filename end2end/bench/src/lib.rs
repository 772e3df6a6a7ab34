//! Puts load on the release binary of the companion through real sockets, and measures it beside
//! yardsticks of the same machine in the same run.
//!
//! The companion, the scripted endpoint and the driver are three processes, whose processor time is
//! counted separately. Speed never fails a run; only an observer that was not given exactly what
//! the endpoint sent does.

#![allow(missing_docs, reason = "only the program beside it uses this library")]

pub mod api;
pub mod counted;
pub mod endpoint;
pub mod first_token;
pub mod fixture;
pub mod flushes;
pub mod frames;
pub mod growth;
pub mod measured;
pub mod note;
pub mod observer;
pub mod pages;
pub mod peers;
pub mod plot;
pub mod process;
pub mod report;
pub mod run;
pub mod search;
pub mod seen;
pub mod server;
pub mod start;
pub mod streams;
pub mod yardstick;
