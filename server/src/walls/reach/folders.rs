//! Opens the places of the rules, and decides between a file and its folder.

use std::path::{Component, Path, PathBuf};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use landlock::PathFd;
use rustix::fs::fstat;

/// How long a disk may take to open a file or folder. What takes longer is left out.
const PATIENCE: Duration = Duration::from_millis(500);

/// Opens all paths that exist, without any right to what is in them.
pub(super) fn open(paths: Vec<PathBuf>) -> Vec<PathFd> {
    paths.into_iter().filter_map(|path| patiently(move || place(path))?).collect()
}

fn place(path: PathBuf) -> Option<PathFd> {
    let place = PathFd::new(path).ok()?;
    // The library asks this as well when it adds a rule. A folder on a disk that does not answer can be
    // opened like this, and only then it hangs.
    fstat(&place).ok()?;
    Some(place)
}

/// The folder of a file that may be replaced while the server runs, and the folder of the file that
/// it is a link to. Where such a folder has other things than such files, as a home folder has, only
/// the file as it is now.
pub(super) fn with_folder(file: &Path) -> Vec<PathBuf> {
    let (file, other) = (file.to_owned(), file.to_owned());
    let target = patiently(move || other.canonicalize().ok()).flatten();
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let place = |file: PathBuf| match file.parent() {
        Some(folder) if folder.as_os_str().is_empty() => PathBuf::from("."),
        Some(folder) => folder.to_owned(),
        None => file,
    };
    let files = [Some(file), target].into_iter().flatten();
    files
        .map(|file| {
            let folder = place(file.clone());
            let real = folder.clone();
            let real = patiently(move || real.canonicalize().ok()).flatten();
            let is_narrow = real.is_some_and(|folder| !is_broad(&folder, home.as_deref()));
            if is_narrow { folder } else { file }
        })
        .collect()
}

/// Whether a folder, whose path is the real one, has much that is none of the server's business: a
/// home folder and those above it, and the folders at the top of the system.
pub(super) fn is_broad(folder: &Path, home: Option<&Path>) -> bool {
    let depth = folder.components().filter(|part| matches!(part, Component::Normal(_))).count();
    let is_home = home.is_some_and(|home| home.starts_with(folder));
    depth <= 1 || is_home || folder == Path::new("/var/tmp")
}

/// What `look` says of a disk; `None` if the disk does not answer. The look cannot be cancelled. Where
/// it hangs, its thread ends with the process.
fn patiently<T: Send + 'static>(look: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (reply, answer) = channel();
    let thread = thread::Builder::new().spawn(move || reply.send(look())).ok()?;
    let said = answer.recv_timeout(PATIENCE).ok()?;
    // It has answered, so it ends now.
    let _ = thread.join();
    Some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_other_things_is_broad() {
        let home = Path::new("/home/me");
        for folder in ["/", "/tmp", "/home", "/home/me", "/var/tmp"] {
            assert!(is_broad(Path::new(folder), Some(home)), "{folder}");
        }
        for folder in ["/home/me/models", "/srv/models", "/home/other"] {
            assert!(!is_broad(Path::new(folder), Some(home)), "{folder}");
        }
    }

    #[test]
    fn a_link_brings_the_folder_of_its_target_along() {
        let (models, blobs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (link, blob) = (models.path().join("m.gguf"), blobs.path().join("0a1b"));
        std::fs::write(&blob, "GGUF").unwrap();
        std::os::unix::fs::symlink(&blob, &link).unwrap();
        let real = blobs.path().canonicalize().unwrap();
        assert_eq!(with_folder(&link), [models.path().to_owned(), real]);
        assert_eq!(with_folder(Path::new("/model.gguf")), [Path::new("/model.gguf")]);
    }
}
