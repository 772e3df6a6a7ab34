//! A disk as it was at some moment of a recording, and the disks that a power cut could leave then.
//!
//! What was synced survives. Of everything else, any part may be on the disk:
//!
//! - Each sector of a file has the content that it had at some moment since the last sync of that
//!   file, whatever the other sectors have. So writes are lost, reordered, or torn between two
//!   sectors, but a sector never has bytes without those that the program had written to it before:
//!   the system writes whole sectors. SQLite relies on that, too
//!   (<https://sqlite.org/psow.html>).
//! - The length of a file is one that it had since then. Where it is longer than what was written,
//!   there are zeros. A cut changes only the length: the end of a file is gone with it, or is as it
//!   was. No file system of that study clears the blocks of a file that keeps its length, and SQLite
//!   relies on that when it empties its log (<https://sqlite.org/wal.html>).
//! - A new name, a lost name and a renaming are safe only when the folder itself was synced
//!   afterwards (fsync(2)). Until then any of them may be missing.
//!
//! These are the weakest rules of the file systems that ALICE examined (see the interposer).

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use anyhow::{Context as _, Result, bail};
use fastrand::Rng;
use power_journal::Operation;

/// The files of a disk by their paths; a folder has no content.
pub(super) type Image = BTreeMap<String, Option<Vec<u8>>>;

/// The syncs that a disk takes no notice of, to see whether their absence is detected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ignored {
    Nothing,
    Everything,
    /// The syncs of write-ahead logs.
    Logs,
    /// The syncs of all other files, which are mostly those of the database at a checkpoint.
    Files,
    Folders,
}

impl Ignored {
    /// All kinds of syncs that are taken out to see that it is noticed.
    pub(super) const CONTROLS: [Self; 4] =
        [Self::Everything, Self::Logs, Self::Files, Self::Folders];
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "all syncs",
            Self::Everything => "no sync at all",
            Self::Logs => "no sync of logs",
            Self::Files => "no sync of other files",
            Self::Folders => "no sync of folders",
        })
    }
}

/// A disk at a moment, with what is safe and what is not.
pub(super) struct Disk<'a> {
    ignored: Ignored,
    /// The number of operations so far.
    steps: usize,
    files: Vec<File<'a>>,
    /// The newest file with an inode number.
    by_node: HashMap<u64, usize>,
    /// The names as the program sees them.
    names: Names,
    synced_names: Names,
    /// Changes of names, with the step of each.
    unsynced_names: Vec<(usize, Naming)>,
    /// Syncs that have begun: the file, and the step at the beginning.
    syncs: HashMap<u64, (usize, usize)>,
}

type Names = BTreeMap<String, usize>;

/// A file or a folder.
struct File<'a> {
    /// Its newest name.
    path: String,
    is_folder: bool,
    synced: Vec<u8>,
    /// Changes of the content, with the step of each.
    unsynced: Vec<(usize, Change<'a>)>,
}

#[derive(Clone, Copy)]
enum Change<'a> {
    Write { at: usize, bytes: &'a [u8] },
    Resize(usize),
}

#[derive(Clone)]
enum Naming {
    Add { path: String, file: usize },
    Remove { path: String },
    Rename { from: String, to: String, file: usize },
}

/// How much of a number of unsynced changes is on the disk.
#[derive(Clone, Copy)]
enum Survival {
    Nothing,
    Everything,
    /// The first ones; the next one in part.
    First(usize),
    /// For each sector any number of the first ones.
    Any,
    /// For each sector all or nothing.
    AllOrNothing,
}

impl<'a> Disk<'a> {
    /// An empty folder, whose inode number is `root`.
    pub(super) fn new(root: u64, ignored: Ignored) -> Self {
        Self {
            ignored,
            steps: 0,
            files: vec![File::new("", true)],
            by_node: HashMap::from([(root, 0)]),
            names: Names::new(),
            synced_names: Names::new(),
            unsynced_names: Vec::new(),
            syncs: HashMap::new(),
        }
    }

