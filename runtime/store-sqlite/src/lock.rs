//! Lets only one process at a time use a data folder.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use rustix::fs::OFlags;

use super::{OpenError, folder_error};
use holder::Note;

mod holder;

/// The lock file. It stands beside the database, because locks on the database file itself belong
/// to SQLite.
const FILE: &str = "companion.lock";

/// How often a lock is tried, and the pause between two attempts.
const TRIES: usize = 20;
const BETWEEN: Duration = Duration::from_millis(5);

/// The lock of a data folder. The operating system releases it when the process ends, in whatever
/// way.
pub(crate) struct FolderLock {
    _file: File,
    /// The folder itself is locked as well, in case somebody deletes the lock file. `None` on a
    /// file system that cannot lock folders.
    _folder: Option<File>,
}

impl FolderLock {
    pub(crate) fn take(folder: &Path) -> Result<Self, OpenError> {
        let unusable = |source| folder_error(folder, source);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).mode(0o600);
        let mut file = open(&mut options, folder).map_err(unusable)?;
        let itself = File::open(folder).map_err(unusable)?;
        let taken = |file: &mut File| {
            let note = note_in(file).ok().flatten();
            let holder = holder::of(&[&*file, &itself], note);
            OpenError::Locked { folder: folder.to_owned(), holder }
        };
        let held = match patiently(|| itself.try_lock()) {
            Ok(()) => true,
            Err(TryLockError::Error(_)) => false,
            Err(TryLockError::WouldBlock) => return Err(taken(&mut file)),
        };
        match patiently(|| file.try_lock()) {
            Ok(()) => {}
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
            Err(TryLockError::WouldBlock) => return Err(taken(&mut file)),
        }
        // The file is overwritten only if it is empty or holds a note that a companion wrote.
        note_in(&mut file).map_err(unusable)?;
        let note = Note { process: std::process::id() }.to_string();
        // All notes have the same length, so the file need not be cut: after a power cut it could
        // hold the new note with the end of the old one.
        file.rewind().and_then(|()| file.write_all(note.as_bytes())).map_err(unusable)?;
        Ok(Self { _file: file, _folder: held.then_some(itself) })
    }

    /// Who holds the folder, such as "another companion (process 12)". `None` if nobody does.
    /// Creates no file.
    pub(crate) fn holder(folder: &Path) -> Result<Option<String>, OpenError> {
        let mut file = match open(OpenOptions::new().read(true), folder) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(folder_error(folder, error)),
        };
        let itself = File::open(folder).map_err(|error| folder_error(folder, error))?;
        // These locks are released at once, when the files are dropped.
        match (patiently(|| file.try_lock_shared()), patiently(|| itself.try_lock_shared())) {
            (Err(TryLockError::WouldBlock), _) | (_, Err(TryLockError::WouldBlock)) => {
                let note = note_in(&mut file).ok().flatten();
                Ok(Some(holder::of(&[&file, &itself], note)))
            }
            (Err(TryLockError::Error(error)), _) => Err(folder_error(folder, error)),
            (Ok(()), _) => Ok(None),
        }
    }
}

/// Opens the lock file. Errors unless it is a regular file with no other name: through a link
/// another file would be overwritten, and opening a pipe would block.
fn open(options: &mut OpenOptions, folder: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits();
    let file =
        options.custom_flags(flags.cast_signed()).open(folder.join(FILE)).map_err(|error| {
            match error.raw_os_error() {
                Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => {
                    foreign("is a symbolic link")
                }
                Some(code) if code == rustix::io::Errno::NXIO.raw_os_error() => {
                    foreign("is not a regular file")
                }
                _ => error,
            }
        })?;
    match reason_against(&file.metadata()?) {
        Some(reason) => Err(foreign(reason)),
        None => Ok(file),
    }
}

fn reason_against(found: &Metadata) -> Option<&'static str> {
    if !found.is_file() {
        Some("is not a regular file")
    } else if found.nlink() > 1 {
        // A hard link: the file would be overwritten under its other name as well.
        Some("is another name of a file that is elsewhere too")
    } else {
        None
    }
}

