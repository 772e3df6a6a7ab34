//! Which provider answers: what is configured, chosen per profile.

use std::sync::Arc;

use protocol::api::ProviderStatus;
use protocol::{Error, ErrorCode, ProviderName};

use crate::bundle::Profile;
use crate::provider::Provider;

/// The providers that are configured, and the one that answers by default.
#[derive(Clone)]
pub struct Providers {
    all: Vec<Arc<dyn Provider>>,
    default: Option<ProviderName>,
    /// Takes the place of the providers' own default model, where it is configured.
    model: Option<String>,
    bundled_model: bool,
}

/// Who answers a profile's turns.
#[derive(Clone)]
pub(crate) struct Choice {
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) model: String,
}

impl Providers {
    /// Nothing can answer until something is added.
    pub fn none() -> Self {
        Self { all: Vec::new(), default: None, model: None, bundled_model: false }
    }

    /// The provider that answers unless a profile names another, with the configured model.
    #[must_use]
    pub fn with_default(mut self, provider: Arc<dyn Provider>, model: Option<String>) -> Self {
        self.default = Some(provider.name());
        self.model = model;
        self.with(provider)
    }

    /// A further provider, for the profiles that name it.
    #[must_use]
    pub fn with(mut self, provider: Arc<dyn Provider>) -> Self {
        self.all.push(provider);
        self
    }

    /// Says that the local model is the small one that comes with the product.
    #[must_use]
    pub fn with_bundled_model(mut self, bundled: BundledModel) -> Self {
        self.bundled_model = bundled == BundledModel::Yes;
        self
    }

    /// Who answers by default, and why not, if nobody can.
    pub fn status(&self) -> ProviderStatus {
        match self.choose(None) {
            Ok(choice) => ProviderStatus {
                kind: Some(choice.provider.name()),
                bundled_model: self.bundled_model && choice.provider.name() == ProviderName::Local,
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

    /// Who answers a profile's turns. Errors with `unavailable` and the setting to change.
    pub(crate) fn choose(&self, profile: Option<&Profile>) -> Result<Choice, Error> {
        let named = profile.and_then(|profile| profile.provider);
        let wanted = named.or(self.default);
        let provider = wanted.and_then(|name| self.all.iter().find(|p| p.name() == name));
        let Some(provider) = provider else { return Err(missing(named)) };
        provider.usable()?;
        let configured = self.model.clone().filter(|_| wanted == self.default);
        let model = profile
            .and_then(|profile| profile.model.clone())
            .or(configured)
            .unwrap_or_else(|| provider.default_model());
        Ok(Choice { provider: provider.clone(), model })
    }

    /// Ends what the providers keep running.
    pub(crate) async fn shutdown(&self) {
        for provider in &self.all {
            provider.shutdown().await;
        }
    }
}

/// Whether the local model is the small one that comes with the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundledModel {
    Yes,
    No,
}

fn missing(named: Option<ProviderName>) -> Error {
    match named {
        Some(ProviderName::Openai) => {
            Error::new(ErrorCode::Unavailable, "This profile needs an OpenAI-compatible endpoint.")
                .with_hint("Set COMPANION_BASE_URL to one.")
        }
        Some(ProviderName::Local) => {
            Error::new(ErrorCode::Unavailable, "This profile needs the local model.")
                .with_hint("Set COMPANION_MODEL_FILE to a GGUF file.")
        }
        // No profile that was checked names the second.
        None | Some(ProviderName::Imported) => Error::new(ErrorCode::Unavailable, "No model is configured.").with_hint(
            "Set COMPANION_MODEL_FILE to a GGUF file, or COMPANION_BASE_URL to an OpenAI-compatible endpoint.",
        ),
    }
}