    /// Performs the next operation. Errors if it does not fit those before.
    pub(super) fn perform(&mut self, operation: Operation<'a>) -> Result<()> {
        self.steps += 1;
        match operation {
            Operation::CreateFile { node, path } => self.create(node, path, false),
            Operation::CreateFolder { node, path } => self.create(node, path, true),
            Operation::Link { node, path } => {
                let file = self.file(node)?;
                self.name(Naming::Add { path: path.to_owned(), file });
            }
            Operation::Rename { from, to } => {
                let file = *self.names.get(from).context("a file without a name was renamed")?;
                to.clone_into(&mut self.files[file].path);
                let (from, to) = (from.to_owned(), to.to_owned());
                self.name(Naming::Rename { from, to, file });
            }
            Operation::Unlink { path } => self.name(Naming::Remove { path: path.to_owned() }),
            Operation::Write { node, at, bytes } => {
                self.change(node, Change::Write { at: at.try_into()?, bytes })?;
            }
            Operation::Resize { node, bytes } => {
                self.change(node, Change::Resize(bytes.try_into()?))?;
            }
            Operation::SyncBegin { sync, node } => {
                let file = self.file(node)?;
                self.syncs.insert(sync, (file, self.steps));
            }
            Operation::SyncEnd { sync } => {
                let (file, begun) = self.syncs.remove(&sync).context("no such sync has begun")?;
                self.synced(file, begun);
            }
        }
        Ok(())
    }

    /// Whether a node is the database itself.
    pub(super) fn is_database(&self, node: u64) -> bool {
        self.file(node).is_ok_and(|file| self.files[file].path.ends_with(".db"))
    }

    /// The disk as the program sees it, which is also what a crash of the program alone leaves.
    pub(super) fn seen(&self) -> Image {
        let whole = |file: &File<'_>| file.content(Survival::Everything, &mut Rng::with_seed(0));
        self.image_of(&self.names, whole)
    }

    /// One of the disks that a power cut could leave now.
    pub(super) fn after_power_cut(&self, rng: &mut Rng) -> Image {
        let changes = self.unsynced_names.len();
        let survival = Survival::choose(rng, changes);
        let mut names = self.synced_names.clone();
        for (n, (_, naming)) in self.unsynced_names.iter().enumerate() {
            if n < survival.limit(rng, changes) {
                naming.apply(&mut names);
            }
        }
        // The order of the files must not depend on their names, or one image would change with
        // another.
        let mut contents: Vec<_> = self
            .files
            .iter()
            .map(|file| file.content(Survival::choose(rng, file.unsynced.len()), rng))
            .collect();
        let mut image = Image::new();
        for (path, file) in &names {
            let content = std::mem::take(&mut contents[*file]);
            image.insert(path.clone(), (!self.files[*file].is_folder).then_some(content));
        }
        reachable(image)
    }

    fn image_of(&self, names: &Names, content: impl Fn(&File<'_>) -> Vec<u8>) -> Image {
        let entry = |(path, file): (&String, &usize)| {
            let file = &self.files[*file];
            (path.clone(), (!file.is_folder).then(|| content(file)))
        };
        reachable(names.iter().map(entry).collect())
    }

    fn create(&mut self, node: u64, path: &str, is_folder: bool) {
        let file = self.files.len();
        self.files.push(File::new(path, is_folder));
        self.by_node.insert(node, file);
        self.name(Naming::Add { path: path.to_owned(), file });
    }

    fn file(&self, node: u64) -> Result<usize> {
        self.by_node.get(&node).copied().context("a file was used before it was created")
    }

    fn name(&mut self, naming: Naming) {
        naming.apply(&mut self.names);
        self.unsynced_names.push((self.steps, naming));
    }

    fn change(&mut self, node: u64, change: Change<'a>) -> Result<()> {
        let file = self.file(node)?;
        if self.files[file].is_folder {
            bail!("a folder was written");
        }
        self.files[file].unsynced.push((self.steps, change));
        Ok(())
    }

    /// Makes safe what was done before a sync began.
    fn synced(&mut self, file: usize, begun: usize) {
        let file = &mut self.files[file];
        let ignored = match self.ignored {
            Ignored::Nothing => false,
            Ignored::Everything => true,
            Ignored::Folders => file.is_folder,
            Ignored::Logs => file.path.ends_with("-wal"),
            Ignored::Files => !file.is_folder && !file.path.ends_with("-wal"),
        };
        if ignored {
            return;
        }
        if file.is_folder {
            let folder = &file.path;
            self.unsynced_names.retain(|(step, naming)| {
                let is_safe = *step < begun && parent(naming.path()) == folder;
                if is_safe {
                    naming.apply(&mut self.synced_names);
                }
                !is_safe
            });
        } else {
            let later = file.unsynced.partition_point(|(step, _)| *step < begun);
            for (_, change) in file.unsynced.drain(..later) {
                change.apply(&mut file.synced);
            }
        }
    }
}

impl File<'_> {
    fn new(path: &str, is_folder: bool) -> Self {
        Self { path: path.to_owned(), is_folder, synced: Vec::new(), unsynced: Vec::new() }
    }

