//! The data folder of a recording: what this program puts there itself is recorded, too.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use power_journal::Operation;

use crate::power::disk::{Disk, Image};

/// The path of the data folder in the recorded folder.
const DATA: &str = "data";

/// The numbers of this program's syncs. No process has such high ones for its own.
const SYNC_FILE: u64 = u64::MAX;
const SYNC_FOLDER: u64 = u64::MAX - 1;

pub(super) struct Files {
    pub(super) data: PathBuf,
    pub(super) journal: PathBuf,
}

/// A part of the journal, from one position to another.
type Part = (usize, usize);

impl Files {
    /// Makes the data folder in the recorded folder, whose inode number is `root`.
    pub(super) fn make_folder(&self, root: u64) -> Result<Part> {
        fs::create_dir(&self.data)?;
        let node = fs::metadata(&self.data)?.ino();
        self.record(&[
            Operation::CreateFolder { node, path: DATA },
            Operation::SyncBegin { sync: SYNC_FOLDER, node: root },
            Operation::SyncEnd { sync: SYNC_FOLDER },
        ])
    }

    /// Puts files into the data folder, safe from any power cut.
    pub(super) fn arrange<'a>(
        &self,
        files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Part> {
        let begin = self.length()?;
        for (name, bytes) in files {
            let (file, path) = (self.data.join(name), format!("{DATA}/{name}"));
            fs::write(&file, bytes)?;
            let node = fs::metadata(file)?.ino();
            self.record(&[
                Operation::CreateFile { node, path: &path },
                Operation::Write { node, at: 0, bytes },
                Operation::SyncBegin { sync: SYNC_FILE, node },
                Operation::SyncEnd { sync: SYNC_FILE },
            ])?;
        }
        let node = fs::metadata(&self.data)?.ino();
        let sync = SYNC_FOLDER;
        self.record(&[Operation::SyncBegin { sync, node }, Operation::SyncEnd { sync }])?;
        Ok((begin, self.length()?))
    }

    /// Replaces all files of the data folder.
    pub(super) fn replace(&self, disk: &Disk<'_>, image: &Image) -> Result<Part> {
        let begin = self.length()?;
        for name in of_data(disk.seen()).keys() {
            fs::remove_file(self.data.join(name))?;
            self.record(&[Operation::Unlink { path: &format!("{DATA}/{name}") }])?;
        }
        let files = image.iter().filter_map(|(name, file)| Some((name.as_str(), file.as_deref()?)));
        let (_, end) = self.arrange(files)?;
        Ok((begin, end))
    }

    /// Checks that the journal tells all that was done to the files: what it says must be there.
    pub(super) fn check(&self, disk: &Disk<'_>) -> Result<()> {
        let mut seen = of_data(disk.seen());
        let mut there = Image::new();
        for entry in fs::read_dir(&self.data)? {
            let entry = entry?;
            // A power cut leaves nothing in the socket of the command line.
            if !entry.file_type()?.is_file() {
                continue;
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            there.insert(name, Some(fs::read(entry.path())?));
        }
        // SQLite maps this file into memory.
        for image in [&mut seen, &mut there] {
            image.retain(|name, _| !name.ends_with("-shm"));
        }
        let names: Vec<_> = seen.keys().chain(there.keys()).collect();
        let different = names.into_iter().find(|name| seen.get(*name) != there.get(*name));
        ensure!(different.is_none(), "the journal does not agree with the file {different:?}");
        Ok(())
    }

    fn record(&self, operations: &[Operation<'_>]) -> Result<Part> {
        let begin = self.length()?;
        let mut journal = File::options().create(true).append(true).open(&self.journal)?;
        for operation in operations {
            journal.write_all(&operation.head())?;
            journal.write_all(operation.tail())?;
        }
        Ok((begin, self.length()?))
    }

    fn length(&self) -> Result<usize> {
        let length = fs::metadata(&self.journal).map_or(0, |journal| journal.len());
        length.try_into().context("the journal is too long")
    }
}

/// The files of the data folder, by their names in it.
pub(in crate::power) fn of_data(image: Image) -> Image {
    let inside = |(path, content): (String, _)| {
        Some((path.strip_prefix(DATA)?.strip_prefix('/')?.to_owned(), content))
    };
    image.into_iter().filter_map(inside).collect()
}
