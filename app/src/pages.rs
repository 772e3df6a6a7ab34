//! The pages. Each loads what it shows; components receive it.

mod console;

pub use console::ConsolePage;

#[cfg(feature = "ssr")]
mod data;
#[cfg(feature = "ssr")]
pub use data::{Data, data_document};
