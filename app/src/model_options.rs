//! The models to choose from for a conversation, as its page lists them.

use protocol::catalogue::{ModelEntry, ModelList};
use protocol::{Error, ProviderName, Worker, WorkerId};
use runtime::Access;

use crate::text::{self, tr};
use crate::{ModelOption, label};

/// How many of the newest conversations tell which models were used recently.
const RECENT_CONVERSATIONS: u32 = 30;

/// How many of these models come first.
const RECENT_MODELS: usize = 5;

/// The profile's own model, those that were chosen recently, and all others by their provider.
pub async fn model_options(
    runtime: &Access,
    worker_id: WorkerId,
) -> Result<Vec<ModelOption>, Error> {
    let worker = runtime.worker(worker_id).await?;
    let recent = runtime.workers(None, RECENT_CONVERSATIONS).await?.workers;
    let in_use = runtime.provider_status_of(&worker);
    let in_use = in_use.kind.zip(in_use.model);
    let names_none = worker.model.is_none();
    Ok(options(runtime.models().await, in_use.as_ref(), names_none, &recent))
}

/// Arranges the options. `in_use` is the model that answers now, and `names_none` tells whether it
/// does because the conversation names none.
fn options(
    list: ModelList,
    in_use: Option<&(ProviderName, String)>,
    names_none: bool,
    recent: &[Worker],
) -> Vec<ModelOption> {
    let mut options = Vec::new();
    for models in list.providers {
        let place = label::place(&models.provider);
        let provider = models.provider;
        for entry in models.models {
            let is_in_use = in_use.is_some_and(|(of, name)| (of, name) == (&provider, &entry.name));
            options.push(option(&provider, &place, &entry, is_in_use && !names_none));
        }
        let note = |words, more| ModelOption {
            words,
            place: place.clone(),
            off: true,
            more,
            ..ModelOption::default()
        };
        let error = models.error.map(|error| note(text::error_heading(&error), false));
        let left_out = (models.left_out > 0).then(|| ModelOption {
            provider: Some(provider.clone()),
            ..note(text::models_left_out(models.left_out), true)
        });
        options.extend(error.into_iter().chain(left_out));
    }
    let mut first: Vec<ModelOption> = Vec::new();
    let chosen =
        recent.iter().filter_map(|worker| worker.provider.as_ref().zip(worker.model.as_ref()));
    for (provider, model) in chosen {
        let is_it = |option: &ModelOption| {
            option.provider.as_ref() == Some(provider) && option.model.as_ref() == Some(model)
        };
        if first.len() < RECENT_MODELS
            && let Some(at) = options.iter().position(is_it)
        {
            first.push(options.remove(at));
        }
    }
    // What the profile's own is called is known only while it is in use.
    let own = match in_use.filter(|_| names_none) {
        Some((_, model)) => format!("{} · {model}", tr!(model_own)),
        None => tr!(model_own).to_owned(),
    };
    let mark = if names_none { tr!(model_in_use) } else { "" };
    let own = ModelOption {
        words: own,
        place: mark.to_owned(),
        in_use: names_none,
        ..ModelOption::default()
    };
    [own].into_iter().chain(first).chain(options).collect()
}

fn option(provider: &ProviderName, place: &str, entry: &ModelEntry, in_use: bool) -> ModelOption {
    let place = match in_use {
        true => format!("{place} · {}", tr!(model_in_use)),
        false => place.to_owned(),
    };
    ModelOption {
        provider: Some(provider.clone()),
        model: Some(entry.name.clone()),
        words: text::model_option(entry),
        place,
        in_use,
        off: entry.reason.is_some(),
        more: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::catalogue::ProviderModels;
    use protocol::{ErrorCode, sample};

    fn list() -> ModelList {
        let models = |provider: ProviderName, names: &[&str], error| ProviderModels {
            provider,
            default_model: None,
            models: names
                .iter()
                .map(|name| ModelEntry { name: (*name).to_owned(), ..ModelEntry::default() })
                .collect(),
            left_out: 0,
            error,
            learned: Vec::new(),
        };
        let away = Error::new(ErrorCode::Unavailable, "The endpoint is away.");
        ModelList {
            providers: vec![
                models(ProviderName::openai(), &["a", "b", "c"], None),
                models(ProviderName::local(), &["a"], Some(away)),
            ],
        }
    }

    fn names(options: &[ModelOption]) -> Vec<&str> {
        options.iter().map(|option| option.model.as_deref().unwrap_or("-")).collect()
    }

    #[test]
    fn models_that_were_chosen_recently_come_first_after_the_profiles_own() {
        let chose = |model: &str| Worker {
            provider: Some(ProviderName::openai()),
            model: Some(model.to_owned()),
            ..sample::worker()
        };
        let recent = [chose("c"), sample::worker(), chose("c"), chose("gone"), chose("b")];
        let in_use = (ProviderName::openai(), "b".to_owned());
        let options = options(list(), Some(&in_use), false, &recent);
        assert_eq!(names(&options), ["-", "c", "b", "a", "a", "-"]);
        let marked: Vec<_> =
            options.iter().map(|option| option.place.contains(tr!(model_in_use))).collect();
        assert_eq!(marked, [false, false, true, false, false, false]);
    }

    #[test]
    fn a_provider_whose_list_is_missing_says_why_in_a_line_that_cannot_be_chosen() {
        let options = options(list(), None, true, &[]);
        assert_eq!(options[0].place, tr!(model_in_use));
        let last = options.last().unwrap();
        assert_eq!((last.off, last.words.as_str()), (true, "The endpoint is away"));
        assert!(options.iter().rev().skip(1).all(|option| !option.off));
    }
}
