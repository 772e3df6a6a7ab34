//! The parts of the provider that the bytes of a stream pass.
#![allow(dead_code, reason = "what else these parts do is for the connection")]

#[path = "../../../runtime/src/provider/openai/answer.rs"]
mod answer;
#[path = "../../../runtime/src/provider/openai/classify.rs"]
mod classify;
#[path = "../../../runtime/src/provider/openai/fault.rs"]
mod fault;
#[path = "../../../runtime/src/provider/openai/sse.rs"]
mod sse;

mod reading;

pub use reading::read;
