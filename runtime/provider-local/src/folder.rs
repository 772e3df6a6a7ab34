//! The folder of models: the names of its models, and the file of each name.
//!
//! A name from a client is only compared with the names of the list. No path is made from it.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use protocol::limits::MODEL_CHARS;

/// The most entries of the folder that are read. A folder of models has far fewer.
const ENTRIES: usize = 10_000;

/// A file of the folder that may be a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The file's name without `.gguf`.
    pub(crate) name: String,
    /// `None` for a link that leads out of the folder, or nowhere.
    pub(crate) file: Option<PathBuf>,
}

/// Lists the models of `folder` by name. Fails if the folder cannot be read.
pub(crate) fn list(folder: &Path) -> io::Result<Vec<Found>> {
    let home = folder.canonicalize()?;
    let mut found = Vec::new();
    for entry in fs::read_dir(&home)?.take(ENTRIES) {
        let entry = entry?;
        let Some(name) = name_of(&entry.file_name()) else { continue };
        let path = entry.path();
        // A link may only lead to a file inside the folder. Directories, pipes and the like are
        // listed as well: reading their heads later gives the reason why they cannot be used.
        let is_link = entry.file_type()?.is_symlink();
        let file = if is_link { inside(&path, &home) } else { Some(path) };
        found.push(Found { name, file });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    // `m.gguf` and `m.GGUF` have the same name; the first one is kept.
    found.dedup_by(|later, first| later.name == first.name);
    Ok(found)
}

/// The name by which people choose a file. `None` if the file does not look like a model.
fn name_of(file: &OsStr) -> Option<String> {
    let file = file.to_str()?;
    let (name, ending) = file.rsplit_once('.')?;
    let good = ending.eq_ignore_ascii_case("gguf")
        && !name.is_empty()
        && !name.starts_with('.')
        && name.trim() == name
        && name.chars().count() <= MODEL_CHARS
        && !name.chars().any(char::is_control)
        && !is_later_part(name);
    good.then(|| name.to_owned())
}

/// Whether the name is that of a later part of a model in several files, such as
/// `m-00002-of-00003`. The engine finds these from the first part.
fn is_later_part(name: &str) -> bool {
    let number = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((front, count)) = name.rsplit_once("-of-") else { return false };
    let Some((_, part)) = front.rsplit_once('-') else { return false };
    number(count) && number(part) && part != "00001"
}

fn inside(link: &Path, home: &Path) -> Option<PathBuf> {
    link.canonicalize().ok().filter(|target| target.starts_with(home))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        list(folder).unwrap().into_iter().map(|found| found.name).collect()
    }

    #[test]
    fn only_entries_named_like_a_model_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "b.gguf",
            "a.Q4.GGUF",
            "日本.gguf",
            "big-00001-of-00002.gguf",
            "big-00002-of-00002.gguf",
            "readme.md",
            ".hidden.gguf",
            ".gguf",
            "c.gguf.part",
            "line\nbreak.gguf",
            " space.gguf",
        ] {
            fs::write(folder.path().join(file), "x").unwrap();
        }
        fs::create_dir(folder.path().join("folder.gguf")).unwrap();
        assert_eq!(names(folder.path()), ["a.Q4", "b", "big-00001-of-00002", "folder", "日本"]);
        assert!(list(&folder.path().join("none")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leaves_the_folder_is_not_followed() {
        use std::os::unix::fs::symlink;
        let (outside, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let home = folder.path().canonicalize().unwrap();
        fs::write(outside.path().join("secret.gguf"), "x").unwrap();
        fs::write(home.join("here.gguf"), "x").unwrap();
        symlink("here.gguf", home.join("good.gguf")).unwrap();
        symlink(outside.path().join("secret.gguf"), home.join("out.gguf")).unwrap();
        symlink("../../../../etc/passwd", home.join("up.gguf")).unwrap();
        symlink("nothing", home.join("broken.gguf")).unwrap();
        symlink("circle.gguf", home.join("circle.gguf")).unwrap();
        let files: Vec<_> =
            list(&home).unwrap().into_iter().map(|found| (found.name, found.file)).collect();
        let expected = [
            ("broken", None),
            ("circle", None),
            ("good", Some(home.join("here.gguf"))),
            ("here", Some(home.join("here.gguf"))),
            ("out", None),
            ("up", None),
        ];
        assert_eq!(files, expected.map(|(name, file)| (name.to_owned(), file)));
    }
}
