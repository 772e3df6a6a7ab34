//! The configuration of an installation, with the origin of each setting.
//!
//! There is one struct per concern ([`settings`]). Flags override `COMPANION_*` variables, which
//! override the file, which overrides the defaults ([`layer`]). Everything is validated before
//! anything starts, and all problems are reported together ([`problem`]).

pub mod base_path;
pub mod check;
pub mod endpoints;
pub mod identity_provider;
pub mod layer;
pub mod load;
pub mod models;
pub mod prices;
pub mod problem;
pub mod proxy;
pub mod sample;
pub mod settings;
pub mod table;
pub mod value;

pub use base_path::{BasePath, BasePathError};
pub use load::{Config, Sources};
pub use problem::{Problem, Problems};
pub use settings::Settings;
