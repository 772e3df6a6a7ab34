//! The configured providers, and which of them answers in a conversation.

use std::sync::Arc;

use futures::future::join_all;
use protocol::api::{InputMessage, ProviderStatus, SentRequest};
use protocol::catalogue::{Forgotten, LearnedModel, ModelList};
use protocol::{Effort, Error, ErrorCode, ProviderName, Worker, limits};
use provider::Provider;

use crate::bundle::Profile;

/// Puts a turn's messages back into a stored request, which is kept without them, as
/// `provider_openai::sent_request` does. The last argument says whether the messages' reasoning was
/// sent. `None` means that the text is not a stored request.
pub(crate) type ExpandRequest = fn(&str, &[InputMessage], bool) -> Option<SentRequest>;

/// The configured providers, and the one that answers by default.
#[derive(Clone)]
pub struct Providers {
    all: Vec<Arc<dyn Provider>>,
    default: Option<ProviderName>,
    /// The configured model of the default provider; it replaces the provider's own default model.
    model: Option<String>,
    bundled_model: Option<String>,
    /// Expands stored requests, including those to endpoints that are no longer configured.
    expand_request: Option<ExpandRequest>,
}

/// What a conversation asks for: a profile, and the provider and model that override the profile's
/// own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ModelRequest<'a> {
    pub(crate) profile: Option<&'a Profile>,
    pub(crate) provider: Option<&'a ProviderName>,
    pub(crate) model: Option<&'a str>,
}

impl<'a> ModelRequest<'a> {
    /// What `worker` asks for under `profile`.
    pub(crate) fn of(worker: &'a Worker, profile: &'a Profile) -> Self {
        let Worker { provider, model, .. } = worker;
        Self { profile: Some(profile), provider: provider.as_ref(), model: model.as_deref() }
    }
}

/// The provider and model that answer a conversation's turns.
#[derive(Clone)]
pub(crate) struct ResolvedModel {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) model: String,
}

impl ResolvedModel {
    /// The efforts that can be sent to the model.
    pub(crate) fn efforts(&self) -> Vec<Effort> {
        self.provider.efforts(&self.model)
    }

    /// Whether this effort can be sent to the model.
    pub(crate) fn takes(&self, effort: &Effort) -> bool {
        self.provider.takes(&self.model, effort)
    }
}

impl Providers {
    /// No provider: nothing can answer until one is added.
    pub fn none() -> Self {
        Self {
            all: Vec::new(),
            default: None,
            model: None,
            bundled_model: None,
            expand_request: None,
        }
    }

    /// Adds the provider that answers unless a profile or conversation names another, with its
    /// configured model.
    #[must_use]
    pub fn with_default(mut self, provider: Arc<dyn Provider>, model: Option<String>) -> Self {
        self.default = Some(provider.name());
        self.model = model;
        self.with(provider)
    }

    /// Adds a provider for the profiles and conversations that name it.
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

    /// Sets the function that expands stored requests to endpoints.
    #[must_use]
    pub fn with_expand_request(mut self, expand: ExpandRequest) -> Self {
        self.expand_request = Some(expand);
        self
    }

    /// The request that was sent with these messages, if the stored text can be read.
    pub(crate) fn sent_request(
        &self,
        kept: &str,
        messages: &[InputMessage],
        reasoning: bool,
    ) -> Option<SentRequest> {
        self.expand_request.and_then(|expand| expand(kept, messages, reasoning))
    }

    /// The provider and model that answer by default, or the reason why none can.
    pub fn status(&self) -> ProviderStatus {
        self.status_of(ModelRequest::default())
    }

