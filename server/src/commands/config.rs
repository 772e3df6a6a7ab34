//! `companion config`: what is in force.

use std::process::ExitCode;

use crate::config::{Config, sample};

/// Prints the configuration as a file that could be used again.
pub fn run(config: &Config) -> ExitCode {
    match &config.file {
        Some(file) => say!("# Read from {}", file.display()),
        None => say!("# No configuration file was read"),
    }
    super::write_out(&sample::effective(config));
    ExitCode::SUCCESS
}
