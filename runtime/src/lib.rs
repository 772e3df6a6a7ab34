//! The embedded runtime: workers, turns, the log and its observers.
//!
//! This crate knows nothing of HTTP, the user interface, a particular database or an inference
//! engine: the server passes in a [`store::Store`] and the [`Providers`]. The server and the pages'
//! server functions call it through [`Registry`] only.

mod account_places;
mod actor_registry;
pub mod bundle;
pub mod clock;
mod embedded;
mod fault;
mod ids;
mod listing;
mod membership_locks;
mod notifier;
mod observe;
pub mod prices;
mod principal;
mod providers;
mod registry;
mod tail;
pub mod turn;
mod turn_places;
mod unreadable;
mod usage;
mod worker;

pub use account_places::{AccountPlace, AccountPlaces};
pub use embedded::{
    Access, BranchExport, ExcerptExport, Export, ExportForm, IMPORT_FILES, Imports, Incoming,
    Runtime, RuntimeConfig,
};
pub use ids::new_message_id;
pub use listing::ListObservation;
pub use observe::{Observation, Observed};
pub use principal::Principal;
pub use providers::Providers;
pub use registry::Registry;
pub use store::initial_worker::BACKEND_INTERNAL;
pub use store::{ConflictPolicy, VisibilityFilter};
pub use tail::SharedEvent;
pub use transfer::Unsound;
pub use usage::UsagePeriod;
pub use worker::model_patch::ModelPatch;
pub use worker::patch::Patch;
