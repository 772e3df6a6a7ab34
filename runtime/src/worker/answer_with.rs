//! The model and parameters that a single answer is asked for with, in place of its conversation's.

use protocol::api::AnswerWith;
use protocol::{Error, EventBody, Worker};

use super::model_patch::ModelPatch;
use crate::bundle::Bundle;
use crate::providers::Providers;

/// The conversation as this answer has it: with the other provider, model, effort and temperature.
/// Errors with `invalid_input`, as the same change of the conversation itself would.
pub(super) async fn worker_with(
    with: AnswerWith,
    worker: &Worker,
    bundle: &Bundle,
    providers: &Providers,
) -> Result<Worker, Error> {
    let AnswerWith { provider, model, effort, temperature } = with;
    let patch = ModelPatch {
        provider: provider.map(Some),
        model: model.map(Some),
        effort: effort.map(Some),
        temperature: temperature.map(Some),
        ..ModelPatch::default()
    };
    patch.look(worker, bundle, providers).await;
    let mut changed = worker.clone();
    if let Some(EventBody::ProfileChanged { provider, model, effort, temperature, .. }) =
        patch.check(worker, bundle, providers)?
    {
        changed = Worker { provider, model, effort, temperature, ..changed };
    }
    Ok(changed)
}
