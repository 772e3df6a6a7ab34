//! From a file to the store: validated as a whole first, then committed, all or none.

use std::fs::File;
use std::io::{self, BufReader, Seek as _};
use std::path::Path;

use protocol::{ProfileName, Timestamp, WorkerId};
use tokio::io::AsyncWriteExt as _;

use super::Totals;
use super::any::{self, Format};
use super::refusal::{ReadError, Refusal};
use crate::recovery;
use crate::store::{Differing, Give, Imported, Store, StoreError};

/// Bytes that are read from a file at once.
const READ_BYTES: usize = 256 * 1024;

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub format: Format,
    pub added: Vec<WorkerId>,
    /// They were here already, whole or longer.
    pub skipped: Vec<WorkerId>,
    /// They are here with another content, and were left as they are.
    pub kept: Vec<WorkerId>,
    /// They were deleted here and can be brought back, and were left so.
    pub deleted: Vec<WorkerId>,
    /// See [`Totals::left_out`].
    pub left_out: u64,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Refused(Refusal),
    /// They are here with another content.
    #[error("{} of its conversations are here with another content", .0.len())]
    Differs(Vec<WorkerId>),
    #[error("the file has more than {most} bytes")]
    TooLarge { most: u64 },
    #[error("the file cannot be read")]
    Input(#[source] io::Error),
    #[error(transparent)]
    Store(StoreError),
}

/// A file that comes in piece by piece; it has no name, so that no crash leaves it behind.
pub struct Upload {
    file: tokio::fs::File,
    bytes: u64,
    most: u64,
}

impl Upload {
    /// An empty one, on the disk that `folder` is on, of at most so many bytes.
    pub fn begin(folder: &Path, most: u64) -> Result<Self, ImportError> {
        let file = tempfile::tempfile_in(folder).map_err(ImportError::Input)?;
        Ok(Self { file: tokio::fs::File::from_std(file), bytes: 0, most })
    }

    /// Adds a piece.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), ImportError> {
        self.bytes += piece.len() as u64;
        if self.is_too_large() {
            return Err(ImportError::TooLarge { most: self.most });
        }
        self.file.write_all(piece).await.map_err(ImportError::Input)
    }

    /// Whether more has come than it takes.
    pub fn is_too_large(&self) -> bool {
        self.bytes > self.most
    }

    /// The whole of it.
    pub async fn into_file(mut self) -> Result<File, ImportError> {
        self.file.flush().await.map_err(ImportError::Input)?;
        Ok(self.file.into_std().await)
    }
}

/// Imports a file, all of its conversations or none. Turns that had not ended are interrupted
/// and keep their text; conversations of other programs go on with `profile`. The file is read
/// twice.
pub async fn import(
    store: &dyn Store,
    mut file: File,
    profile: ProfileName,
    differing: Differing,
    now: Timestamp,
) -> Result<Report, ImportError> {
    let named = profile.clone();
    let looked =
        tokio::task::spawn_blocking(move || look(&mut file, &named).map(|found| (file, found)));
    let (mut file, (format, totals)) = match looked.await {
        Ok(looked) => looked?,
        Err(error) => return Err(ImportError::Input(io::Error::other(error))),
    };
    let give: Give = Box::new(move |take| {
        file.rewind()?;
        match any::each(BufReader::with_capacity(READ_BYTES, file), &profile, take) {
            Ok(_) => Ok(()),
            Err(ReadError::Taker(cause)) => Err(cause),
            Err(error) => Err(error.into()),
        }
    });
    let done = store.import(give, differing).await.map_err(told)?;
    let Imported { added, skipped, differing: others, deleted } = done;
    if differing == Differing::Refuse && !others.is_empty() {
        return Err(ImportError::Differs(others));
    }
    // A crash before it is done leaves it to the next start.
    recovery::interrupt_among(store, &added, now).await.map_err(ImportError::Store)?;
    Ok(Report { format, added, skipped, kept: others, deleted, left_out: totals.left_out })
}

fn look(file: &mut File, profile: &ProfileName) -> Result<(Format, Totals), ImportError> {
    file.rewind().map_err(ImportError::Input)?;
    let input = BufReader::with_capacity(READ_BYTES, file);
    any::each(input, profile, &mut |_| Ok(())).map_err(of_reader)
}

fn of_reader(error: ReadError) -> ImportError {
    match error {
        ReadError::Refused(refusal) => ImportError::Refused(refusal),
        ReadError::Input(error) => ImportError::Input(error),
        ReadError::Taker(cause) => ImportError::Store(StoreError::Import(cause)),
    }
}

/// A file that changed between the two readings is refused as any other.
fn told(error: StoreError) -> ImportError {
    match error {
        StoreError::Import(cause) => match cause.downcast::<ReadError>() {
            Ok(read) => of_reader(*read),
            Err(cause) => ImportError::Store(StoreError::Import(cause)),
        },
        error => ImportError::Store(error),
    }
}
