//! `companion backup FILE`: a copy of the database, also while a server writes to it.

use std::path::Path;
use std::process::ExitCode;

use runtime::store::sqlite::{Aside, Backup};

use crate::config::Config;

/// Writes the copy and says what it holds.
pub fn run(config: &Config, file: &Path) -> anyhow::Result<ExitCode> {
    let Backup { conversations, events, bytes } = Aside::open(&config.data_dir)?.back_up(file)?;
    println!(
        "{}: {conversations} conversations, {events} events, {bytes} bytes, checked",
        file.display()
    );
    Ok(ExitCode::SUCCESS)
}
