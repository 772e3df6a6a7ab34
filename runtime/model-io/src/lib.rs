//! What is sent to a model and how its answer is read, as pure functions.
//!
//! Which messages of a branch fit the model's window ([`context`]), in which form every model
//! accepts them ([`outgoing`]), what a chat template made of them in the form in which it is kept
//! ([`rendered`]), and which part of an answer is the model's thinking ([`thinking`]). Providers,
//! the engine's process and imports share these; none of them knows a connection, a task or a clock.

pub mod context;
pub mod outgoing;
pub mod rendered;
pub mod thinking;
