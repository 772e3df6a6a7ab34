//! A file that appears under its name only when it is complete and synced, and never replaces
//! another.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A file that is still being written, under a temporary name. Dropping it unfinished removes it.
pub struct NewFile {
    name: PathBuf,
    part: PathBuf,
    file: File,
}

impl NewFile {
    /// Creates an empty temporary file beside `name` that only its owner may read. Error:
    /// `AlreadyExists` if `name` exists.
    pub fn create(name: &Path) -> io::Result<Self> {
        if name.symlink_metadata().is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let last = name.file_name().ok_or(ErrorKind::InvalidFilename)?.to_string_lossy();
        let folder = std::path::absolute(folder_of(name))?;
        let part = folder.join(format!(".{last}.{}.part", std::process::id()));
        // A process with the same id may have left its file behind when it was killed.
        match std::fs::remove_file(&part) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&part)?;
        Ok(Self { name: name.to_owned(), part, file })
    }

    /// The path of the temporary file.
    pub fn part(&self) -> &Path {
        &self.part
    }

    /// Syncs the file and gives it its name. Error: `AlreadyExists` if the name has been taken
    /// since.
    pub fn finish(self) -> io::Result<()> {
        self.file.sync_all()?;
        match std::fs::hard_link(&self.part, &self.name) {
            // Some file systems have no links. For those, another file of that name that appears
            // between the check and the renaming would be replaced.
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                if self.name.symlink_metadata().is_ok() {
                    return Err(ErrorKind::AlreadyExists.into());
                }
                std::fs::rename(&self.part, &self.name)?;
            }
            linked => linked?,
        }
        File::open(folder_of(&self.name))?.sync_all()
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // After a renaming, the file is gone already.
        let _ = std::fs::remove_file(&self.part);
    }
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gets_its_name_when_it_is_finished_and_replaces_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("a");
        let mut file = NewFile::create(&name).unwrap();
        file.write_all(b"text").unwrap();
        assert!(!name.exists());
        file.finish().unwrap();
        assert_eq!(std::fs::read(&name).unwrap(), b"text");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

        assert_eq!(NewFile::create(&name).err().unwrap().kind(), ErrorKind::AlreadyExists);
        let other = folder.path().join("b");
        let late = NewFile::create(&other).unwrap();
        std::fs::write(&other, "somebody else's").unwrap();
        assert_eq!(late.finish().unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&other).unwrap(), b"somebody else's");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