    fn content(&self, survival: Survival, rng: &mut Rng) -> Vec<u8> {
        let changes = self.unsynced.len();
        let mut content = self.synced.clone();
        if changes == 0 {
            return content;
        }
        // Old disks write 512 bytes at once, new ones 4,096.
        let sector = if rng.bool() { 512 } else { 4096 };
        let counted = survival.limit(rng, changes);
        let mut limits: HashMap<usize, usize> = HashMap::new();
        let mut length = self.synced.len();
        for (n, (_, change)) in self.unsynced.iter().enumerate() {
            let is_counted = n < counted;
            match change {
                Change::Resize(bytes) if is_counted => {
                    length = *bytes;
                    let end = content.len().min(length);
                    content[end..].fill(0);
                }
                Change::Resize(_) => {}
                Change::Write { at, bytes } => {
                    let end = at + bytes.len();
                    if is_counted {
                        length = length.max(end);
                    }
                    if content.len() < end {
                        content.resize(end, 0);
                    }
                    let mut from = *at;
                    while from < end {
                        let number = from / sector;
                        let to = end.min((number + 1) * sector);
                        let limit =
                            limits.entry(number).or_insert_with(|| survival.limit(rng, changes));
                        if n < *limit {
                            content[from..to].copy_from_slice(&bytes[from - at..to - at]);
                        }
                        from = to;
                    }
                }
            }
        }
        content.resize(length, 0);
        content
    }
}

impl Change<'_> {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Resize(bytes) => content.resize(*bytes, 0),
            Self::Write { at, bytes } => {
                let end = at + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*at..end].copy_from_slice(bytes);
            }
        }
    }
}

impl Naming {
    /// The path whose folder has to be synced.
    fn path(&self) -> &str {
        match self {
            Self::Add { path, .. } | Self::Remove { path } => path,
            Self::Rename { to, .. } => to,
        }
    }

    fn apply(&self, names: &mut Names) {
        match self {
            Self::Add { path, file } => {
                names.insert(path.clone(), *file);
            }
            Self::Remove { path } => {
                names.remove(path);
            }
            Self::Rename { from, to, file } => {
                if names.get(from) == Some(file) {
                    names.remove(from);
                }
                names.insert(to.clone(), *file);
            }
        }
    }
}

impl Survival {
    fn choose(rng: &mut Rng, changes: usize) -> Self {
        match rng.u8(0..5) {
            0 => Self::Nothing,
            1 => Self::Everything,
            2 => Self::First(rng.usize(0..=changes)),
            3 => Self::Any,
            _ => Self::AllOrNothing,
        }
    }

    /// How many of the first changes are there, in one sector, or in the length of a file.
    fn limit(self, rng: &mut Rng, changes: usize) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Everything => changes,
            Self::First(count) => changes.min(count + rng.usize(0..2)),
            Self::Any => rng.usize(0..=changes),
            Self::AllOrNothing => changes * rng.usize(0..2),
        }
    }
}

/// Leaves out what is in folders that are not there.
fn reachable(mut image: Image) -> Image {
    let folders: Vec<String> =
        image.iter().filter(|(_, file)| file.is_none()).map(|(path, _)| path.clone()).collect();
    let is_there = |path: &str| path.is_empty() || folders.iter().any(|folder| folder == path);
    image.retain(|path, _| {
        let mut above = parent(path);
        while is_there(above) && !above.is_empty() {
            above = parent(above);
        }
        above.is_empty()
    });
    image
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

#[cfg(test)]
mod tests;
