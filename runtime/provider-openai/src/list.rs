//! The endpoint's list of models. Concurrent callers share one request, and its result is cached
//! for a short while.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hyper::StatusCode;
use protocol::Error;
use protocol::catalogue::{ModelEntry, ProviderModels};
use protocol::limits::MODEL_CHARS;
use provider::{MODELS, Secret};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::connection::Call;
use super::models::ModelSettings;
use super::refusal::Sent;
use super::{Shared, classify, echo, fault, reply, windows};

/// How long a list is cached. Models rarely change, and pages are opened often.
const FRESH: Duration = Duration::from_secs(60);
/// How long a failure is cached, so that an endpoint that does not answer does not delay every
/// page.
const FRESH_FAILURE: Duration = Duration::from_secs(5);
/// How long a request for the list may take in all: a page waits for it.
const LIMIT: Duration = Duration::from_secs(4);
/// The most bytes of a list that are read. The longest known list has half as many.
const LIST_BYTES: usize = 2 << 20;

/// The cached list, and the lock under which the next one is fetched.
pub(crate) struct Listing {
    gate: Semaphore,
    last: Mutex<Option<(Instant, Listed)>>,
    /// The context windows of the last list that arrived, however old it is.
    windows: Mutex<BTreeMap<String, u32>>,
    /// Whether the list was ever requested.
    asked: AtomicBool,
    /// The model that answers when none is named: the first one of the first list. It stays as long
    /// as later lists contain it, because some endpoints list the model that was used last first.
    first: Mutex<Option<String>>,
}

/// The result of one request for the list.
type Listed = Result<List, Error>;

/// The models of an endpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    /// At most [`MODELS`], in the endpoint's order.
    pub(crate) entries: Vec<ModelEntry>,
    /// The number of models beyond that.
    left_out: u32,
    /// The model that answers when none is named.
    pub(crate) first: Option<String>,
    /// The context windows of all models for which the endpoint gives one.
    windows: BTreeMap<String, u32>,
}

impl Listing {
    pub(crate) fn new() -> Self {
        Self {
            gate: Semaphore::new(1),
            last: Mutex::new(None),
            windows: Mutex::default(),
            asked: AtomicBool::new(false),
            first: Mutex::default(),
        }
    }

    /// The window of a model, as the endpoint listed it.
    pub(crate) fn window(&self, model: &str) -> Option<u32> {
        windows::of(&self.windows.lock().unwrap_or_else(PoisonError::into_inner), model)
    }

    /// The model that answers when none is named, if a list was read.
    pub(crate) fn first(&self) -> Option<String> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets the first model if it is `model`, which the endpoint does not have any more. The
    /// next caller that needs the first model reads the list again.
    pub(crate) fn forget(&self, model: &str) {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if first.as_deref() == Some(model) {
            *first = None;
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    fn fresh(&self) -> Option<Listed> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, listed) = last.as_ref()?;
        let good = if listed.is_ok() { FRESH } else { FRESH_FAILURE };
        (at.elapsed() < good).then(|| listed.clone())
    }

    fn remember(&self, listed: Listed) {
        let kept = Some((Instant::now(), listed));
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }
}

impl Shared {
    /// Every model of the endpoint. If the request fails, the default model, if it is known, and
    /// the error.
    pub(crate) async fn models(&self) -> ProviderModels {
        let listed = self.listed().await;
        let (entries, left_out, error) = match listed {
            Ok(List { mut entries, left_out, .. }) => {
                // If the owner has selected models, their order is kept.
                if self.config.models.is_empty() {
                    entries.sort_by_cached_key(|entry| entry.name.to_lowercase());
                }
                (entries, left_out, None)
            }
            Err(error) => (Vec::new(), 0, Some(error)),
        };
        let mut models = ProviderModels {
            provider: self.config.name.clone(),
            default_model: None,
            models: entries,
            left_out,
            error,
            learned: self.learned.all(),
        };
        if let Some(model) = self.known_model() {
            models.put_first(&model);
        }
        for entry in &mut models.models {
            let habits = self.learned.of(&entry.name);
            let settings = ModelSettings::of(&self.config.model_tables, &entry.name);
            let owners = settings.window_tokens.or(self.config.context_tokens);
            entry.window_tokens = owners.or(habits.window).or(entry.window_tokens);
            entry.efforts = habits.efforts(settings);
            entry.images = settings.images;
        }
        models
    }

