//! The models that can be loaded: the configured one, and those of a folder.
//!
//! What their files say about themselves is kept as long as the files do not change, since
//! reading a head takes some milliseconds.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use protocol::catalogue::{ModelEntry, ProviderModels};
use protocol::{Error, ProviderName};

use super::folder::{self, Found};
use super::gguf::{GgufError, Head};
use super::{LocalConfig, ModelInfo, cpu, failure};
use crate::provider::MODELS;

/// Knows the files by the models' names.
pub(super) struct Shelf {
    model: String,
    model_file: PathBuf,
    folder: Option<PathBuf>,
    context_tokens: u32,
    /// Bounded by the list: what is not in it any more is forgotten.
    described: Mutex<HashMap<String, Described>>,
}

/// What a file said, and how it was then.
#[derive(Clone)]
struct Described {
    stamp: Option<(u64, SystemTime)>,
    entry: ModelEntry,
}

impl Shelf {
    pub(super) fn new(config: &LocalConfig) -> Self {
        Self {
            model: config.model.clone(),
            model_file: config.model_file.clone(),
            folder: config.model_dir.clone(),
            context_tokens: config.context_tokens,
            described: Mutex::default(),
        }
    }

    /// Whether there is such a model, usable or not. Reads the folder.
    pub(super) fn has(&self, model: &str) -> bool {
        self.is_default(model) || self.find(model).is_some()
    }

    /// The file of a model, after a look at it: some microseconds and the folder. Errors with
    /// `unavailable`.
    pub(super) fn file(&self, model: &str) -> Result<PathBuf, Error> {
        let lacking = cpu::lacking();
        if !lacking.is_empty() {
            return Err(failure::processor(&lacking));
        }
        if self.is_default(model) {
            return check(&self.model_file);
        }
        let found = self.find(model).ok_or_else(|| failure::not_here(model))?;
        let file = found.file.ok_or_else(failure::leads_out)?;
        check(&file).map_err(failure::of_folder)
    }

    /// Every model with what its file says. Blocks on the files.
    pub(super) fn models(&self) -> ProviderModels {
        let (found, error) = match self.list() {
            Ok(found) => (found, None),
            Err(error) => (Vec::new(), Some(failure::folder(&error))),
        };
        let default = Found { name: self.model.clone(), file: Some(self.model_file.clone()) };
        let others = found.into_iter().filter(|found| found.name != self.model);
        let mut all: Vec<_> = [default].into_iter().chain(others).collect();
        let left_out = u32::try_from(all.len().saturating_sub(MODELS)).unwrap_or(u32::MAX);
        all.truncate(MODELS);
        ProviderModels {
            provider: ProviderName::Local,
            default_model: Some(self.model.clone()),
            models: self.describe(&all),
            left_out,
            error,
        }
    }

    fn is_default(&self, model: &str) -> bool {
        model.is_empty() || model == self.model
    }

    fn find(&self, model: &str) -> Option<Found> {
        let list = self.list().unwrap_or_default();
        list.into_iter().find(|found| found.name == model)
    }

    fn list(&self) -> io::Result<Vec<Found>> {
        self.folder.as_deref().map_or_else(|| Ok(Vec::new()), folder::list)
    }

    /// Takes the lock for all of it: who asks at the same time waits and finds it done.
    fn describe(&self, all: &[Found]) -> Vec<ModelEntry> {
        let mut described = self.described.lock().unwrap_or_else(PoisonError::into_inner);
        described.retain(|name, _| all.iter().any(|found| found.name == *name));
        let entries = all.iter().map(|found| {
            let stamp = found.file.as_deref().and_then(stamp);
            let known = described.get(&found.name).filter(|known| known.stamp == stamp);
            let entry = match known {
                Some(known) => return known.entry.clone(),
                None => self.entry(found),
            };
            let new = Described { stamp, entry: entry.clone() };
            described.insert(found.name.clone(), new);
            entry
        });
        entries.collect()
    }

    fn entry(&self, found: &Found) -> ModelEntry {
        let mut entry = ModelEntry { name: found.name.clone(), ..ModelEntry::default() };
        let file = found.file.as_deref().ok_or_else(failure::leads_out);
        match file.and_then(|file| ModelInfo::read(file).map_err(|error| failure::file(&error))) {
            Ok(info) => {
                let trained = info.context_tokens.and_then(|tokens| u32::try_from(tokens).ok());
                entry.window_tokens = trained.map(|trained| trained.min(self.context_tokens));
                entry.file_bytes = Some(info.file_bytes);
                entry.reason = (!info.has_chat_template).then(failure::no_template);
                entry.architecture = text(&info.architecture);
                entry.quantisation = text(info.quantisation);
            }
            Err(error) => entry.reason = Some(error),
        }
        if found.name != self.model {
            entry.reason = entry.reason.map(failure::of_folder);
        }
        entry
    }
}

/// Whether a load of the file can be tried.
fn check(file: &Path) -> Result<PathBuf, Error> {
    if file.to_str().is_none() {
        return Err(failure::path());
    }
    let opened: Result<Head, GgufError> = Head::open(file);
    opened.map(|_| file.to_owned()).map_err(|error| failure::file(&error))
}

fn stamp(file: &Path) -> Option<(u64, SystemTime)> {
    let metadata = file.metadata().ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
