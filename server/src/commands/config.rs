//! `companion config`: prints the configuration in force.

use std::process::ExitCode;

use crate::config::{Config, sample};

/// Prints the configuration in the form of a usable file.
pub fn run(config: &Config) -> ExitCode {
    match &config.file {
        Some(file) => say!("# Read from {}", file.display()),
        None => say!("# No configuration file was read"),
    }
    super::write_out(&sample::effective(config));
    ExitCode::SUCCESS
}
