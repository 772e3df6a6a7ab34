//! Imports of conversations.

use std::path::PathBuf;

use protocol::api::{ImportFormat, ImportReport};
use protocol::{Error, ErrorCode};
use tokio::sync::OwnedSemaphorePermit;

use super::Runtime;
use super::gates::too_many;
use crate::fault;
use crate::hub::Wake;
use crate::store::Differing;
use crate::transfer::{self, Format, ImportError, Report, Upload};

/// The most ids in an answer; further ones are only counted.
const IDS: usize = 100;

/// Where uploaded files are kept until they are imported.
#[derive(Clone, Debug)]
pub struct Imports {
    /// A folder on a disk that has room for them.
    pub folder: PathBuf,
    /// The largest size of a file, in bytes.
    pub bytes: u64,
}

/// A file that is being uploaded.
pub struct Incoming {
    upload: Upload,
    _place: OwnedSemaphorePermit,
}

impl Runtime {
    /// Begins the upload of a file to import. Errors with `rate_limited` while another upload or
    /// import is running.
    pub fn incoming(&self) -> Result<Incoming, Error> {
        let place = self.inner.gates.import.clone().try_acquire_owned();
        let _place = place.map_err(|_| too_many("Another import is under way."))?;
        let Imports { folder, bytes } = &self.inner.imports;
        let upload = Upload::begin(folder, *bytes).map_err(told)?;
        Ok(Incoming { upload, _place })
    }

    /// The largest size of a file, in bytes.
    pub fn import_bytes(&self) -> u64 {
        self.inner.imports.bytes
    }

    /// Imports a file, all of its conversations or none. Once begun, the import goes on to its end
    /// even if this future is dropped.
    pub async fn import(
        &self,
        incoming: Incoming,
        differing: Differing,
    ) -> Result<ImportReport, Error> {
        let runtime = self.clone();
        let done = tokio::spawn(async move { runtime.import_now(incoming, differing).await });
        done.await.unwrap_or_else(|_| {
            Err(Error::new(ErrorCode::Internal, "The import broke off.")
                .with_hint("The server's log says why; look before trying again."))
        })
    }

    async fn import_now(
        &self,
        incoming: Incoming,
        differing: Differing,
    ) -> Result<ImportReport, Error> {
        let Incoming { upload, _place } = incoming;
        let file = upload.into_file().await.map_err(told)?;
        let shared = &self.inner.shared;
        let now = shared.clock.now();
        let profile = self.bundle().default_profile().clone();
        // A conversation that was deleted, and cannot be restored any more, must not keep one with
        // the same id from being imported.
        if let Err(error) = self.sweep().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "deleted conversations could not be removed before an import");
        }
        let report = transfer::import(shared.store.as_ref(), file, profile, differing, now).await;
        let report = report.map_err(told)?;
        if !report.added.is_empty() {
            // There may be too many to tell the observers of the list one by one.
            shared.hub.listing().forget();
        }
        for id in &report.added {
            shared.unreadable.forget(*id);
            // A conversation with this id may have been deleted before. Observers of the id learn
            // here that it exists again.
            let stored = self.store().worker(*id).await.ok().flatten();
            let seq = stored.map_or(0, |stored| stored.last_seq);
            shared.hub.wake(*id, Wake::Committed(seq));
        }
        Ok(shown(&report))
    }
}

impl Incoming {
    /// Adds a piece of the file. Errors with `invalid_input` when it becomes too large.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.upload.write(piece).await.map_err(told)
    }

    /// Whether a write failed because the file was too large.
    pub fn is_too_large(&self) -> bool {
        self.upload.is_too_large()
    }
}

fn shown(report: &Report) -> ImportReport {
    ImportReport {
        format: match report.format {
            Format::Companion => ImportFormat::Companion,
            Format::Chatgpt => ImportFormat::Chatgpt,
            Format::OpenWebui => ImportFormat::OpenWebui,
        },
        imported: report.added.len() as u64,
        skipped: report.skipped.len() as u64,
        kept: report.kept.len() as u64,
        deleted: report.deleted.len() as u64,
        left_out: report.left_out,
        workers: report.added.iter().take(IDS).copied().collect(),
    }
}

/// The client's error for a file that was not imported.
fn told(error: ImportError) -> Error {
    const NOTHING: &str = "Nothing was imported.";
    match error {
        ImportError::Refused(refusal) => {
            let mut message = refusal.to_string();
            if let Some(first) = message.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            Error::new(ErrorCode::InvalidInput, format!("{message}.")).with_hint(NOTHING)
        }
        ImportError::Differs(ids) => {
            let mut list: Vec<String> = ids.iter().take(10).map(ToString::to_string).collect();
            if ids.len() > list.len() {
                list.push(format!("and {} more", ids.len() - list.len()));
            }
            let message = format!("These are here with another content: {}.", list.join(", "));
            Error::new(ErrorCode::InvalidInput, message).with_hint(
                "Nothing was imported. Choose to leave them as they are, and the others come in.",
            )
        }
        ImportError::TooLarge { most } => {
            Error::new(ErrorCode::InvalidInput, format!("The file has more than {most} bytes."))
                .with_hint("Nothing was imported. Raise `import_bytes`, or use `companion import`.")
        }
        ImportError::Store(error) => fault::from_store(error),
        ImportError::Input(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a file waits badly");
            Error::new(ErrorCode::Internal, "The server cannot keep the file while it reads it.")
                .with_hint("Nothing was imported. The server's log says why.")
        }
    }
}
