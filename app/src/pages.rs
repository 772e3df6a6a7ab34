//! The pages. A page loads its data; components receive it.

mod console;

pub use console::ConsolePage;

#[cfg(feature = "ssr")]
pub mod account;
#[cfg(feature = "ssr")]
pub mod accounts;
#[cfg(feature = "ssr")]
pub mod audit;
#[cfg(feature = "ssr")]
mod beside;
#[cfg(feature = "ssr")]
mod bulk;
#[cfg(feature = "ssr")]
mod data;
#[cfg(feature = "ssr")]
mod document;
#[cfg(feature = "ssr")]
mod input;
#[cfg(feature = "ssr")]
pub mod login;
#[cfg(feature = "ssr")]
mod new;
#[cfg(feature = "ssr")]
pub mod passkey;
#[cfg(feature = "ssr")]
mod regenerate;
#[cfg(feature = "ssr")]
mod search;
#[cfg(feature = "ssr")]
mod settings;
#[cfg(feature = "ssr")]
pub mod shares;
#[cfg(feature = "ssr")]
pub mod usage;

#[cfg(feature = "ssr")]
pub use beside::Beside;
#[cfg(feature = "ssr")]
pub use bulk::{Bulk, BulkPage};
#[cfg(feature = "ssr")]
pub use data::{Data, DataPage};
#[cfg(feature = "ssr")]
pub use document::document;
#[cfg(feature = "ssr")]
pub use input::{InputPage, Seen};
#[cfg(feature = "ssr")]
pub use new::{New, NewPage, heading as new_heading};
#[cfg(feature = "ssr")]
pub use regenerate::{Regenerate, RegeneratePage};
#[cfg(feature = "ssr")]
pub use search::{Search, SearchResults};
#[cfg(feature = "ssr")]
pub use settings::{ForgottenModel, SettingsDone, SettingsPage};
