//! Remembers that the database's file was found to be damaged while it was in use. The next start
//! must refuse it at once: before it could find the damage again, it would have served for a while.

use std::fs;
use std::path::{Path, PathBuf};

use super::clean_stop::state_of;
use super::file_identity::beside;

/// The finding, if the file is unchanged since. Changes nothing.
pub(crate) fn known(file: &Path) -> Option<String> {
    let noted = fs::read_to_string(note_of(file)).ok()?;
    let (state, detail) = noted.split_once('\n')?;
    let found = fs::metadata(file).ok()?;
    (state_of(&found) == state).then(|| detail.to_owned())
}

/// Removes a note about another file than the one that is here now, such as a restored backup.
pub(crate) fn forget(file: &Path) {
    // A note that cannot be removed does no harm: it does not match the file.
    let _ = fs::remove_file(note_of(file));
}

/// Records a finding. The file must not be written any more.
pub(crate) fn remember(file: &Path, detail: &str) -> std::io::Result<()> {
    let state = state_of(&fs::metadata(file)?);
    fs::write(note_of(file), format!("{state}\n{detail}"))
}

fn note_of(file: &Path) -> PathBuf {
    beside(file, ".damaged")
}
