//! The form fields that choose a profile, a model and an effort.

use protocol::{Error, ErrorCode, ProviderName, Worker};
use runtime::ModelPatch;

use crate::text::tr;

/// The values of the fields as strings, as the form sends them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    pub profile: String,
    pub model: String,
    pub effort: String,
    pub title: String,
}

impl Chosen {
    /// The current choices of a conversation. `usual` is the provider in use if the worker names
    /// none.
    pub fn of(worker: &Worker, usual: Option<&ProviderName>) -> Self {
        let model = match (worker.provider.as_ref().or(usual), &worker.model) {
            (Some(provider), Some(model)) => format!("{provider}/{model}"),
            _ => String::new(),
        };
        let effort = worker.effort.as_ref().map(ToString::to_string).unwrap_or_default();
        Self { profile: worker.profile.to_string(), model, effort, title: String::new() }
    }

    /// Parses the choices. Errors with `invalid_input`.
    pub(super) fn wanted(&self) -> Result<ModelPatch, Error> {
        let bad = || Error::new(ErrorCode::InvalidInput, tr!(bad_form));
        let profile = Some(self.profile.as_str()).filter(|name| !name.is_empty());
        let profile = profile.map(str::parse).transpose().map_err(|_| bad())?;
        let (provider, model) = match self.model.as_str() {
            "" => (None, None),
            both => {
                let (provider, model) = both.split_once('/').ok_or_else(bad)?;
                let provider: ProviderName = provider.parse().map_err(|_| bad())?;
                (Some(provider), Some(model.to_owned()))
            }
        };
        let effort = Some(self.effort.as_str()).filter(|name| !name.is_empty());
        let effort = effort.map(str::parse).transpose().map_err(|_| bad())?;
        let (provider, model, effort) = (Some(provider), Some(model), Some(effort));
        Ok(ModelPatch { profile, provider, model, effort })
    }
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
}
