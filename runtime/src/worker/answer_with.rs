//! The model and parameters that a single answer is asked for with, in place of its conversation's.

use protocol::api::{AnswerWith, Sampling};
use protocol::{Error, ErrorCode, EventBody, Worker};

use super::model_patch::ModelPatch;
use crate::bundle::Bundle;
use crate::providers::Providers;

/// The highest temperature that endpoints accept.
const MAX_TEMPERATURE: f32 = 2.0;

/// The conversation as this answer has it: with the other provider, model and effort. Errors with
/// `invalid_input`, as the same change of the conversation itself would.
pub(super) async fn worker_with(
    with: &AnswerWith,
    worker: &Worker,
    bundle: &Bundle,
    providers: &Providers,
) -> Result<Worker, Error> {
    let AnswerWith { provider, model, effort, temperature: _ } = with.clone();
    let patch = ModelPatch {
        profile: None,
        provider: provider.map(Some),
        model: model.map(Some),
        effort: effort.map(Some),
    };
    patch.look(worker, bundle, providers).await;
    let mut changed = worker.clone();
    if let Some(EventBody::ProfileChanged { provider, model, effort, .. }) =
        patch.check(worker, bundle, providers)?
    {
        (changed.provider, changed.model, changed.effort) = (provider, model, effort);
    }
    Ok(changed)
}

/// The sampling of this answer. Errors with `invalid_input`.
pub(super) fn sampling_with(with: &AnswerWith, sampling: Sampling) -> Result<Sampling, Error> {
    let Some(temperature) = with.temperature else { return Ok(sampling) };
    if !(0.0..=MAX_TEMPERATURE).contains(&temperature) {
        let message = format!("The temperature has to be from 0 to {MAX_TEMPERATURE}.");
        return Err(Error::new(ErrorCode::InvalidInput, message)
            .with_hint("Use 0 for the likeliest words, or about 1 for more variety."));
    }
    Ok(Sampling { temperature: Some(temperature), ..sampling })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temperature_is_from_0_to_2() {
        let profile = Sampling { temperature: Some(0.7), seed: Some(1), ..Sampling::default() };
        let with = |temperature| AnswerWith { temperature, ..AnswerWith::default() };
        assert_eq!(sampling_with(&with(None), profile), Ok(profile));
        for temperature in [0.0, 1.5, 2.0].map(Some) {
            let expected = Ok(Sampling { temperature, ..profile });
            assert_eq!(sampling_with(&with(temperature), profile), expected);
        }
        for bad in [-0.1, 2.1, f32::NAN, f32::INFINITY] {
            let error = sampling_with(&with(Some(bad)), profile).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidInput, "{bad}");
        }
    }
}
