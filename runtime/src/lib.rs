//! The embedded runtime: workers, turns, the log, the store and the providers.
//!
//! Knows no HTTP server and no user interface. The server and the pages' server
//! functions reach it through [`Registry`] alone.

pub mod bundle;
pub mod clock;
mod context;
mod embedded;
mod fault;
mod fresh;
mod hub;
mod letters;
mod listing;
mod live;
mod new_file;
mod newborn;
mod observe;
pub mod open_file;
pub mod outgoing;
pub mod provider;
mod providers;
mod recovery;
mod registry;
mod rendered;
pub mod search;
mod secret;
pub mod store;
pub mod transfer;
pub mod turn;
mod unreadable;
mod worker;

pub use embedded::{Export, ExportForm, IMPORT_FILES, Imports, Incoming, Runtime, RuntimeConfig};
pub use fresh::new_message_id;
pub use listing::ListObservation;
pub use new_file::NewFile;
pub use newborn::BACKEND_INTERNAL;
pub use observe::Observation;
pub use providers::Providers;
pub use registry::Registry;
pub use secret::Secret;
pub use worker::choice::Wanted;
pub use worker::patch::Patch;
