//! What `companion` can be told to do.

pub mod backup;
pub mod bundle;
pub mod config;
pub mod doctor;
pub mod export;
pub mod import;
pub mod serve;

use std::process::ExitCode;

/// Bad usage or configuration.
pub const BAD_CONFIGURATION: u8 = 2;

/// Tells what went wrong, with everything behind it, and gives the code for it.
pub fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("companion: {error:#}");
    ExitCode::FAILURE
}
