//! What can be changed of a worker itself.

use protocol::{Error, EventBody, Visibility, Worker};
use store::title;

use super::model_patch::ModelPatch;
use crate::bundle::Bundle;
use crate::providers::Providers;

/// What is to change, as far as it is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// The inner none takes the title away.
    pub title: Option<Option<String>>,
    pub place: Option<Visibility>,
    /// What answers from the next turn on.
    pub wanted: ModelPatch,
}

impl Patch {
    /// The events that make `worker` what is told; none where it is that already. Errors with
    /// `invalid_input` where any of it cannot be.
    pub(crate) fn check(
        self,
        worker: &Worker,
        bundle: &Bundle,
        providers: &Providers,
    ) -> Result<Vec<EventBody>, Error> {
        let Self { title, place, wanted } = self;
        let title = title.map(title::check).transpose()?;
        let chosen = wanted.check(worker, bundle, providers)?;
        let title = title.filter(|title| *title != worker.title);
        let place = place.filter(|place| *place != worker.place);
        let renamed = title.map(|title| EventBody::WorkerRenamed { title });
        let placed = place.map(|place| EventBody::WorkerPlaced { place });
        Ok(chosen.into_iter().chain(renamed).chain(placed).collect())
    }
}