    /// Fetches the list once, to learn the models' context windows, if the owner has not configured
    /// a window and the list was never fetched before.
    pub(crate) async fn learn_windows(&self) {
        if self.config.context_tokens.is_none() && !self.listing.asked.load(Ordering::Relaxed) {
            let _ = self.listed().await;
        }
    }

    /// Fetches the list unless it is cached. Only one request runs at a time; callers that waited
    /// for it find its result in the cache.
    async fn listed(&self) -> Listed {
        let Ok(_turn) = self.listing.gate.acquire().await else { return Err(fault::no_models()) };
        if let Some(listed) = self.listing.fresh() {
            return listed;
        }
        let asked = timeout(LIMIT, self.ask_for_models()).await;
        let listed = asked.unwrap_or_else(|_| Err(fault::list_timeout()));
        let listed = listed.map_err(|error| self.fit_to_show(error));
        self.listing.remember(listed.clone());
        listed
    }

    /// Requests the list from the endpoint. The errors are those of a turn.
    pub(crate) async fn ask_for_models(&self) -> Listed {
        self.listing.asked.store(true, Ordering::Relaxed);
        let call = Call { path: "/models", body: None };
        let (mut connection, response) = self.send(self.reach().await?, call).await?;
        let (head, mut body) = response.into_parts();
        let read = connection.read(&mut body, LIST_BYTES, LIMIT).await;
        self.idle.put(connection).await;
        if matches!(head.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
            return Err(fault::no_models());
        } else if head.status != StatusCode::OK
            && self.endpoint.forwarder().is_some()
            && reply::is_of_proxy(&head.headers)
        {
            return Err(classify::from_proxy(head.status.as_u16(), &read));
        } else if head.status != StatusCode::OK {
            let response = (head.status.as_u16(), &head.headers, read.as_slice());
            let (now, sent) = (SystemTime::now(), Sent::default());
            return Err(classify::from_response(response, now, self.has_key(), &sent).0);
        }
        let list = serde_json::from_slice::<Value>(&read).map_err(|_| fault::list_unreadable())?;
        let known = self.listing.first();
        let list = entries(&list, &self.config.secrets(), &self.config.models, known);
        if list.entries.is_empty() {
            return Err(fault::no_models());
        }
        *self.listing.first.lock().unwrap_or_else(PoisonError::into_inner) = list.first.clone();
        let windows = list.windows.clone();
        *self.listing.windows.lock().unwrap_or_else(PoisonError::into_inner) = windows;
        Ok(list)
    }
}

/// The models that the owner offers, in the owner's order.
fn chosen(entries: Vec<ModelEntry>, globs: &[glob::Pattern]) -> Vec<ModelEntry> {
    if globs.is_empty() {
        return entries;
    }
    let (mut rest, mut chosen) = (entries, Vec::new());
    for glob in globs {
        let (of_glob, others) = rest.into_iter().partition(|entry| glob.matches(&entry.name));
        chosen.extend::<Vec<ModelEntry>>(of_glob);
        rest = others;
    }
    chosen
}

/// The models of an endpoint's list that its owner offers, at most [`MODELS`], without duplicate
/// names. Names that contain the API key, or a header of the owner, are left out, because names
/// are shown to everybody and stored with each
/// turn. `known` is the model that answered so far when none was named. Most endpoints put the models
/// into `data`; Together answers with a bare array.
fn entries(
    list: &Value,
    secrets: &[&Secret],
    globs: &[glob::Pattern],
    known: Option<String>,
) -> List {
    let all = list.as_array().or_else(|| list["data"].as_array());
    let all = all.map(Vec::as_slice).unwrap_or_default();
    let mut names = HashSet::new();
    let entries: Vec<_> = all
        .iter()
        .filter_map(entry)
        .filter(|entry| !secrets.iter().any(|secret| echo::tells(&entry.name, secret)))
        .filter(|entry| names.insert(entry.name.clone()))
        .collect();
    let windows =
        entries.iter().filter_map(|entry| Some((entry.name.clone(), entry.window_tokens?)));
    let windows = windows.collect();
    let mut entries = chosen(entries, globs);
    let left_out = u32::try_from(entries.len().saturating_sub(MODELS)).unwrap_or(u32::MAX);
    let is_there = |known: &String| entries.iter().any(|entry| entry.name == *known);
    let first = known.filter(is_there);
    let first = first.or_else(|| entries.first().map(|entry| entry.name.clone()));
    entries.truncate(MODELS);
    List { entries, left_out, first, windows }
}

