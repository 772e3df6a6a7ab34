//! The profiles and models to choose from.

use protocol::api::ProviderStatus;
use protocol::catalogue::{
    Forgotten, LearnedModel, ModelList, ProfileDetail, ProfileList, ProfileSummary,
};
use protocol::{Effort, Error, ErrorCode, ProfileName, ProviderName, Worker};

use super::{Access, Runtime};
use crate::bundle::Profile;
use crate::providers::ModelRequest;

impl Runtime {
    /// The profiles in force, without the texts of their prompts.
    pub fn profiles(&self) -> Result<ProfileList, Error> {
        let bundle = self.bundle();
        let profiles: Result<_, Error> =
            bundle.profiles().iter().map(|profile| Ok(self.detail(profile)?.summary)).collect();
        Ok(ProfileList {
            profiles: profiles?,
            default: bundle.default_profile().clone(),
            bundle_digest: bundle.digest().to_owned(),
        })
    }

    /// A profile with its prompt, rendered as it would be sent now.
    pub fn profile(&self, name: &ProfileName) -> Result<ProfileDetail, Error> {
        let profile = self.bundle().profile(name).ok_or_else(|| {
            Error::new(ErrorCode::NotFound, format!("There is no profile `{name}`."))
                .with_hint("`/api/v1/profiles` lists the profiles there are.")
        })?;
        self.detail(profile)
    }

    /// The models of the configured providers. The entry of a provider that does not answer holds
    /// the error besides what is known without asking it.
    pub async fn models(&self) -> ModelList {
        self.inner.shared.providers.models().await
    }

    /// What the providers learned about models from refused requests, by provider. Providers that
    /// learned nothing are left out.
    pub fn learned(&self) -> Vec<(ProviderName, Vec<LearnedModel>)> {
        self.inner.shared.providers.learned()
    }

    /// The provider and model that answer by default, or the reason why none can.
    pub fn provider_status(&self) -> ProviderStatus {
        self.inner.shared.providers.status()
    }

    /// The provider and model that answer in a conversation, or the reason why none can.
    pub fn provider_status_of(&self, worker: &Worker) -> ProviderStatus {
        if worker.unreadable {
            return self.provider_status();
        }
        match self.bundle().profile(&worker.profile) {
            Some(profile) => {
                self.inner.shared.providers.status_of(ModelRequest::of(worker, profile))
            }
            None => ProviderStatus {
                kind: None,
                model: None,
                bundled_model: false,
                reason: self.choice_of(worker).err(),
            },
        }
    }

    /// The effort that would be sent now if the conversation's effort were asked for. It differs,
    /// or is `None`, if the model was seen to refuse that effort.
    pub fn told_effort(&self, worker: &Worker) -> Option<Effort> {
        let profile = self.bundle().profile(&worker.profile)?;
        let providers = &self.inner.shared.providers;
        providers.effort_sent(ModelRequest::of(worker, profile), worker.effort.as_ref()?)
    }

    fn detail(&self, profile: &Profile) -> Result<ProfileDetail, Error> {
        let shared = &self.inner.shared;
        let prompt = shared.system_prompt(profile, shared.clock.now(), None)?;
        let summary: ProfileSummary = profile.summary(&prompt);
        Ok(ProfileDetail { summary, prompt })
    }
}

impl Access {
    /// Forgets what refused requests taught about one model of a provider, or about all its models.
    /// It concerns all accounts, so only an owner may. Errors with `not_found`, `forbidden`.
    pub async fn forget(
        &self,
        provider: &ProviderName,
        model: Option<&str>,
    ) -> Result<Forgotten, Error> {
        self.as_owner()?;
        self.inner.shared.providers.forget(provider, model).await
    }
}
