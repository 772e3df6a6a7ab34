//! Remembers the state of the database's file after a clean stop. If the next start finds the file
//! unchanged, it need not read all of it to look for damage, which takes seconds for a large
//! database.
//!
//! After some days the whole file is read again all the same, because a failing disk changes bytes
//! without an error.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::file_identity::beside;

/// How long the result of reading the whole file is trusted.
const RELIED_UPON: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long the file has to be unchanged before it is remembered. The times of files tell changes
/// apart only if there is at least a tick of the kernel's clock between them
/// (<https://www.kernel.org/doc/html/latest/filesystems/multigrain-ts.html>).
const TICK: Duration = Duration::from_millis(20);

/// The time when the whole file was last read, if the file is unchanged since the last clean stop.
/// Changes nothing.
pub(crate) fn known(file: &Path, now: SystemTime) -> Option<SystemTime> {
    let noted = fs::read_to_string(note_of(file)).ok()?;
    let (checked, state) = noted.split_once(' ')?;
    let checked = UNIX_EPOCH + Duration::from_millis(checked.parse().ok()?);
    // If the clock was set back, the age is unknown.
    let is_recent = now.duration_since(checked).is_ok_and(|age| age < RELIED_UPON);
    let is_same = fs::metadata(file).is_ok_and(|found| state_of(&found) == state);
    (is_recent && is_same).then_some(checked)
}

/// Removes the record of the clean stop before the file is written, so that only the next clean
/// stop can vouch for it again.
pub(crate) fn forget(file: &Path) {
    // A record that cannot be removed does no harm: it will not match the changed file.
    let _ = fs::remove_file(note_of(file));
}

/// Records that the whole file was read at `checked` and is unchanged since. Waits for some
/// milliseconds if the file was written only just now.
pub(crate) fn remember(file: &Path, checked: SystemTime) -> io::Result<()> {
    let changed = fs::metadata(file)?.modified()?;
    if let Some(rest) = TICK.checked_sub(changed.elapsed().unwrap_or_default()) {
        std::thread::sleep(rest);
    }
    let state = state_of(&fs::metadata(file)?);
    let checked_ms = checked.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    fs::write(note_of(file), format!("{checked_ms} {state}"))
}

/// The metadata that differ after every change of a file, and for a copy of it.
pub(crate) fn state_of(file: &Metadata) -> String {
    let (device, inode, bytes) = (file.dev(), file.ino(), file.size());
    let (changed, nanos) = (file.ctime(), file.ctime_nsec());
    format!("{device} {inode} {bytes} {changed}.{nanos:09} {}", file.mtime_nsec())
}

fn note_of(file: &Path) -> PathBuf {
    beside(file, ".closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checked_file_is_trusted_once_while_it_is_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("companion.db");
        let now = SystemTime::now();
        let checked = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let later = |days: u64| checked + Duration::from_secs(days * 24 * 60 * 60);
        fs::write(&file, "a").unwrap();
        assert_eq!(known(&file, now), None, "nothing is known of it");
        remember(&file, checked).unwrap();
        assert_eq!(known(&file, later(6)), Some(checked));
        forget(&file);
        assert_eq!(known(&file, later(6)), None, "it may have been used since");
        remember(&file, checked).unwrap();
        assert_eq!(known(&file, later(8)), None);
        remember(&file, checked).unwrap();
        assert_eq!(known(&file, checked - Duration::from_secs(1)), None);
        // The length stays the same, and the write comes at once.
        remember(&file, checked).unwrap();
        fs::write(&file, "b").unwrap();
        assert_eq!(known(&file, later(1)), None);
        remember(&file, checked).unwrap();
        let copy = folder.path().join("copy");
        fs::copy(&file, &copy).unwrap();
        fs::rename(&copy, &file).unwrap();
        assert_eq!(known(&file, later(1)), None);
        for odd in ["", " ", "1", "x y", "99999999999999999999999 a"] {
            fs::write(note_of(&file), odd).unwrap();
            assert_eq!(known(&file, now), None, "{odd}");
        }
    }
}
