//! `companion backup FILE`: copies the database, even while a server writes to it.

use std::path::Path;
use std::process::ExitCode;

use store_sqlite::{Backup, ReadOnlyStore};

use crate::config::Config;

/// Writes the copy and prints a summary of it.
pub fn run(config: &Config, file: &Path) -> anyhow::Result<ExitCode> {
    if file == Path::new("-") {
        anyhow::bail!(
            "a backup needs the name of a file; `companion export -` writes to standard output"
        );
    }
    let backup = ReadOnlyStore::open(&config.data_dir)?.back_up(file)?;
    let Backup { conversations, events, bytes, unreadable } = backup;
    say!(
        "{}: {conversations} conversations, {events} events, {bytes} bytes, checked",
        file.display()
    );
    if unreadable > 0 {
        eprintln!(
            "Note: {unreadable} of the conversations cannot be read, or only partly. They are copied unchanged; an earlier backup may contain them completely."
        );
    }
    Ok(ExitCode::SUCCESS)
}
