//! The models that can be loaded: the configured one, and those of a folder.
//!
//! A page asks whether a model can be used, and which reasoning efforts it has. The answers come
//! from the last check of the files and access no file. The module `look` makes the checks, on the
//! thread of the [watcher](super::watcher).

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use protocol::catalogue::{ModelEntry, ProviderModels};
use protocol::{Effort, Error, ProviderName};
use provider::MODELS;

use super::folder::{self, Found};
use super::looks::Looks;
use super::{LocalConfig, cpu, failure};
pub(crate) use look::Extent;

mod look;

/// How long one access of the file system may take before it is reported as not answering.
pub(crate) const GLANCE: Duration = Duration::from_secs(1);
/// How long reading the headers of all models may take.
pub(crate) const LIST: Duration = Duration::from_secs(5);
/// The most models besides the default one that are checked every time, because conversations use
/// them.
const WATCHED: usize = 64;

/// Lists a folder's models.
type ListFolder = fn(&Path) -> io::Result<Vec<Found>>;

/// Finds models by name, and describes them.
pub(crate) struct ModelCatalog {
    model: String,
    model_file: PathBuf,
    folder: Option<PathBuf>,
    context_tokens: u32,
    list_folder: ListFolder,
    looks: Looks,
    /// Held for a map access only, never while a file is accessed.
    seen: Mutex<Seen>,
}

/// The results of the last checks.
#[derive(Default)]
struct Seen {
    /// The models of the folder, by name; `None` before the first check.
    folder: Option<Result<Vec<Found>, io::ErrorKind>>,
    /// By name. Bounded: names that are not in the folder any more are removed.
    described: HashMap<String, Described>,
    /// The models of the folder that conversations use.
    watched: BTreeSet<String>,
}

/// A model's description, and the stamp that its file had when it was read.
#[derive(Clone)]
struct Described {
    stamp: Stamp,
    /// Whether loading the model can be tried.
    usable: Result<(), Error>,
    entry: ModelEntry,
}

/// The length of a file in bytes and the time of its last change. `None` if they are unknown, so
/// that the file is read again.
type Stamp = Option<(u64, SystemTime)>;

impl ModelCatalog {
    pub(crate) fn new(config: &LocalConfig) -> Self {
        Self::with(config, folder::list)
    }

    fn with(config: &LocalConfig, list_folder: ListFolder) -> Self {
        Self {
            model: config.model.clone(),
            model_file: config.model_file.clone(),
            folder: config.model_dir.clone(),
            context_tokens: config.context_tokens,
            list_folder,
            looks: Looks::default(),
            seen: Mutex::default(),
        }
    }

    /// Whether loading a model can be tried, by the last checks. A model that was listed but not
    /// checked yet counts as usable. Errors with `unavailable`.
    pub(crate) fn usable(&self, model: &str) -> Result<(), Error> {
        let lacking = cpu::lacking();
        if !lacking.is_empty() {
            return Err(failure::processor(&lacking));
        }
        let seen = self.seen();
        if let Some(described) = seen.described.get(self.name(model)) {
            return described.usable.clone();
        }
        match &seen.folder {
            // The disk has not answered since the start.
            None => Err(failure::no_answer()),
            Some(_) if self.is_default(model) => Err(failure::no_answer()),
            Some(Err(io::ErrorKind::TimedOut)) => {
                Err(failure::folder(&io::ErrorKind::TimedOut.into()))
            }
            Some(Ok(models)) if find(models, model).is_some() => Ok(()),
            Some(_) => Err(failure::not_here(model)),
        }
    }

    /// Whether there was such a model at the last check, usable or not.
    pub(crate) fn offers(&self, model: &str) -> bool {
        if self.is_default(model) {
            return true;
        }
        let seen = self.seen();
        matches!(&seen.folder, Some(Ok(models)) if find(models, model).is_some())
    }

    /// The reasoning efforts of a model, by the last checks.
    pub(crate) fn efforts(&self, model: &str) -> Vec<Effort> {
        let seen = self.seen();
        let described = seen.described.get(self.name(model));
        described.map(|described| described.entry.efforts.clone()).unwrap_or_default()
    }

    /// Every model, with its description from the last checks.
    pub(crate) fn models(&self) -> ProviderModels {
        let seen = self.seen();
        let error = match &seen.folder {
            Some(Ok(_)) => None,
            Some(Err(kind)) => Some(failure::folder(&(*kind).into())),
            None => Some(failure::folder(&io::ErrorKind::TimedOut.into())),
        };
        let folder = seen.folder.as_ref().and_then(|listed| listed.as_deref().ok());
        let others = folder.unwrap_or_default().iter().map(|found| &found.name);
        let others = others.filter(|name| **name != self.model);
        let count = 1 + others.clone().count();
        let left_out = u32::try_from(count.saturating_sub(MODELS)).unwrap_or(u32::MAX);
        let shown = [&self.model].into_iter().chain(others).take(MODELS);
        let entries = shown.map(|name| match seen.described.get(name) {
            Some(described) => described.entry.clone(),
            None => self.unusable(unknown(name), failure::no_answer()),
        });
        ProviderModels {
            provider: ProviderName::local(),
            default_model: Some(self.model.clone()),
            models: entries.collect(),
            left_out,
            error,
            learned: Vec::new(),
        }
    }

    /// Includes a model in every further check, because a conversation uses it.
    pub(crate) fn watch(&self, model: &str) {
        if self.is_default(model) {
            return;
        }
        let mut seen = self.seen();
        if !seen.watched.contains(model) {
            if seen.watched.len() >= WATCHED {
                // The next page that shows a model which is still used adds it again.
                seen.watched.clear();
            }
            seen.watched.insert(model.to_owned());
        }
    }

    fn is_default(&self, model: &str) -> bool {
        model.is_empty() || model == self.model
    }

    fn name<'a>(&'a self, model: &'a str) -> &'a str {
        if self.is_default(model) { &self.model } else { model }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // The results are consistent after every access, so they stay usable if a holder panicked.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find<'a>(models: &'a [Found], name: &str) -> Option<&'a Found> {
    let at = models.binary_search_by(|found| found.name.as_str().cmp(name)).ok()?;
    models.get(at)
}

fn unknown(name: &str) -> ModelEntry {
    ModelEntry { name: name.to_owned(), ..ModelEntry::default() }
}

#[cfg(test)]
mod tests;