    /// The provider and model that answer such a conversation, or the reason why none can.
    pub(crate) fn status_of(&self, request: ModelRequest<'_>) -> ProviderStatus {
        match self.choose(request) {
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

    /// The provider and model that answer such a conversation. Errors with `unavailable` and the
    /// setting to change.
    pub(crate) fn choose(&self, request: ModelRequest<'_>) -> Result<ResolvedModel, Error> {
        let choice = self.find(request)?;
        choice.provider.usable(&choice.model)?;
        Ok(choice)
    }

    /// Looks at the model that answers by default, so that its status can be asked for before a
    /// runtime is open.
    pub async fn look_at_default(&self) {
        self.look(ModelRequest::default()).await;
    }

    /// Brings up to date what is known of the model of such a conversation ([`Provider::look`]).
    pub(crate) async fn look(&self, request: ModelRequest<'_>) {
        if let Ok(ResolvedModel { provider, model }) = self.find(request) {
            provider.look(&model).await;
        }
    }

    /// Checks that a conversation may ask for this. Errors with `invalid_input`; a provider that is
    /// currently not usable is not an error.
    pub(crate) fn check(&self, request: ModelRequest<'_>) -> Result<(), Error> {
        if let Some(provider) = request.provider {
            self.configured(provider)?;
        }
        let Some(model) = request.model else { return Ok(()) };
        check_name(model)?;
        match self.find(request) {
            Ok(ResolvedModel { provider, .. }) if !provider.offers(model) => {
                let message = format!("There is no local model `{model}`.");
                Err(Error::new(ErrorCode::InvalidInput, message)
                    .with_hint("Choose one from the list, or put its file into the models folder."))
            }
            // Without a usable provider the conversation itself shows the reason.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Whether this effort can be sent to the model of such a conversation; false if no provider is
    /// found.
    pub(crate) fn takes(&self, request: ModelRequest<'_>, effort: &Effort) -> bool {
        self.find(request).is_ok_and(|choice| choice.takes(effort))
    }

    /// The efforts to offer for the model of such a conversation.
    pub(crate) fn efforts(&self, request: ModelRequest<'_>) -> Vec<Effort> {
        self.find(request).map(|choice| choice.efforts()).unwrap_or_default()
    }

    /// The effort that would be sent to the model of such a conversation if `effort` were asked
    /// for.
    pub(crate) fn effort_sent(&self, request: ModelRequest<'_>, effort: &Effort) -> Option<Effort> {
        let choice = self.find(request).ok()?;
        choice.provider.effort_sent(&choice.model, effort)
    }

    /// The models to choose from, those of the default provider first.
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

    /// What the providers learned about models from refused requests, by provider. Providers that
    /// learned nothing are left out.
    pub fn learned(&self) -> Vec<(ProviderName, Vec<LearnedModel>)> {
        let all = self.all.iter().map(|provider| (provider.name(), provider.learned()));
        all.filter(|(_, learned)| !learned.is_empty()).collect()
    }

    /// Forgets what refused requests taught about one model of a provider, or about all its models.
    /// Errors with `not_found`.
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

    /// Stops the providers' background work.
    pub(crate) async fn shutdown(&self) {
        for provider in &self.all {
            provider.shutdown().await;
        }
    }

    fn find(&self, request: ModelRequest<'_>) -> Result<ResolvedModel, Error> {
        let of_profile = request.profile.and_then(|profile| profile.provider.as_ref());
        let default = self.default.as_ref();
        let named = request.provider.or(of_profile);
        let wanted = named.or(default);
        let provider = wanted.and_then(|name| self.all.iter().find(|p| p.name() == *name));
        let Some(provider) = provider else { return Err(missing(named)) };
        // A model's name has a meaning only for the provider that it was written for.
        let is_profiles = wanted == of_profile.or(default);
        let profiles = request.profile.filter(|_| is_profiles).and_then(|p| p.model.as_deref());
        let configured = self.model.as_deref().filter(|_| wanted == default);
        let model = request.model.or(profiles).or(configured);
        let model = model.map_or_else(|| provider.default_model(), str::to_owned);
        Ok(ResolvedModel { provider: provider.clone(), model })
    }

    fn configured(&self, name: &ProviderName) -> Result<(), Error> {
        if self.all.iter().any(|provider| provider.name() == *name) {
            return Ok(());
        }
        Err(Error::new(ErrorCode::InvalidInput, "This provider isn't configured.")
            .with_hint("Choose one from the list."))
    }
}

/// Checks that a model's name is one short line.
fn check_name(model: &str) -> Result<(), Error> {
    let chars = model.chars().count();
    let sound = model.trim() == model && !model.chars().any(char::is_control);
    if sound && (1..=limits::MODEL_CHARS).contains(&chars) {
        return Ok(());
    }
    Err(Error::new(ErrorCode::InvalidInput, "This isn't a valid model name.").with_hint(format!(
        "A name has 1 to {} characters, with no control characters and no space at either end.",
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
                "This conversation's profile or model needs the endpoint `{name}`, which isn't configured."
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
