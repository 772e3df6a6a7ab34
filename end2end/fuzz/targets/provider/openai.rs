//! The parts of the provider that the bytes of a stream pass.

mod answer;
mod classify;
mod echo;
mod fault;
mod overflow;
mod reading;
mod refusal;
mod said;
mod sse;
mod words;

pub use reading::read;
