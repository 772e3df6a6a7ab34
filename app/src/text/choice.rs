//! Texts about profiles and models, on pages that only the server renders.

use protocol::catalogue::{ModelEntry, ProfileSummary};

use super::{thousands, tr};

/// The settings of a profile, a few words each.
pub fn profile_facts(profile: &ProfileSummary) -> Vec<String> {
    let sampling = profile.sampling;
    let place = profile.provider.as_ref().map(crate::label::place);
    let model = profile.model.clone();
    let facts = [
        Some(language(&profile.language)),
        place,
        model,
        sampling.temperature.map(|value| tr!(fact_temperature, value = value)),
        sampling.top_p.map(|value| tr!(fact_top_p, value = value)),
        sampling.seed.map(|value| tr!(fact_seed, value = value)),
        sampling.max_tokens.map(|value| tr!(fact_max_tokens, value = thousands(value))),
        profile.effort.as_ref().map(super::thinks),
        profile.send_reasoning.then(|| tr!(fact_send_reasoning).to_owned()),
    ];
    facts.into_iter().flatten().collect()
}

/// A model in the list: its name, what it can do, and whether it is unusable.
pub fn model_option(model: &ModelEntry) -> String {
    let window = model.window_tokens.map(|tokens| tr!(model_window, tokens = thousands(tokens)));
    let off = model.reason.is_some().then(|| tr!(model_unusable).to_owned());
    let sees = (model.images == Some(true)).then(|| tr!(model_sees).to_owned());
    let parts = [Some(model.name.clone()), model.quantisation.clone(), window, sees, off];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// How many models are not listed.
pub fn models_left_out(count: u32) -> String {
    match count {
        1 => tr!(models_left_out_single).to_owned(),
        count => tr!(models_left_out_many, count = thousands(count)),
    }
}

fn language(tag: &str) -> String {
    match tag {
        "en" => tr!(in_english).to_owned(),
        "ja" => tr!(in_japanese).to_owned(),
        other => other.to_owned(),
    }
}
