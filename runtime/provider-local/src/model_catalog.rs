//! The models that can be loaded: the configured one, and those of a folder.
//!
//! Descriptions of model files are cached until the files change, since reading a head takes
//! some milliseconds. Every file access has a timeout ([`Looks`]), because a file system may not
//! answer.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use protocol::catalogue::{ModelEntry, ProviderModels};
use protocol::{Effort, Error, ProviderName};
use provider::MODELS;

use super::folder::{self, Found};
use super::gguf::{GgufError, Head};
use super::looks::{Looks, within};
use super::{LocalConfig, ModelInfo, cpu, failure};

/// How long rendering a page waits for the file system.
pub(crate) const GLANCE: Duration = Duration::from_secs(1);
/// How long reading the heads of all models may take.
const LIST: Duration = Duration::from_secs(5);

/// Finds models by name, and describes them.
pub(crate) struct ModelCatalog {
    model: String,
    model_file: PathBuf,
    folder: Option<PathBuf>,
    context_tokens: u32,
    looks: Looks,
    /// Descriptions by name. Bounded: names that are not in the list any more are removed.
    described: Mutex<HashMap<String, Described>>,
}

/// A model's description, and the stamp that its file had when it was read.
#[derive(Clone)]
struct Described {
    stamp: Stamp,
    entry: ModelEntry,
}

/// The length of a file in bytes and the time of its last change. `None` if they are unknown, so
/// that the file is read again.
type Stamp = Option<(u64, SystemTime)>;

/// The result of reading a file, unless it has the cached stamp.
enum Looked {
    Unchanged,
    Read(Stamp, Result<ModelInfo, GgufError>),
}

impl ModelCatalog {
    pub(crate) fn new(config: &LocalConfig) -> Self {
        Self {
            model: config.model.clone(),
            model_file: config.model_file.clone(),
            folder: config.model_dir.clone(),
            context_tokens: config.context_tokens,
            looks: Looks::default(),
            described: Mutex::default(),
        }
    }

    /// Whether there is a model with this name, usable or not. Reads the folder.
    pub(crate) fn has(&self, model: &str) -> bool {
        let list = || self.list(within(GLANCE)).unwrap_or_default();
        self.is_default(model) || list().iter().any(|found| found.name == model)
    }

    /// The path of a model's file, after the folder was listed and the beginning of the file's head
    /// was checked. Blocks for some microseconds, and for `patience` at most. Errors have the code
    /// `unavailable`.
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
        let found = list.into_iter().find(|found| found.name == model);
        let found = found.ok_or_else(|| failure::not_here(model))?;
        let file = found.file.ok_or_else(failure::leads_out)?;
        self.check(&file, until).map_err(failure::of_folder)
    }

    /// Lists every model with the description of its file. Blocks for [`GLANCE`] and [`LIST`] at
    /// most.
    pub(crate) fn models(&self) -> ProviderModels {
        let until = within(LIST);
        let (found, error) = match self.list(within(GLANCE)) {
            Ok(found) => (found, None),
            Err(error) => (Vec::new(), Some(failure::folder(&error))),
        };
        let default = Found { name: self.model.clone(), file: Some(self.model_file.clone()) };
        let others = found.into_iter().filter(|found| found.name != self.model);
        let mut all: Vec<_> = [default].into_iter().chain(others).collect();
        let left_out = u32::try_from(all.len().saturating_sub(MODELS)).unwrap_or(u32::MAX);
        all.truncate(MODELS);
        ProviderModels {
            provider: ProviderName::local(),
            default_model: Some(self.model.clone()),
            models: self.describe(&all, until),
            left_out,
            error,
            learned: Vec::new(),
        }
    }

    /// The reasoning efforts that a model accepts. Blocks for [`GLANCE`] at most, and hardly at all
    /// once the model has been described.
    pub(crate) fn efforts(&self, model: &str) -> Vec<Effort> {
        let until = within(GLANCE);
        let found = match self.is_default(model) {
            true => Some(Found { name: self.model.clone(), file: Some(self.model_file.clone()) }),
            false => {
                let list = self.list(until).unwrap_or_default();
                list.into_iter().find(|found| found.name == model)
            }
        };
        let Some(found) = found else { return Vec::new() };
        let mut described = self.described.lock().unwrap_or_else(PoisonError::into_inner);
        let known = described.get(&found.name).cloned();
        let new = self.entry(&found, known, until);
        let efforts = new.entry.efforts.clone();
        described.insert(found.name, new);
        efforts
    }

    fn is_default(&self, model: &str) -> bool {
        model.is_empty() || model == self.model
    }

    fn list(&self, until: Instant) -> io::Result<Vec<Found>> {
        let Some(folder) = self.folder.as_deref() else { return Ok(Vec::new()) };
        let listed = self.looks.at(folder, until, folder::list);
        listed.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Holds the lock throughout, so that concurrent calls do not read the same files: the second
    /// one waits and finds the descriptions cached.
    fn describe(&self, all: &[Found], until: Instant) -> Vec<ModelEntry> {
        let mut described = self.described.lock().unwrap_or_else(PoisonError::into_inner);
        described.retain(|name, _| all.iter().any(|found| found.name == *name));
        let entries = all.iter().map(|found| {
            let known = described.get(&found.name).cloned();
            let new = self.entry(found, known, until);
            described.insert(found.name.clone(), new.clone());
            new.entry
        });
        entries.collect()
    }

    fn entry(&self, found: &Found, known: Option<Described>, until: Instant) -> Described {
        let unknown = || ModelEntry { name: found.name.clone(), ..ModelEntry::default() };
        let stamp = known.as_ref().and_then(|known| known.stamp);
        let looked = match &found.file {
            None => Some(Err(failure::leads_out())),
            // The time for the list is over, so no further file is read.
            Some(_) if Instant::now() >= until => None,
            Some(file) => self
                .looks
                .at(file, until.min(within(GLANCE)), move |file| look(file, stamp))
                .map(Ok),
        };
        match (looked, known) {
            (Some(Ok(Looked::Unchanged)), Some(known)) => known,
            (Some(Ok(Looked::Read(stamp, Ok(info)))), _) => {
                Described { stamp, entry: self.described_by(info, unknown()) }
            }
            (Some(Ok(Looked::Read(stamp, Err(error)))), _) => {
                // The entry is cached without a stamp, because the file may become readable without
                // a change of its content, for example by a change of its permissions.
                let stamp = stamp.filter(|_| !matches!(error, GgufError::Read(_)));
                Described { stamp, entry: self.unusable(unknown(), failure::file(&error)) }
            }
            (Some(Err(error)), _) => {
                Described { stamp: None, entry: self.unusable(unknown(), error) }
            }
            // The file system did not answer. The cached description is kept without a stamp, so
            // that the file is read again next time.
            (None | Some(Ok(Looked::Unchanged)), known) => {
                let entry = known.map_or_else(unknown, |known| known.entry);
                Described { stamp: None, entry: self.unusable(entry, failure::no_answer()) }
            }
        }
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

    fn unusable(&self, mut entry: ModelEntry, reason: Error) -> ModelEntry {
        let is_default = entry.name == self.model;
        entry.reason = Some(if is_default { reason } else { failure::of_folder(reason) });
        entry
    }

    /// Checks that the file has a GGUF head, so that it is worth trying to load it.
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

fn look(file: &Path, known: Stamp) -> Looked {
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
