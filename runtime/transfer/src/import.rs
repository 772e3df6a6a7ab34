//! Imports files into the store: they are read once and committed in one transaction.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use protocol::{AccountId, ProfileName, Timestamp, WorkerId};
use store::{
    ConflictPolicy, ConversationExport, ImportSink, ImportSource, Imported, Store, StoreError,
    recovery,
};
use tokio::io::AsyncWriteExt as _;

use super::any;
use super::refusal::{ReadError, Refusal, SourceLocation, code_of_file};
use super::tally::{Sink, Tally, Unsound};

/// A file to import.
pub struct Source {
    /// The file's name, if it has one.
    pub name: Option<String>,
    /// Open for reading; it is read from its beginning.
    pub file: File,
}

/// Options of an import.
#[derive(Clone, Debug)]
pub struct Options {
    /// The account that gets the conversations.
    pub owner: AccountId,
    /// The profile of conversations from other programs.
    pub profile: ProfileName,
    /// How to handle a conversation that is stored with different content.
    pub differing: ConflictPolicy,
    /// How to handle a conversation that is not sound.
    pub unsound: Unsound,
}

/// The result of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The counts of the contents of the files, whether added or not.
    pub tally: Tally,
    /// Conversations that are in the store now and were not before.
    pub added: Vec<WorkerId>,
    /// Conversations that the store already has, in the same or a longer form.
    pub skipped: Vec<WorkerId>,
    /// Conversations that the store has with different content; they were not changed.
    pub kept: Vec<WorkerId>,
    /// Conversations that were deleted and can still be restored; they were not changed.
    pub deleted: Vec<WorkerId>,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// No file is an export, or a strict import found something that is not sound.
    #[error(transparent)]
    Refused(Refusal),
    /// The store has these conversations with different content.
    #[error("{} of its conversations are stored here with different content", .0.len())]
    Differs(Vec<WorkerId>),
    /// An [`Upload`] was given more bytes than it may have.
    #[error("the file has more than {most} bytes")]
    TooLarge {
        /// The limit in bytes.
        most: u64,
    },
    /// The system failed to read a file, or to write an upload to the disk.
    #[error("the file cannot be read")]
    Input(#[source] io::Error),
    /// The store failed; nothing was added.
    #[error(transparent)]
    Store(StoreError),
}

/// A file that is received in pieces. It has no name, so that no crash leaves it behind.
pub struct Upload {
    file: tokio::fs::File,
    bytes: u64,
    most: u64,
}

impl Upload {
    /// Creates an empty file of at most `most` bytes, on the disk of `folder`.
    pub fn begin(folder: &Path, most: u64) -> Result<Self, ImportError> {
        let file = tempfile::tempfile_in(folder).map_err(ImportError::Input)?;
        Ok(Self { file: tokio::fs::File::from_std(file), bytes: 0, most })
    }

    /// Appends a piece.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), ImportError> {
        self.bytes += piece.len() as u64;
        if self.is_too_large() {
            return Err(ImportError::TooLarge { most: self.most });
        }
        self.file.write_all(piece).await.map_err(ImportError::Input)
    }

    /// Whether more bytes were received than allowed.
    pub fn is_too_large(&self) -> bool {
        self.bytes > self.most
    }

    /// The number of bytes received so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The complete file.
    pub async fn into_file(mut self) -> Result<File, ImportError> {
        self.file.flush().await.map_err(ImportError::Input)?;
        Ok(self.file.into_std().await)
    }
}

/// Imports files: all sound conversations, in one transaction. Unfinished turns are interrupted and
/// keep their text. Errors with `Refused` if none of the files is an export, and under
/// [`Unsound::Refuse`] if anything is not sound.
pub async fn import(
    store: &dyn Store,
    sources: Vec<Source>,
    options: Options,
    now: Timestamp,
) -> Result<Report, ImportError> {
    let (owner, differing) = (options.owner, options.differing);
    let told: Arc<Mutex<Option<Tally>>> = Arc::default();
    let tell = told.clone();
    let give: ImportSource = Box::new(move |take| {
        let tally = read_sources(sources, &options, take).map_err(|error| match error {
            ReadError::Taker(cause) => cause,
            error => error.into(),
        })?;
        *tell.lock().unwrap_or_else(PoisonError::into_inner) = Some(tally);
        Ok(())
    });
    let done = store.import(owner, give, differing).await.map_err(of_store)?;
    let Imported { added, skipped, differing: others, deleted } = done;
    if differing == ConflictPolicy::Refuse && !others.is_empty() {
        return Err(ImportError::Differs(others));
    }
    // If a crash comes first, the next start interrupts these turns.
    recovery::interrupt_among(store, &added, now).await.map_err(ImportError::Store)?;
    let tally = told.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
    Ok(Report { tally, added, skipped, kept: others, deleted })
}

/// Reads files from memory, like [`import`]. The error says why none of it is taken.
pub fn read_files(
    files: &[(&str, &[u8])],
    options: &Options,
) -> Result<(Vec<ConversationExport>, Tally), ImportError> {
    let mut sources = Vec::new();
    for (name, bytes) in files {
        let mut file = tempfile::tempfile().map_err(ImportError::Input)?;
        file.write_all(bytes).map_err(ImportError::Input)?;
        sources.push(Source { name: Some((*name).to_owned()), file });
    }
    let mut all = Vec::new();
    let mut take = |log| {
        all.push(log);
        Ok(())
    };
    let tally = read_sources(sources, options, &mut take).map_err(of_reader)?;
    Ok((all, tally))
}

/// Passes the conversations of all files to `take`.
fn read_sources(
    sources: Vec<Source>,
    options: &Options,
    take: &mut ImportSink<'_>,
) -> Result<Tally, ReadError> {
    let mut sink = Sink::new(take, options.unsound);
    let several = sources.len() > 1;
    // The reasons for the files that are not exports.
    let mut refused: Vec<String> = Vec::new();
    let mut taken = 0;
    for Source { name, file } in sources {
        sink.file = name.map(|name| name.chars().take(NAME_CHARS).collect());
        let before = sink.tally.mark();
        match any::file(file, &options.profile, &mut sink) {
            Ok(()) => taken += 1,
            Err(ReadError::NotAnExport(code, refusal)) => {
                sink.tally.back_to(before);
                let named = refusal.clone().in_file(sink.file.as_deref().filter(|_| several));
                if sink.is_strict() {
                    return Err(named.into());
                }
                refused.push(named.to_string());
                sink.refuse(code_of_file(code), None, None, refusal)?;
            }
            Err(error) => return Err(error),
        }
    }
    if taken == 0 && !refused.is_empty() {
        refused.truncate(NAMED);
        return Err(Refusal::at(SourceLocation::File, refused.join("; ")).into());
    }
    Ok(sink.tally)
}

/// The most characters of a file's name that are kept.
const NAME_CHARS: usize = 100;
/// The most files that a message names if none of them is an export.
const NAMED: usize = 10;

fn of_reader(error: ReadError) -> ImportError {
    match error {
        ReadError::Refused(refusal) | ReadError::NotAnExport(_, refusal) => {
            ImportError::Refused(refusal)
        }
        ReadError::Input(error) => ImportError::Input(error),
        ReadError::Taker(cause) => ImportError::Store(StoreError::Import(cause)),
    }
}

fn of_store(error: StoreError) -> ImportError {
    match error {
        StoreError::Import(cause) => match cause.downcast::<ReadError>() {
            Ok(read) => of_reader(*read),
            Err(cause) => ImportError::Store(StoreError::Import(cause)),
        },
        error => ImportError::Store(error),
    }
}
