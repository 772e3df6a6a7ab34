//! `companion bundle`: the profiles and prompts in force.

use std::process::ExitCode;

use crate::config::Config;

/// Prints them with their digest.
pub fn run(_config: &Config) -> anyhow::Result<ExitCode> {
    anyhow::bail!("the runtime is not there yet")
}
