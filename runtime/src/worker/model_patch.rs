//! The profile, provider, model and effort that a conversation asks for, and the checks of a
//! change.

use protocol::{
    Effort, Error, ErrorCode, EventBody, ProfileName, ProviderName, Temperature, Worker, grouped,
    limits,
};
use store::{Prompt, text_digest};

use crate::bundle::Bundle;
use crate::providers::{ModelRequest, Providers};

/// The changes to make; `None` leaves a setting as it is. An inner `None` means the profile's own
/// setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelPatch {
    /// Replaces the provider, model, effort and temperature, too, as far as this patch does not set
    /// them.
    pub profile: Option<ProfileName>,
    /// Replaces the model, too, unless this patch sets it.
    pub provider: Option<Option<ProviderName>>,
    /// A name that the provider offers.
    pub model: Option<Option<String>>,
    /// An effort that the model accepts. If the model changes, an effort that the new one does not
    /// accept is dropped.
    pub effort: Option<Option<Effort>>,
    /// The temperature; replaces the profile's.
    pub temperature: Option<Option<Temperature>>,
    /// The conversation's own instructions, which follow the profile's prompt; an inner `None` for
    /// none.
    pub instructions: Option<Option<String>>,
}

impl ModelPatch {
    /// The event that applies the change to `worker`; `None` if nothing would change. Errors with
    /// `invalid_input`.
    pub(crate) fn check(
        self,
        worker: &Worker,
        bundle: &Bundle,
        providers: &Providers,
    ) -> Result<Option<EventBody>, Error> {
        let new_profile = self.profile.is_some();
        let (name, provider, model) = self.with(worker);
        let model_stays = (&provider, &model) == (&worker.provider, &worker.model);
        let named = self.effort.clone().flatten();
        let kept_effort = worker.effort.clone().filter(|_| !new_profile);
        let effort = self.effort.unwrap_or(kept_effort);
        let kept_temperature = worker.temperature.filter(|_| !new_profile);
        let temperature = self.temperature.unwrap_or(kept_temperature);
        let instructions = match self.instructions {
            Some(text) => check_instructions(text)?.map(|text| text_digest(&text)),
            None => worker.instructions.clone(),
        };
        let stays = name == worker.profile && model_stays && effort == worker.effort;
        if stays && (temperature, &instructions) == (worker.temperature, &worker.instructions) {
            return Ok(None);
        }
        let profile = bundle.profile(&name).ok_or_else(|| no_profile(&name))?;
        let request = ModelRequest {
            profile: Some(profile),
            provider: provider.as_ref(),
            model: model.as_deref(),
        };
        providers.check(request)?;
        // An effort that is only carried over is dropped if the new model does not take it.
        let effort = effort.filter(|effort| named.is_some() || providers.takes(request, effort));
        if let Some(effort) = named.filter(|effort| !providers.takes(request, effort)) {
            return Err(no_effort(&effort, &providers.efforts(request)));
        }
        let profile = name;
        Ok(Some(EventBody::ProfileChanged {
            profile,
            provider,
            model,
            effort,
            temperature,
            instructions,
        }))
    }

    /// The text that the event of [`Self::check`] refers to.
    pub(crate) fn text(&self) -> Option<Prompt> {
        let text = check_instructions(self.instructions.clone().flatten()).ok().flatten()?;
        Some(Prompt { digest: text_digest(&text), text })
    }

    /// Brings up to date what is known of the model that [`Self::check`] is going to ask about.
    pub(crate) async fn look(&self, worker: &Worker, bundle: &Bundle, providers: &Providers) {
        if *self == Self::default() {
            return;
        }
        let (name, provider, model) = self.with(worker);
        if let Some(profile) = bundle.profile(&name) {
            let (provider, model) = (provider.as_ref(), model.as_deref());
            providers.look(ModelRequest { profile: Some(profile), provider, model }).await;
        }
    }

    /// The profile, provider and model that `worker` would have.
    fn with(&self, worker: &Worker) -> (ProfileName, Option<ProviderName>, Option<String>) {
        // Another profile brings its own provider, model and effort, another provider its own
        // model.
        let new_profile = self.profile.is_some();
        let new_provider = new_profile || self.provider.is_some();
        let kept_provider = worker.provider.clone().filter(|_| !new_profile);
        let kept_model = worker.model.clone().filter(|_| !new_provider);
        let name = self.profile.clone().unwrap_or_else(|| worker.profile.clone());
        let provider = self.provider.clone().unwrap_or(kept_provider);
        let model = self.model.clone().unwrap_or(kept_model);
        (name, provider, model)
    }
}

/// The instructions as they are kept; `None` if they are blank. Errors with `invalid_input`.
fn check_instructions(text: Option<String>) -> Result<Option<String>, Error> {
    let Some(text) = text else { return Ok(None) };
    let kept = text.trim();
    let (chars, most) = (kept.chars().count(), limits::INSTRUCTIONS_CHARS);
    if chars > most {
        let (chars, most) = (grouped(chars as u64), grouped(most as u64));
        let message = format!("The instructions have {chars} characters; the limit is {most}.");
        return Err(Error::new(ErrorCode::InvalidInput, message).with_hint("Shorten them."));
    }
    if kept.contains('\0') {
        return Err(Error::new(
            ErrorCode::InvalidInput,
            "The instructions contain a NUL character.",
        )
        .with_hint("Remove it."));
    }
    Ok(Some(kept.to_owned()).filter(|text| !text.is_empty()))
}

/// The error for a conversation whose profile is no longer in the bundle.
pub(crate) fn profile_gone(name: &ProfileName) -> Error {
    let message = format!("The profile `{name}` no longer exists.");
    Error::new(ErrorCode::Unavailable, message).with_hint(
        "Choose another profile for this conversation, or put this one back into profiles.toml.",
    )
}

fn no_effort(effort: &Effort, taken: &[Effort]) -> Error {
    let taken: Vec<_> = taken.iter().map(Effort::as_str).collect();
    let takes = match taken[..] {
        [] => "Its thinking effort can't be set.".to_owned(),
        _ => format!("It accepts {}.", taken.join(", ")),
    };
    let message = format!("This model does not take the effort `{effort}`. {takes}");
    Error::new(ErrorCode::InvalidInput, message)
        .with_hint("Choose an effort that it accepts, or the model's default.")
}

fn no_profile(name: &ProfileName) -> Error {
    Error::new(ErrorCode::InvalidInput, format!("There is no profile `{name}`."))
        .with_hint("Choose one from the list.")
}