/// The note in the file; `None` if the file is empty. Errors if the file holds anything else.
fn note_in(file: &mut File) -> io::Result<Option<Note>> {
    let mut text = String::new();
    file.rewind()?;
    match file.take(Note::BYTES + 1).read_to_string(&mut text) {
        // Some file systems leave NULs where a note was being written when the power failed, or
        // behind it, if it was shorter than the one before.
        Ok(_) => match text.trim_matches('\0').trim() {
            "" => Ok(None),
            note => Note::parse(note).map(Some).ok_or_else(|| foreign("holds something else")),
        },
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            Err(foreign("holds something else"))
        }
        Err(error) => Err(error),
    }
}

fn foreign(reason: &str) -> io::Error {
    io::Error::other(format!("{FILE} in it {reason}; move that away"))
}

/// Tries for a moment, because a former holder may just have started a child process, which shares
/// its locks until it executes its own program.
fn patiently(hold: impl Fn() -> Result<(), TryLockError>) -> Result<(), TryLockError> {
    for _ in 0..TRIES {
        match hold() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN),
            held => return held,
        }
    }
    hold()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn refused(folder: &Path) -> String {
        match FolderLock::take(folder).err().expect("it is refused") {
            OpenError::Folder { source, .. } => source.to_string(),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_file_that_is_not_a_lock_file_is_never_overwritten() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let lock = folder.path().join(FILE);
        let letter = outside.path().join("letter");
        std::fs::write(&letter, "Dear friend").unwrap();

        symlink(&letter, &lock).unwrap();
        assert!(refused(folder.path()).contains("is a symbolic link"));
        assert!(FolderLock::holder(folder.path()).is_err());
        std::fs::remove_file(&lock).unwrap();
        // A dangling link would make a file elsewhere.
        symlink(outside.path().join("new"), &lock).unwrap();
        assert!(refused(folder.path()).contains("is a symbolic link"));
        std::fs::remove_file(&lock).unwrap();

        std::fs::hard_link(&letter, &lock).unwrap();
        assert!(refused(folder.path()).contains("another name"));
        std::fs::remove_file(&lock).unwrap();

        std::fs::copy(&letter, &lock).unwrap();
        assert!(refused(folder.path()).contains("holds something else"));
        assert_eq!(std::fs::read(&lock).unwrap(), b"Dear friend");
        std::fs::remove_file(&lock).unwrap();

        let (cwd, mode) = (rustix::fs::CWD, rustix::fs::Mode::from_raw_mode(0o600));
        rustix::fs::mknodat(cwd, &lock, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert!(refused(folder.path()).contains("is not a regular file"));
        assert!(FolderLock::holder(folder.path()).is_err());

        assert_eq!(std::fs::read(&letter).unwrap(), b"Dear friend");
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_note_of_a_former_process_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        for former in ["", "process 4194305\n", "\0\0", "process 7\n\0\0"] {
            std::fs::write(folder.path().join(FILE), former).unwrap();
            drop(FolderLock::take(folder.path()).unwrap());
            let note = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
            assert_eq!(note.trim(), format!("process {}", std::process::id()));
            // Whatever is written next, no part of this one stays behind it.
            assert_eq!(note.len() as u64, Note::BYTES);
        }
    }

    /// The note in the file may be from an earlier holder; then its process is not named.
    #[test]
    fn only_the_process_that_holds_the_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let told = || match FolderLock::take(folder.path()).err().expect("it is held") {
            OpenError::Locked { holder, .. } => holder,
            other => panic!("{other}"),
        };
        let ours = FolderLock::take(folder.path()).unwrap();
        let expected = format!("another companion (process {})", std::process::id());
        assert_eq!(told(), expected);
        assert_eq!(FolderLock::holder(folder.path()).unwrap(), Some(expected));
        drop(ours);
        assert_eq!(FolderLock::holder(folder.path()).unwrap(), None);

        // Another program holds the folder, and the note is of a process that has ended: this
        // number is above the highest one that a process can have
        // (https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html, pid_max).
        std::fs::write(folder.path().join(FILE), "process 4194305\n").unwrap();
        let mut other = std::process::Command::new("flock")
            .arg(folder.path())
            .args(["sh", "-c", "echo held; exec cat"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut held = [0; 5];
        other.stdout.as_mut().unwrap().read_exact(&mut held).unwrap();
        let said = told();
        drop(other.stdin.take());
        other.wait().unwrap();
        assert!(said.starts_with("another program"), "{said}");
        assert!(!said.contains("4194305"), "{said}");
    }
}
