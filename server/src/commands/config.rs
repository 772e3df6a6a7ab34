//! `companion config`: what is in force.

use std::process::ExitCode;

use crate::config::{Config, sample};

/// Prints the configuration as a file that could be used again.
pub fn run(config: &Config) -> ExitCode {
    match &config.file {
        Some(file) => println!("# Read from {}", file.display()),
        None => println!("# No configuration file was read"),
    }
    print!("{}", sample::effective(config));
    ExitCode::SUCCESS
}
