//! Which provider answers: what is configured, chosen per profile and conversation.

use std::sync::Arc;

use futures::future::join_all;
use protocol::api::ProviderStatus;
use protocol::catalogue::{Forgotten, LearnedModel, ModelList};
use protocol::{Effort, Error, ErrorCode, ProviderName, Worker, limits};

use crate::bundle::Profile;
use crate::provider::Provider;

/// The providers that are configured, and the one that answers by default.
#[derive(Clone)]
pub struct Providers {
    all: Vec<Arc<dyn Provider>>,
    default: Option<ProviderName>,
    /// Takes the place of the providers' own default model, where it is configured.
    model: Option<String>,
    bundled_model: Option<String>,
}

/// What a conversation asks for: a profile, and what takes the place of the profile's own
/// provider and model.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish<'a> {
    pub(crate) profile: Option<&'a Profile>,
    pub(crate) provider: Option<&'a ProviderName>,
    pub(crate) model: Option<&'a str>,
}

impl<'a> Wish<'a> {
    /// What `worker` asks for under `profile`.
    pub(crate) fn of(worker: &'a Worker, profile: &'a Profile) -> Self {
        let Worker { provider, model, .. } = worker;
        Self { profile: Some(profile), provider: provider.as_ref(), model: model.as_deref() }
    }
}

/// Who answers a conversation's turns.
#[derive(Clone)]
pub(crate) struct Choice {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) model: String,
}

impl Choice {
    /// How hard the model can be told to think.
    pub(crate) fn efforts(&self) -> Vec<Effort> {
        self.provider.efforts(&self.model)
    }

    /// Whether it may be asked to think so hard.
    pub(crate) fn takes(&self, effort: &Effort) -> bool {
        self.provider.takes(&self.model, effort)
    }
}

impl Providers {
    /// Nothing can answer until something is added.
    pub fn none() -> Self {
        Self { all: Vec::new(), default: None, model: None, bundled_model: None }
    }

    /// The provider that answers unless a profile names another, with the configured model.
    #[must_use]
    pub fn with_default(mut self, provider: Arc<dyn Provider>, model: Option<String>) -> Self {
        self.default = Some(provider.name());
        self.model = model;
        self.with(provider)
    }

    /// A further provider, for the profiles and conversations that name it.
    #[must_use]
    pub fn with(mut self, provider: Arc<dyn Provider>) -> Self {
        self.all.push(provider);
        self
    }

    /// Names the local model that is the small one that comes with the product.
    #[must_use]
    pub fn with_bundled_model(mut self, name: Option<String>) -> Self {
        self.bundled_model = name;
        self
    }

    /// Who answers by default, and why not, if nobody can.
    pub fn status(&self) -> ProviderStatus {
        self.status_of(Wish::default())
    }

    /// Who answers such a conversation, and why not, if nobody can.
    pub(crate) fn status_of(&self, wish: Wish<'_>) -> ProviderStatus {
        match self.choose(wish) {
            Ok(choice) => ProviderStatus {
                kind: Some(choice.provider.name()),
                bundled_model: choice.provider.name().is_local()
                    && self.bundled_model.as_ref() == Some(&choice.model),
                model: Some(choice.model),
                reason: None,
            },
            Err(reason) => ProviderStatus {
                kind: None,
                model: None,
                bundled_model: false,
                reason: Some(reason),
            },
        }
    }

    /// Who answers a conversation's turns. Errors with `unavailable` and the setting to change.
    pub(crate) fn choose(&self, wish: Wish<'_>) -> Result<Choice, Error> {
        let choice = self.find(wish)?;
        choice.provider.usable(&choice.model)?;
        Ok(choice)
    }

    /// Brings up to date what is known of the model of such a conversation ([`Provider::look`]).
    pub(crate) async fn look(&self, wish: Wish<'_>) {
        if let Ok(Choice { provider, model }) = self.find(wish) {
            provider.look(&model).await;
        }
    }

