//! Imports of conversations.

use std::path::PathBuf;

use protocol::api::{ImportFormat, ImportReport};
use protocol::{Error, ErrorCode, WorkerId};
use store::ConflictPolicy;
use tokio::sync::OwnedSemaphorePermit;
use transfer::{self, ImportError, Options, Report, Source, Unsound, Upload};

use super::Access;
use super::transfer_slots::too_many;
use crate::fault;
use crate::notifier::LogStatus;

/// The most ids in an answer; further ones are only counted.
const IDS: usize = 100;

/// Where uploaded files are kept until they are imported, and how large they may be.
#[derive(Clone, Debug)]
pub struct Imports {
    /// A folder on a disk that has room for them.
    pub folder: PathBuf,
    /// The most bytes of one upload, of all its files together.
    pub bytes: u64,
}

/// The most files in one upload; a large ChatGPT export has some fifty.
pub const IMPORT_FILES: usize = 256;

/// The files of an upload, written one after the other.
pub struct Incoming {
    folder: PathBuf,
    /// How many more bytes the upload may hold, over all its files.
    left: u64,
    most: u64,
    files: Vec<Source>,
    open: Option<(Option<String>, Upload)>,
    too_large: bool,
    _place: OwnedSemaphorePermit,
}

impl Access {
    /// Begins an upload of files to import. Errors with `rate_limited` while too many other uploads
    /// are on their way.
    pub fn incoming(&self) -> Result<Incoming, Error> {
        let place = self.inner.transfer_slots.uploads.clone().try_acquire_owned();
        let _place = place.map_err(|_| too_many("Too many files are being imported."))?;
        let Imports { folder, bytes } = &self.inner.imports;
        let (folder, most) = (folder.clone(), *bytes);
        let (files, open, too_large) = (Vec::new(), None, false);
        Ok(Incoming { folder, left: most, most, files, open, too_large, _place })
    }

    /// The most bytes of one upload, of all its files together.
    pub fn import_bytes(&self) -> u64 {
        self.inner.imports.bytes
    }

    /// Imports the files of an upload, one upload at a time. Once begun, the import runs to its end
    /// even if this future is dropped.
    pub async fn import(
        &self,
        incoming: Incoming,
        differing: ConflictPolicy,
        unsound: Unsound,
    ) -> Result<ImportReport, Error> {
        let access = self.clone();
        let work = async move { access.import_now(incoming, differing, unsound).await };
        tokio::spawn(work).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorCode::Internal, "The import was interrupted.").with_hint(
                "Check what was imported before trying again; the server's log says why.",
            ))
        })
    }

    async fn import_now(
        &self,
        mut incoming: Incoming,
        differing: ConflictPolicy,
        unsound: Unsound,
    ) -> Result<ImportReport, Error> {
        incoming.file_ends().await?;
        let Incoming { files, _place, .. } = incoming;
        // Uploads that came earlier are imported first.
        let turn = self.inner.transfer_slots.import.clone().acquire_owned().await;
        let _turn = turn.map_err(|_| too_many("Imports are no longer possible."))?;
        let shared = &self.inner.shared;
        let now = shared.clock.now();
        let profile = self.bundle().default_profile().clone();
        // A conversation that was deleted, and cannot be restored any more, must not keep one with
        // the same id from being imported.
        if let Err(error) = self.collect().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "deleted conversations could not be purged before an import");
        }
        let owner = self.account();
        let options = Options { owner, profile, differing, unsound };
        let report = transfer::import(shared.store.as_ref(), files, options, now).await;
        let report = report.map_err(map_error)?;
        if !report.added.is_empty() {
            // There may be too many changes to tell the observers of the list one by one.
            shared.notifier.lists().forget_of(owner);
        }
        for id in &report.added {
            shared.unreadable.forget(*id);
            // A conversation with this id may have been deleted before. Observers of the id learn
            // here that it exists again.
            let stored = self.store().worker(*id).await.ok().flatten();
            let seq = stored.map_or(0, |stored| stored.last_seq);
            shared.notifier.wake(*id, LogStatus::Committed(seq));
        }
        Ok(shown(&report))
    }
}

