//! One process at a time in a data folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::{OpenError, folder_error};

/// Beside the database: a lock on the database file itself would be SQLite's affair.
const FILE: &str = "companion.lock";

/// A hold on a data folder. The operating system gives it up when the process ends,
/// however it ends.
pub(super) struct FolderLock {
    _file: File,
}

impl FolderLock {
    pub(super) fn take(folder: &Path) -> Result<Self, OpenError> {
        let unusable = |source| folder_error(folder, source);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join(FILE))
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
            Err(TryLockError::WouldBlock) => {
                let holder = note_in(&mut file);
                return Err(OpenError::Locked { folder: folder.to_owned(), holder });
            }
        }
        let note = format!("process {}\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(note.as_bytes()))
            .map_err(unusable)?;
        Ok(Self { _file: file })
    }

    /// Who holds the folder, if anybody does. Makes no file.
    pub(super) fn holder(folder: &Path) -> Result<Option<String>, OpenError> {
        let mut file = match File::open(folder.join(FILE)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(folder_error(folder, error)),
        };
        match file.try_lock_shared() {
            // Given back at once, with the file.
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(note_in(&mut file))),
            Err(TryLockError::Error(error)) => Err(folder_error(folder, error)),
        }
    }
}

fn note_in(file: &mut File) -> String {
    let mut note = String::new();
    let known = file.read_to_string(&mut note).is_ok() && !note.trim().is_empty();
    if known { note.trim().to_owned() } else { "unknown".to_owned() }
}
