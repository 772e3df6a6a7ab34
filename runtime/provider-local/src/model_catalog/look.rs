//! Checks the files of models and stores the results.
//!
//! Everything here accesses files, and each access has a timeout, because a file system may not
//! answer. Descriptions are cached until the files change, since reading a header takes some
//! milliseconds.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use protocol::Error;
use protocol::catalogue::ModelEntry;
use provider::MODELS;

use super::super::folder::Found;
use super::super::gguf::{GgufError, Head};
use super::super::looks::within;
use super::super::{ModelInfo, cpu, failure};
use super::{Described, GLANCE, LIST, ModelCatalog, Seen, Stamp, find, unknown};

/// The models that a check reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Extent {
    /// The folder, the default model and the models that conversations use.
    Used,
    /// Every model that is listed.
    All,
}

/// The result of reading a file, unless it has the cached stamp.
enum Looked {
    /// The file cannot be opened, or does not begin like a model file.
    Unopened(GgufError),
    Unchanged,
    Read(Stamp, Result<ModelInfo, GgufError>),
}

impl ModelCatalog {
    /// Checks the files. Blocks for at most [`GLANCE`] and [`LIST`] together. Each result is stored
    /// at once, so the default model is known even if the folder does not answer.
    pub(crate) fn look(&self, extent: Extent) {
        let until = within(LIST);
        let default = Found { name: self.model.clone(), file: Some(self.model_file.clone()) };
        self.describe(&default, until);
        let listed = self.list(within(GLANCE)).map_err(|error| error.kind());
        let wanted: Vec<Found> = {
            let mut seen = self.seen();
            let Seen { folder, described, watched } = &mut *seen;
            let others = folder.insert(listed).as_deref().unwrap_or_default();
            described.retain(|name, _| self.is_default(name) || find(others, name).is_some());
            let others = others.iter().filter(|found| found.name != self.model).enumerate();
            let wanted = others.filter(|(n, found)| match extent {
                Extent::All if n + 1 < MODELS => true,
                Extent::All | Extent::Used => watched.contains(&found.name),
            });
            wanted.map(|(_, found)| found.clone()).collect()
        };
        for found in &wanted {
            self.describe(found, until);
        }
    }

    /// Whether there is a model with this name, usable or not. Reads the folder.
    pub(crate) fn has(&self, model: &str) -> bool {
        let list = || self.list(within(GLANCE)).unwrap_or_default();
        self.is_default(model) || find(&list(), model).is_some()
    }

    /// The path of a model's file, after listing the folder and checking the beginning of the
    /// file's header. Blocks for some microseconds, and for `patience` at most. Errors have the
    /// code `unavailable`.
    pub(crate) fn file(&self, model: &str, patience: Duration) -> Result<PathBuf, Error> {
        let lacking = cpu::lacking();
        if !lacking.is_empty() {
            return Err(failure::processor(&lacking));
        }
        let until = within(patience);
        if self.is_default(model) {
            return self.check(&self.model_file, until);
        }
        let list = match self.list(until) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                return Err(failure::folder(&error));
            }
            list => list.unwrap_or_default(),
        };
        let found = find(&list, model).ok_or_else(|| failure::not_here(model))?;
        let file = found.file.as_ref().ok_or_else(failure::leads_out)?;
        self.check(file, until).map_err(failure::of_folder)
    }

    fn list(&self, until: Instant) -> io::Result<Vec<Found>> {
        let Some(folder) = self.folder.as_deref() else { return Ok(Vec::new()) };
        let listed = self.looks.at(folder, until, self.list_folder);
        listed.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
    }

    fn describe(&self, found: &Found, until: Instant) {
        let known = self.seen().described.get(&found.name).cloned();
        let new = self.described(found, known, until);
        self.seen().described.insert(found.name.clone(), new);
    }

    fn described(&self, found: &Found, known: Option<Described>, until: Instant) -> Described {
        let stamp = known.as_ref().and_then(|known| known.stamp);
        let looked = match &found.file {
            None => return self.unopened(found, None, failure::leads_out()),
            Some(file) if file.to_str().is_none() => {
                return self.unopened(found, None, failure::path());
            }
            // The time for this check is over.
            Some(_) if Instant::now() >= until => None,
            Some(file) => {
                let until = until.min(within(GLANCE));
                self.looks.at(file, until, move |file| look(file, stamp))
            }
        };
        match (looked, known) {
            (Some(Looked::Unchanged), Some(known)) => known,
            (Some(Looked::Read(stamp, Ok(info))), _) => {
                let entry = self.described_by(info, unknown(&found.name));
                Described { stamp, usable: Ok(()), entry }
            }
            (Some(Looked::Read(stamp, Err(error))), _) => {
                // The stamp is dropped, because the file may become readable without a change of
                // its content, for example by a permission.
                let stamp = stamp.filter(|_| !matches!(error, GgufError::Read(_)));
                let entry = self.unusable(unknown(&found.name), failure::file(&error));
                // The file begins like a model file, so the engine may try to load it, and its
                // error says more.
                Described { stamp, usable: Ok(()), entry }
            }
            (Some(Looked::Unopened(error)), _) => self.unopened(found, None, failure::file(&error)),
            // The file system did not answer. The cached description stays, but without a stamp, so
            // that the file is read again next time.
            (None | Some(Looked::Unchanged), known) => {
                self.unopened(found, known, failure::no_answer())
            }
        }
    }

    /// The description of a file that cannot even be opened. It has no stamp, so that the file is
    /// checked again.
    fn unopened(&self, found: &Found, known: Option<Described>, reason: Error) -> Described {
        let entry = known.map_or_else(|| unknown(&found.name), |known| known.entry);
        let entry = self.unusable(entry, reason);
        let usable = entry.reason.clone().map_or(Ok(()), Err);
        Described { stamp: None, usable, entry }
    }

    fn described_by(&self, info: ModelInfo, mut entry: ModelEntry) -> ModelEntry {
        let trained = info.context_tokens.and_then(|tokens| u32::try_from(tokens).ok());
        entry.window_tokens = trained.map(|trained| trained.min(self.context_tokens));
        entry.file_bytes = Some(info.file_bytes);
        entry.architecture = text(&info.architecture);
        entry.quantisation = text(info.quantisation);
        entry.efforts = info.efforts;
        if info.has_chat_template { entry } else { self.unusable(entry, failure::no_template()) }
    }

    pub(super) fn unusable(&self, mut entry: ModelEntry, reason: Error) -> ModelEntry {
        let is_default = entry.name == self.model;
        entry.reason = Some(if is_default { reason } else { failure::of_folder(reason) });
        entry
    }

    /// Checks that the file has a GGUF header, so that it is worth trying to load it.
    fn check(&self, file: &Path, until: Instant) -> Result<PathBuf, Error> {
        if file.to_str().is_none() {
            return Err(failure::path());
        }
        let opened = self.looks.at(file, until, |file| Head::open(file).map(drop));
        match opened {
            Some(Ok(())) => Ok(file.to_owned()),
            Some(Err(error)) => Err(failure::file(&error)),
            None => Err(failure::no_answer()),
        }
    }
}

/// Reads a file. Its type is checked before it is opened, and its permissions are checked even if
/// its content has not changed.
fn look(file: &Path, known: Stamp) -> Looked {
    if let Err(error) = Head::open(file) {
        return Looked::Unopened(error);
    }
    let stamp = stamp(file);
    if stamp.is_some() && stamp == known {
        return Looked::Unchanged;
    }
    Looked::Read(stamp, ModelInfo::read(file))
}

fn stamp(file: &Path) -> Stamp {
    let metadata = file.metadata().ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
