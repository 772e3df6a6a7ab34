//! Keeps the data folder private to the account that the server runs as: the folder is created
//! with mode 0700 and its files with 0600. Wider modes, such as those of an earlier version, are
//! narrowed at the next start. What this server must not change, such as a folder of another
//! account, is left with a warning.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use tracing::{info, warn};

/// The bits of a mode that give rights to other accounts: those of the group and of all others.
const OTHERS: u32 = 0o077;
/// The sticky bit, as of `/tmp`: the folder is meant to be shared.
const STICKY: u32 = 0o1000;
/// How the names of all files of the store begin: database, side files, copies, lock.
const OURS: &str = "companion";

/// Creates the folder if it is missing, and removes the rights of other accounts to it and to the
/// store's files in it. Errors if the folder cannot be created. Rights that cannot be removed are
/// only logged, since the operator may have given them on purpose.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.symlink_metadata().is_ok() && !folder.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotADirectory, "it is there, and is no folder"));
    }
    let new: Vec<&Path> = folder.ancestors().take_while(|path| is_missing(path)).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    new.into_iter().for_each(sync_name);
    let mut mended = 0;
    let found = exposed(folder).unwrap_or_else(|error| {
        warn!(folder = %folder.display(), %error, "the modes of the data folder and its files cannot be read");
        Vec::new()
    });
    for Exposed { path, mode, why } in found {
        let closed = why.map_or_else(|| close(&path, mode), |why| Err(why.to_owned()));
        match closed {
            Ok(()) => mended += 1,
            Err(reason) => warn!(
                path = %path.display(),
                mode = format!("{mode:03o}"),
                reason,
                "other accounts of this machine may be able to read conversations"
            ),
        }
    }
    if mended > 0 {
        info!(
            folder = %folder.display(),
            mended,
            "the modes of the data folder or its files let other accounts in; they were narrowed"
        );
    }
    Ok(())
}

fn is_missing(path: &Path) -> bool {
    !path.as_os_str().is_empty() && path.symlink_metadata().is_err()
}

/// Syncs the name of a new folder. Otherwise a power cut could take the folder away with everything
/// in it, however often its files are synced.
fn sync_name(folder: &Path) {
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    let synced = File::open(above.unwrap_or(Path::new("."))).and_then(|above| above.sync_all());
    if let Err(error) = synced {
        // The folder above may be closed for reading. Most file systems sync the name with the
        // files all the same.
        warn!(folder = %folder.display(), %error, "the name of the new data folder is not synced");
    }
}

/// Creates an empty file for SQLite to fill; its side files get the same mode from SQLite. Errors
/// with `AlreadyExists`.
pub(crate) fn create(file: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map(drop)
}

/// The data folder, or a file of the store in it, to which other accounts have rights.
#[derive(Debug, PartialEq, Eq)]
pub struct Exposed {
    /// The data folder itself, or a file directly in it.
    pub path: PathBuf,
    /// Its permission bits, such as `0o755`.
    pub mode: u32,
    /// Why the server does not change its mode, in words that follow "because". `None` if the next
    /// start changes it.
    pub why: Option<&'static str>,
}

/// The folder and the store's files in it, as far as other accounts have rights to them; the folder
/// first. Changes nothing. Errors when the folder or a file in it cannot be read.
pub fn exposed(folder: &Path) -> io::Result<Vec<Exposed>> {
    let account = rustix::process::geteuid().as_raw();
    let itself = std::fs::metadata(folder)?;
    let (mut files, mut alone) = (Vec::new(), true);
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(OURS.as_bytes()) {
            alone = false;
            continue;
        }
        // This is the metadata of a link itself: the file it leads to is not the store's to change.
        let found = match entry.metadata() {
            Ok(found) => found,
            // SQLite removes its side files, and a backup its unfinished one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if found.is_file() && found.mode() & OTHERS != 0 {
            files.push(Exposed::new(entry.path(), &found, foreign(&found, account)));
        }
    }
    if itself.mode() & OTHERS == 0 {
        return Ok(files);
    }
    let why = match foreign(&itself, account) {
        Some(why) => Some(why),
        None if itself.mode() & STICKY != 0 => Some("the folder is shared by design"),
        None if !alone => Some("the folder holds other things too"),
        None => None,
    };
    files.insert(0, Exposed::new(folder.to_owned(), &itself, why));
    Ok(files)
}

impl Exposed {
    fn new(path: PathBuf, found: &Metadata, why: Option<&'static str>) -> Self {
        Self { path, mode: found.mode() & 0o7777, why }
    }
}

fn foreign(found: &Metadata, account: u32) -> Option<&'static str> {
    (found.uid() != account).then_some("it belongs to another account")
}

/// Removes the rights of other accounts from the file's `mode`.
fn close(path: &Path, mode: u32) -> Result<(), String> {
    std::fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS))
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn mode(path: &Path) -> u32 {
        std::fs::symlink_metadata(path).unwrap().mode() & 0o7777
    }

    fn set(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_new_folder_is_private_and_wider_modes_are_narrowed() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("a/b");
        make_folder(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);

        let (file, side) = (folder.join("companion.db"), folder.join("companion.db-wal"));
        for path in [&file, &side] {
            std::fs::write(path, "x").unwrap();
            set(path, 0o644);
        }
        set(&folder, 0o755);
        assert_eq!(exposed(&folder).unwrap().len(), 3);
        make_folder(&folder).unwrap();
        assert_eq!([mode(&folder), mode(&file), mode(&side)], [0o700, 0o600, 0o600]);
        assert_eq!(exposed(&folder).unwrap(), []);
    }

    /// The folder's mode is unchanged if the folder holds other things too, or is shared like
    /// `/tmp`; the modes of the files are narrowed.
    #[test]
    fn the_mode_of_a_shared_folder_is_not_changed() {
        for (with, bits) in [("notes.txt", 0o755), ("companion.db", 0o1777)] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("companion.db");
            for path in [&file, &folder.path().join(with)] {
                std::fs::write(path, "x").unwrap();
                set(path, 0o644);
            }
            set(folder.path(), bits);
            make_folder(folder.path()).unwrap();
            assert_eq!((mode(folder.path()), mode(&file)), (bits, 0o600), "{with}");
            let left = exposed(folder.path()).unwrap();
            assert!(left.len() == 1 && left[0].why.is_some(), "{left:?}");
        }
    }

    #[test]
    fn the_mode_of_a_link_target_is_not_changed() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = outside.path().join("page.html");
        std::fs::write(&file, "for everybody").unwrap();
        set(&file, 0o644);
        symlink(&file, folder.path().join("companion.db-wal")).unwrap();
        set(folder.path(), 0o755);
        make_folder(folder.path()).unwrap();
        assert_eq!((mode(&file), mode(folder.path())), (0o644, 0o700));
    }
}
