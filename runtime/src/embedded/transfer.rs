//! Conversations on their way into a runtime.

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

/// Ids in an answer at most; the rest are counted.
const IDS: usize = 100;

/// Where files wait that are to be imported.
#[derive(Clone, Debug)]
pub struct Imports {
    /// A folder on a disk that has room for them.
    pub folder: PathBuf,
    /// Bytes of one at most.
    pub bytes: u64,
}

/// A file that is coming in.
pub struct Incoming {
    upload: Upload,
    _place: OwnedSemaphorePermit,
}

impl Runtime {
    /// Begins to take a file that is to be imported. Errors with `rate_limited` while another
    /// one is coming in.
    pub fn incoming(&self) -> Result<Incoming, Error> {
        let place = self.inner.gates.import.clone().try_acquire_owned();
        let _place = place.map_err(|_| too_many("Another import is under way."))?;
        let Imports { folder, bytes } = &self.inner.imports;
        let upload = Upload::begin(folder, *bytes).map_err(told)?;
        Ok(Incoming { upload, _place })
    }

    /// Bytes of a file at most.
    pub fn import_bytes(&self) -> u64 {
        self.inner.imports.bytes
    }

    /// Imports a file, all of its conversations or none. Once begun it goes on to its end,
    /// whoever asked for it and went away.
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
        // What can no longer be brought back does not stand in the way.
        self.sweep().await.map_err(fault::from_store)?;
        let report = transfer::import(shared.store.as_ref(), file, profile, differing, now).await;
        let report = report.map_err(told)?;
        if !report.added.is_empty() {
            // They may be more than is worth telling one by one.
            shared.hub.listing().forget();
        }
        for id in &report.added {
            // One of the same id may have been deleted before, and its observers told so.
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

    /// Whether that is what was wrong.
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

/// What a client hears of a file that was not imported.
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
