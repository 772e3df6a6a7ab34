//! The record of what a program does to the files below one folder: the interposer writes it, and
//! `torture power` reads it and builds the disks that a power cut could leave.
//!
//! The file is a sequence of records in the order in which the operations took effect. A record is
//! its length (of what follows, 4 bytes), its kind (1 byte) and its fields. Numbers are
//! little-endian; a text or the written bytes are the last field and go to the end of the record.

/// The environment variable with the absolute path of the journal.
pub const JOURNAL: &str = "POWER_JOURNAL";
/// The environment variable with the absolute path of the folder whose files are recorded.
pub const FOLDER: &str = "POWER_FOLDER";
/// The environment variable with the milliseconds that every sync takes longer. On a slow disk, an
/// answer that does not wait for its sync is seen to come before it.
pub const SYNC_MS: &str = "POWER_SYNC_MS";
/// The environment variable with the absolute path of a file. Once it exists, the program is killed
/// at the end of its next operation. Only then does the journal agree with the files: SIGKILL from
/// outside could hit the program between an operation and its record.
pub const END: &str = "POWER_END";

/// An operation that succeeded. Paths are relative to the recorded folder, and a node is the inode
/// number of a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation<'a> {
    /// A new file with a new name. An earlier file with this number is gone for good.
    CreateFile {
        /// The new file.
        node: u64,
        /// Its name.
        path: &'a str,
    },
    /// A new folder.
    CreateFolder {
        /// The new folder.
        node: u64,
        /// Its name.
        path: &'a str,
    },
    /// Another name of an existing file.
    Link {
        /// The existing file.
        node: u64,
        /// The new name.
        path: &'a str,
    },
    /// A file or folder gets another name; a file that had that name loses it.
    Rename {
        /// The old name.
        from: &'a str,
        /// The new name.
        to: &'a str,
    },
    /// A file or a folder loses its name.
    Unlink {
        /// The name that is removed.
        path: &'a str,
    },
    /// Bytes were written, which may make the file longer.
    Write {
        /// The file.
        node: u64,
        /// The offset of the first byte in the file.
        at: u64,
        /// The written bytes.
        bytes: &'a [u8],
    },
    /// The file was cut or extended with zeros.
    Resize {
        /// The file.
        node: u64,
        /// Its new length in bytes.
        bytes: u64,
    },
    /// A sync has been asked for. It covers the operations before this record.
    SyncBegin {
        /// The number of the sync.
        sync: u64,
        /// The file or folder that is synced.
        node: u64,
    },
    /// The sync has succeeded.
    SyncEnd {
        /// The number of its [`Operation::SyncBegin`].
        sync: u64,
    },
}

/// A record that does not follow the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The position of the record in the journal.
    pub at: usize,
}

/// The operations of a journal, each with the position at which its record ends.
pub struct Reader<'a> {
    journal: &'a [u8],
    at: usize,
}

impl Operation<'_> {
    /// The record's bytes up to the written bytes, which [`Self::tail`] returns.
    pub fn head(&self) -> Vec<u8> {
        let mut record = vec![0; 4];
        let (kind, numbers): (u8, &[u64]) = match self {
            Self::CreateFile { node, .. } => (0, &[*node]),
            Self::CreateFolder { node, .. } => (1, &[*node]),
            Self::Link { node, .. } => (2, &[*node]),
            Self::Rename { from, .. } => (3, &[from.len() as u64]),
            Self::Unlink { .. } => (4, &[]),
            Self::Write { node, at, .. } => (5, &[*node, *at]),
            Self::Resize { node, bytes } => (6, &[*node, *bytes]),
            Self::SyncBegin { sync, node } => (7, &[*sync, *node]),
            Self::SyncEnd { sync } => (8, &[*sync]),
        };
        record.push(kind);
        record.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        if let Self::Rename { from, .. } = self {
            record.extend(from.as_bytes());
        }
        let rest = record.len() - 4 + self.tail().len();
        let rest = u32::try_from(rest).expect("no single write is as long as 4 GiB");
        record[..4].copy_from_slice(&rest.to_le_bytes());
        record
    }

    /// The end of the record, which need not be copied.
    pub fn tail(&self) -> &[u8] {
        match self {
            Self::CreateFile { path, .. }
            | Self::CreateFolder { path, .. }
            | Self::Link { path, .. }
            | Self::Unlink { path } => path.as_bytes(),
            Self::Rename { to, .. } => to.as_bytes(),
            Self::Write { bytes, .. } => bytes,
            Self::Resize { .. } | Self::SyncBegin { .. } | Self::SyncEnd { .. } => &[],
        }
    }
}

impl<'a> Reader<'a> {
    /// Reads a journal from its beginning.
    pub fn new(journal: &'a [u8]) -> Self {
        Self { journal, at: 0 }
    }

    fn record(&mut self) -> Option<(usize, Operation<'a>)> {
        let mut rest = &self.journal[self.at..];
        let length: usize = u32::from_le_bytes(take(&mut rest)?).try_into().ok()?;
        let mut record = rest.get(..length)?;
        let [kind] = take(&mut record)?;
        let mut number = || Some(u64::from_le_bytes(take(&mut record)?));
        let operation = match kind {
            0 => Operation::CreateFile { node: number()?, path: text(record)? },
            1 => Operation::CreateFolder { node: number()?, path: text(record)? },
            2 => Operation::Link { node: number()?, path: text(record)? },
            3 => {
                let length = number()?.try_into().ok()?;
                let (from, to) = text(record)?.split_at_checked(length)?;
                Operation::Rename { from, to }
            }
            4 => Operation::Unlink { path: text(record)? },
            5 => Operation::Write { node: number()?, at: number()?, bytes: record },
            6 => Operation::Resize { node: number()?, bytes: number()? },
            7 => Operation::SyncBegin { sync: number()?, node: number()? },
            8 => Operation::SyncEnd { sync: number()? },
            _ => return None,
        };
        Some((self.at + 4 + length, operation))
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<(usize, Operation<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.journal.len() {
            return None;
        }
        match self.record() {
            Some((end, operation)) => {
                self.at = end;
                Some(Ok((end, operation)))
            }
            None => {
                let at = std::mem::replace(&mut self.at, self.journal.len());
                Some(Err(Malformed { at }))
            }
        }
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_a_cut_record_is_told() {
        let operations = [
            Operation::CreateFolder { node: 1, path: "data" },
            Operation::CreateFile { node: 2, path: "data/a" },
            Operation::Link { node: 2, path: "data/b" },
            Operation::Write { node: 2, at: 512, bytes: b"text" },
            Operation::Write { node: 2, at: 0, bytes: b"" },
            Operation::Resize { node: 2, bytes: 3 },
            Operation::SyncBegin { sync: 7, node: 2 },
            Operation::SyncEnd { sync: 7 },
            Operation::Rename { from: "data/a", to: "data/cc" },
            Operation::Unlink { path: "data/b" },
        ];
        let (mut journal, mut ends) = (Vec::new(), Vec::new());
        for operation in &operations {
            journal.extend(operation.head());
            journal.extend(operation.tail());
            ends.push(journal.len());
        }
        let read: Vec<_> = Reader::new(&journal).map(Result::unwrap).collect();
        assert_eq!(read, ends.iter().copied().zip(operations).collect::<Vec<_>>());

        let last = ends[ends.len() - 2];
        for cut in last + 1..journal.len() {
            let end = Reader::new(&journal[..cut]).last();
            assert_eq!(end, Some(Err(Malformed { at: last })));
        }
    }
}
