//! The embedded runtime: workers, turns, the log, the store and the providers.
//!
//! Knows no HTTP server and no user interface. The server and the pages' server
//! functions reach it through [`Registry`] alone.

mod actor_registry;
pub mod bundle;
pub mod clock;
mod context;
mod embedded;
mod fault;
mod ids;
mod initial_worker;
mod listing;
mod membership_locks;
mod new_file;
mod notifier;
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
mod unicode;
mod unreadable;
mod worker;

pub use embedded::{Export, ExportForm, IMPORT_FILES, Imports, Incoming, Runtime, RuntimeConfig};
pub use ids::new_message_id;
pub use initial_worker::BACKEND_INTERNAL;
pub use listing::ListObservation;
pub use new_file::NewFile;
pub use observe::Observation;
pub use providers::Providers;
pub use registry::Registry;
pub use secret::Secret;
pub use worker::choice::Wanted;
pub use worker::patch::Patch;
