//! `[[endpoint.model]]` tables: the owner's settings for single models of an endpoint.

use glob::Pattern;
use protocol::Effort;
use provider_openai::{Api, EffortForm, MaxTokensField, ModelSettings, ModelTable};
use serde::Deserialize;

use super::layer::distance;
use super::problem::{Problem, Problems};
use super::table::Found;

/// The tables' name within an endpoint's table.
pub const KEY: &str = "model";

/// The most tables of one endpoint; each request looks through them.
const MOST: usize = 256;
/// The most efforts of one model; the page lists them.
const EFFORTS: usize = 16;
/// Up to this edit distance, an unknown effort counts as a misspelled known one.
const MISSPELLED: usize = 2;
/// The allowed sizes of a window, in tokens. A smaller one has no room for an answer.
const WINDOWS: std::ops::RangeInclusive<u32> = 256..=100_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "match")]
    names: String,
    window_tokens: Option<u32>,
    max_tokens_field: Option<MaxTokensField>,
    #[serde(default = "yes")]
    temperature: bool,
    #[serde(default)]
    reasoning: EffortForm,
    #[serde(default)]
    efforts: Vec<Effort>,
    images: Option<bool>,
    api: Option<Api>,
}

fn yes() -> bool {
    true
}

/// Reads the tables. The first table that matches a model's name applies to it.
pub fn read(tables: Vec<Found<'_>>, problems: &mut Problems) -> Vec<ModelTable> {
    let mut models = Vec::new();
    for (at, found) in tables.into_iter().enumerate() {
        if at == MOST {
            let message = format!("there are more than {MOST} models of one endpoint");
            problems.add(Problem { place: found.place(), message });
            break;
        }
        match model(&found) {
            Ok(model) => models.push(model),
            Err(problem) => problems.add(problem),
        }
    }
    models
}

fn model(found: &Found<'_>) -> Result<ModelTable, Problem> {
    let table: Table = found.read()?;
    let Table { names, window_tokens, max_tokens_field, temperature, reasoning, .. } = table;
    let pattern = Pattern::new(&names)
        .map_err(|error| found.problem("match", format!("match: {names:?}: {error}")))?;
    if window_tokens.is_some_and(|tokens| !WINDOWS.contains(&tokens)) {
        let (least, most) = (WINDOWS.start(), WINDOWS.end());
        let message = format!("window_tokens: expected a number from {least} to {most}");
        return Err(found.problem("window_tokens", message));
    }
    let efforts = check_efforts(&table.efforts, reasoning);
    efforts.map_err(|message| found.problem("efforts", format!("efforts: {message}")))?;
    let settings = ModelSettings {
        window_tokens,
        max_tokens_field,
        temperature,
        reasoning,
        efforts: table.efforts,
        images: table.images,
        api: table.api,
    };
    Ok(ModelTable { names: pattern, settings })
}

fn check_efforts(efforts: &[Effort], reasoning: EffortForm) -> Result<(), String> {
    if efforts.len() > EFFORTS {
        return Err(format!("there are more than {EFFORTS}"));
    }
    if reasoning == EffortForm::None && !efforts.is_empty() {
        return Err("they cannot be sent where reasoning is \"none\"".to_owned());
    }
    let known = Effort::all();
    let is_misspelled = |effort: &&Effort| {
        let near = |known: &Effort| distance(effort.as_str(), known.as_str()) <= MISSPELLED;
        !effort.is_known() && known.iter().any(near)
    };
    match efforts.iter().find(is_misspelled) {
        Some(effort) => Err(format!("there is no effort {effort}; there are {}", names(&known))),
        None => Ok(()),
    }
}

/// The names of efforts as a list for people.
pub fn names(efforts: &[Effort]) -> String {
    efforts.iter().map(Effort::as_str).collect::<Vec<_>>().join(", ")
}
