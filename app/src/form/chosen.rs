//! The form fields that choose a profile, a model and an effort.

use protocol::api::AnswerWith;
use protocol::{Effort, Error, ErrorCode, ProviderName, Temperature, Turn, Worker};
use runtime::ModelPatch;

use crate::text::tr;

/// The values of the fields as strings, as the form sends them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    pub profile: String,
    pub model: String,
    pub effort: String,
    pub temperature: String,
    pub instructions: String,
    /// The instructions when the page was loaded.
    pub instructions_before: String,
    pub title: String,
}

impl Chosen {
    /// The current choices of a conversation. `usual` is the provider in use if the worker names
    /// none, and `instructions` is the text of its own instructions.
    pub fn of(worker: &Worker, usual: Option<&ProviderName>, instructions: String) -> Self {
        let model = match (worker.provider.as_ref().or(usual), &worker.model) {
            (Some(provider), Some(model)) => format!("{provider}/{model}"),
            _ => String::new(),
        };
        let effort = worker.effort.as_ref().map(ToString::to_string).unwrap_or_default();
        let temperature = worker.temperature.map(|value| f32::from(value).to_string());
        let temperature = temperature.unwrap_or_default();
        let (profile, title) = (worker.profile.to_string(), String::new());
        let instructions_before = instructions.clone();
        Self { profile, model, effort, temperature, instructions, instructions_before, title }
    }

    /// Parses the choices. Errors with `invalid_input`.
    pub(super) fn wanted(&self) -> Result<ModelPatch, Error> {
        let profile = Some(self.profile.as_str()).filter(|name| !name.is_empty());
        let profile = profile.map(str::parse).transpose().map_err(|_| bad())?;
        let (provider, model) = model_of(&self.model)?;
        Ok(ModelPatch {
            profile,
            provider: Some(provider),
            model: Some(model),
            effort: Some(effort_of(&self.effort)?),
            temperature: Some(temperature_of(&self.temperature)?),
            // Somebody else may have changed them since.
            instructions: (self.instructions.trim() != self.instructions_before.trim())
                .then(|| Some(self.instructions.clone())),
        })
    }
}

/// The settings of another answer as strings, as the form sends them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtherAnswer {
    pub model: String,
    pub effort: String,
    pub temperature: String,
    /// Further models that answer, too; empty for none.
    pub also: [String; 3],
}

impl OtherAnswer {
    /// The settings with which an answer was asked for. The provider of an imported one is not here.
    pub fn of(turn: &Turn) -> Self {
        let is_known = !turn.provider.is_imported();
        let model = is_known.then(|| format!("{}/{}", turn.provider, turn.model));
        let temperature = turn.sampling.temperature.filter(|_| is_known);
        Self {
            model: model.unwrap_or_default(),
            effort: turn.asked_effort().map(ToString::to_string).unwrap_or_default(),
            temperature: temperature.map(|value| value.to_string()).unwrap_or_default(),
            also: Default::default(),
        }
    }

    /// Parses the further models. Errors with `invalid_input`.
    pub(super) fn also(&self) -> Result<Vec<AnswerWith>, Error> {
        let named = self.also.iter().filter(|field| !field.is_empty());
        named
            .map(|field| {
                let (provider, model) = model_of(field)?;
                Ok(AnswerWith { provider, model, ..AnswerWith::default() })
            })
            .collect()
    }

    /// Parses the settings. Errors with `invalid_input`.
    pub(super) fn with(&self) -> Result<AnswerWith, Error> {
        let (provider, model) = model_of(&self.model)?;
        let effort = effort_of(&self.effort)?;
        let temperature = temperature_of(&self.temperature)?;
        Ok(AnswerWith { provider, model, effort, temperature })
    }
}

/// The provider and the model that a field such as `local/NAME` names; neither if it is empty.
fn model_of(field: &str) -> Result<(Option<ProviderName>, Option<String>), Error> {
    if field.is_empty() {
        return Ok((None, None));
    }
    let (provider, model) = field.split_once('/').ok_or_else(bad)?;
    let provider = provider.parse().map_err(|_| bad())?;
    Ok((Some(provider), Some(model.to_owned())))
}

fn effort_of(field: &str) -> Result<Option<Effort>, Error> {
    let named = Some(field).filter(|name| !name.is_empty());
    named.map(str::parse).transpose().map_err(|_| bad())
}

fn temperature_of(field: &str) -> Result<Option<Temperature>, Error> {
    // People type what their language writes.
    let typed = field.trim().replace(',', ".");
    if typed.is_empty() {
        return Ok(None);
    }
    let wrong = || Error::new(ErrorCode::InvalidInput, tr!(temperature_wrong));
    let value: f32 = typed.parse().map_err(|_| wrong())?;
    value.try_into().map(Some).map_err(|_| wrong())
}

fn bad() -> Error {
    Error::new(ErrorCode::InvalidInput, tr!(bad_form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_field_names_its_provider() {
        let wanted = |model: &str| {
            let chosen = Chosen { model: model.into(), ..Chosen::default() };
            chosen.wanted().map(|wanted| (wanted.provider.flatten(), wanted.model.flatten()))
        };
        assert_eq!(wanted(""), Ok((None, None)));
        let with_slash = (Some(ProviderName::openai()), Some("maker/model".to_owned()));
        assert_eq!(wanted("openai/maker/model"), Ok(with_slash));
        for bad in ["model", "/model", "Local/model"] {
            assert_eq!(wanted(bad).unwrap_err().code, ErrorCode::InvalidInput, "{bad}");
        }
    }

    #[test]
    fn the_settings_of_an_answer_are_read_as_they_were_written() {
        let turn = protocol::sample::turn();
        let written = OtherAnswer::of(&turn);
        assert_eq!(written.model, format!("{}/{}", turn.provider, turn.model));
        let with = written.with().unwrap();
        assert_eq!((with.provider, with.model), (Some(turn.provider), Some(turn.model)));
        assert_eq!(with.temperature.map(f32::from), turn.sampling.temperature);
        assert_eq!(OtherAnswer::default().with(), Ok(AnswerWith::default()));
        let with = |temperature: &str| {
            let temperature = temperature.to_owned();
            OtherAnswer { temperature, ..OtherAnswer::default() }.with()
        };
        assert_eq!(with(" 0,5 ").unwrap().temperature.map(f32::from), Some(0.5));
        assert_eq!(with("9").unwrap_err().message, tr!(temperature_wrong));
        assert_eq!(with("warm").unwrap_err().code, ErrorCode::InvalidInput);
    }

    /// Somebody else may have changed the instructions since the page was loaded.
    #[test]
    fn instructions_that_were_not_changed_in_the_form_overwrite_none() {
        let wanted = |before: &str, now: &str| {
            let (instructions, instructions_before) = (now.to_owned(), before.to_owned());
            let chosen = Chosen { instructions, instructions_before, ..Chosen::default() };
            chosen.wanted().unwrap().instructions
        };
        assert_eq!(wanted("a", "a\n"), None);
        assert_eq!(wanted("", ""), None);
        assert_eq!(wanted("a", ""), Some(Some(String::new())));
        assert_eq!(wanted("a", "b"), Some(Some("b".to_owned())));
    }
}
