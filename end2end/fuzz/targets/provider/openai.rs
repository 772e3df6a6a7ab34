//! The parts of the provider that the bytes of a stream pass.

mod answer;
mod classify;
mod fault;
mod reading;
mod sse;

pub use reading::read;
