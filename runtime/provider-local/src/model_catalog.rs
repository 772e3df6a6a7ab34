//! The models that can be loaded: the configured one, and those of a folder.
//!
//! A page asks whether a model can be used, and which reasoning efforts it has. The answers come
//! from the last check of the files, and access no file: [`ModelCatalog::look`] runs only on the
//! thread of the [watcher](super::watcher). Descriptions of model files are cached until the files
//! change, since reading a header takes some milliseconds. Every file access has a timeout
//! ([`Looks`]), because a file system may not answer.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use protocol::catalogue::{ModelEntry, ProviderModels};
use protocol::{Effort, Error, ProviderName};
use provider::MODELS;

use super::folder::{self, Found};
use super::gguf::{GgufError, Head};
use super::looks::{Looks, within};
use super::{LocalConfig, ModelInfo, cpu, failure};

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

/// The models that a check reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Extent {
    /// The folder, the default model and the models that conversations use.
    Used,
    /// Every model that is listed.
    All,
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

/// The result of reading a file, unless it has the cached stamp.
enum Looked {
    /// The file cannot be opened, or does not begin like a model file.
    Unopened(GgufError),
    Unchanged,
    Read(Stamp, Result<ModelInfo, GgufError>),
}

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

    fn is_default(&self, model: &str) -> bool {
        model.is_empty() || model == self.model
    }

    fn name<'a>(&'a self, model: &'a str) -> &'a str {
        if self.is_default(model) { &self.model } else { model }
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

    fn unusable(&self, mut entry: ModelEntry, reason: Error) -> ModelEntry {
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

#[cfg(test)]
mod tests;