/// One model of the list. `None` if it has no valid name.
fn entry(value: &Value) -> Option<ModelEntry> {
    let name = value["id"].as_str()?;
    let sound = name.trim() == name && !name.is_empty() && !name.chars().any(char::is_control);
    if !sound || name.chars().count() > MODEL_CHARS {
        return None;
    }
    let window_tokens = windows::listed(value);
    Some(ModelEntry { name: name.to_owned(), window_tokens, ..ModelEntry::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn invalid_entries_are_not_listed() {
        let long = "x".repeat(MODEL_CHARS + 1);
        let list = json!({ "data": [
            { "id": "a", "max_model_len": 4096 }, { "id": "b", "context_length": 8192 },
            { "id": "a", "max_model_len": 1 }, { "id": "" }, { "id": " c" }, { "id": "d\n" },
            { "id": long }, { "id": 7 }, { "name": "e" }, "f", null,
            { "id": "日本", "max_model_len": "many", "context_length": -1 },
        ]});
        let List { entries, left_out, windows, .. } = entries(&list, &[], &[], None);
        assert_eq!(windows.len(), 2);
        let entries: Vec<_> =
            entries.iter().map(|entry| (entry.name.as_str(), entry.window_tokens)).collect();
        assert_eq!(entries, [("a", Some(4096)), ("b", Some(8192)), ("日本", None)]);
        assert_eq!(left_out, 0);
        for none in [json!(null), json!([]), json!({ "data": {} }), json!({ "data": "a" })] {
            assert!(super::entries(&none, &[], &[], None).entries.is_empty());
        }
    }

    #[test]
    fn a_name_that_contains_the_key_is_not_listed() {
        let key = Secret::new("sk-canary-1234567");
        let list = json!({ "data": [
            { "id": "sk-canary-1234567" }, { "id": "m/SK-Canary-1234567:free" }, { "id": "m" },
        ]});
        let List { entries, left_out, .. } = entries(&list, &[&key], &[], None);
        let names: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!((names, left_out), (vec!["m"], 0));
    }

    #[test]
    fn configured_globs_choose_models_and_their_order() {
        let entry = |name: &str| ModelEntry { name: name.into(), ..ModelEntry::default() };
        let all = ["a/small", "b", "c/large", "c/small"].map(entry).to_vec();
        let globs = |globs: &[&str]| -> Vec<glob::Pattern> {
            globs.iter().map(|glob| glob.parse().unwrap()).collect()
        };
        let names = |globs_: &[&str]| -> Vec<String> {
            chosen(all.clone(), &globs(globs_)).into_iter().map(|entry| entry.name).collect()
        };
        assert_eq!(names(&[]), ["a/small", "b", "c/large", "c/small"]);
        assert_eq!(names(&["c*", "*small"]), ["c/large", "c/small", "a/small"]);
        assert_eq!(names(&["z"]), <[&str; 0]>::default());
    }

    #[test]
    fn a_long_list_is_cut_and_the_rest_counted() {
        let model = |n| json!({ "id": format!("m{n}"), "context_length": 8192 });
        let data: Vec<_> = (0..MODELS + 3).map(model).collect();
        let list = entries(&json!(data), &[], &[], Some(format!("m{}", MODELS + 1)));
        assert_eq!((list.entries.len(), list.left_out), (MODELS, 3));
        // The windows of models beyond the limit are known, too.
        assert_eq!(list.windows.len(), MODELS + 3);
        // A first model beyond the limit, which is not shown, stays the first model, too.
        assert_eq!(list.first, Some(format!("m{}", MODELS + 1)));
    }
}
