//! Prepares the messages for a model and reads its answer, as pure functions.
//!
//! [`context`] selects the messages of a branch that fit the model's window, [`outgoing`] puts them
//! into a form that every model accepts, [`rendered`] stores what a chat template made of them, and
//! [`thinking`] separates the model's thinking from its answer. The providers, the engine's process
//! and the imports share these; none of them knows a connection, a task or a clock.

pub mod context;
pub mod outgoing;
pub mod rendered;
pub mod thinking;