impl Incoming {
    /// Begins the next file. Errors with `invalid_input` when there are too many.
    pub async fn file_begins(&mut self, name: Option<&str>) -> Result<(), Error> {
        self.file_ends().await?;
        if self.files.len() >= IMPORT_FILES {
            let message = format!("More than {IMPORT_FILES} files came at once.");
            return Err(Error::new(ErrorCode::InvalidInput, message)
                .with_hint("Nothing was imported. Import them in several steps."));
        }
        let upload = Upload::begin(&self.folder, self.left).map_err(map_error)?;
        self.open = Some((name.map(str::to_owned), upload));
        Ok(())
    }

    /// Adds bytes to the current file; the first bytes begin a file without a name if there is
    /// none. Errors with `invalid_input` when all files together become too large.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        if self.open.is_none() {
            self.file_begins(None).await?;
        }
        let Some((_, upload)) = &mut self.open else { return Ok(()) };
        let written = upload.write(piece).await;
        self.too_large = upload.is_too_large();
        written.map_err(|error| match error {
            ImportError::TooLarge { .. } => map_error(ImportError::TooLarge { most: self.most }),
            error => map_error(error),
        })
    }

    /// Whether a write failed because the upload was too large.
    pub fn is_too_large(&self) -> bool {
        self.too_large
    }

    /// How many files have begun.
    pub fn files(&self) -> usize {
        self.files.len() + usize::from(self.open.is_some())
    }

    async fn file_ends(&mut self) -> Result<(), Error> {
        let Some((name, upload)) = self.open.take() else { return Ok(()) };
        self.left = self.left.saturating_sub(upload.bytes());
        let file = upload.into_file().await.map_err(map_error)?;
        self.files.push(Source { name, file });
        Ok(())
    }
}

fn shown(report: &Report) -> ImportReport {
    let Report { tally, added, skipped, kept, deleted } = report;
    let first = |ids: &[WorkerId]| ids.iter().take(IDS).copied().collect();
    ImportReport {
        format: match tally.formats.as_slice() {
            [format] => *format,
            _ => ImportFormat::Several,
        },
        imported: added.len() as u64,
        skipped: skipped.len() as u64,
        kept: kept.len() as u64,
        deleted: deleted.len() as u64,
        refused: tally.refused,
        refusals: tally.refusals.clone(),
        more_refusals: tally.more_refusals,
        unchecked: tally.unchecked.len() as u64,
        unchecked_workers: first(&tally.unchecked),
        not_read: tally.not_read,
        replaced: tally.replaced,
        replacements: tally.replacements.clone(),
        more_replacements: tally.more_replacements,
        left_out: tally.left_out.total(),
        left_out_kinds: tally.left_out,
        workers: first(added),
        kept_workers: first(kept),
    }
}

/// The client's error for a file that was not imported.
fn map_error(error: ImportError) -> Error {
    const NOTHING: &str = "Nothing was imported.";
    match error {
        ImportError::Refused(refusal) => {
            let mut message = refusal.to_string();
            // A file's name keeps its spelling.
            if let (None, Some(first)) = (&refusal.file, message.get_mut(..1)) {
                first.make_ascii_uppercase();
            }
            Error::new(ErrorCode::InvalidInput, format!("{message}.")).with_hint(NOTHING)
        }
        ImportError::Differs(ids) => {
            let mut list: Vec<String> = ids.iter().take(10).map(ToString::to_string).collect();
            if ids.len() > list.len() {
                list.push(format!("and {} more", ids.len() - list.len()));
            }
            let message =
                format!("These already exist with different content: {}.", list.join(", "));
            Error::new(ErrorCode::InvalidInput, message)
                .with_hint("Nothing was imported. To import the others, choose to skip these.")
        }
        ImportError::TooLarge { most } => Error::new(
            ErrorCode::InvalidInput,
            format!("The file is larger than {} bytes.", protocol::grouped(most)),
        )
        .with_hint("Nothing was imported. Raise `import_bytes`, or use `companion import`."),
        ImportError::Store(error) => fault::from_store(error),
        ImportError::Input(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "an uploaded file cannot be stored temporarily"
            );
            Error::new(ErrorCode::Internal, "The server can't store the file while reading it.")
                .with_hint("Nothing was imported. The server's log says why.")
        }
    }
}
