use protocol::catalogue::{ModelEntry, ProviderModels};
use provider::{Output, Request};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::bundle::Bundle;

/// A provider that is never asked to answer.
struct Idle(ProviderName);

#[async_trait::async_trait]
impl Provider for Idle {
    fn name(&self) -> ProviderName {
        self.0.clone()
    }

    fn default_model(&self) -> String {
        "own".to_owned()
    }

    fn usable(&self, _model: &str) -> Result<(), Error> {
        Ok(())
    }

    fn offers(&self, _model: &str) -> bool {
        true
    }

    fn efforts(&self, _model: &str) -> Vec<Effort> {
        Vec::new()
    }

    async fn models(&self) -> ProviderModels {
        ProviderModels {
            provider: self.0.clone(),
            default_model: Some("own".to_owned()),
            models: vec![ModelEntry { name: "own".to_owned(), ..ModelEntry::default() }],
            left_out: 0,
            error: None,
            learned: Vec::new(),
        }
    }

    fn generate(&self, _request: Request, _stop: CancellationToken) -> mpsc::Receiver<Output> {
        mpsc::channel(1).1
    }

    async fn shutdown(&self) {}
}

fn providers(model: Option<&str>) -> Providers {
    let local = Arc::new(Idle(ProviderName::local()));
    Providers::none()
        .with(Arc::new(Idle(ProviderName::openai())))
        .with_default(local, model.map(str::to_owned))
}

fn profile(provider: Option<ProviderName>, model: Option<&str>) -> Profile {
    let bundle = Bundle::embedded().unwrap();
    Profile { provider, model: model.map(str::to_owned), ..bundle.profiles()[0].clone() }
}

#[test]
fn the_conversation_overrides_the_profile_and_the_profile_the_settings() {
    let (local, openai) = (&ProviderName::local(), &ProviderName::openai());
    let plain = profile(None, None);
    let named = profile(None, Some("profile's"));
    let elsewhere = profile(Some(openai.clone()), Some("profile's"));
    // Profile; provider and model of the conversation; configured model; expected answer.
    for (profile, provider, model, configured, answers) in [
        (&plain, None, None, None, (local, "own")),
        (&plain, None, None, Some("set"), (local, "set")),
        (&plain, None, Some("chosen"), Some("set"), (local, "chosen")),
        (&plain, Some(openai), None, Some("set"), (openai, "own")),
        (&plain, Some(openai), Some("chosen"), Some("set"), (openai, "chosen")),
        (&named, None, None, Some("set"), (local, "profile's")),
        (&named, Some(local), None, Some("set"), (local, "profile's")),
        (&named, Some(openai), None, Some("set"), (openai, "own")),
        (&named, None, Some("chosen"), None, (local, "chosen")),
        (&elsewhere, None, None, Some("set"), (openai, "profile's")),
        (&elsewhere, Some(local), None, Some("set"), (local, "set")),
        (&elsewhere, Some(local), None, None, (local, "own")),
    ] {
        let request = ModelRequest { profile: Some(profile), provider, model };
        let choice =
            providers(configured).choose(request).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((&choice.provider.name(), choice.model.as_str()), answers, "{request:?}");
    }
}

#[test]
fn a_provider_that_is_not_configured_is_an_error() {
    let alone = Providers::none().with_default(Arc::new(Idle(ProviderName::local())), None);
    let profile = profile(Some(ProviderName::openai()), None);
    let request = ModelRequest { profile: Some(&profile), ..ModelRequest::default() };
    let error = alone.choose(request).err().unwrap();
    assert_eq!(error.code, ErrorCode::Unavailable);
    assert!(error.hint.unwrap().contains("COMPANION_BASE_URL"));
    // This is not refused: the conversation itself shows what is missing.
    assert_eq!(alone.check(ModelRequest { model: Some("m"), ..request }), Ok(()));
    let openai = ProviderName::openai();
    let asked = ModelRequest { provider: Some(&openai), ..ModelRequest::default() };
    assert_eq!(alone.check(asked).unwrap_err().code, ErrorCode::InvalidInput);
}

#[tokio::test]
async fn the_default_providers_models_come_first_with_the_configured_one() {
    let list = providers(Some("set")).models().await.providers;
    let names = |at: usize| -> Vec<&str> {
        list[at].models.iter().map(|entry| entry.name.as_str()).collect()
    };
    assert_eq!((&list[0].provider, names(0)), (&ProviderName::local(), vec!["set", "own"]));
    assert_eq!(list[0].default_model.as_deref(), Some("set"));
    assert_eq!((&list[1].provider, names(1)), (&ProviderName::openai(), vec!["own"]));
    let list = providers(Some("own")).models().await.providers;
    assert_eq!(list[0].models.len(), 1);
}
