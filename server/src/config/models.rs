//! `[[endpoint.model]]` tables: what the owner says of single models of an endpoint.

use glob::Pattern;
use protocol::Effort;
use runtime::provider::openai::{Api, EffortForm, MaxTokensField, ModelSettings, ModelTable};
use serde::Deserialize;
use toml::Value;

use super::problem::{Problem, Problems};

/// The tables' name in an endpoint's.
pub const KEY: &str = "model";

/// Tables of one endpoint at most; each request looks through them.
const MOST: usize = 256;
/// Efforts of one model at most; the page lists them.
const EFFORTS: usize = 16;
/// Sizes of windows that can be set, in tokens. A smaller one has no room for an answer.
const WINDOWS: std::ops::RangeInclusive<u32> = 256..=100_000_000;

/// A table as it stands in the file, with the place of its beginning.
#[derive(Clone, Debug)]
pub struct Found {
    pub place: String,
    pub value: Value,
}

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

/// Reads the tables; the first that names a model holds for it.
pub fn read(tables: Vec<Found>, problems: &mut Problems) -> Vec<ModelTable> {
    let mut models = Vec::new();
    for (at, Found { place, value }) in tables.into_iter().enumerate() {
        if at == MOST {
            let message = format!("there are more than {MOST} models of one endpoint");
            problems.add(Problem { place, message });
            break;
        }
        match model(value) {
            Ok(model) => models.push(model),
            Err(message) => problems.add(Problem { place, message }),
        }
    }
    models
}

fn model(value: Value) -> Result<ModelTable, String> {
    let table = Table::deserialize(value).map_err(|error| error.message().to_owned())?;
    let Table { names, window_tokens, max_tokens_field, temperature, reasoning, .. } = table;
    let pattern = Pattern::new(&names).map_err(|error| format!("match: {names:?}: {error}"))?;
    if window_tokens.is_some_and(|tokens| !WINDOWS.contains(&tokens)) {
        let (least, most) = (WINDOWS.start(), WINDOWS.end());
        return Err(format!("window_tokens: expected a number from {least} to {most}"));
    }
    if table.efforts.len() > EFFORTS {
        return Err(format!("efforts: there are more than {EFFORTS}"));
    }
    if reasoning == EffortForm::None && !table.efforts.is_empty() {
        return Err("efforts cannot be sent where reasoning is \"none\"".to_owned());
    }
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
