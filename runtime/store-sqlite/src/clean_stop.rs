//! Remembers what the database's file was when the store was closed in order. As long as it is the same
//! file and nobody has changed it, the next start need not read the whole of it to look for damage,
//! which takes seconds where there are many messages.
//!
//! After some days it is read again all the same, because a disk changes bytes without telling anyone.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::file_identity::beside;

/// How long the result of reading the whole file is relied upon.
const RELIED_UPON: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long the file has to be unchanged before it is remembered. The times of files tell changes
/// apart only if there is at least a tick of the kernel's clock between them
/// (<https://www.kernel.org/doc/html/latest/filesystems/multigrain-ts.html>).
const TICK: Duration = Duration::from_millis(20);

/// Whether the file is as the last stop left it; gives when the whole of it was read last. Changes
/// nothing.
pub(crate) fn known(file: &Path, now: SystemTime) -> Option<SystemTime> {
    let noted = fs::read_to_string(note_of(file)).ok()?;
    let (checked, state) = noted.split_once(' ')?;
    let checked = UNIX_EPOCH + Duration::from_millis(checked.parse().ok()?);
    // A clock that was set back says nothing about the age.
    let is_recent = now.duration_since(checked).is_ok_and(|age| age < RELIED_UPON);
    let is_same = fs::metadata(file).is_ok_and(|found| state_of(&found) == state);
    (is_recent && is_same).then_some(checked)
}

/// Forgets the file, which is going to be written, so that only another stop in order can say so again.
pub(crate) fn forget(file: &Path) {
    // If it cannot be removed, it will not fit the file any more.
    let _ = fs::remove_file(note_of(file));
}

/// Remembers the file, the whole of which was read at `checked`. Waits for some milliseconds if it was
/// changed only now.
pub(crate) fn remember(file: &Path, checked: SystemTime) -> io::Result<()> {
    let changed = fs::metadata(file)?.modified()?;
    if let Some(rest) = TICK.checked_sub(changed.elapsed().unwrap_or_default()) {
        std::thread::sleep(rest);
    }
    let state = state_of(&fs::metadata(file)?);
    let checked_ms = checked.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    fs::write(note_of(file), format!("{checked_ms} {state}"))
}

/// What changes with every change of a file, and with a copy of it.
fn state_of(file: &Metadata) -> String {
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
    fn a_file_is_known_once_and_only_as_it_was() {
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
        // The same length at once.
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
