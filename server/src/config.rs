//! What an installation may choose, and where each choice came from.
//!
//! One struct per concern ([`settings`]); flags win over `COMPANION_*`, those over the
//! file, the file over the defaults ([`layer`]). Everything is validated before anything
//! starts, and all problems are told at once ([`problem`]).

pub mod check;
pub mod endpoints;
pub mod layer;
pub mod load;
pub mod models;
pub mod problem;
pub mod proxy;
pub mod sample;
pub mod settings;
pub mod table;
pub mod value;

pub use load::{Config, Sources};
pub use problem::{Problem, Problems};
pub use settings::Settings;
