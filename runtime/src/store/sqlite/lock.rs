//! One process at a time in a data folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use super::{OpenError, folder_error};

/// Beside the database: a lock on the database file itself would be SQLite's affair.
const FILE: &str = "companion.lock";

/// How often, and how long after one another, a hold is tried.
const TRIES: usize = 20;
const BETWEEN: Duration = Duration::from_millis(5);

/// A hold on a data folder. The operating system gives it up when the process ends,
/// however it ends.
pub(super) struct FolderLock {
    _file: File,
    /// The folder itself, for those who take the file for a leftover and delete it. None on a
    /// file system that has no such locks.
    _folder: Option<File>,
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
        let taken = |file: &mut File| {
            let holder = note_in(file);
            OpenError::Locked { folder: folder.to_owned(), holder }
        };
        let itself = File::open(folder).map_err(unusable)?;
        let itself = match patiently(|| itself.try_lock()) {
            Ok(()) => Some(itself),
            Err(TryLockError::Error(_)) => None,
            Err(TryLockError::WouldBlock) => return Err(taken(&mut file)),
        };
        match patiently(|| file.try_lock()) {
            Ok(()) => {}
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
            Err(TryLockError::WouldBlock) => return Err(taken(&mut file)),
        }
        let note = format!("process {}\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(note.as_bytes()))
            .map_err(unusable)?;
        Ok(Self { _file: file, _folder: itself })
    }

    /// Who holds the folder, if anybody does. Makes no file.
    pub(super) fn holder(folder: &Path) -> Result<Option<String>, OpenError> {
        let mut file = match File::open(folder.join(FILE)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(folder_error(folder, error)),
        };
        let itself = File::open(folder).map_err(|error| folder_error(folder, error))?;
        // Given back at once, with the files.
        match (patiently(|| file.try_lock_shared()), patiently(|| itself.try_lock_shared())) {
            (Err(TryLockError::WouldBlock), _) | (_, Err(TryLockError::WouldBlock)) => {
                Ok(Some(note_in(&mut file)))
            }
            (Err(TryLockError::Error(error)), _) => Err(folder_error(folder, error)),
            (Ok(()), _) => Ok(None),
        }
    }
}

/// Tries for a moment: a program that a former holder was just starting shares its hold until
/// it has become a program of its own.
fn patiently(hold: impl Fn() -> Result<(), TryLockError>) -> Result<(), TryLockError> {
    for _ in 0..TRIES {
        match hold() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN),
            held => return held,
        }
    }
    hold()
}

fn note_in(file: &mut File) -> String {
    let mut note = String::new();
    let known = file.read_to_string(&mut note).is_ok() && !note.trim().is_empty();
    if known { note.trim().to_owned() } else { "unknown".to_owned() }
}
