//! Checks of the models to choose from: the folder of models, and the lists of the endpoints.

use protocol::catalogue::{ModelEntry, ProviderModels};
use protocol::{Effort, Error, ErrorCode, ProviderKind};

use super::super::Finding::{self, Bad, Doubtful, Good};
use crate::config::Config;
use crate::config::models::names;
use crate::engine;

/// One finding for each provider that offers a choice. Each endpoint is asked for its list, for
/// some seconds at most; an endpoint may work without one.
pub(super) async fn all(config: &Config) -> Vec<(String, Finding)> {
    // Another check reports errors of the providers themselves.
    let Ok(providers) = engine::providers(config) else { return Vec::new() };
    let has_folder = config.settings.local.model_dir.is_some();
    // The check of the file reports a missing file.
    let has_default = config.provider.is_local() && config.model_file.exists();
    let listed = providers.models().await.providers.into_iter();
    let mut findings = Vec::new();
    for models in listed {
        if models.provider.is_local() {
            let default = has_default.then(|| default(&models)).flatten();
            findings.extend(default.map(|finding| ("chat model".to_owned(), finding)));
            findings.extend(has_folder.then(|| ("model_dir".to_owned(), folder(&models))));
        } else {
            let name = format!("models of {}", models.provider);
            findings.push((name, endpoint(&models, config)));
            let learned = learned(&models);
            findings.extend(
                learned.map(|finding| (format!("learned of {}", models.provider), finding)),
            );
        }
    }
    findings
}

/// The error that the server would give for the default model, such as that the file has no chat
/// template.
fn default(models: &ProviderModels) -> Option<Finding> {
    let name = models.default_model.as_deref()?;
    let entry = models.models.iter().find(|entry| entry.name == name)?;
    Some(Bad(entry.reason.as_ref()?.message.clone()))
}

fn folder(models: &ProviderModels) -> Finding {
    let default = models.default_model.as_deref();
    let others = models.models.iter().filter(|entry| Some(entry.name.as_str()) != default);
    let (good, bad): (Vec<&ModelEntry>, Vec<_>) = others.partition(|entry| entry.reason.is_none());
    if let Some(error) = &models.error {
        return Doubtful(error.message.clone());
    }
    let good = match good.len() {
        1 => "1 further model".to_owned(),
        count => format!("{count} further models"),
    };
    if bad.is_empty() {
        return Good(good);
    }
    let bad: Vec<_> = bad
        .iter()
        .filter_map(|entry| Some(format!("{}: {}", entry.name, entry.reason.as_ref()?.message)))
        .collect();
    Doubtful(format!("{good}; these cannot be used: {}", bad.join(" ")))
}

fn endpoint(models: &ProviderModels, config: &Config) -> Finding {
    match (&models.error, &models.default_model) {
        // With a broken proxy, no request can reach the endpoint.
        (Some(error), _) if is_of_proxy(error) => {
            let place = config.place(&models.provider, "proxy");
            let hint = error.hint.as_deref().unwrap_or_default();
            Bad(format!("{place}: {} {hint}", error.message))
        }
        (Some(error), _) => Doubtful(format!("{} The configured model is used.", error.message)),
        (None, Some(default)) => {
            let count = models.models.len() + models.left_out as usize;
            Good(format!("{count} can be chosen, {default} is the default"))
        }
        (None, None) => Good(format!("{} can be chosen", models.models.len())),
    }
}

fn is_of_proxy(error: &Error) -> bool {
    use ProviderKind::{Proxy, ProxyAuth, ProxyRefused};
    matches!(error.code, ErrorCode::Provider(Proxy | ProxyAuth | ProxyRefused))
}

/// Warns about configured efforts that are not known, because they may be misspelled.
pub(super) fn efforts(config: &Config) -> Vec<(String, Finding)> {
    let mut findings = Vec::new();
    for endpoint in &config.endpoints {
        let tables = endpoint.model_tables.iter();
        let offered = tables.flat_map(|table| &table.settings.efforts);
        let unknown: Vec<_> = offered.filter(|effort| !effort.is_known()).cloned().collect();
        if !unknown.is_empty() {
            let (unknown, known) = (names(&unknown), names(&Effort::all()));
            let text = format!("{unknown} is none of the usual ones ({known}); it is offered");
            findings.push((format!("efforts of {}", endpoint.name), Doubtful(text)));
        }
    }
    findings
}

/// What the endpoint's refusals taught, in the terms of the API.
fn learned(models: &ProviderModels) -> Option<Finding> {
    let known = models.learned.iter().map(|learned| {
        let name = |adjustment| serde_json::to_value(adjustment).ok()?.as_str().map(str::to_owned);
        let parts = learned.adjustments.iter().filter_map(name);
        let window = learned.window_tokens.map(|tokens| format!("a window of {tokens} tokens"));
        let prompt = learned.prompt_tokens.map(|tokens| format!("prompts up to {tokens} tokens"));
        let taken: Vec<_> = learned.taken_efforts.iter().map(Effort::as_str).collect();
        let refused = learned.refused_efforts.iter().filter(|_| taken.is_empty());
        let efforts = refused.map(|effort| format!("not the effort {effort}"));
        let efforts = efforts
            .chain((!taken.is_empty()).then(|| format!("only the efforts {}", taken.join(" "))));
        let parts: Vec<_> = parts.chain(window).chain(prompt).chain(efforts).collect();
        format!("{} ({})", learned.model, parts.join(", "))
    });
    let known: Vec<_> = known.collect();
    let text = || format!("requests are adjusted after refusals: {}", known.join(", "));
    (!known.is_empty()).then(|| Good(text()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::catalogue::LearnedModel;
    use protocol::{Adjustment, ProviderName};

    fn models(entries: &[(&str, bool)]) -> ProviderModels {
        let entry = |(name, usable): &(&str, bool)| ModelEntry {
            name: (*name).to_owned(),
            reason: (!usable).then(|| Error::new(ErrorCode::Unavailable, "It is cut short.")),
            ..ModelEntry::default()
        };
        ProviderModels {
            provider: ProviderName::local(),
            default_model: Some("default".to_owned()),
            models: entries.iter().map(entry).collect(),
            left_out: 0,
            error: None,
            learned: Vec::new(),
        }
    }

    #[test]
    fn learned_adjustments_are_reported() {
        let mut models = models(&[]);
        assert_eq!(learned(&models), None);
        models.learned = vec![LearnedModel {
            model: "m".to_owned(),
            adjustments: vec![Adjustment::WithoutTopP, Adjustment::MaxTokens],
            window_tokens: Some(2_048),
            prompt_tokens: None,
            refused_efforts: Vec::new(),
            taken_efforts: Vec::new(),
        }];
        let expected = "requests are adjusted after refusals: m (without_top_p, max_tokens, a window of 2048 tokens)";
        assert_eq!(learned(&models), Some(Good(expected.to_owned())));
    }

    #[test]
    fn unusable_models_are_named() {
        let Good(text) = folder(&models(&[("default", false), ("a", true)])) else {
            panic!("the default one is another check's");
        };
        assert_eq!(text, "1 further model");
        let Doubtful(text) = folder(&models(&[("default", true), ("a", true), ("b", false)]))
        else {
            panic!("one cannot be used");
        };
        assert!(text.ends_with("these cannot be used: b: It is cut short."), "{text}");
    }
}
