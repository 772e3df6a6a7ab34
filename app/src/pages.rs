//! The pages. Each loads what it shows; components receive it.

mod console;

pub use console::ConsolePage;