    /// Whether a conversation may ask for this. Errors with `invalid_input`; that something
    /// is not usable just now is no error.
    pub(crate) fn check(&self, wish: Wish<'_>) -> Result<(), Error> {
        if let Some(provider) = wish.provider {
            self.configured(provider)?;
        }
        let Some(model) = wish.model else { return Ok(()) };
        check_name(model)?;
        match self.find(wish) {
            Ok(Choice { provider, .. }) if !provider.offers(model) => {
                let message = format!("There is no local model `{model}`.");
                Err(Error::new(ErrorCode::InvalidInput, message).with_hint(
                    "Choose one that is listed, or put its file into the folder of models.",
                ))
            }
            // Nobody answers anyway, which the conversation says itself.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Whether the model of such a conversation may be asked for this effort. Where nobody answers,
    /// nobody knows better.
    pub(crate) fn takes(&self, wish: Wish<'_>, effort: &Effort) -> bool {
        self.find(wish).is_ok_and(|choice| choice.takes(effort))
    }

    /// What the model of such a conversation can be told, as it is offered.
    pub(crate) fn efforts(&self, wish: Wish<'_>) -> Vec<Effort> {
        self.find(wish).map(|choice| choice.efforts()).unwrap_or_default()
    }

    /// What the model of such a conversation would be told now where `effort` is asked for.
    pub(crate) fn told(&self, wish: Wish<'_>, effort: &Effort) -> Option<Effort> {
        let choice = self.find(wish).ok()?;
        choice.provider.told(&choice.model, effort)
    }

    /// What can be chosen, the default provider's first.
    pub async fn models(&self) -> ModelList {
        let mut providers = join_all(self.all.iter().map(|provider| provider.models())).await;
        let is_default = |name: &ProviderName| Some(name) == self.default.as_ref();
        providers.sort_by_key(|models| !is_default(&models.provider));
        if let Some(first) = providers.first_mut().filter(|models| is_default(&models.provider))
            && let Some(model) = &self.model
        {
            first.put_first(model);
        }
        ModelList { providers }
    }

    /// What refusals taught about models, by provider; those that taught something.
    pub fn learned(&self) -> Vec<(ProviderName, Vec<LearnedModel>)> {
        let all = self.all.iter().map(|provider| (provider.name(), provider.learned()));
        all.filter(|(_, learned)| !learned.is_empty()).collect()
    }

    /// Forgets what refusals taught about a provider's model, or about all of its models. Error:
    /// `not_found`.
    pub(crate) async fn forget(
        &self,
        provider: &ProviderName,
        model: Option<&str>,
    ) -> Result<Forgotten, Error> {
        let found = self.all.iter().find(|known| known.name() == *provider);
        let found = found.ok_or_else(|| {
            Error::new(ErrorCode::NotFound, format!("There is no provider `{provider}`."))
                .with_hint("`/api/v1/models` lists the providers there are.")
        })?;
        Ok(Forgotten { models: found.forget(model).await })
    }

    /// Ends what the providers keep running.
    pub(crate) async fn shutdown(&self) {
        for provider in &self.all {
            provider.shutdown().await;
        }
    }

    fn find(&self, wish: Wish<'_>) -> Result<Choice, Error> {
        let of_profile = wish.profile.and_then(|profile| profile.provider.as_ref());
        let default = self.default.as_ref();
        let named = wish.provider.or(of_profile);
        let wanted = named.or(default);
        let provider = wanted.and_then(|name| self.all.iter().find(|p| p.name() == *name));
        let Some(provider) = provider else { return Err(missing(named)) };
        // A name means something to the provider that it was written for, and to no other.
        let is_profiles = wanted == of_profile.or(default);
        let profiles = wish.profile.filter(|_| is_profiles).and_then(|p| p.model.as_deref());
        let configured = self.model.as_deref().filter(|_| wanted == default);
        let model = wish.model.or(profiles).or(configured);
        let model = model.map_or_else(|| provider.default_model(), str::to_owned);
        Ok(Choice { provider: provider.clone(), model })
    }

    fn configured(&self, name: &ProviderName) -> Result<(), Error> {
        if self.all.iter().any(|provider| provider.name() == *name) {
            return Ok(());
        }
        Err(Error::new(ErrorCode::InvalidInput, "This provider is not configured.")
            .with_hint("Choose one that is listed."))
    }
}

/// A model's name is one short line.
fn check_name(model: &str) -> Result<(), Error> {
    let chars = model.chars().count();
    let sound = model.trim() == model && !model.chars().any(char::is_control);
    if sound && (1..=limits::MODEL_CHARS).contains(&chars) {
        return Ok(());
    }
    Err(Error::new(ErrorCode::InvalidInput, "This is no name of a model.").with_hint(format!(
        "A name has 1 to {} characters, none of them a control character or a space at an end.",
        limits::MODEL_CHARS
    )))
}

fn missing(named: Option<&ProviderName>) -> Error {
    let (message, hint) = match named {
        Some(name) if name.is_openai() => (
            "This conversation's profile or model needs an OpenAI-compatible endpoint.".to_owned(),
            "Set COMPANION_BASE_URL to one, or choose another profile.",
        ),
        Some(name) if name.is_local() => (
            "This conversation's profile or model needs the local model.".to_owned(),
            "Set COMPANION_MODEL_FILE to a GGUF file, or choose another profile.",
        ),
        Some(name) => (
            format!(
                "This conversation's profile or model needs the endpoint `{name}`, which is not configured."
            ),
            "Put it back into companion.toml as an [[endpoint]], or choose another profile or model.",
        ),
        None => (
            "No model is configured.".to_owned(),
            "Set COMPANION_MODEL_FILE to a GGUF file, or COMPANION_BASE_URL to an OpenAI-compatible endpoint.",
        ),
    };
    Error::new(ErrorCode::Unavailable, message).with_hint(hint)
}

#[cfg(test)]
mod tests;
